/* SPDX-License-Identifier: MIT */
/*
 * Two states: between frames, gathering a head; inside one, taking payload. Every rule is checked
 * as soon as the bytes that break it are there: two bytes are enough for most, and text is refused
 * at its first wrong byte, not at the message's end.
 */
#include "wire/websocket_reader.h"

#include <string.h>

enum {
    FINAL_BIT = 0x80,
    RESERVED_BITS = 0x70,
    OPCODE_BITS = 0x0f,
    CONTROL_BIT = 0x08,
    MASK_BIT = 0x80,
    LENGTH_BITS = 0x7f,
    TWO_BYTE_LENGTH = 126,
    EIGHT_BYTE_LENGTH = 127,
    CODE_BYTES = 2,
    /* A buffer that grew beyond it is not kept for the next message. */
    KEPT_BYTES = 64 * 1024,
};

/* What is left of the bytes that were given. */
typedef struct input {
    const uint8_t *bytes;
    size_t length;
} input;

void phxi_websocket_reader_init(phxi_websocket_reader *reader, const phx_allocator *allocator,
                                size_t max_message_bytes)
{
    *reader = (phxi_websocket_reader){0};
    phxi_buffer_init(&reader->message, allocator, max_message_bytes);
}

void phxi_websocket_reader_free(phxi_websocket_reader *reader)
{
    phxi_buffer_free(&reader->message);
}

static bool fail(phxi_websocket_reader *reader, phxi_websocket_event *out, uint16_t close_code,
                 phx_status status, const char *reason)
{
    reader->is_over = true;
    phxi_buffer_free(&reader->message);
    out->kind = PHXI_WEBSOCKET_ON_FAILURE;
    out->close_code = close_code;
    out->status = status;
    out->reason = reason;
    return false;
}

static bool break_protocol(phxi_websocket_reader *reader, phxi_websocket_event *out,
                           const char *reason)
{
    return fail(reader, out, PHXI_WEBSOCKET_PROTOCOL_ERROR, PHX_ERROR_PROTOCOL, reason);
}

static bool is_control(unsigned opcode)
{
    return (opcode & CONTROL_BIT) != 0;
}

/* What is wrong with the first two bytes of a frame; NULL: nothing. */
static const char *find_fault(const phxi_websocket_reader *reader, unsigned first, unsigned second)
{
    unsigned opcode = first & OPCODE_BITS;
    bool is_in_message = reader->message_opcode != 0;
    if ((first & RESERVED_BITS) != 0) {
        return "a frame with a reserved bit set";
    }
    if ((second & MASK_BIT) != 0) {
        return "a masked frame";
    }
    if (is_control(opcode)) {
        return opcode > PHXI_WEBSOCKET_PONG    ? "a frame with a reserved opcode"
               : (first & FINAL_BIT) == 0      ? "a control frame in fragments"
               : (second & LENGTH_BITS) >= 126 ? "a control frame of more than 125 bytes"
                                               : NULL;
    }
    if (opcode > PHXI_WEBSOCKET_BINARY) {
        return "a frame with a reserved opcode";
    }
    if (opcode == PHXI_WEBSOCKET_CONTINUATION) {
        return is_in_message ? NULL : "a continuation of nothing";
    }
    return is_in_message ? "a message inside another" : NULL;
}

static size_t head_size(unsigned second)
{
    unsigned length = second & LENGTH_BITS;
    return 2 + (length == EIGHT_BYTE_LENGTH ? 8U : length == TWO_BYTE_LENGTH ? 2U : 0U);
}

/* The payload's length as a whole head says it. False: in a form that is not the shortest, or with
 * the highest bit. */
static bool read_length(const uint8_t *head, uint64_t *out)
{
    size_t size = head_size(head[1]);
    uint64_t length = size == 2 ? head[1] & LENGTH_BITS : 0;
    for (size_t i = 2; i < size; i++) {
        length = length << 8 | head[i];
    }
    *out = length;
    return size == 2 || (size == 4 && length >= TWO_BYTE_LENGTH) ||
           (length > UINT16_MAX && length <= INT64_MAX);
}

static bool begin_frame(phxi_websocket_reader *reader, const uint8_t *head,
                        phxi_websocket_event *out)
{
    unsigned opcode = head[0] & OPCODE_BITS;
    uint64_t length = 0;
    if (!read_length(head, &length)) {
        return break_protocol(reader, out, "a frame with a wrong length");
    }
    if (!is_control(opcode) && length > reader->message.max_bytes - reader->message.length) {
        return fail(reader, out, PHXI_WEBSOCKET_TOO_LARGE, PHX_ERROR_FRAME_TOO_LARGE,
                    "a message that is too large");
    }
    reader->is_in_frame = true;
    reader->is_final = (head[0] & FINAL_BIT) != 0;
    reader->frame_opcode = (uint8_t)opcode;
    reader->frame_left = length;
    reader->control_length = 0;
    if (opcode == PHXI_WEBSOCKET_TEXT || opcode == PHXI_WEBSOCKET_BINARY) {
        reader->message_opcode = (uint8_t)opcode;
        reader->text.length = 0;
    }
    return true;
}

/* False: the head is not whole yet, or it is wrong. */
static bool take_head(phxi_websocket_reader *reader, input *in, phxi_websocket_event *out)
{
    size_t kept = reader->head_length;
    size_t room = sizeof reader->head - kept;
    size_t count = in->length < room ? in->length : room;
    memcpy(reader->head + kept, in->bytes, count);
    size_t known = kept + count;
    const char *fault = known >= 2 ? find_fault(reader, reader->head[0], reader->head[1]) : NULL;
    if (fault != NULL) {
        return break_protocol(reader, out, fault);
    }
    size_t size = known >= 2 ? head_size(reader->head[1]) : 2;
    size_t taken = known < size ? count : size - kept;
    in->bytes += taken;
    in->length -= taken;
    reader->head_length = (uint8_t)(known < size ? known : 0);
    return known >= size && begin_frame(reader, reader->head, out);
}

static void end_close(phxi_websocket_reader *reader, input payload, phxi_websocket_event *out)
{
    if (payload.length == 1) {
        (void)break_protocol(reader, out, "a close frame with half a code");
        return;
    }
    uint16_t code = PHXI_WEBSOCKET_NO_CODE;
    if (payload.length >= CODE_BYTES) {
        code = (uint16_t)(payload.bytes[0] << 8 | payload.bytes[1]);
        payload.bytes += CODE_BYTES;
        payload.length -= CODE_BYTES;
        if (!phxi_websocket_is_close_code(code)) {
            (void)break_protocol(reader, out, "a close frame with a reserved code");
            return;
        }
    }
    if (!phxi_utf8_is_valid(payload.bytes, payload.length)) {
        (void)fail(reader, out, PHXI_WEBSOCKET_BAD_DATA, PHX_ERROR_MALFORMED_FRAME,
                   "a close frame whose reason is not UTF-8");
        return;
    }
    reader->is_over = true;
    out->kind = PHXI_WEBSOCKET_ON_CLOSE;
    out->close_code = code;
    out->data = payload.bytes;
    out->length = payload.length;
}

static void take_control(phxi_websocket_reader *reader, input piece, phxi_websocket_event *out)
{
    bool is_end = reader->frame_left == 0;
    if (!is_end || reader->control_length > 0) {
        memcpy(reader->control + reader->control_length, piece.bytes, piece.length);
        reader->control_length = (uint8_t)(reader->control_length + piece.length);
        piece = (input){reader->control, reader->control_length};
    }
    if (!is_end) {
        return;
    }
    if (reader->frame_opcode == PHXI_WEBSOCKET_CLOSE) {
        end_close(reader, piece, out);
        return;
    }
    out->kind = reader->frame_opcode == PHXI_WEBSOCKET_PING ? PHXI_WEBSOCKET_ON_PING
                                                            : PHXI_WEBSOCKET_ON_PONG;
    out->data = piece.bytes;
    out->length = piece.length;
}

/* The piece is the message's last. */
static bool is_message_whole(const phxi_websocket_reader *reader)
{
    return reader->frame_left == 0 && reader->is_final;
}

static bool is_text_good(phxi_websocket_reader *reader, input piece)
{
    return reader->message_opcode != PHXI_WEBSOCKET_TEXT ||
           (phxi_utf8_take_piece(&reader->text, piece.bytes, piece.length) &&
            (reader->text.length == 0 || !is_message_whole(reader)));
}

static void take_data(phxi_websocket_reader *reader, input piece, phxi_websocket_event *out)
{
    if (!is_text_good(reader, piece)) {
        (void)fail(reader, out, PHXI_WEBSOCKET_BAD_DATA, PHX_ERROR_MALFORMED_FRAME,
                   "text that is not UTF-8");
        return;
    }
    bool is_whole = is_message_whole(reader);
    if (!is_whole || reader->message.length > 0) {
        /* begin_frame has made sure that the limit is kept. */
        if (phxi_buffer_append(&reader->message, piece.bytes, piece.length) != PHX_OK) {
            (void)fail(reader, out, PHXI_WEBSOCKET_INTERNAL_ERROR, PHX_ERROR_NO_MEMORY,
                       "a message that there is no memory for");
            return;
        }
        reader->is_handed_out = is_whole;
        piece = (input){reader->message.data, reader->message.length};
    }
    if (is_whole) {
        out->kind = PHXI_WEBSOCKET_ON_MESSAGE;
        out->frame_kind = reader->message_opcode == PHXI_WEBSOCKET_TEXT
                              ? (phx_frame_kind)PHX_FRAME_TEXT
                              : PHX_FRAME_BINARY;
        out->data = piece.bytes;
        out->length = piece.length;
        reader->message_opcode = 0;
    }
}

static void take_payload(phxi_websocket_reader *reader, input *in, phxi_websocket_event *out)
{
    input piece = *in;
    if (piece.length > reader->frame_left) {
        piece.length = (size_t)reader->frame_left;
    }
    in->bytes += piece.length;
    in->length -= piece.length;
    reader->frame_left -= piece.length;
    reader->is_in_frame = reader->frame_left > 0;
    if (is_control(reader->frame_opcode)) {
        take_control(reader, piece, out);
    } else {
        take_data(reader, piece, out);
    }
}

static void forget_handed_out(phxi_websocket_reader *reader)
{
    if (!reader->is_handed_out) {
        return;
    }
    reader->is_handed_out = false;
    reader->message.length = 0;
    if (reader->message.capacity > KEPT_BYTES) {
        phxi_buffer_free(&reader->message);
    }
}

void phxi_websocket_read(phxi_websocket_reader *reader, const uint8_t **bytes, size_t *length,
                         phxi_websocket_event *out)
{
    input in = {*bytes, *length};
    *out = (phxi_websocket_event){.data = (const uint8_t *)""};
    forget_handed_out(reader);
    while (in.length > 0 && out->kind == PHXI_WEBSOCKET_ON_NOTHING && !reader->is_over) {
        /* A frame may be empty: its payload is taken even if there is no byte left. */
        if (reader->is_in_frame || take_head(reader, &in, out)) {
            take_payload(reader, &in, out);
        }
    }
    if (reader->is_over && out->kind == PHXI_WEBSOCKET_ON_NOTHING) {
        in = (input){in.bytes + in.length, 0};
    }
    *bytes = in.bytes;
    *length = in.length;
}
