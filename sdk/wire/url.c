/* SPDX-License-Identifier: MIT */
/*
 * URLs. Refuses whatever two programs could read differently: user information, odd host
 * characters, white space, anything that is not ASCII.
 */
#include "wire/url.h"

#include <string.h>
#include <strings.h>

typedef struct scheme_row {
    const char *name;
    bool is_secure;
    bool is_websocket;
    uint16_t port;
} scheme_row;

static const scheme_row schemes[] = {
    {"ws", false, true, 80},
    {"wss", true, true, 443},
    {"http", false, false, 80},
    {"https", true, false, 443},
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(char byte)
{
    char lower = (char)(byte | 0x20);
    return is_digit(byte) || (lower >= 'a' && lower <= 'z');
}

static bool equals_ignoring_case(phx_slice text, const char *other)
{
    return text.length == strlen(other) && strncasecmp(text.data, other, text.length) == 0;
}

/* The reason why the characters cannot be those of a URL; NULL: they can. */
static const char *character_fault(const char *url)
{
    for (; *url != '\0'; url++) {
        if (*url <= ' ' || *url > '~') { /* a char has a sign or has none */
            return "the URL holds white space, control or non-ASCII characters";
        }
        if (*url == '#') {
            return "the URL has a fragment (#)";
        }
    }
    return NULL;
}

static const char *take_scheme(const char **url, phxi_url *out)
{
    const char *end = strstr(*url, "://");
    if (end == NULL) {
        return "the URL does not start with ws://, wss://, http:// or https://";
    }
    out->scheme = (phx_slice){*url, (size_t)(end - *url)};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (equals_ignoring_case(out->scheme, schemes[i].name)) {
            out->is_secure = schemes[i].is_secure;
            out->is_websocket = schemes[i].is_websocket;
            out->port = schemes[i].port;
            *url = end + 3;
            return NULL;
        }
    }
    return "the URL's scheme is not ws, wss, http or https";
}

/* text: the colon and what follows it, or nothing. */
static const char *take_port(phx_slice text, phxi_url *out)
{
    if (text.length == 0) {
        return NULL;
    }
    uint32_t port = 0;
    bool is_number = text.data[0] == ':' && text.length > 1;
    for (size_t i = 1; i < text.length && is_number; i++) {
        is_number = is_digit(text.data[i]);
        port = port * 10 + (uint32_t)(text.data[i] - '0');
        is_number = is_number && port <= UINT16_MAX;
    }
    if (!is_number || port == 0) {
        return "the URL's port is not a number from 1 to 65535";
    }
    out->port = (uint16_t)port;
    return NULL;
}

static bool is_host_character(char byte, bool is_ipv6_literal)
{
    if (is_ipv6_literal) {
        return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f') || byte == ':' ||
               byte == '.';
    }
    return is_alphanumeric(byte) || byte == '-' || byte == '.' || byte == '_';
}

static const char *check_host(const phxi_url *url)
{
    if (url->host.length == 0) {
        return "the URL has no host";
    }
    for (size_t i = 0; i < url->host.length; i++) {
        if (!is_host_character(url->host.data[i], url->is_ipv6_literal)) {
            return "the URL's host holds characters that no host name has";
        }
    }
    return NULL;
}

static const char *take_authority(const char **url, phxi_url *out)
{
    const char *start = *url;
    size_t length = strcspn(start, "/?");
    *url += length;
    if (memchr(start, '@', length) != NULL) {
        return "the URL holds user information (user@)";
    }
    out->authority = (phx_slice){start, length};
    out->is_ipv6_literal = length > 0 && start[0] == '[';
    size_t host_start = out->is_ipv6_literal ? 1 : 0;
    char delimiter = out->is_ipv6_literal ? ']' : ':';
    const char *found = memchr(start, delimiter, length);
    if (found == NULL && out->is_ipv6_literal) {
        return "the URL's IPv6 address has no closing bracket";
    }
    size_t host_end = found == NULL ? length : (size_t)(found - start);
    out->host = (phx_slice){start + host_start, host_end - host_start};
    size_t port_start = host_end + host_start;
    const char *fault = check_host(out);
    return fault != NULL ? fault
                         : take_port((phx_slice){start + port_start, length - port_start}, out);
}

static void take_path_and_query(const char *rest, phxi_url *out)
{
    out->path = (phx_slice){rest, strcspn(rest, "?")};
    if (rest[out->path.length] == '?') {
        const char *query = rest + out->path.length + 1;
        out->query = (phx_slice){query, strlen(query)};
    }
}

phx_status phxi_url_parse(const char *url, phxi_url *out, const char **out_reason)
{
    *out = (phxi_url){0};
    const char *rest = url;
    const char *fault = character_fault(url);
    if (fault == NULL) {
        fault = take_scheme(&rest, out);
    }
    if (fault == NULL) {
        fault = take_authority(&rest, out);
    }
    *out_reason = fault;
    if (fault != NULL) {
        *out = (phxi_url){0};
        return PHX_ERROR_INVALID_URL;
    }
    take_path_and_query(rest, out);
    return PHX_OK;
}

/* Takes one number of up to three digits, 0 to 255, from the front; false: there is none. */
static bool take_octet(phx_slice *text, unsigned *out_value)
{
    size_t length = 0;
    *out_value = 0;
    while (length < text->length && length < 3 && is_digit(text->data[length])) {
        *out_value = *out_value * 10 + (unsigned)(text->data[length] - '0');
        length++;
    }
    text->data += length;
    text->length -= length;
    return length > 0 && *out_value <= 255;
}

/* 127.0.0.0/8, spelled as four decimal numbers: 127.1 and the like are left to the resolver. */
static bool is_loopback_ipv4(phx_slice host)
{
    unsigned octet;
    if (!take_octet(&host, &octet) || octet != 127) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (host.length == 0 || host.data[0] != '.') {
            return false;
        }
        host.data++;
        host.length--;
        if (!take_octet(&host, &octet)) {
            return false;
        }
    }
    return host.length == 0;
}

bool phxi_url_is_loopback(const phxi_url *url)
{
    static const char suffix[] = ".localhost";
    const size_t suffix_length = sizeof suffix - 1;
    phx_slice host = url->host;
    if (url->is_ipv6_literal) {
        return equals_ignoring_case(host, "::1");
    }
    if (host.length > suffix_length) {
        phx_slice tail = {host.data + host.length - suffix_length, suffix_length};
        if (equals_ignoring_case(tail, suffix)) {
            return true;
        }
    }
    return equals_ignoring_case(host, "localhost") || is_loopback_ipv4(host);
}

static bool is_unreserved(char byte)
{
    return is_alphanumeric(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/* `kept`: more characters that stay as they are. */
static phx_status append_encoded(phxi_buffer *out, const char *text, size_t length,
                                 const char *kept)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t start = out->length;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        const char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        bool is_kept = is_unreserved(text[i]) || (byte != 0 && strchr(kept, text[i]) != NULL);
        phx_status status = is_kept ? phxi_buffer_append_byte(out, byte)
                                    : phxi_buffer_append(out, escape, sizeof escape);
        if (status != PHX_OK) {
            out->length = start;
            return status;
        }
    }
    return PHX_OK;
}

phx_status phxi_url_append_encoded(phxi_buffer *out, const char *text, size_t length)
{
    return append_encoded(out, text, length, "");
}

/* '?' or '&', or nothing behind one of them. */
static phx_status append_separator(phxi_buffer *out)
{
    const uint8_t *mark = out->length == 0 ? NULL : memchr(out->data, '?', out->length);
    if (mark == NULL) {
        return phxi_buffer_append_byte(out, '?');
    }
    /* A later '?' is one of the query's characters. */
    const uint8_t *last = out->data + out->length - 1;
    return last == mark || *last == '&' ? PHX_OK : phxi_buffer_append_byte(out, '&');
}

phx_status phxi_url_append_query(phxi_buffer *out, const char *name, const char *value,
                                 size_t value_length)
{
    size_t start = out->length;
    phx_status status = append_separator(out);
    if (status == PHX_OK) {
        status = append_encoded(out, name, strlen(name), "[]");
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_byte(out, '=');
    }
    if (status == PHX_OK) {
        status = append_encoded(out, value, value_length, "");
    }
    if (status != PHX_OK) {
        out->length = start;
    }
    return status;
}
