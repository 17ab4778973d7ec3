/* SPDX-License-Identifier: MIT */
/*
 * The reader and text: the cases 6.* of the Autobahn test suite, under their numbers.
 */
#include "websocket_pieces.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/alloc.h"

/* U+FFFE and U+FFFF of each plane, 6.22, which are valid. */
static void expect_non_characters(void)
{
    for (uint32_t i = 0; i < 34; i++) {
        uint8_t text[4];
        char id[16];
        char expected[8] = "T";
        test_bytes input = {0};
        size_t length = phxi_utf8_encode((i / 2) << 16 | 0xfffe | (i & 1), text);
        (void)snprintf(id, sizeof id, "6.22.%u", i + 1);
        memcpy(expected + 1, text, length);
        append_frame(&input, TEXT, text, length);
        expect_events(id, &input, expected);
        free(input.data);
    }
}

#define LONELY_TWO \
    "\xc0 \xc1 \xc2 \xc3 \xc4 \xc5 \xc6 \xc7 \xc8 \xc9 \xca \xcb \xcc \xcd \xce \xcf "
#define LONELY_THREE \
    "\xe0 \xe1 \xe2 \xe3 \xe4 \xe5 \xe6 \xe7 \xe8 \xe9 \xea \xeb \xec \xed \xee \xef "

static void text_in_one_frame(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *text;
        bool is_valid;
    } rows[] = {
        {"6.1.1", "", true},
        {"6.2.1", "H-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc-8", true},
        {"6.3.1",
         "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
         "edited",
         false},
        {"6.5.1 to 6.5.5", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", true},
        {"6.6.1", "\xce", false},
        {"6.6.2", "\xce\xba", true},
        {"6.6.3", "\xce\xba\xe1", false},
        {"6.6.4", "\xce\xba\xe1\xbd", false},
        {"6.6.5", "\xce\xba\xe1\xbd\xb9", true},
        {"6.6.6", "\xce\xba\xe1\xbd\xb9\xcf", false},
        {"6.6.7", "\xce\xba\xe1\xbd\xb9\xcf\x83", true},
        {"6.6.8", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce", false},
        {"6.6.9", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc", true},
        {"6.6.10", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce", false},
        {"6.6.11", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", true},
        {"6.7.2", "\xc2\x80", true},
        {"6.7.3", "\xe0\xa0\x80", true},
        {"6.7.4", "\xf0\x90\x80\x80", true},
        {"6.8.1", "\xf8\x88\x80\x80\x80", false},
        {"6.8.2", "\xfc\x84\x80\x80\x80\x80", false},
        {"6.9.1", "\x7f", true},
        {"6.9.2", "\xdf\xbf", true},
        {"6.9.3", "\xef\xbf\xbf", true},
        {"6.9.4", "\xf4\x8f\xbf\xbf", true},
        {"6.10.1", "\xf7\xbf\xbf\xbf", false},
        {"6.10.2", "\xfb\xbf\xbf\xbf\xbf", false},
        {"6.10.3", "\xfd\xbf\xbf\xbf\xbf\xbf", false},
        {"6.11.1", "\xed\x9f\xbf", true},
        {"6.11.2", "\xee\x80\x80", true},
        {"6.11.3", "\xef\xbf\xbd", true},
        {"6.11.4", "\xf4\x8f\xbf\xbf", true},
        {"6.11.5", "\xf4\x90\x80\x80", false},
        {"6.12.1", "\x80", false},
        {"6.12.2", "\xbf", false},
        {"6.12.3", "\x80\xbf", false},
        {"6.12.4", "\x80\xbf\x80", false},
        {"6.12.5", "\x80\xbf\x80\xbf", false},
        {"6.12.6", "\x80\xbf\x80\xbf\x80", false},
        {"6.12.7", "\x80\xbf\x80\xbf\x80\xbf", false},
        {"6.12.8", "\x80\x81\x82\x83\x84\x85\x86\x87\x88\xbd\xbe\xbf", false},
        {"6.13.1", LONELY_TWO, false},
        {"6.13.2", LONELY_THREE, false},
        {"6.13.3", "\xf0 \xf1 \xf2 \xf3 \xf4 \xf5 \xf6 \xf7 ", false},
        {"6.13.4", "\xf8 \xf9 \xfa \xfb ", false},
        {"6.13.5", "\xfc \xfd ", false},
        {"6.14.1", "\xc0", false},
        {"6.14.2", "\xe0\x80", false},
        {"6.14.3", "\xf0\x80\x80", false},
        {"6.14.4", "\xf8\x80\x80\x80", false},
        {"6.14.5", "\xfc\x80\x80\x80\x80", false},
        {"6.14.6", "\xdf", false},
        {"6.14.7", "\xef\xbf", false},
        {"6.14.8", "\xf7\xbf\xbf", false},
        {"6.14.9", "\xfb\xbf\xbf\xbf", false},
        {"6.14.10", "\xfd\xbf\xbf\xbf\xbf", false},
        {"6.15.1", "\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf", false},
        {"6.16.1", "\xfe", false},
        {"6.16.2", "\xff", false},
        {"6.16.3", "\xfe\xfe\xff\xff", false},
        {"6.17.1", "\xc0\xaf", false},
        {"6.17.2", "\xe0\x80\xaf", false},
        {"6.17.3", "\xf0\x80\x80\xaf", false},
        {"6.17.4", "\xf8\x80\x80\x80\xaf", false},
        {"6.17.5", "\xfc\x80\x80\x80\x80\xaf", false},
        {"6.18.1", "\xc1\xbf", false},
        {"6.18.2", "\xe0\x9f\xbf", false},
        {"6.18.3", "\xf0\x8f\xbf\xbf", false},
        {"6.18.4", "\xf8\x87\xbf\xbf\xbf", false},
        {"6.18.5", "\xfc\x83\xbf\xbf\xbf\xbf", false},
        {"6.19.1", "\xc0\x80", false},
        {"6.19.2", "\xe0\x80\x80", false},
        {"6.19.3", "\xf0\x80\x80\x80", false},
        {"6.19.4", "\xf8\x80\x80\x80\x80", false},
        {"6.19.5", "\xfc\x80\x80\x80\x80\x80", false},
        {"6.20.1", "\xed\xa0\x80", false},
        {"6.20.2", "\xed\xad\xbf", false},
        {"6.20.3", "\xed\xae\x80", false},
        {"6.20.4", "\xed\xaf\xbf", false},
        {"6.20.5", "\xed\xb0\x80", false},
        {"6.20.6", "\xed\xbe\x80", false},
        {"6.20.7", "\xed\xbf\xbf", false},
        {"6.21.1", "\xed\xa0\x80\xed\xb0\x80", false},
        {"6.21.2", "\xed\xa0\x80\xed\xbf\xbf", false},
        {"6.21.3", "\xed\xad\xbf\xed\xb0\x80", false},
        {"6.21.4", "\xed\xad\xbf\xed\xbf\xbf", false},
        {"6.21.5", "\xed\xae\x80\xed\xb0\x80", false},
        {"6.21.6", "\xed\xae\x80\xed\xbf\xbf", false},
        {"6.21.7", "\xed\xaf\xbf\xed\xb0\x80", false},
        {"6.21.8", "\xed\xaf\xbf\xed\xbf\xbf", false},
        {"6.23.1", "\xef\xbf\xb9", true},
        {"6.23.2", "\xef\xbf\xba", true},
        {"6.23.3", "\xef\xbf\xbb", true},
        {"6.23.4", "\xef\xbf\xbc", true},
        {"6.23.5", "\xef\xbf\xbd", true},
        {"6.23.6", "\xef\xbf\xbe", true},
        {"6.23.7", "\xef\xbf\xbf", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char expected[64];
        test_bytes whole = {0};
        test_bytes fragmented = {0};
        size_t length = strlen(rows[i].text);
        (void)snprintf(expected, sizeof expected, rows[i].is_valid ? "T%s" : "F1007", rows[i].text);
        append_frame(&whole, TEXT, rows[i].text, length);
        expect_events(rows[i].id, &whole, expected);
        /* And in fragments of one byte, as 6.2.3, 6.2.4 and 6.3.2. */
        for (size_t at = 0; at < length; at++) {
            append_frame(&fragmented, at > 0 ? MORE : TEXT_ON, rows[i].text + at, 1);
        }
        append_frame(&fragmented, length > 0 ? LAST : TEXT, "", 0);
        expect_events(rows[i].id, &fragmented, expected);
        free(whole.data);
        free(fragmented.data);
    }
    test_bytes nul = {0};
    append_frame(&nul, TEXT, "\0", 1);
    expect_events("6.7.1", &nul, "T");
    free(nul.data);
    expect_non_characters();
}

static void text_in_fragments(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"6.1.2", {{TEXT_ON, "", 0}, {MORE, "", 0}, {LAST, "", 0}}, "T"},
        {"6.1.3", {{TEXT_ON, "", 0}, {MORE, "middle", 0}, {LAST, "", 0}}, "Tmiddle"},
        {"6.2.2", {{TEXT_ON, "\xc2\xb5@", 0}, {LAST, "\xc3\x9f", 0}}, "T\xc2\xb5@\xc3\x9f"},
        {"6.4.1",
         {{TEXT_ON, "\xce\xba", 0}, {MORE, "\xf4\x90\x80\x80", 0}, {LAST, "edited", 0}},
         "F1007"},
        {"6.4.2",
         {{TEXT_ON, "\xce\xba\xf4", 0},
          {MORE, "\x90", 0},
          {LAST,
           "\x80\x80"
           "edited",
           0}},
         "F1007"},
    };
    RUN(rows);
}

/* 6.4.3 and 6.4.4, and every invalid text: refused at the first byte that cannot be right, with the
 * rest of the frame, and of the message, still to come. */
static void text_fails_fast(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t good; /* bytes of it that are right so far */
    } rows[] = {
        {"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80", 6},
        {"abc\xc0", 3},
        {"abcdefgh\xed\x9f\xbf\xed\xa0", 12},
        {"\xe0\xa0\x80\xe0\x9f", 4},
        {"\xff", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_websocket_reader reader;
        phxi_websocket_event event;
        uint8_t head[] = {TEXT, 100};
        const uint8_t *bytes = head;
        size_t length = sizeof head;
        phxi_websocket_reader_init(&reader, &phxi_default_allocator, LIMIT_BYTES);
        phxi_websocket_read(&reader, &bytes, &length, &event);
        for (size_t at = 0; at <= rows[i].good; at++) {
            assert_int_equal(event.kind, PHXI_WEBSOCKET_ON_NOTHING);
            bytes = (const uint8_t *)rows[i].text + at;
            length = 1;
            phxi_websocket_read(&reader, &bytes, &length, &event);
        }
        assert_int_equal(event.kind, PHXI_WEBSOCKET_ON_FAILURE);
        assert_int_equal(event.close_code, 1007);
        phxi_websocket_reader_free(&reader);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_one_frame),
        cmocka_unit_test(text_in_fragments),
        cmocka_unit_test(text_fails_fast),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
