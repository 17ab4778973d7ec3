/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target includes. A target is one file that defines LLVMFuzzerTestOneInput and
 * states what has to hold for any input; it is linked with libFuzzer where there is one, and with
 * replay.c elsewhere.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <phx/base.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what did not hold, and aborts. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* The input as a sequence of choices; at its end every choice is 0. */
typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input;

uint8_t fuzz_byte(fuzz_input *input);
/* Of so many bytes, the first the lowest. */
uint64_t fuzz_number(fuzz_input *input, size_t bytes);
/* The same of one byte or two. */
size_t fuzz_size(fuzz_input *input, size_t bytes);
/* 0 to limit - 1, of one byte. */
size_t fuzz_below(fuzz_input *input, size_t limit);
/* At most so many bytes, fewer at the end; never NULL. */
phx_slice fuzz_bytes(fuzz_input *input, size_t length);

/* A copy in a block of exactly its size, so that whoever reads beyond it is found by a sanitizer.
 * Free with free. */
void *fuzz_copy(const void *data, size_t length);
/* The same with a NUL behind it. */
char *fuzz_copy_text(const void *data, size_t length);

bool fuzz_equals(phx_slice a, phx_slice b);
/* Whether `part` is absent, or lies within `whole`. */
bool fuzz_is_within(phx_slice part, const void *whole, size_t length);

/* UTF-8 by arithmetic, to hold the SDK's own against. The length of the character at bytes[0]; 0:
 * there is none. length > 0. */
size_t fuzz_utf8_decode(const uint8_t *bytes, size_t length, uint32_t *out_code_point);
bool fuzz_is_utf8(const void *data, size_t length);

#endif
