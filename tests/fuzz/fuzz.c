/* SPDX-License-Identifier: MIT */
/*
 * The helpers of fuzz.h.
 */
#include "fuzz.h"

#include <stdio.h>

_Noreturn void fuzz_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

uint8_t fuzz_byte(fuzz_input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

uint64_t fuzz_number(fuzz_input *input, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) {
        number |= (uint64_t)fuzz_byte(input) << (8 * i);
    }
    return number;
}

size_t fuzz_below(fuzz_input *input, size_t limit)
{
    return fuzz_byte(input) % limit;
}

phx_slice fuzz_bytes(fuzz_input *input, size_t length)
{
    static const char nothing[1] = "";
    size_t taken = length < input->left ? length : input->left;
    phx_slice bytes = {taken > 0 ? (const char *)input->at : nothing, taken};
    input->at = taken > 0 ? input->at + taken : input->at;
    input->left -= taken;
    return bytes;
}

static char *copy(const void *data, size_t length, size_t room)
{
    char *block = malloc(room > 0 ? room : 1);
    FUZZ_CHECK(block != NULL);
    if (length > 0) {
        memcpy(block, data, length);
    }
    return block;
}

void *fuzz_copy(const void *data, size_t length)
{
    return copy(data, length, length);
}

char *fuzz_copy_text(const void *data, size_t length)
{
    char *text = copy(data, length, length + 1);
    text[length] = '\0';
    return text;
}

bool fuzz_equals(phx_slice a, phx_slice b)
{
    return (a.data == NULL) == (b.data == NULL) && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool fuzz_is_within(phx_slice part, const void *whole, size_t length)
{
    const char *start = whole;
    return part.data == NULL || (part.data >= start && part.data <= start + length &&
                                 part.length <= (size_t)(start + length - part.data));
}
