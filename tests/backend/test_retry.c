/* SPDX-License-Identifier: MIT */
/*
 * Writes that are retried under an Idempotency-Key happen once.
 */
#include "calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void replays_a_retried_write(void **state)
{
    char first[64];
    char path[128];
    (void)state;
    const char *body = "{\"body\":\"once\"}";
    assert_int_equal(call_with_key("bob", "POST", POSTS, body, "k1"), 201);
    assert_null(strstr(answer.head, "idempotent-replayed"));
    (void)snprintf(first, sizeof(first), "%.40s", data_text("id"));
    assert_int_equal(call_with_key("bob", "POST", POSTS, body, "k1"), 201);
    assert_non_null(strstr(answer.head, "idempotent-replayed: true"));
    assert_string_equal(data_text("id"), first);
    assert_int_equal(call_with_key("bob", "POST", POSTS, "{\"body\":\"other\"}", "k1"), 422);
    assert_int_equal(call_with_key("alice", "POST", POSTS, body, "k1"), 201);
    assert_string_not_equal(data_text("id"), first);
    assert_int_equal(call("bob", "GET", POSTS, ""), 200);
    assert_string_equal(listed(), "once,once");
    (void)snprintf(path, sizeof(path), POSTS "/%s/like", first);
    assert_int_equal(call_with_key("dave", "POST", path, "", "k2"), 200);
    assert_int_equal(call_with_key("dave", "POST", path, "", "k2"), 200);
    assert_non_null(strstr(answer.body, "\"liked_by_user_ids\":[4]"));
    (void)snprintf(path, sizeof(path), POSTS "/%s", first);
    assert_int_equal(call_with_key("bob", "DELETE", path, "", "k3"), 204);
    assert_int_equal(call_with_key("bob", "DELETE", path, "", "k3"), 204);
    assert_int_equal(call("bob", "DELETE", path, ""), 404);
}

static void a_refused_write_does_not_use_up_its_key(void **state)
{
    char path[128];
    (void)state;
    create("alice", "hers", path);
    assert_int_equal(call_with_key("bob", "PUT", path, "{\"body\":\"x\"}", "k1"), 403);
    assert_int_equal(call_with_key("bob", "POST", POSTS, "{\"body\":\"x\"}", "k1"), 201);
    char key[300];
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    assert_int_equal(call_with_key("bob", "POST", POSTS, "{\"body\":\"x\"}", key), 422);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replays_a_retried_write, start, stop),
        cmocka_unit_test_setup_teardown(a_refused_write_does_not_use_up_its_key, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
