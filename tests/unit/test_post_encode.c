/* SPDX-License-Identifier: MIT */
/*
 * Posts into JSON: what is decoded again equals the post, whatever the server had written.
 */
#include <stdio.h>
#include <stdlib.h>

#include "community/post_codec.h"
#include "support/alloc.h"
#include "testing.h"
#include "wire/json_reader.h"

enum {
    MAX_BYTES = 1 << 20
};

static const community_post *decode(const char *json, size_t length)
{
    const community_post *post = NULL;
    const char *reason = NULL;
    phx_status status =
        communityi_post_decode(&phxi_default_allocator, json, length, &post, &reason);
    if (status != PHX_OK) {
        print_error("%s: %.*s\n", reason, (int)length, json);
    }
    assert_int_equal(status, PHX_OK);
    return post;
}

static void assert_kept(const char *json, size_t length)
{
    const community_post *post = decode(json, length);
    phxi_buffer text;
    phxi_buffer_init(&text, &phxi_default_allocator, MAX_BYTES);
    assert_int_equal(communityi_post_encode(post, &text), PHX_OK);
    assert_true(phxi_json_is_valid(text.data, text.length));
    const community_post *again = decode((const char *)text.data, text.length);
    if (!communityi_post_equals(post, again)) {
        print_error("%.*s\nbecame %.*s\n", (int)length, json, (int)text.length,
                    (const char *)text.data);
    }
    assert_true(communityi_post_equals(post, again));
    assert_bytes(post->extra_json.data, post->extra_json.length, again->extra_json.data,
                 again->extra_json.length);
    phxi_buffer_free(&text);
    community_post_release(post);
    community_post_release(again);
}

static void test_chosen_posts(void **state)
{
    (void)state;
    static const char *const posts[] = {
        "{\"id\":9007199254740993}",
        "{\"id\":-0}",
        "{\"id\":\"00123\"}",
        "{\"id\":\"\\u0000 \\\"\\\\ \\ud83d\\ude00\"}",
        "{\"id\":1,\"body\":null,\"author\":null,\"likes_count\":null,\"liked_by_user_ids\":null}",
        "{\"id\":1,\"body\":\"\",\"author\":{},\"likes_count\":0,\"liked_by_user_ids\":[]}",
        "{\"id\":1,\"liked_by_user_ids\":[1,\"2\",\"\",99999999999999999999,\"\\n\"]}",
        "{\"id\":1,\"likes_count\":9223372036854775807,\"comments_count\":9223372036854775807}",
        "{\"id\":1,\"author\":{\"id\":2,\"name\":\"Bob\",\"avatar_url\":\"https://x/\"}}",
        "{\"id\":1,\"author\":{\"id\":2,\"name\":null,\"x\":[1, 2]}}",
        "{\"id\":1,\"author\":{\"id\":2,\"x\":1},\"author\":{\"id\":3}}",
        "{\"id\":1,\"author\":{\"id\":2,\"x\":1},\"author\":null}",
        "{\"id\":1,\"a\":1,\"author\":{\"id\":2,\"x\":1},\"b\":{},\"author\":{\"x\":2},\"c\":0}",
        "{\"title\":\"t\", \"id\":1, \"media\" : [ {\"url\":\"u\"} , 1e5 ],\"\":-0.0}",
        "{\"id\":1,\"x\":1,\"x\":2,\"\\u0069d \":3}",
        "{\"b\\u006fdy\":\"escaped key\",\"id\":1}",
        "{\"id\":1,\"inserted_at\":\"2026-11-23T11:18:44.731885Z\",\"updated_at\":\"1969-12-31 "
        "23:59:59\"}",
        "{\"id\":1,\"inserted_at\":\"0000-01-01T00:00:00+23:59\",\"updated_at\":\"9999-12-31T23:59:"
        "60.999-23:59\"}",
        "{\"id\":1,\"inserted_at\":\"0000-01-01T00:00:00Z\",\"updated_at\":\"9999-12-31T23:59:59."
        "999999\"}",
        "{\"id\":1,\"inserted_at\":\"2000-02-29T00:00:00Z\",\"updated_at\":\"1900-03-01T00:00:"
        "00\"}",
    };
    for (size_t i = 0; i < COUNT_OF(posts); i++) {
        assert_kept(posts[i], strlen(posts[i]));
    }
}

static void test_what_is_absent_is_not_written(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *written;
    } cases[] = {
        {"{\"id\":1}", "{\"id\":\"1\",\"author\":null}"},
        {"{\"id\":1,\"author\":{\"name\":\"N\"}}", "{\"id\":\"1\",\"author\":{\"name\":\"N\"}}"},
        {"{\"id\":1,\"author\":{\"avatar_url\":\"u\"},\"body\":\"\"}",
         "{\"id\":\"1\",\"author\":{\"avatar_url\":\"u\"},\"body\":\"\"}"},
        {"{\"id\":1,\"author\":{\"id\":2},\"likes_count\":0}",
         "{\"id\":\"1\",\"author\":{\"id\":\"2\"},\"likes_count\":0}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const community_post *post = decode(cases[i].json, strlen(cases[i].json));
        phxi_buffer text;
        phxi_buffer_init(&text, &phxi_default_allocator, MAX_BYTES);
        assert_int_equal(communityi_post_encode(post, &text), PHX_OK);
        assert_bytes(text.data, text.length, cases[i].written, strlen(cases[i].written));
        phxi_buffer_free(&text);
        community_post_release(post);
    }
}

/* Members that a server may write, good values all; any of them, in any order, more than once. */
static const char *const written[] = {"\"body\":\"text \\u00e4\\u0000\\n\"",
                                      "\"body\":null",
                                      "\"body\":\"\"",
                                      "\"author\":{\"id\":12,\"name\":\"N\"}",
                                      "\"author\":{\"id\":\"x\",\"role\":{\"a\":[]}}",
                                      "\"author\":null",
                                      "\"author\":{\"new\":1}",
                                      "\"likes_count\":5",
                                      "\"likes_count\":null",
                                      "\"liked_by_user_ids\":[1,\"b\"]",
                                      "\"liked_by_user_ids\":[]",
                                      "\"liked_by_user_ids\":null",
                                      "\"comments_count\":77",
                                      "\"inserted_at\":\"2024-02-29T23:59:59.9\"",
                                      "\"inserted_at\":null",
                                      "\"updated_at\":\"2026-11-23T11:18:44+05:30\"",
                                      "\"title\":\"T\"",
                                      "\"media\":[{\"a\":1}]",
                                      "\"n\":1.50e+3",
                                      "\"title\":null",
                                      "\"\\u0061\":\"a\"",
                                      "\"id\":\"later\""};

static void test_random_posts(void **state)
{
    (void)state;
    uint64_t seed = 20261123;
    for (int round = 0; round < 20000; round++) {
        char json[2048] = "{\"id\":1";
        size_t length = strlen(json);
        size_t count = random_below(&seed, 12);
        for (size_t i = 0; i < count; i++) {
            const char *member = written[random_below(&seed, COUNT_OF(written))];
            length += (size_t)snprintf(json + length, sizeof json - length, ",%s", member);
        }
        json[length++] = '}';
        assert_kept(json, length);
    }
}

static void test_times(void **state)
{
    (void)state;
    uint64_t seed = 7;
    const int64_t first = INT64_C(-719528) * 86400000 - 86340000;
    const int64_t last = INT64_C(253402300799999) + 86340000;
    char text[COMMUNITYI_TIME_TEXT_BYTES];
    for (int round = 0; round < 200000; round++) {
        int64_t ms = first + (int64_t)(random_next(&seed) % (uint64_t)(last - first + 1));
        ms = round == 0 ? first : round == 1 ? last : ms;
        size_t length = communityi_time_format(ms, text);
        int64_t again;
        assert_true(communityi_time_parse(text, length, &again));
        assert_true(again == ms);
        assert_int_equal(strlen(text), length);
    }
    (void)communityi_time_format(1795432724731, text);
    assert_string_equal(text, "2026-11-23T11:18:44.731Z");
}

static void test_failure_leaves_the_buffer(void **state)
{
    (void)state;
    static const char json[] =
        "{\"id\":1,\"body\":\"text\",\"title\":\"t\",\"liked_by_user_ids\":[1]}";
    const community_post *post = decode(json, sizeof json - 1);
    size_t succeeded = 0;
    for (size_t max_bytes = 1; max_bytes < 100; max_bytes++) {
        phxi_buffer text;
        phxi_buffer_init(&text, &phxi_default_allocator, max_bytes);
        assert_int_equal(phxi_buffer_append_byte(&text, 'x'), PHX_OK);
        phx_status status = communityi_post_encode(post, &text);
        if (status != PHX_OK) {
            assert_int_equal(status, PHX_ERROR_TOO_LARGE);
            assert_int_equal(text.length, 1);
        }
        succeeded += status == PHX_OK ? 1 : 0;
        phxi_buffer_free(&text);
    }
    assert_in_range(succeeded, 1, 50);
    community_post_release(post);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chosen_posts),
        cmocka_unit_test(test_what_is_absent_is_not_written),
        cmocka_unit_test(test_random_posts),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_failure_leaves_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
