/* SPDX-License-Identifier: MIT */
/*
 * Copies of network options. The credentials leave the URL here, at once: no message and no library
 * is ever given a text that holds both.
 */
#include "network_options.h"

#include <string.h>
#include <strings.h>

#include "support/config.h"
#include "wire/base64.h"
#include "wire/url.h"

enum {
    MAX_PROXY_BYTES = 1024,
    /* Enough for every text that is made of a proxy's URL, so that none moves. */
    TEXTS_BYTES = 4 * MAX_PROXY_BYTES,
};

static const char scheme[] = "http://";
static const char header[] = "Proxy-Authorization: Basic ";

/* Appends start, rest and a NUL, for which there is room, and gives the text. */
static const char *append(phxi_buffer *texts, const char *start, phx_slice rest)
{
    const char *text = (const char *)texts->data + texts->length;
    bool is_appended = phxi_buffer_append_text(texts, start) == PHX_OK &&
                       phxi_buffer_append(texts, rest.data, rest.length) == PHX_OK &&
                       phxi_buffer_append_byte(texts, 0) == PHX_OK;
    return is_appended ? text : "";
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)(found - digits) % 16 : -1;
}

static phx_status decode_percent(phxi_buffer *out, phx_slice text)
{
    phx_status status = PHX_OK;
    for (size_t i = 0; i < text.length && status == PHX_OK; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.length ? hex_value(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text.data[i + 2]) : -1;
            if (low < 0) {
                return PHX_ERROR_INVALID_URL;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        status = phxi_buffer_append_byte(out, (uint8_t)byte);
    }
    return status;
}

/* RFC 7617: USER:PASSWORD in base64; the colon is there even without a password. */
static phx_status take_credentials(phxi_network_options *out, phx_slice user_information)
{
    phxi_buffer plain;
    phxi_buffer_init(&plain, out->texts.allocator, MAX_PROXY_BYTES + 1);
    plain.is_secret = true;
    phx_status status = decode_percent(&plain, user_information);
    if (status == PHX_OK && memchr(user_information.data, ':', user_information.length) == NULL) {
        status = phxi_buffer_append_byte(&plain, ':');
    }
    out->authorization = (const char *)out->texts.data + out->texts.length;
    status = status == PHX_OK ? phxi_buffer_append_text(&out->texts, header) : status;
    status =
        status == PHX_OK ? phxi_base64_append(&out->texts, plain.data, plain.length, true) : status;
    status = status == PHX_OK ? phxi_buffer_append_byte(&out->texts, 0) : status;
    phxi_buffer_free(&plain);
    return status;
}

/* address: what follows the scheme and the credentials. */
static phx_status take_address(phxi_network_options *out, const char *address)
{
    phxi_url url;
    const char *reason = NULL;
    out->proxy_url = append(&out->texts, scheme, (phx_slice){address, strlen(address)});
    if (phxi_url_parse(out->proxy_url, &url, &reason) != PHX_OK || url.path.length > 1 ||
        url.query.data != NULL) {
        return PHX_ERROR_INVALID_URL;
    }
    out->proxy_host = append(&out->texts, "", url.host);
    out->proxy_name = append(&out->texts, "", url.authority);
    out->proxy_port = url.port;
    return PHX_OK;
}

static phx_status take_proxy(phxi_network_options *out, const char *proxy)
{
    const size_t scheme_length = sizeof scheme - 1;
    if (strncasecmp(proxy, scheme, scheme_length) != 0 || strlen(proxy) > MAX_PROXY_BYTES) {
        return PHX_ERROR_INVALID_URL;
    }
    phx_status status = phxi_buffer_reserve(&out->texts, TEXTS_BYTES);
    if (status != PHX_OK) {
        return status;
    }
    proxy += scheme_length;
    /* A password may hold an '@' that nobody encoded: the last one ends it. */
    const char *at = strrchr(proxy, '@');
    out->authorization = "";
    if (at != NULL) {
        status = take_credentials(out, (phx_slice){proxy, (size_t)(at - proxy)});
    }
    return status == PHX_OK ? take_address(out, at != NULL ? at + 1 : proxy) : status;
}

phx_status phxi_network_options_copy(const phx_allocator *allocator, const phx_network *given,
                                     phxi_network_options *out)
{
    *out = (phxi_network_options){0};
    phxi_buffer_init(&out->texts, allocator, TEXTS_BYTES);
    out->texts.is_secret = true;
    phx_network network;
    phxi_config_copy(&network, sizeof network, given);
    out->compress = network.compress;
    phx_status status = network.proxy != NULL ? take_proxy(out, network.proxy) : PHX_OK;
    if (status != PHX_OK) {
        phxi_network_options_free(out);
    }
    return status;
}

void phxi_network_options_free(phxi_network_options *options)
{
    if (options->texts.allocator != NULL) {
        phxi_buffer_free(&options->texts);
    }
    *options = (phxi_network_options){0};
}
