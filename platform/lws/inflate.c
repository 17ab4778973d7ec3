/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate (RFC 7692), for what comes in. libwebsockets is only told that the first
 * reserved bit is legal; the messages are decompressed here, into the buffer that bounds them. Its
 * own extension asserts that zlib had nothing left when the bytes of a frame end, which a server
 * decides, and does not bound anything.
 */
#include "lws/connection.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "support/alloc.h"

enum {
    MIN_BITS = 8,
    MIN_ZLIB_BITS = 9, /* zlib itself writes 9 where 8 was asked for */
    MAX_BITS = 15,
    ROOM_BYTES = 4 * 1024, /* free in the buffer before each step */
};

struct inflater {
    z_stream stream;
    const phx_allocator *allocator;
    bool is_reset_after_message;
};

/* What the server chose. */
typedef struct agreement {
    bool has_server_reset;
    bool has_client_reset;
    int server_bits; /* 0: not said */
} agreement;

static const char extension_name[] = "permessage-deflate";

static int on_extension(struct lws_context *context, const struct lws_extension *extension,
                        struct lws *wsi, enum lws_extension_callback_reasons reason, void *user,
                        void *in, size_t length)
{
    static const struct lws_ext_options no_options[] = {{.name = NULL}};
    (void)context;
    (void)extension;
    (void)wsi;
    (void)user;
    (void)length;
    if (reason == LWS_EXT_CB_CLIENT_CONSTRUCT) {
        *(const struct lws_ext_options **)in = no_options; /* phxi_inflate_agree has read them */
    }
    return 0; /* nothing was done: the bytes go on as they are, both ways */
}

const bool phxi_inflate_is_built = true;

const struct lws_extension phxi_inflate_extensions[] = {
    {.name = extension_name,
     .callback = on_extension,
     .client_offer = "permessage-deflate; client_no_context_takeover"},
    {.name = NULL},
};

static phx_slice trim(const char *start, const char *end)
{
    while (start < end && (*start == ' ' || *start == '\t')) {
        start++;
    }
    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (phx_slice){start, (size_t)(end - start)};
}

static bool is_text(phx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

/* 8 to 15, perhaps in quotes; 0: it is not. */
static int read_bits(phx_slice value)
{
    if (value.length >= 2 && value.data[0] == '"' && value.data[value.length - 1] == '"') {
        value = (phx_slice){value.data + 1, value.length - 2};
    }
    for (int bits = MIN_BITS; bits <= MAX_BITS; bits++) {
        const char digits[] = {'1', (char)('0' + bits % 10), '\0'};
        if (is_text(value, bits < 10 ? digits + 1 : digits)) {
            return bits;
        }
    }
    return 0;
}

static bool take_flag(bool *flag, bool has_value)
{
    bool is_new = !*flag && !has_value;
    *flag = true;
    return is_new;
}

/* Each at most once, and none but those that a server may choose on our offer. */
static bool take_parameter(agreement *out, const char *start, const char *end)
{
    const char *equals = memchr(start, '=', (size_t)(end - start));
    phx_slice name = trim(start, equals != NULL ? equals : end);
    if (is_text(name, "server_no_context_takeover")) {
        return take_flag(&out->has_server_reset, equals != NULL);
    }
    if (is_text(name, "client_no_context_takeover")) {
        return take_flag(&out->has_client_reset, equals != NULL);
    }
    if (!is_text(name, "server_max_window_bits") || out->server_bits != 0 || equals == NULL) {
        return false;
    }
    out->server_bits = read_bits(trim(equals + 1, end));
    return out->server_bits != 0;
}

static bool read_agreement(agreement *out, const char *chosen)
{
    const char *end = chosen + strcspn(chosen, ";");
    bool is_legal = is_text(trim(chosen, end), extension_name);
    while (is_legal && *end == ';') {
        const char *start = end + 1;
        end = start + strcspn(start, ";");
        is_legal = take_parameter(out, start, end);
    }
    return is_legal;
}

static voidpf allocate(voidpf user_data, uInt count, uInt size)
{
    return size == 0 || count <= SIZE_MAX / size ? phxi_alloc(user_data, (size_t)count * size)
                                                 : NULL;
}

static void release(voidpf user_data, voidpf block)
{
    phxi_free(user_data, block);
}

phx_status phxi_inflate_agree(phx_connection *connection, const char *chosen)
{
    agreement agreed = {0};
    if (!connection->transport->network.compress || !read_agreement(&agreed, chosen)) {
        return PHX_ERROR_PROTOCOL;
    }
    phx_allocator *allocator = &connection->transport->allocator;
    inflater *made = phxi_alloc_zero(allocator, sizeof *made);
    if (made == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    made->allocator = allocator;
    made->is_reset_after_message = agreed.has_server_reset;
    made->stream = (z_stream){.zalloc = allocate, .zfree = release, .opaque = allocator};
    int bits = agreed.server_bits == 0              ? MAX_BITS
               : agreed.server_bits < MIN_ZLIB_BITS ? MIN_ZLIB_BITS
                                                    : agreed.server_bits;
    if (inflateInit2(&made->stream, -bits) != Z_OK) {
        phxi_free(allocator, made);
        return PHX_ERROR_NO_MEMORY;
    }
    connection->inflater = made;
    return PHX_OK;
}

/* One call of zlib, into the buffer, or, if that is full, into a byte that must not be needed. */
static phx_status step(phx_connection *connection, bool *out_has_more)
{
    z_stream *stream = &connection->inflater->stream;
    phxi_buffer *gathered = &connection->gathered;
    uint8_t one_too_many;
    size_t room = gathered->max_bytes - gathered->length;
    room = room < ROOM_BYTES ? room : ROOM_BYTES;
    phx_status status = phxi_buffer_reserve(gathered, room);
    if (status != PHX_OK) {
        return status;
    }
    stream->next_out = room > 0 ? gathered->data + gathered->length : &one_too_many;
    stream->avail_out = room > 0 ? (uInt)room : 1;
    uInt given = stream->avail_out;
    int result = inflate(stream, Z_SYNC_FLUSH);
    uInt made = given - stream->avail_out;
    if (room == 0 && made > 0) {
        return PHX_ERROR_TOO_LARGE;
    }
    gathered->length += made;
    if (result == Z_STREAM_END) { /* a legal way to end a block; another one may follow */
        result = inflateReset(stream);
    }
    *out_has_more = result == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0);
    return result == Z_OK || result == Z_BUF_ERROR ? PHX_OK
           : result == Z_MEM_ERROR                 ? PHX_ERROR_NO_MEMORY
                                                   : PHX_ERROR_MALFORMED_FRAME;
}

static phx_status inflate_all(phx_connection *connection, const uint8_t *data, size_t length)
{
    z_stream *stream = &connection->inflater->stream;
    stream->next_in = data;
    stream->avail_in = (uInt)length; /* a read's size at most */
    bool has_more = true;
    phx_status status = PHX_OK;
    while (status == PHX_OK && has_more) {
        status = step(connection, &has_more);
    }
    return status;
}

phx_status phxi_inflate_append(phx_connection *connection, const uint8_t *data, size_t length,
                               bool is_last)
{
    static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff}; /* the sender cut it off */
    phx_status status = inflate_all(connection, data, length);
    if (status != PHX_OK || !is_last) {
        return status;
    }
    status = inflate_all(connection, tail, sizeof tail);
    if (status == PHX_OK && connection->inflater->is_reset_after_message) {
        (void)inflateReset(&connection->inflater->stream);
    }
    return status;
}

void phxi_inflate_free(phx_connection *connection)
{
    inflater *made = connection->inflater;
    if (made != NULL) {
        (void)inflateEnd(&made->stream);
        phxi_free(made->allocator, made);
        connection->inflater = NULL;
    }
}
