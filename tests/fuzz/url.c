/* SPDX-License-Identifier: MIT */
/*
 * URLs: the parts lie in the URL in order and put together are the URL again, whatever a lax
 * program could read differently is refused, and what is appended to one is read back as it was.
 */
#include "wire/url.h"
#include "failing_allocator.h"
#include "fuzz.h"

static void append(phxi_buffer *out, phx_slice text)
{
    FUZZ_CHECK(phxi_buffer_append(out, text.data, text.length) == PHX_OK);
}

static bool has(const char *text, const char *characters)
{
    return strpbrk(text, characters) != NULL;
}

/* The port as it is written behind the host; 0: none is. */
static uint32_t written_port(const phxi_url *url)
{
    size_t brackets = url->is_ipv6_literal ? 2 : 0;
    size_t host_bytes = url->host.length + brackets;
    FUZZ_CHECK(url->authority.length >= host_bytes);
    if (url->authority.length == host_bytes) {
        return 0;
    }
    FUZZ_CHECK(url->authority.data[host_bytes] == ':');
    uint32_t port = 0;
    FUZZ_CHECK(url->authority.length > host_bytes + 1);
    for (size_t i = host_bytes + 1; i < url->authority.length; i++) {
        FUZZ_CHECK(url->authority.data[i] >= '0' && url->authority.data[i] <= '9');
        port = port * 10 + (uint32_t)(url->authority.data[i] - '0');
        FUZZ_CHECK(port <= 65535);
    }
    FUZZ_CHECK(port > 0);
    return port;
}

static void check_host(const phxi_url *url)
{
    FUZZ_CHECK(url->host.length > 0);
    for (size_t i = 0; i < url->host.length; i++) {
        char byte = url->host.data[i];
        FUZZ_CHECK(byte > ' ' && byte < 0x7f);
        FUZZ_CHECK(strchr("@/?#[]\\%\"<>|^`{}", byte) == NULL);
        FUZZ_CHECK(byte != ':' || url->is_ipv6_literal);
    }
    FUZZ_CHECK(url->is_ipv6_literal == (url->authority.data[0] == '['));
    FUZZ_CHECK(!url->is_ipv6_literal || url->host.data == url->authority.data + 1);
}

static void check_parsed(const char *text, const phxi_url *url, phxi_buffer *again)
{
    const size_t length = strlen(text);
    for (const char *c = text; *c != '\0'; c++) {
        FUZZ_CHECK((uint8_t)*c > ' ' && (uint8_t)*c < 0x7f && *c != '#');
    }
    append(again, url->scheme);
    append(again, (phx_slice){"://", 3});
    append(again, url->authority);
    append(again, url->path);
    append(again, (phx_slice){"?", url->query.data != NULL ? 1 : 0});
    append(again, url->query);
    FUZZ_CHECK(again->length == length && memcmp(again->data, text, length) == 0);
    FUZZ_CHECK(url->path.length == 0 || url->path.data[0] == '/');
    FUZZ_CHECK(memchr(url->path.data, '?', url->path.length) == NULL);
    check_host(url);
    uint32_t port = written_port(url);
    FUZZ_CHECK(url->port == (port != 0 ? port : url->is_secure ? 443u : 80u));
}

/* A parameter that is appended: the same URL otherwise, and nothing of the value breaks out. */
static void check_query(const char *text, phx_slice value, phxi_buffer *out)
{
    phxi_url before;
    phxi_url after;
    const char *reason;
    append(out, (phx_slice){text, strlen(text)});
    FUZZ_CHECK(phxi_url_parse(text, &before, &reason) == PHX_OK);
    FUZZ_CHECK(phxi_url_append_query(out, "a[b]", value.data, value.length) == PHX_OK);
    FUZZ_CHECK(phxi_buffer_append_byte(out, '\0') == PHX_OK);
    FUZZ_CHECK(phxi_url_parse((const char *)out->data, &after, &reason) == PHX_OK);
    FUZZ_CHECK(fuzz_equals(after.authority, before.authority));
    FUZZ_CHECK(fuzz_equals(after.path, before.path));
    static const char name[] = "a[b]=";
    size_t kept = after.query.length;
    while (kept > 0 && after.query.data[kept - 1] != '&') {
        kept--;
    }
    phx_slice last = {after.query.data + kept, after.query.length - kept};
    FUZZ_CHECK(last.length >= sizeof name - 1 && memcmp(last.data, name, sizeof name - 1) == 0);
    size_t position = sizeof name - 1;
    for (size_t i = 0; i < value.length; i++) {
        unsigned byte = (uint8_t)last.data[position++];
        if (byte == '%') {
            const char digits[3] = {last.data[position], last.data[position + 1], '\0'};
            byte = (unsigned)strtoul(digits, NULL, 16);
            position += 2;
        }
        FUZZ_CHECK(byte == (uint8_t)value.data[i]);
    }
    FUZZ_CHECK(position == last.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The URL ends at the first NUL; what is behind it is a value. */
    size_t length = strnlen((const char *)data, size);
    char *text = fuzz_copy_text(data, length);
    phx_slice value = {(const char *)data + length, size - length};
    failing_allocator allocator;
    phxi_buffer out;
    phxi_url url;
    const char *reason;
    failing_allocator_init(&allocator);
    phx_status status = phxi_url_parse(text, &url, &reason);
    FUZZ_CHECK((reason == NULL) == (status == PHX_OK));
    if (status == PHX_OK) {
        phxi_buffer_init(&out, &allocator.port, 8 * size + 64);
        check_parsed(text, &url, &out);
        phxi_buffer_free(&out);
        phxi_buffer_init(&out, &allocator.port, 8 * size + 64);
        check_query(text, value, &out);
        phxi_buffer_free(&out);
        if (phxi_url_is_loopback(&url)) {
            FUZZ_CHECK(url.host.length >= 3);
            FUZZ_CHECK(has("1tT", (const char[]){url.host.data[url.host.length - 1], '\0'}) ||
                       url.host.data[0] == '1');
        }
    } else {
        FUZZ_CHECK(status == PHX_ERROR_INVALID_URL && url.host.data == NULL);
    }
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
    free(text);
    return 0;
}
