/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 against an encoder written differently: every code point, and every pair and triple of
 * bytes.
 */
#include "wire/utf8.h"

#include "testing.h"

/* Whether the bytes are exactly the encoding of one scalar value, by decoding and comparing ranges.
 */
static bool is_one_character(const uint8_t *bytes, size_t length)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint8_t lead_value[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    if ((bytes[0] & (uint8_t)~lead_mask[length]) != lead_value[length]) {
        return false;
    }
    uint32_t code_point = bytes[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] >> 6 != 2) {
            return false;
        }
        code_point = code_point * 64 + (bytes[i] & 63);
    }
    return code_point >= smallest[length] && code_point <= 0x10ffff &&
           !(code_point >= 0xd800 && code_point <= 0xdfff);
}

static size_t expected_length(const uint8_t *bytes, size_t length)
{
    for (size_t n = 1; n <= length && n <= 4; n++) {
        if (is_one_character(bytes, n)) {
            return n;
        }
    }
    return 0;
}

static void every_scalar_value_is_valid(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10ffff; code_point++) {
        if (code_point == 0xd800) {
            code_point = 0xe000;
        }
        uint8_t bytes[4];
        size_t length = phxi_utf8_encode(code_point, bytes);
        if (!is_one_character(bytes, length) || !phxi_utf8_is_valid(bytes, length) ||
            phxi_utf8_character_length(bytes, length) != length ||
            phxi_utf8_is_valid(bytes, length - 1) != (length == 1)) {
            fail_msg("U+%04X", code_point);
        }
    }
}

static void known_encodings(void **state)
{
    (void)state;
    static const struct {
        uint32_t code_point;
        const char *bytes;
    } rows[] = {
        {0x41, "A"},
        {0x7f, "\x7f"},
        {0x80, "\xc2\x80"},
        {0xfc, "\xc3\xbc"},
        {0x7ff, "\xdf\xbf"},
        {0x800, "\xe0\xa0\x80"},
        {0x20ac, "\xe2\x82\xac"},
        {0xffff, "\xef\xbf\xbf"},
        {0x10000, "\xf0\x90\x80\x80"},
        {0x1f44b, "\xf0\x9f\x91\x8b"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t bytes[4];
        size_t length = phxi_utf8_encode(rows[i].code_point, bytes);
        assert_bytes(bytes, length, rows[i].bytes, strlen(rows[i].bytes));
    }
}

/* The first two bytes in full, the others at the edges of their ranges. */
static void every_kind_of_sequence(void **state)
{
    (void)state;
    static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    uint8_t bytes[4];
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        bytes[0] = (uint8_t)(pair >> 8);
        bytes[1] = (uint8_t)pair;
        for (size_t rest = 0; rest < COUNT_OF(edges) * COUNT_OF(edges); rest++) {
            bytes[2] = edges[rest / COUNT_OF(edges)];
            bytes[3] = edges[rest % COUNT_OF(edges)];
            for (size_t length = 1; length <= 4; length++) {
                if (phxi_utf8_character_length(bytes, length) != expected_length(bytes, length)) {
                    fail_msg("%02x %02x %02x %02x, length %zu", bytes[0], bytes[1], bytes[2],
                             bytes[3], length);
                }
            }
        }
    }
}

/* Every character of two or three bytes and nothing else, whatever follows. */
static void short_characters_are_told_from_all_else(void **state)
{
    (void)state;
    for (uint32_t first = 0xbf0000; first < 0x1000000; first++) {
        uint8_t bytes[8] = {(uint8_t)(first >> 16), (uint8_t)(first >> 8), (uint8_t)first, 0x80};
        uint64_t word = bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
                        (uint64_t)bytes[3] << 24;
        size_t length = phxi_utf8_character_length(bytes, sizeof bytes);
        if (phxi_utf8_short_length(word) != (length == 2 || length == 3 ? length : 0)) {
            fail_msg("%06x", first);
        }
    }
}

/* A bad byte is found wherever it is among words of ASCII, and good text stays good. */
static void the_fast_path_misses_nothing(void **state)
{
    (void)state;
    char text[40];
    for (size_t at = 0; at + 2 < sizeof text; at++) {
        for (size_t length = at + 2; length <= sizeof text; length++) {
            memset(text, 'x', sizeof text);
            assert_true(phxi_utf8_is_valid(text, length));
            memcpy(text + at, "\xc3\xbc", 2);
            assert_true(phxi_utf8_is_valid(text, length));
            text[at + 1] = 'x';
            assert_false(phxi_utf8_is_valid(text, length));
            text[at] = (char)0x80;
            assert_false(phxi_utf8_is_valid(text, length));
        }
    }
}

static void nothing_is_valid(void **state)
{
    (void)state;
    assert_true(phxi_utf8_is_valid(NULL, 0));
    assert_true(phxi_utf8_is_valid("", 1)); /* U+0000 */
}

/* In two pieces at every place, and with every second piece that could follow: the verdict on the
 * pieces is that on the whole, and is there as soon as it is certain. */
static void pieces(void **state)
{
    (void)state;
    static const uint8_t ends[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xff};
    for (uint32_t pair = 0; pair <= 0xffff; pair++) {
        for (size_t i = 0; i < COUNT_OF(ends) * COUNT_OF(ends); i++) {
            uint8_t bytes[] = {(uint8_t)(pair >> 8), (uint8_t)pair, ends[i / COUNT_OF(ends)],
                               ends[i % COUNT_OF(ends)]};
            bool is_valid = phxi_utf8_is_valid(bytes, 4);
            for (size_t cut = 0; cut <= 4; cut++) {
                phxi_utf8_pieces text = {.length = 0};
                bool is_taken = phxi_utf8_take_piece(&text, bytes, cut) &&
                                phxi_utf8_take_piece(&text, bytes + cut, 4 - cut);
                if ((is_taken && text.length == 0) != is_valid) {
                    fail_msg("%02x %02x %02x %02x at %zu", bytes[0], bytes[1], bytes[2], bytes[3],
                             cut);
                }
            }
        }
    }
}

/* Refused at once exactly if no valid text begins so. */
static void pieces_fail_fast(void **state)
{
    (void)state;
    for (uint32_t pair = 0; pair <= 0xffff; pair++) {
        static const uint8_t thirds[] = {0x80, 0x90, 0xbf};
        uint8_t bytes[] = {(uint8_t)(pair >> 8), (uint8_t)pair, 0, 0x80, 0x80};
        bool can_go_on = false;
        for (size_t i = 0; i < COUNT_OF(thirds) * 4; i++) {
            bytes[2] = thirds[i / 4];
            can_go_on = can_go_on || phxi_utf8_is_valid(bytes, 2 + i % 4);
        }
        phxi_utf8_pieces text = {.length = 0};
        assert_int_equal(phxi_utf8_take_piece(&text, bytes, 1) &&
                             phxi_utf8_take_piece(&text, bytes + 1, 1),
                         can_go_on);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(pieces_fail_fast),
        cmocka_unit_test(every_scalar_value_is_valid),
        cmocka_unit_test(known_encodings),
        cmocka_unit_test(every_kind_of_sequence),
        cmocka_unit_test(short_characters_are_told_from_all_else),
        cmocka_unit_test(the_fast_path_misses_nothing),
        cmocka_unit_test(nothing_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
