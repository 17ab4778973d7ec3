/* SPDX-License-Identifier: MIT */
/*
 * WebSocket frames: what is read does not depend on how the bytes are cut; a message is never
 * larger than its limit and text always UTF-8; nothing follows the last event; what a client writes
 * is, once unmasked, read as it was.
 */
#include "failing_allocator.h"
#include "fuzz.h"
#include "support/buffer.h"
#include "wire/websocket_reader.h"

enum {
    MAX_MESSAGE_BYTES = 300,
    MAX_LOG_BYTES = 1 << 24,
};

static void put(phxi_buffer *log, const void *bytes, size_t length)
{
    FUZZ_CHECK(phxi_buffer_append(log, bytes, length) == PHX_OK);
}

/* All of an event that its receiver can see, in bytes that can be compared. */
static void note(phxi_buffer *log, const phxi_websocket_event *event)
{
    const uint32_t facts[] = {(uint32_t)event->kind, (uint32_t)event->frame_kind, event->close_code,
                              (uint32_t)event->status, (uint32_t)event->length};
    put(log, facts, sizeof facts);
    put(log, event->data, event->length);
    put(log, event->reason != NULL ? event->reason : "",
        event->reason != NULL ? strlen(event->reason) : 0);
}

static void check_event(const phxi_websocket_event *event)
{
    bool is_end =
        event->kind == PHXI_WEBSOCKET_ON_CLOSE || event->kind == PHXI_WEBSOCKET_ON_FAILURE;
    FUZZ_CHECK(event->data != NULL);
    FUZZ_CHECK((event->close_code != 0) == is_end);
    FUZZ_CHECK((event->status != PHX_OK) == (event->kind == PHXI_WEBSOCKET_ON_FAILURE));
    FUZZ_CHECK((event->reason != NULL) == (event->kind == PHXI_WEBSOCKET_ON_FAILURE));
    switch (event->kind) {
    case PHXI_WEBSOCKET_ON_MESSAGE:
        FUZZ_CHECK(event->length <= MAX_MESSAGE_BYTES);
        FUZZ_CHECK(event->frame_kind == PHX_FRAME_BINARY ||
                   fuzz_is_utf8(event->data, event->length));
        break;
    case PHXI_WEBSOCKET_ON_CLOSE:
        FUZZ_CHECK(event->length <= PHXI_WEBSOCKET_MAX_CONTROL_BYTES - 2);
        FUZZ_CHECK(event->close_code == PHXI_WEBSOCKET_NO_CODE
                       ? event->length == 0
                       : phxi_websocket_is_close_code(event->close_code));
        FUZZ_CHECK(fuzz_is_utf8(event->data, event->length));
        break;
    case PHXI_WEBSOCKET_ON_FAILURE:
        FUZZ_CHECK(phxi_websocket_is_close_code(event->close_code));
        break;
    default:
        FUZZ_CHECK(event->length <= PHXI_WEBSOCKET_MAX_CONTROL_BYTES);
        break;
    }
}

/* Each piece in a block of its own, freed before the next. sizes: where to cut; NULL: nowhere. */
static void read_all(const uint8_t *data, size_t size, fuzz_input *sizes, phxi_buffer *log)
{
    failing_allocator allocator;
    phxi_websocket_reader reader;
    bool is_over = false;
    failing_allocator_init(&allocator);
    phxi_websocket_reader_init(&reader, &allocator.port, MAX_MESSAGE_BYTES);
    for (size_t at = 0; at < size;) {
        size_t length = sizes != NULL ? 1 + fuzz_below(sizes, 40) : size;
        length = length < size - at ? length : size - at;
        uint8_t *piece = fuzz_copy(data + at, length);
        const uint8_t *bytes = piece;
        size_t left = length;
        phxi_websocket_event event;
        do {
            phxi_websocket_read(&reader, &bytes, &left, &event);
            FUZZ_CHECK(bytes + left == piece + length);
            if (event.kind != PHXI_WEBSOCKET_ON_NOTHING) {
                FUZZ_CHECK(!is_over);
                check_event(&event);
                note(log, &event);
                is_over = event.close_code != 0;
            }
        } while (event.kind != PHXI_WEBSOCKET_ON_NOTHING);
        FUZZ_CHECK(left == 0);
        free(piece);
        at += length;
    }
    phxi_websocket_reader_free(&reader);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

static void check_cuts(const uint8_t *data, size_t size)
{
    failing_allocator allocator;
    phxi_buffer whole;
    phxi_buffer cut;
    fuzz_input sizes = {data, size};
    failing_allocator_init(&allocator);
    phxi_buffer_init(&whole, &allocator.port, MAX_LOG_BYTES);
    phxi_buffer_init(&cut, &allocator.port, MAX_LOG_BYTES);
    read_all(data, size, NULL, &whole);
    read_all(data, size, &sizes, &cut);
    FUZZ_CHECK(whole.length == cut.length);
    FUZZ_CHECK(whole.length == 0 || memcmp(whole.data, cut.data, whole.length) == 0);
    phxi_buffer_free(&cut);
    /* One by one. */
    sizes.left = 0;
    read_all(data, size, &sizes, &cut);
    FUZZ_CHECK(whole.length == cut.length);
    FUZZ_CHECK(whole.length == 0 || memcmp(whole.data, cut.data, whole.length) == 0);
    phxi_buffer_free(&cut);
    phxi_buffer_free(&whole);
}

/* A binary message of ours, in one frame. */
static void check_writing(const uint8_t *data, size_t size)
{
    failing_allocator allocator;
    phxi_websocket_reader reader;
    phxi_websocket_event event;
    fuzz_input input = {data, size};
    uint8_t mask[PHXI_WEBSOCKET_MASK_BYTES];
    uint8_t head[PHXI_WEBSOCKET_MAX_HEAD_BYTES];
    for (size_t i = 0; i < sizeof mask; i++) {
        mask[i] = fuzz_byte(&input);
    }
    phx_slice payload = fuzz_bytes(&input, input.left);
    size_t head_length =
        phxi_websocket_write_head(head, PHXI_WEBSOCKET_BINARY, true, payload.length, mask);
    size_t plain_length = head_length - sizeof mask;
    FUZZ_CHECK(memcmp(head + plain_length, mask, sizeof mask) == 0);
    uint8_t *frame = malloc(plain_length + payload.length);
    FUZZ_CHECK(frame != NULL);
    memcpy(frame, head, plain_length);
    FUZZ_CHECK((frame[1] & 0x80) != 0);
    frame[1] &= 0x7f;
    memcpy(frame + plain_length, payload.data, payload.length);
    phxi_websocket_mask(frame + plain_length, payload.length, mask);
    for (size_t i = 0; i < payload.length; i++) {
        frame[plain_length + i] ^= mask[i % sizeof mask];
    }
    const uint8_t *bytes = frame;
    size_t left = plain_length + payload.length;
    failing_allocator_init(&allocator);
    phxi_websocket_reader_init(&reader, &allocator.port, SIZE_MAX / 2);
    phxi_websocket_read(&reader, &bytes, &left, &event);
    FUZZ_CHECK(event.kind == PHXI_WEBSOCKET_ON_MESSAGE && left == 0);
    FUZZ_CHECK(event.frame_kind == PHX_FRAME_BINARY && event.length == payload.length);
    FUZZ_CHECK(event.data == frame + plain_length);
    FUZZ_CHECK(payload.length == 0 || memcmp(event.data, payload.data, payload.length) == 0);
    phxi_websocket_reader_free(&reader);
    free(frame);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_cuts(data, size);
    check_writing(data, size);
    return 0;
}
