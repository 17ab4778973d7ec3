/* SPDX-License-Identifier: MIT */
/*
 * URLs in logs: no query, no fragment, no user information.
 */
#include "support/redact.h"

#include "testing.h"

static void nothing_secret_is_left(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"wss://example.org/community/websocket?token=abc&vsn=2.0.0",
         "wss://example.org/community/websocket?..."},
        {"https://example.org/#token=abc", "https://example.org/?..."},
        {"https://user:pass@example.org:8443/api?x", "https://example.org:8443/api?..."},
        {"https://a@b@example.org", "https://example.org"},
        {"https://example.org/a@b", "https://example.org/a@b"},
        {"https://user:abc@", "https://"},
        {"user:pass@example.org/x", "example.org/x"},
        {"https://example.org/", "https://example.org/"},
        {"no url at all", "no url at all"},
        {"?a=://b@c", "?..."},
        {"?", "?..."},
        {"", ""},
    };
    char out[128];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ptr_equal(phxi_redact_url(rows[i][0], out, sizeof out), out);
        assert_string_equal(out, rows[i][1]);
    }
}

static void a_long_url_is_cut(void **state)
{
    (void)state;
    char out[12];
    assert_string_equal(phxi_redact_url("https://example.org/?token=abc", out, sizeof out),
                        "https://exa");
    assert_string_equal(phxi_redact_url("https://example.org", out, 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_secret_is_left),
        cmocka_unit_test(a_long_url_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
