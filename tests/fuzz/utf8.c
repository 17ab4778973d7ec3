/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 against RFC 3629's ranges: the length of each character, the validity of the whole, and
 * the way back from a code point.
 */
#include "wire/utf8.h"
#include "fuzz.h"

/* The character at bytes[0] by arithmetic; 0: there is none. */
static size_t decode(const uint8_t *bytes, size_t length, uint32_t *out_code_point)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = fuzz_copy(data, size);
    bool is_valid = true;
    for (size_t i = 0; i < size;) {
        uint32_t code_point = 0;
        size_t length = decode(bytes + i, size - i, &code_point);
        FUZZ_CHECK(phxi_utf8_character_length(bytes + i, size - i) == length);
        if (length > 0) {
            uint8_t again[4];
            FUZZ_CHECK(phxi_utf8_encode(code_point, again) == length);
            FUZZ_CHECK(memcmp(again, bytes + i, length) == 0);
        }
        is_valid = is_valid && length > 0;
        i += length > 0 ? length : 1;
    }
    FUZZ_CHECK(phxi_utf8_is_valid(bytes, size) == is_valid);
    free(bytes);
    return 0;
}
