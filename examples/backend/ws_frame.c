/* SPDX-License-Identifier: MIT */
/*
 * The frame parser of ws_frame.h. The order of its checks decides which close code a frame with
 * two faults costs, and follows what the recordings show.
 */
#include "ws_frame.h"

enum {
    CONTROL_MAX = 125,
    MASK_SIZE = 4,
    CODE_NORMAL = 1000,
    CODE_PROTOCOL = 1002,
    CODE_UTF8 = 1007,
    CODE_TOO_BIG = 1009
};

static bool is_control(unsigned opcode)
{
    return opcode >= WS_CLOSE;
}

static bool is_known(unsigned opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

/* The size of the extended length behind the first two bytes. */
static size_t extension_of(unsigned length)
{
    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

static uint64_t read_length(const unsigned char *in, unsigned length)
{
    const size_t extension = extension_of(length);
    uint64_t value = extension == 0 ? length : 0;
    for (size_t i = 0; i < extension; i++) {
        value = (value << 8) | in[2 + i];
    }
    return value;
}

static bool breaks_protocol(const unsigned char *in)
{
    const unsigned opcode = in[0] & 0x0f;
    const unsigned length = in[1] & 0x7f;
    if ((in[0] & 0x70) != 0 || !is_known(opcode) || (in[1] & 0x80) == 0) {
        return true;
    }
    return is_control(opcode) && ((in[0] & 0x80) == 0 || length > CONTROL_MAX);
}

static enum ws_progress bad(uint16_t code, uint16_t *out_code)
{
    *out_code = code;
    return WS_BAD;
}

enum ws_progress ws_frame_parse(char *in, size_t len, uint64_t payload_max, struct ws_frame *out,
                                size_t *out_consumed, uint16_t *out_code)
{
    const unsigned char *head = (const unsigned char *)in;
    if (len < 2) {
        return WS_MORE;
    }
    if (breaks_protocol(head)) {
        return bad(CODE_PROTOCOL, out_code);
    }
    const size_t mask_at = 2 + extension_of(head[1] & 0x7f);
    if (len < mask_at + MASK_SIZE) {
        return WS_MORE;
    }
    const uint64_t size = read_length(head, head[1] & 0x7f);
    if (size > payload_max) {
        return bad(CODE_TOO_BIG, out_code);
    }
    char *payload = in + mask_at + MASK_SIZE;
    if (len - mask_at - MASK_SIZE < size) {
        return WS_MORE;
    }
    for (size_t i = 0; i < (size_t)size; i++) {
        payload[i] = (char)(payload[i] ^ in[mask_at + i % MASK_SIZE]);
    }
    *out = (struct ws_frame){
        (head[0] & 0x80) != 0, (enum ws_opcode)(head[0] & 0x0f), {payload, (size_t)size}};
    *out_consumed = mask_at + MASK_SIZE + (size_t)size;
    return WS_FRAME;
}

void ws_frame_compose(struct bytes *out, enum ws_opcode opcode, struct slice payload)
{
    bytes_char(out, (char)(0x80 | (unsigned)opcode));
    if (payload.len <= CONTROL_MAX) {
        bytes_char(out, (char)payload.len);
    } else {
        const size_t extension = payload.len <= UINT16_MAX ? 2 : 8;
        bytes_char(out, extension == 2 ? 126 : 127);
        for (size_t i = extension; i > 0; i--) {
            bytes_char(out, (char)(((uint64_t)payload.len >> (8 * (i - 1))) & 0xff));
        }
    }
    bytes_slice(out, payload);
}

void ws_frame_compose_close(struct bytes *out, uint16_t code)
{
    const char payload[2] = {(char)(code >> 8), (char)(code & 0xff)};
    ws_frame_compose(out, WS_CLOSE, (struct slice){payload, code == 0 ? 0 : sizeof(payload)});
}

uint16_t ws_close_answer(struct slice payload)
{
    if (payload.len == 0) {
        return CODE_NORMAL;
    }
    if (payload.len == 1) {
        return CODE_PROTOCOL;
    }
    const unsigned code =
        ((unsigned)(unsigned char)payload.data[0] << 8) | (unsigned char)payload.data[1];
    const bool is_valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                          (code >= 3000 && code <= 4999);
    if (!is_valid) {
        return CODE_PROTOCOL;
    }
    return slice_is_utf8(slice_skip(payload, 2)) ? CODE_NORMAL : CODE_UTF8;
}
