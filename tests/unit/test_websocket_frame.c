/* SPDX-License-Identifier: MIT */
/*
 * The frames that a client sends: heads byte by byte, masks against the RFC's own words, and both
 * against the reader.
 */
#include "wire/websocket_frame.h"

#include "testing.h"

#include "support/alloc.h"
#include "wire/websocket_reader.h"

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

static void heads(void **state)
{
    (void)state;
    static const struct {
        phxi_websocket_opcode opcode;
        bool is_final;
        uint64_t length;
        const char *bytes;
        size_t size;
    } rows[] = {
        {PHXI_WEBSOCKET_TEXT, true, 0, "\x81\x80", 2},
        {PHXI_WEBSOCKET_BINARY, false, 125, "\x02\xfd", 2},
        {PHXI_WEBSOCKET_CONTINUATION, true, 126, "\x80\xfe\x00\x7e", 4},
        {PHXI_WEBSOCKET_CONTINUATION, false, 65535, "\x00\xfe\xff\xff", 4},
        {PHXI_WEBSOCKET_TEXT, true, 65536, "\x81\xff\0\0\0\0\0\x01\0\0", 10},
        {PHXI_WEBSOCKET_TEXT, true, INT64_MAX, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10},
        {PHXI_WEBSOCKET_CLOSE, true, 2, "\x88\x82", 2},
        {PHXI_WEBSOCKET_PONG, true, 125, "\x8a\xfd", 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t head[PHXI_WEBSOCKET_MAX_HEAD_BYTES];
        size_t size =
            phxi_websocket_write_head(head, rows[i].opcode, rows[i].is_final, rows[i].length, mask);
        assert_bytes(head, size - 4, rows[i].bytes, rows[i].size);
        assert_memory_equal(head + size - 4, mask, 4);
    }
}

/* RFC 6455, 5.7: "Hello", masked. */
static void masks_as_in_the_rfc(void **state)
{
    (void)state;
    uint8_t text[] = "Hello";
    phxi_websocket_mask(text, 5, mask);
    assert_memory_equal(text, "\x7f\x9f\x4d\x51\x58", 5);
}

/* Byte by byte, as RFC 6455, 5.3, defines it, at every length and alignment. */
static void masks_any_length(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t offset = 0; offset < 9; offset++) {
        for (size_t length = 0; length < 70; length++) {
            uint8_t bytes[80];
            uint8_t before[80];
            uint8_t key[4];
            for (size_t i = 0; i < sizeof bytes; i++) {
                before[i] = bytes[i] = (uint8_t)random_next(&seed);
                key[i % 4] = (uint8_t)random_next(&seed);
            }
            phxi_websocket_mask(bytes + offset, length, key);
            for (size_t i = 0; i < sizeof bytes; i++) {
                bool is_inside = i >= offset && i < offset + length;
                int expected = before[i] ^ (is_inside ? key[(i - offset) % 4] : 0);
                assert_int_equal(bytes[i], expected);
            }
        }
    }
}

/* What is written, unmasked again as a server's would be, is read as it was. */
static void written_is_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};
    static uint8_t frame[70000 + PHXI_WEBSOCKET_MAX_HEAD_BYTES];
    uint64_t seed = 2;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        phxi_websocket_reader reader;
        phxi_websocket_event event;
        size_t size =
            phxi_websocket_write_head(frame, PHXI_WEBSOCKET_BINARY, true, lengths[i], mask);
        for (size_t at = 0; at < lengths[i]; at++) {
            frame[size + at] = (uint8_t)random_next(&seed);
        }
        /* A server's head: no mask, and the payload right behind it. */
        frame[1] &= 0x7f;
        memmove(frame + size - 4, frame + size, lengths[i]);
        size_t length = size - 4 + lengths[i];
        const uint8_t *bytes = frame;
        phxi_websocket_reader_init(&reader, &phxi_default_allocator, 70000);
        phxi_websocket_read(&reader, &bytes, &length, &event);
        assert_int_equal(event.kind, PHXI_WEBSOCKET_ON_MESSAGE);
        assert_int_equal(event.length, lengths[i]);
        assert_ptr_equal(event.data, frame + size - 4);
        assert_int_equal(length, 0);
        phxi_websocket_reader_free(&reader);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(masks_as_in_the_rfc),
        cmocka_unit_test(masks_any_length),
        cmocka_unit_test(written_is_read),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
