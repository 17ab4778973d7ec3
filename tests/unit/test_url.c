/* SPDX-License-Identifier: MIT */
/*
 * URLs: what is accepted and split, what is refused and why, composing queries.
 */
#include "wire/url.h"

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

typedef struct good_url {
    const char *url;
    bool is_secure;
    bool is_websocket;
    const char *host;
    uint16_t port;
    const char *authority;
    const char *path;
    const char *query; /* NULL: absent */
} good_url;

static const good_url good[] = {
    {"ws://h", false, true, "h", 80, "h", "", NULL},
    {"wss://h", true, true, "h", 443, "h", "", NULL},
    {"http://h", false, false, "h", 80, "h", "", NULL},
    {"https://h", true, false, "h", 443, "h", "", NULL},
    {"WSS://Example.ORG:8443/community/a?b=c&d", true, true, "Example.ORG", 8443,
     "Example.ORG:8443", "/community/a", "b=c&d"},
    {"http://127.0.0.1:1/", false, false, "127.0.0.1", 1, "127.0.0.1:1", "/", NULL},
    {"ws://[::1]:4000/x", false, true, "::1", 4000, "[::1]:4000", "/x", NULL},
    {"wss://[abcd:ef01:2345:6789:ABCD:EF00::af]/", true, true, "abcd:ef01:2345:6789:ABCD:EF00::af",
     443, "[abcd:ef01:2345:6789:ABCD:EF00::af]", "/", NULL},
    {"ws://[2001:DB8::1.2.3.4]", false, true, "2001:DB8::1.2.3.4", 80, "[2001:DB8::1.2.3.4]", "",
     NULL},
    {"https://h?", true, false, "h", 443, "h", "", ""},
    {"https://h?a=/b?c@d://e", true, false, "h", 443, "h", "", "a=/b?c@d://e"},
    {"https://a-b_c.d:65535/%20@", true, false, "a-b_c.d", 65535, "a-b_c.d:65535", "/%20@", NULL},
};

static void urls_are_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        phxi_url url;
        const char *reason = "old";
        assert_int_equal(phxi_url_parse(good[i].url, &url, &reason), PHX_OK);
        assert_null(reason);
        assert_int_equal(url.scheme.length, strcspn(good[i].url, ":"));
        assert_int_equal(url.is_secure, good[i].is_secure);
        assert_int_equal(url.is_websocket, good[i].is_websocket);
        assert_slice(url.host, good[i].host);
        assert_int_equal(url.is_ipv6_literal, strchr(good[i].host, ':') != NULL);
        assert_int_equal(url.port, good[i].port);
        assert_slice(url.authority, good[i].authority);
        assert_slice(url.path, good[i].path);
        if (good[i].query == NULL) {
            assert_null(url.query.data);
        } else {
            assert_slice(url.query, good[i].query);
        }
    }
}

/* Each with a word of its reason. */
static void urls_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "does not start"},
        {"example.org", "does not start"},
        {"//example.org", "does not start"},
        {"ftp://h", "scheme"},
        {"wsss://h", "scheme"},
        {"w://h", "scheme"},
        {"://h", "scheme"},
        {"ws://", "no host"},
        {"ws:///path", "no host"},
        {"ws://:80", "no host"},
        {"ws://?a", "no host"},
        {"ws://[]", "no host"},
        {"ws://user@h", "user information"},
        {"ws://user:pass@h:1/", "user information"},
        {"ws://@h", "user information"},
        {"ws://h:", "port"},
        {"ws://h:0", "port"},
        {"ws://h:65536", "port"},
        {"ws://h:99999999999999999999", "port"},
        {"ws://h:4294967376", "port"},
        {"ws://h:80a", "port"},
        {"ws://h:-1", "port"},
        {"ws://h:+1", "port"},
        {"ws://h:1:2", "port"},
        {"ws://[::1]x", "port"},
        {"ws://[::1", "closing bracket"},
        {"ws://[::g]", "characters that no host"},
        {"ws://[fe80::1%25eth0]", "characters that no host"},
        {"ws://a%41", "characters that no host"},
        {"ws://a\\b/", "characters that no host"},
        {"ws://a]/", "characters that no host"},
        {"ws://h/#f", "fragment"},
        {"ws://h/a b", "white space"},
        {"ws://h/a\tb", "white space"},
        {" ws://h", "white space"},
        {"ws://h\r\nX: y", "white space"},
        {"ws://h/\x7f", "white space"},
        {"ws://h\xc3\xbc", "white space"},
        {"ws://h/\xc3\xbc", "white space"},
        {"ws://h/\xff", "white space"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_url url;
        const char *reason = NULL;
        assert_int_equal(phxi_url_parse(rows[i][0], &url, &reason), PHX_ERROR_INVALID_URL);
        assert_non_null(reason);
        assert_non_null(strstr(reason, rows[i][1]));
        assert_null(url.host.data);
    }
}

static void loopback_by_spelling(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "ws://localhost",  "ws://LocalHost:4000/x", "ws://a.localhost",
        "ws://127.0.0.1",  "ws://127.255.0.99",     "ws://[::1]",
        "ws://[::1]:4000",
    };
    static const char *const no[] = {
        "ws://localhost.org", "ws://xlocalhost",    "ws://.localhost.org", "ws://128.0.0.1",
        "ws://127.0.0",       "ws://127.0.0.1.org", "ws://127.0.0.256",    "ws://127.0.0.1.",
        "ws://127.1",         "ws://1270.0.0.1",    "ws://127..0.1",       "ws://[::2]",
        "ws://[::11]",        "ws://0127.0.0.1",    "ws://127.0.0.1a",     "ws://[127.0.0.1]",
        "ws://2130706433",    "ws://localhost.",
    };
    phxi_url url;
    const char *reason;
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        assert_int_equal(phxi_url_parse(yes[i], &url, &reason), PHX_OK);
        assert_true(phxi_url_is_loopback(&url));
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        assert_int_equal(phxi_url_parse(no[i], &url, &reason), PHX_OK);
        assert_false(phxi_url_is_loopback(&url));
    }
}

static void all_but_the_unreserved_is_encoded(void **state)
{
    (void)state;
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (unsigned byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        char expected[4] = {text};
        if (byte == 0 || strchr(unreserved, text) == NULL) {
            const char *digits = "0123456789ABCDEF";
            expected[0] = '%';
            expected[1] = digits[byte / 16];
            expected[2] = digits[byte % 16];
        }
        phxi_buffer out;
        phxi_buffer_init(&out, &phxi_default_allocator, 3);
        assert_int_equal(phxi_url_append_encoded(&out, &text, 1), PHX_OK);
        assert_bytes(out.data, out.length, expected, strlen(expected));
        phxi_buffer_free(&out);
    }
}

static void queries_are_appended(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"ws://h", "token", "a b&c", "ws://h?token=a%20b%26c"},
        {"ws://h?x=1", "vsn", "2.0.0", "ws://h?x=1&vsn=2.0.0"},
        {"ws://h?", "a", "", "ws://h?a="},
        {"ws://h?x&", "a", "1", "ws://h?x&a=1"},
        {"ws://h?x=?", "a", "1", "ws://h?x=?&a=1"},
        {"ws://h??", "a", "1", "ws://h??&a=1"},
        {"", "a[b][c]", "[d]", "?a[b][c]=%5Bd%5D"},
        {"ws://h", "n\xc3\xbc=", "\xc3\xbc", "ws://h?n%C3%BC%3D=%C3%BC"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_buffer out;
        phxi_buffer_init(&out, &phxi_default_allocator, 100);
        assert_int_equal(phxi_buffer_append_text(&out, rows[i][0]), PHX_OK);
        assert_int_equal(phxi_url_append_query(&out, rows[i][1], rows[i][2], strlen(rows[i][2])),
                         PHX_OK);
        assert_bytes(out.data, out.length, rows[i][3], strlen(rows[i][3]));
        phxi_buffer_free(&out);
    }
}

static void the_maximum_holds(void **state)
{
    (void)state;
    static const char whole[] = "ws://h?a%20=%26";
    for (size_t max_bytes = 6; max_bytes <= strlen(whole); max_bytes++) {
        phxi_buffer out;
        phxi_buffer_init(&out, &phxi_default_allocator, max_bytes);
        assert_int_equal(phxi_buffer_append_text(&out, "ws://h"), PHX_OK);
        phx_status status = phxi_url_append_query(&out, "a ", "&", 1);
        bool fits = max_bytes == strlen(whole);
        assert_int_equal(status, fits ? PHX_OK : PHX_ERROR_TOO_LARGE);
        assert_bytes(out.data, out.length, whole, fits ? strlen(whole) : 6u);
        phxi_buffer_free(&out);
    }
}

static void compose(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    static const char value[] = "0123456789012345678901234567890123456789 & 0123456789012345";
    phxi_buffer out;
    phxi_buffer_init(&out, &allocator->port, 1000);
    phx_status status = phxi_url_append_encoded(&out, value, strlen(value));
    size_t length = out.length;
    if (status == PHX_OK) {
        status = phxi_url_append_query(&out, "a", value, strlen(value));
    }
    assert_int_equal(status, allocator->refused > 0 ? PHX_ERROR_NO_MEMORY : PHX_OK);
    assert_true(status == PHX_OK || out.length == length);
    phxi_buffer_free(&out);
}

static void out_of_memory_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(compose, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_split),
        cmocka_unit_test(urls_are_refused_with_a_reason),
        cmocka_unit_test(loopback_by_spelling),
        cmocka_unit_test(all_but_the_unreserved_is_encoded),
        cmocka_unit_test(queries_are_appended),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(out_of_memory_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
