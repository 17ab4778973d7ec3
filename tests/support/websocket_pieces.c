/* SPDX-License-Identifier: MIT */
/*
 * The reader, fed in pieces.
 */
#include "websocket_pieces.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/alloc.h"

void append_bytes(test_bytes *bytes, const void *data, size_t length)
{
    if (bytes->capacity - bytes->length < length + 16) {
        bytes->capacity = (bytes->length + length + 16) * 2;
        bytes->data = realloc(bytes->data, bytes->capacity);
        assert_non_null(bytes->data);
    }
    if (data != NULL) {
        memcpy(bytes->data + bytes->length, data, length);
    } else {
        memset(bytes->data + bytes->length, FILL, length);
    }
    bytes->length += length;
}

void append_frame(test_bytes *bytes, int first, const void *data, size_t length)
{
    uint8_t head[10] = {(uint8_t)first};
    size_t size = length < 126 ? 2 : length < 65536 ? 4 : 10;
    head[1] = (uint8_t)(size == 2 ? length : size == 4 ? 126 : 127);
    for (size_t i = 2; i < size; i++) {
        head[i] = (uint8_t)((uint64_t)length >> (8 * (size - 1 - i)));
    }
    append_bytes(bytes, head, size);
    append_bytes(bytes, data, length);
}

static void append_payload(test_bytes *log, const uint8_t *data, size_t length)
{
    char text[32];
    if (length <= SHOWN_BYTES) {
        append_bytes(log, data, length);
        return;
    }
    (void)snprintf(text, sizeof text, "[%zu]", length);
    append_bytes(log, text, strlen(text));
    for (size_t i = 0; i < length; i++) {
        if (data[i] != FILL) {
            append_bytes(log, "?", 1);
            return;
        }
    }
}

static void append_event(test_bytes *log, const phxi_websocket_event *event)
{
    static const char letters[] = "?TPOCF";
    char text[16];
    bool is_binary = event->frame_kind == PHX_FRAME_BINARY;
    append_bytes(log, " ", log->length > 0 ? 1 : 0);
    append_bytes(log, is_binary ? "B" : &letters[event->kind], 1);
    assert_non_null(event->data);
    if (event->close_code != 0) {
        (void)snprintf(text, sizeof text, "%u", (unsigned)event->close_code);
        append_bytes(log, text, strlen(text));
    }
    if (event->kind == PHXI_WEBSOCKET_ON_FAILURE) {
        assert_non_null(event->reason);
        assert_int_not_equal(event->status, PHX_OK);
    }
    append_payload(log, event->data, event->length);
}

/* Each piece is in a block of its own, so that reading past it is seen. */
void read_in_pieces(const test_bytes *input, size_t piece_bytes, size_t limit, test_bytes *log)
{
    phxi_websocket_reader reader;
    phxi_websocket_reader_init(&reader, &phxi_default_allocator, limit);
    for (size_t at = 0; at < input->length; at += piece_bytes) {
        size_t length = input->length - at < piece_bytes ? input->length - at : piece_bytes;
        uint8_t *piece = malloc(length);
        assert_non_null(piece);
        memcpy(piece, input->data + at, length);
        const uint8_t *bytes = piece;
        phxi_websocket_event event;
        do {
            phxi_websocket_read(&reader, &bytes, &length, &event);
            if (event.kind != PHXI_WEBSOCKET_ON_NOTHING) {
                append_event(log, &event);
            }
        } while (event.kind != PHXI_WEBSOCKET_ON_NOTHING);
        assert_int_equal(length, 0);
        free(piece);
    }
    phxi_websocket_reader_free(&reader);
}

void expect_events(const char *id, const test_bytes *input, const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 125, 997, 65536, SIZE_MAX};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        if (pieces[i] < 100 && input->length > SMALL_BYTES) {
            continue;
        }
        test_bytes log = {0};
        size_t piece = pieces[i] < input->length ? pieces[i] : input->length;
        read_in_pieces(input, piece > 0 ? piece : 1, LIMIT_BYTES, &log);
        append_bytes(&log, "", 1);
        if (strcmp((char *)log.data, expected) != 0) {
            fail_msg("case %s in pieces of %zu: %s instead of %s", id, piece, log.data, expected);
        }
        free(log.data);
    }
}

void run_cases(const test_case *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        test_bytes input = {0};
        for (const test_frame *one = rows[i].frames; one->first != 0 || one->text != NULL; one++) {
            size_t length = one->length > 0 ? one->length : strlen(one->text);
            append_frame(&input, one->first, one->text, length);
        }
        expect_events(rows[i].id, &input, rows[i].expected);
        free(input.data);
    }
}
