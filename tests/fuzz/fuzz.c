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

size_t fuzz_size(fuzz_input *input, size_t bytes)
{
    return (size_t)fuzz_number(input, bytes);
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

size_t fuzz_utf8_decode(const uint8_t *bytes, size_t length, uint32_t *out_code_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t count = bytes[0] < 0x80             ? 1
                   : (bytes[0] & 0xe0) == 0xc0 ? 2
                   : (bytes[0] & 0xf0) == 0xe0 ? 3
                   : (bytes[0] & 0xf8) == 0xf0 ? 4
                                               : 0;
    if (count == 0 || count > length) {
        return 0;
    }
    uint32_t code_point = count == 1 ? bytes[0] : bytes[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        code_point = code_point << 6 | (bytes[i] & 0x3fu);
    }
    *out_code_point = code_point;
    bool is_surrogate = code_point >= 0xd800 && code_point < 0xe000;
    return code_point < least[count] || code_point > 0x10ffff || is_surrogate ? 0 : count;
}

bool fuzz_is_utf8(const void *data, size_t length)
{
    const uint8_t *bytes = data;
    size_t position = 0;
    while (position < length) {
        uint32_t code_point;
        size_t taken = fuzz_utf8_decode(bytes + position, length - position, &code_point);
        if (taken == 0) {
            return false;
        }
        position += taken;
    }
    return true;
}
