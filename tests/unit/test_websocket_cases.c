/* SPDX-License-Identifier: MIT */
/*
 * The reader against what the Autobahn test suite's fuzzing server sends to clients, case by case
 * under its numbers, each cut into pieces of several sizes. 6.*, text, is in
 * test_websocket_text.c. Left out are 12.* and 13.*, compression, which is never offered: what they
 * send is a frame with a reserved bit here.
 */
#include "websocket_pieces.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/alloc.h"

static void framing(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"1.1.1", {{TEXT, "", 0}}, "T"},
        {"1.1.2", {{TEXT, NULL, 125}}, "T[125]"},
        {"1.1.3", {{TEXT, NULL, 126}}, "T[126]"},
        {"1.1.4", {{TEXT, NULL, 127}}, "T[127]"},
        {"1.1.5", {{TEXT, NULL, 128}}, "T[128]"},
        {"1.1.6", {{TEXT, NULL, 65535}}, "T[65535]"},
        {"1.1.7, 1.1.8", {{TEXT, NULL, 65536}}, "T[65536]"},
        {"1.2.1", {{BINARY, "", 0}}, "B"},
        {"1.2.2", {{BINARY, NULL, 125}}, "B[125]"},
        {"1.2.3", {{BINARY, NULL, 126}}, "B[126]"},
        {"1.2.4", {{BINARY, NULL, 127}}, "B[127]"},
        {"1.2.5", {{BINARY, NULL, 128}}, "B[128]"},
        {"1.2.6", {{BINARY, NULL, 65535}}, "B[65535]"},
        {"1.2.7, 1.2.8", {{BINARY, NULL, 65536}}, "B[65536]"},
    };
    RUN(rows);
}

static void pings_and_pongs(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"2.1", {{PING, "", 0}}, "P"},
        {"2.2", {{PING, "Hello, world!", 0}}, "PHello, world!"},
        {"2.3", {{PING, "\x01\xff\xfe\xfd\xfc\xfb", 6}}, "P\x01\xff\xfe\xfd\xfc\xfb"},
        {"2.4, 2.6", {{PING, NULL, 125}}, "P[125]"},
        {"2.5", {{PING, NULL, 126}}, "F1002"},
        {"2.7", {{PONG, "", 0}}, "O"},
        {"2.8", {{PONG, "unsolicited", 0}}, "Ounsolicited"},
        {"2.9", {{PONG, "unsolicited", 0}, {PING, "ping", 0}}, "Ounsolicited Pping"},
        {"2.10, 2.11",
         {{PING, "0", 0},
          {PING, "1", 0},
          {PING, "2", 0},
          {PING, "3", 0},
          {PING, "4", 0},
          {PING, "5", 0},
          {PING, "6", 0}},
         "P0 P1 P2 P3 P4 P5 P6"},
    };
    RUN(rows);
}

static void reserved_bits(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"3.1", {{TEXT | 0x10, "Hello", 0}}, "F1002"},
        {"3.2, 3.3, 3.4",
         {{TEXT, "Hello", 0}, {TEXT | 0x20, "Hello", 0}, {PING, "", 0}},
         "THello F1002"},
        {"3.5", {{BINARY | 0x50, "Hello", 0}}, "F1002"},
        {"3.6", {{PING | 0x60, "Hello", 0}}, "F1002"},
        {"3.7", {{CLOSE | 0x70, "\x03\xe8", 0}}, "F1002"},
        {"12, 13: what is compressed was not agreed on", {{TEXT | 0x40, "\xf2H\xcd", 0}}, "F1002"},
    };
    RUN(rows);
}

static void reserved_opcodes(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"4.1.1", {{0x83, "", 0}}, "F1002"},
        {"4.1.2", {{0x84, "reserved", 0}}, "F1002"},
        {"4.1.3", {{TEXT, "Hello", 0}, {0x85, "", 0}, {PING, "", 0}}, "THello F1002"},
        {"4.1.4", {{TEXT, "Hello", 0}, {0x86, "reserved", 0}, {PING, "", 0}}, "THello F1002"},
        {"4.1.5", {{TEXT, "Hello", 0}, {0x87, "reserved", 0}, {PING, "", 0}}, "THello F1002"},
        {"4.2.1", {{0x8b, "", 0}}, "F1002"},
        {"4.2.2", {{0x8c, "reserved", 0}}, "F1002"},
        {"4.2.3", {{TEXT, "Hello", 0}, {0x8d, "", 0}, {PING, "", 0}}, "THello F1002"},
        {"4.2.4", {{TEXT, "Hello", 0}, {0x8e, "reserved", 0}, {PING, "", 0}}, "THello F1002"},
        {"4.2.5", {{TEXT, "Hello", 0}, {0x8f, "reserved", 0}, {PING, "", 0}}, "THello F1002"},
    };
    RUN(rows);
}

static void fragments(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"5.1", {{0x09, "one", 0}, {LAST, "two", 0}}, "F1002"},
        {"5.2", {{0x0a, "one", 0}, {LAST, "two", 0}}, "F1002"},
        {"5.3, 5.4, 5.5", {{TEXT_ON, "one", 0}, {LAST, "two", 0}}, "Tonetwo"},
        {"5.6, 5.7, 5.8", {{TEXT_ON, "one", 0}, {PING, "p", 0}, {LAST, "two", 0}}, "Pp Tonetwo"},
        {"5.9, 5.10, 5.11", {{LAST, "nothing", 0}, {TEXT, "Hello", 0}}, "F1002"},
        {"5.12, 5.13, 5.14", {{MORE, "nothing", 0}, {TEXT, "Hello", 0}}, "F1002"},
        {"5.15",
         {{TEXT_ON, "one", 0}, {LAST, "two", 0}, {MORE, "three", 0}, {TEXT, "four", 0}},
         "Tonetwo F1002"},
        {"5.16", {{MORE, "one", 0}, {TEXT_ON, "two", 0}, {LAST, "three", 0}}, "F1002"},
        {"5.17", {{LAST, "one", 0}, {TEXT_ON, "two", 0}, {LAST, "three", 0}}, "F1002"},
        {"5.18", {{TEXT_ON, "one", 0}, {TEXT, "two", 0}}, "F1002"},
        {"5.19, 5.20",
         {{TEXT_ON, "1", 0},
          {MORE, "2", 0},
          {PING, "p", 0},
          {MORE, "3", 0},
          {MORE, "4", 0},
          {PING, "q", 0},
          {LAST, "5", 0}},
         "Pp Pq T12345"},
        {"binary", {{BINARY_ON, "\xff", 0}, {PONG, "", 0}, {LAST, "\xfe", 0}}, "O B\xff\xfe"},
    };
    RUN(rows);
}

static void closing(void **state)
{
    (void)state;
    static const test_case rows[] = {
        {"7.1.1", {{TEXT, "Hello", 0}, {CLOSE, "\x03\xe8", 0}}, "THello C1000"},
        {"7.1.2", {{CLOSE, "\x03\xe8", 0}, {CLOSE, "\x03\xe8", 0}}, "C1000"},
        {"7.1.3", {{CLOSE, "\x03\xe8", 0}, {PING, "", 0}}, "C1000"},
        {"7.1.4", {{CLOSE, "\x03\xe8", 0}, {TEXT, "late", 0}}, "C1000"},
        {"7.1.5", {{TEXT_ON, "one", 0}, {CLOSE, "\x03\xe8", 0}, {LAST, "two", 0}}, "C1000"},
        {"7.1.6",
         {{TEXT, NULL, 256 * 1024}, {CLOSE, "\x03\xe8", 0}, {PING, "", 0}},
         "T[262144] C1000"},
        {"7.3.1", {{CLOSE, "", 0}}, "C1005"},
        {"7.3.2", {{CLOSE, "\x03", 0}}, "F1002"},
        {"7.3.3", {{CLOSE, "\x03\xe8", 0}}, "C1000"},
        {"7.3.4", {{CLOSE, "\x03\xe8going away", 0}}, "C1000going away"},
        {"7.3.6", {{CLOSE, NULL, 126}}, "F1002"},
        {"7.5.1", {{CLOSE, "\x03\xe8\xed\xa0\x80", 0}}, "F1007"},
    };
    RUN(rows);
    test_bytes longest = {0};
    uint8_t payload[125];
    memset(payload, FILL, sizeof payload);
    payload[0] = 0x03;
    payload[1] = 0xe8;
    append_frame(&longest, CLOSE, payload, sizeof payload);
    expect_events("7.3.5", &longest, "C1000[123]");
    free(longest.data);
}

/* 7.7, 7.9, 7.13, and every other code that there is. */
static void close_codes(void **state)
{
    (void)state;
    static const uint32_t valid[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                     1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
    static const uint32_t invalid[] = {0,    999,  1004, 1005, 1006, 1015,
                                       1016, 1100, 2000, 2999, 5000, 65535};
    for (size_t i = 0; i < COUNT_OF(valid) + COUNT_OF(invalid); i++) {
        bool is_valid = i < COUNT_OF(valid);
        uint32_t code = is_valid ? valid[i] : invalid[i - COUNT_OF(valid)];
        uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code};
        char expected[16];
        test_bytes input = {0};
        (void)snprintf(expected, sizeof expected, is_valid ? "C%u" : "F1002", code);
        append_frame(&input, CLOSE, payload, 2);
        expect_events("7.7, 7.9, 7.13", &input, expected);
        free(input.data);
    }
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        bool is_valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                        (code >= 3000 && code <= 4999);
        assert_int_equal(phxi_websocket_is_close_code(code), is_valid);
    }
}

static void expect_size(const char *id, int first, size_t size, size_t fragment)
{
    char expected[32];
    test_bytes input = {0};
    (void)snprintf(expected, sizeof expected, "%c[%zu]", (first & 1) != 0 ? 'T' : 'B', size);
    for (size_t at = 0; at < size; at += fragment) {
        int opcode = at > 0 ? 0 : first & 0x0f;
        size_t length = size - at < fragment ? size - at : fragment;
        append_frame(&input, opcode | (at + fragment >= size ? 0x80 : 0), NULL, length);
    }
    expect_events(id, &input, expected);
    free(input.data);
}

static void sizes(void **state)
{
    (void)state;
    static const size_t whole[] = {64, 256, 1024, 4096, 8192, 16384};
    static const size_t parts[] = {64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304};
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        expect_size("9.1", TEXT, whole[i] * 1024, whole[i] * 1024);
        expect_size("9.2", BINARY, whole[i] * 1024, whole[i] * 1024);
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        expect_size("9.3", TEXT, 4194304, parts[i]);
        expect_size("9.4", BINARY, 4194304, parts[i]);
    }
    expect_size("10.1.1", TEXT, 65536, 1300);
    /* 9.5 and 9.6 cut one of 1 MiB into pieces: 997 bytes here. 9.7 and 9.8: a thousand in a row.
     */
    expect_size("9.5", TEXT, 1048576, 1048576);
    expect_size("9.6", BINARY, 1048576, 1048576);
}

static void a_thousand_messages(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 16, 64, 256, 1024, 4096};
    for (size_t i = 0; i < COUNT_OF(lengths) * 2; i++) {
        size_t length = lengths[i / 2];
        char one[32];
        test_bytes input = {0};
        test_bytes expected = {0};
        char kind = i % 2 == 0 ? 'T' : 'B';
        if (length <= SHOWN_BYTES) {
            (void)snprintf(one, sizeof one, "%c%.*s", kind, (int)length, "****************");
        } else {
            (void)snprintf(one, sizeof one, "%c[%zu]", kind, length);
        }
        for (int n = 0; n < 1000; n++) {
            append_frame(&input, i % 2 == 0 ? TEXT : BINARY, NULL, length);
            append_bytes(&expected, " ", n > 0 ? 1 : 0);
            append_bytes(&expected, one, strlen(one));
        }
        append_bytes(&expected, "", 1);
        expect_events(i % 2 == 0 ? "9.7" : "9.8", &input, (char *)expected.data);
        free(input.data);
        free(expected.data);
    }
}

/* Beyond the suite: heads that it does not send. */
static void heads(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *bytes;
        size_t length;
        const char *expected;
    } rows[] = {
        {"masked", "\x81\x81xxxxa", 7, "F1002"},
        {"masked and empty", "\x81\x80", 2, "F1002"},
        {"125 in two bytes", "\x81\x7e\x00\x7d", 4, "F1002"},
        {"65535 in eight bytes", "\x81\x7f\0\0\0\0\0\0\xff\xff", 10, "F1002"},
        {"64 bits", "\x81\x7f\x80\0\0\0\0\0\0\0", 10, "F1002"},
        {"63 bits", "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, "F1009"},
        {"a byte too many", "\x82\x7f\0\0\0\0\x01\0\0\x01", 10, "F1009"},
        {"a ping with a long length", "\x89\x7e\x00\x05hello", 9, "F1002"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        test_bytes input = {0};
        append_bytes(&input, rows[i].bytes, rows[i].length);
        expect_events(rows[i].id, &input, rows[i].expected);
        free(input.data);
    }
}

static void limits(void **state)
{
    (void)state;
    static const struct {
        size_t parts[3];
        bool fits;
    } rows[] = {{{100, 0, 0}, true},  {{101, 0, 0}, false}, {{60, 40, 0}, true},
                {{60, 41, 0}, false}, {{100, 0, 1}, false}, {{1, 98, 1}, true},
                {{1, 98, 2}, false},  {{0, 0, 100}, true}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        test_bytes input = {0};
        test_bytes log = {0};
        append_frame(&input, TEXT_ON, NULL, rows[i].parts[0]);
        append_frame(&input, MORE, NULL, rows[i].parts[1]);
        append_frame(&input, LAST, NULL, rows[i].parts[2]);
        append_frame(&input, TEXT, "next", 4);
        read_in_pieces(&input, 7, 100, &log);
        append_bytes(&log, "", 1);
        assert_string_equal((char *)log.data, rows[i].fits ? "T[100] Tnext" : "F1009");
        free(input.data);
        free(log.data);
    }
}

/* A whole message is handed out where it lies. */
static void no_copy(void **state)
{
    (void)state;
    static const uint8_t input[] = "\x81\x05Hello\x89\x01p\x81\x05there";
    phxi_websocket_reader reader;
    phxi_websocket_event event;
    const uint8_t *bytes = input;
    size_t length = sizeof input - 1;
    phxi_websocket_reader_init(&reader, &phxi_default_allocator, LIMIT_BYTES);
    phxi_websocket_read(&reader, &bytes, &length, &event);
    assert_ptr_equal(event.data, input + 2);
    phxi_websocket_read(&reader, &bytes, &length, &event);
    assert_ptr_equal(event.data, input + 9);
    phxi_websocket_read(&reader, &bytes, &length, &event);
    assert_ptr_equal(event.data, input + 12);
    assert_int_equal(length, 0);
    assert_null(reader.message.data);
    phxi_websocket_reader_free(&reader);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing),
        cmocka_unit_test(pings_and_pongs),
        cmocka_unit_test(reserved_bits),
        cmocka_unit_test(reserved_opcodes),
        cmocka_unit_test(fragments),
        cmocka_unit_test(closing),
        cmocka_unit_test(close_codes),
        cmocka_unit_test(sizes),
        cmocka_unit_test(a_thousand_messages),
        cmocka_unit_test(heads),
        cmocka_unit_test(limits),
        cmocka_unit_test(no_copy),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
