/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 against arithmetic: the length of each character, the validity of the whole, and
 * the way back from a code point.
 */
#include "wire/utf8.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = fuzz_copy(data, size);
    bool is_valid = true;
    for (size_t i = 0; i < size;) {
        uint32_t code_point = 0;
        size_t length = fuzz_utf8_decode(bytes + i, size - i, &code_point);
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
