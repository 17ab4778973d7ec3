/* SPDX-License-Identifier: MIT */
/*
 * Everything in one block: the headers first, because of their alignment, then the texts.
 */
#include "longpoll/request_copy.h"

#include <string.h>

#include "support/alloc.h"
#include "support/config.h"

static size_t text_bytes(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static const char *put_text(char **cursor, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t bytes = strlen(text) + 1;
    const char *copy = memcpy(*cursor, text, bytes);
    *cursor += bytes;
    return copy;
}

phx_status phxi_request_copy_init(const phx_allocator *allocator,
                                  const phx_transport_request *request, phxi_request_copy *out)
{
    phx_transport_request given;
    *out = (phxi_request_copy){.block = NULL};
    phxi_config_copy(&given, sizeof given, request);
    size_t bytes = given.header_count * sizeof *given.headers;
    bytes += text_bytes(given.url) + text_bytes(given.subprotocols);
    for (size_t i = 0; i < given.header_count; i++) {
        bytes += text_bytes(given.headers[i].name) + text_bytes(given.headers[i].value);
    }
    phx_header *headers = phxi_alloc(allocator, bytes);
    if (headers == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    char *cursor = (char *)(headers + given.header_count);
    for (size_t i = 0; i < given.header_count; i++) {
        headers[i].name = put_text(&cursor, given.headers[i].name);
        headers[i].value = put_text(&cursor, given.headers[i].value);
    }
    given.struct_size = (uint32_t)sizeof given;
    given.url = put_text(&cursor, given.url);
    given.subprotocols = put_text(&cursor, given.subprotocols);
    given.headers = headers;
    *out = (phxi_request_copy){.request = given, .block = headers, .block_bytes = bytes};
    return PHX_OK;
}

void phxi_request_copy_free(const phx_allocator *allocator, phxi_request_copy *copy)
{
    if (copy->block != NULL) {
        phxi_wipe(copy->block, copy->block_bytes);
        phxi_free(allocator, copy->block);
        *copy = (phxi_request_copy){.block = NULL};
    }
}
