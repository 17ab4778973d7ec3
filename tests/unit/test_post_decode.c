/* SPDX-License-Identifier: MIT */
/*
 * Posts out of JSON: each rule of the decoding and each malformed form, and what can be asked of a
 * post.
 */
#include "community/post_codec.h"

#include <stdio.h>
#include <stdlib.h>

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

static const community_post *decode_bytes(const char *json, size_t length)
{
    const community_post *post = NULL;
    const char *reason = NULL;
    phx_status status =
        communityi_post_decode(&phxi_default_allocator, json, length, &post, &reason);
    if (status != PHX_OK) {
        fail_msg("%s: %s", json, reason);
    }
    assert_null(reason);
    return post;
}

static const community_post *decode(const char *json)
{
    return decode_bytes(json, strlen(json));
}

static void every_member_is_decoded(void **state)
{
    (void)state;
    const community_post *post = decode(
        " {\"id\": \"dfd593d2\", \"body\": \"text\", \"author\": {\"id\": 2, \"name\": \"Bob\","
        " \"avatar_url\": \"https://e/2.png\"}, \"likes_count\": 3, \"liked_by_user_ids\": [2, "
        "\"x\"],"
        " \"comments_count\": 9223372036854775807, \"inserted_at\": "
        "\"2026-11-23T11:18:44.731885Z\","
        " \"updated_at\": \"2026-11-23T11:18:45\"} ");
    assert_int_equal(post->struct_size, sizeof(community_post));
    assert_int_equal(post->members, 0x7f);
    assert_slice(post->id, "dfd593d2");
    assert_slice(post->body, "text");
    assert_slice(post->author.id, "2");
    assert_slice(post->author.name, "Bob");
    assert_slice(post->author.avatar_url, "https://e/2.png");
    assert_true(post->likes_count == 3);
    assert_true(post->comments_count == INT64_MAX);
    assert_int_equal(post->liked_by_count, 2);
    assert_slice(post->liked_by_user_ids[0], "2");
    assert_slice(post->liked_by_user_ids[1], "x");
    assert_true(post->inserted_at_ms == 1795432724731);
    assert_true(post->updated_at_ms == 1795432725000);
    assert_slice(post->extra_json, "{}");
    community_post_release(post);
}

static void assert_all_absent(const community_post *post)
{
    assert_int_equal(post->members, 0);
    assert_slice(post->body, "");
    assert_slice(post->author.id, "");
    assert_slice(post->author.name, "");
    assert_slice(post->author.avatar_url, "");
    assert_true(post->likes_count == 0 && post->comments_count == 0);
    assert_true(post->inserted_at_ms == 0 && post->updated_at_ms == 0);
    assert_int_equal(post->liked_by_count, 0);
    assert_null(post->liked_by_user_ids);
    assert_slice(post->extra_json, "{}");
}

static void missing_and_null_are_absent(void **state)
{
    (void)state;
    const community_post *bare = decode("{\"id\":1}");
    assert_all_absent(bare);
    const community_post *nulls = decode(
        "{\"id\":1,\"body\":null,\"author\":null,\"likes_count\":null,\"liked_by_user_ids\":null,"
        "\"comments_count\":null,\"inserted_at\":null,\"updated_at\":null}");
    assert_all_absent(nulls);
    const community_post *empties =
        decode("{\"id\":1,\"body\":\"\",\"author\":{},\"likes_count\":0,"
               "\"liked_by_user_ids\":[],\"comments_count\":-0}");
    assert_int_equal(empties->members, 0x1f);
    assert_slice(empties->body, "");
    const community_post *author =
        decode("{\"id\":1,\"author\":{\"id\":null,\"name\":null,\"avatar_url\":null}}");
    assert_int_equal(author->members, COMMUNITY_POST_HAS_AUTHOR);
    assert_slice(author->author.name, "");
    assert_slice(author->extra_json, "{}");
    community_post_release(bare);
    community_post_release(nulls);
    community_post_release(empties);
    community_post_release(author);
}

static void ids_stay_exact(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"9007199254740993", "9007199254740993"},
        {"-5", "-5"},
        {"0", "0"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"\"00\"", "00"},
        {"\"a\\u0062\\\"\\ud83d\\ude00\"", "ab\"\xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char json[256];
        (void)snprintf(json, sizeof json,
                       "{\"id\":%s,\"author\":{\"id\":%s},\"liked_by_user_ids\":[1,%s]}",
                       rows[i][0], rows[i][0], rows[i][0]);
        const community_post *post = decode(json);
        assert_slice(post->id, rows[i][1]);
        assert_slice(post->author.id, rows[i][1]);
        assert_slice(post->liked_by_user_ids[1], rows[i][1]);
        assert_true(community_post_is_liked_by(post, "1"));
        assert_true(community_post_is_liked_by(post, rows[i][1]));
        assert_false(community_post_is_liked_by(post, "2"));
        assert_false(community_post_is_liked_by(post, ""));
        community_post_release(post);
    }
}

/* Every text ends with a NUL that its length does not count, and may hold others. */
static void texts_are_unescaped_and_terminated(void **state)
{
    (void)state;
    const community_post *post = decode(
        "{\"id\":1,\"body\":\"a\\u0000b \\\"\\\\ \\n Gr\xc3\xbc\xc3\x9f"
        "e\",\"author\":{\"name\":\"\\u00e9\"},\"liked_by_user_ids\":[\"\\u0031\",22],\"x\":1}");
    assert_bytes(post->body.data, post->body.length,
                 "a\0b \"\\ \n Gr\xc3\xbc\xc3\x9f"
                 "e",
                 16);
    const phx_slice texts[] = {post->id,
                               post->body,
                               post->author.id,
                               post->author.name,
                               post->author.avatar_url,
                               post->extra_json,
                               post->liked_by_user_ids[0],
                               post->liked_by_user_ids[1]};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(texts[i].data[texts[i].length], '\0');
    }
    assert_slice(post->author.name, "\xc3\xa9");
    assert_slice(post->liked_by_user_ids[0], "1");
    community_post_release(post);
}

static void the_last_of_duplicates_counts(void **state)
{
    (void)state;
    const community_post *post =
        decode("{\"id\":1,\"id\":2,\"body\":\"a\",\"b\\u006fdy\":\"b\",\"likes_count\":5,"
               "\"likes_count\":null,\"author\":{\"id\":1,\"name\":\"A\",\"name\":\"B\"},"
               "\"author\":{\"id\":2},\"liked_by_user_ids\":[1,2],\"liked_by_user_ids\":[3],"
               "\"x\":1,\"x\":2}");
    assert_slice(post->id, "2");
    assert_slice(post->body, "b");
    assert_int_equal(post->members, COMMUNITY_POST_HAS_BODY | COMMUNITY_POST_HAS_AUTHOR |
                                        COMMUNITY_POST_HAS_LIKED_BY);
    assert_true(post->likes_count == 0);
    assert_slice(post->author.id, "2");
    assert_slice(post->author.name, "");
    assert_int_equal(post->liked_by_count, 1);
    assert_slice(post->liked_by_user_ids[0], "3");
    assert_slice(community_post_extra(post, "x"), "2");
    community_post_release(post);
}

static void unknown_members_are_kept_as_written(void **state)
{
    (void)state;
    const community_post *post = decode("{\"title\": \"T\\u0041\", \"id\":1, "
                                        "\"media\":[{\"url\":\"a\"}, 1.50] ,\"\\u0078\\n\":null,"
                                        "\"body\":\"b\",\"Body\":true,\"image_url\":\"\"}");
    assert_slice(post->extra_json,
                 "{\"title\": \"T\\u0041\",\"media\":[{\"url\":\"a\"}, 1.50] ,\"\\u0078\\n\":null,"
                 "\"Body\":true,\"image_url\":\"\"}");
    assert_slice(community_post_extra(post, "title"), "\"T\\u0041\"");
    assert_slice(community_post_extra(post, "media"), "[{\"url\":\"a\"}, 1.50]");
    assert_slice(community_post_extra(post, "x\n"), "null");
    assert_slice(community_post_extra(post, "Body"), "true");
    assert_slice(community_post_extra(post, "image_url"), "\"\"");
    assert_null(community_post_extra(post, "body").data);
    assert_null(community_post_extra(post, "url").data);
    assert_null(community_post_extra(post, "").data);
    community_post_release(post);
}

static void an_author_with_unknown_members_is_kept_too(void **state)
{
    (void)state;
    const community_post *post =
        decode("{\"id\":1,\"author\":{\"name\":\"B\", \"role\":[1]},\"x\":2,\"body\":\"b\"}");
    assert_slice(post->author.name, "B");
    assert_slice(post->extra_json, "{\"author\":{\"name\":\"B\", \"role\":[1]},\"x\":2}");
    assert_slice(community_post_extra(post, "author"), "{\"name\":\"B\", \"role\":[1]}");
    community_post_release(post);
}

static void malformed_posts_are_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "not valid JSON"},
        {"{", "not valid JSON"},
        {"{\"id\":1", "not valid JSON"},
        {"{\"id\":1}x", "not valid JSON"},
        {"{\"id\":1,}", "not valid JSON"},
        {"{\"id\":01}", "not valid JSON"},
        {"{\"id\":1,\"x\":[}", "not valid JSON"},
        {"{\"id\":1,\"author\":{\"name\":\"\xff\"}}", "not valid JSON"},
        {"{\"id\":1,\"author\":{\"x\":[}}", "not valid JSON"},
        {"{\"id\":1,\"liked_by_user_ids\":[1,", "not valid JSON"},
        {"{\"id\":1,\"body\":\"\n\"}", "not valid JSON"},
        {"[]", "not an object"},
        {"null", "not an object"},
        {"\"id\"", "not an object"},
        {"{}", "id is missing"},
        {"{\"id\":null}", "id is missing"},
        {"{\"id\":\"\"}", "id is missing"},
        {"{\"id\":1,\"id\":null}", "id is missing"},
        {"{\"ID\":1}", "id is missing"},
        {"{\"id\":1.0}", "id is neither an integer nor a text"},
        {"{\"id\":1e3}", "id is neither an integer nor a text"},
        {"{\"id\":true}", "id is neither an integer nor a text"},
        {"{\"id\":[1]}", "id is neither an integer nor a text"},
        {"{\"id\":{}}", "id is neither an integer nor a text"},
        {"{\"id\":1,\"body\":5}", "body is not a text"},
        {"{\"id\":1,\"body\":{}}", "body is not a text"},
        {"{\"id\":1,\"author\":\"Bob\"}", "author is not an author"},
        {"{\"id\":1,\"author\":[]}", "author is not an author"},
        {"{\"id\":1,\"author\":{\"id\":1.5}}", "author is not an author"},
        {"{\"id\":1,\"author\":{\"id\":{}}}", "author is not an author"},
        {"{\"id\":1,\"author\":{\"name\":1}}", "author is not an author"},
        {"{\"id\":1,\"author\":{\"avatar_url\":[]}}", "author is not an author"},
        {"{\"id\":1,\"likes_count\":-1}", "likes_count is not a count"},
        {"{\"id\":1,\"likes_count\":1.0}", "likes_count is not a count"},
        {"{\"id\":1,\"likes_count\":9223372036854775808}", "likes_count is not a count"},
        {"{\"id\":1,\"likes_count\":\"1\"}", "likes_count is not a count"},
        {"{\"id\":1,\"comments_count\":[]}", "comments_count is not a count"},
        {"{\"id\":1,\"comments_count\":1e2}", "comments_count is not a count"},
        {"{\"id\":1,\"liked_by_user_ids\":2}", "liked_by_user_ids is not an array of ids"},
        {"{\"id\":1,\"liked_by_user_ids\":{}}", "liked_by_user_ids is not an array of ids"},
        {"{\"id\":1,\"liked_by_user_ids\":[null]}", "liked_by_user_ids is not an array of ids"},
        {"{\"id\":1,\"liked_by_user_ids\":[1,2.5]}", "liked_by_user_ids is not an array of ids"},
        {"{\"id\":1,\"liked_by_user_ids\":[[1]]}", "liked_by_user_ids is not an array of ids"},
        {"{\"id\":1,\"inserted_at\":\"\"}", "inserted_at is not a time"},
        {"{\"id\":1,\"inserted_at\":1795432724}", "inserted_at is not a time"},
        {"{\"id\":1,\"updated_at\":\"yesterday\"}", "updated_at is not a time"},
        {"{\"id\":1,\"updated_at\":[]}", "updated_at is not a time"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const community_post *post = NULL;
        const char *reason = NULL;
        phx_status status = communityi_post_decode(&phxi_default_allocator, rows[i][0],
                                                   strlen(rows[i][0]), &post, &reason);
        assert_int_equal(status, PHX_ERROR_MALFORMED_FRAME);
        assert_null(post);
        assert_string_equal(reason, rows[i][1]);
    }
}

/* Cut anywhere, a post is malformed and nothing beyond the cut is read. */
static void a_post_cut_short_is_refused(void **state)
{
    (void)state;
    static const char json[] =
        "{\"id\":\"a\",\"x\":[1,{\"y\":\"z\"}],\"author\":{\"id\":1,\"r\":2},\"likes_count\":12,"
        "\"liked_by_user_ids\":[1,\"b\"],\"inserted_at\":\"2026-11-23T11:18:44Z\"}";
    for (size_t length = 0; length < sizeof json - 1; length++) {
        const community_post *post = NULL;
        const char *reason = NULL;
        char *copy = malloc(length == 0 ? 1 : length);
        memcpy(copy, json, length);
        assert_int_equal(
            communityi_post_decode(&phxi_default_allocator, copy, length, &post, &reason),
            PHX_ERROR_MALFORMED_FRAME);
        assert_string_equal(reason, "not valid JSON");
        free(copy);
    }
}

static void too_many_runs_of_unknown_members_are_refused(void **state)
{
    (void)state;
    char json[1024] = "{\"id\":1";
    const community_post *post = NULL;
    const char *reason = NULL;
    for (int i = 0; i < 16; i++) {
        strcat(json, ",\"x\":1,\"body\":\"\"");
    }
    strcat(json, "}");
    post = decode(json);
    assert_int_equal(post->extra_json.length, strlen("{}") + 16 * strlen("\"x\":1,") - 1);
    community_post_release(post);
    json[strlen(json) - 1] = '\0';
    strcat(json, ",\"x\":1}");
    assert_int_equal(
        communityi_post_decode(&phxi_default_allocator, json, strlen(json), &post, &reason),
        PHX_ERROR_MALFORMED_FRAME);
    assert_string_equal(reason, "too many members are repeated");
}

static void a_length_that_overflows_is_refused(void **state)
{
    (void)state;
    const community_post *post = NULL;
    const char *reason = NULL;
    assert_int_equal(
        communityi_post_decode(&phxi_default_allocator, "{}", SIZE_MAX / 8, &post, &reason),
        PHX_ERROR_TOO_LARGE);
    assert_null(post);
}

/* One allocation a post, whatever it holds; and none left. */
static void decode_or_run_out(failing_allocator *allocator, void *user_data)
{
    const char *json = user_data;
    const community_post *post = NULL;
    const char *reason = NULL;
    phx_status status =
        communityi_post_decode(&allocator->port, json, strlen(json), &post, &reason);
    assert_int_equal(status, allocator->refused == 0 ? PHX_OK : PHX_ERROR_NO_MEMORY);
    assert_null(reason);
    assert_true((post == NULL) == (allocator->refused > 0));
    community_post_release(post);
}

static void a_post_is_one_allocation(void **state)
{
    (void)state;
    char json[] = "{\"id\":1,\"body\":\"b\",\"liked_by_user_ids\":[1,2,3],\"x\":{},"
                  "\"author\":{\"id\":7,\"more\":1}}";
    assert_int_equal(failing_allocator_torture(decode_or_run_out, json), 1);
}

/* The block is freed by what made it, also when the allocator's own struct is gone. */
static void a_post_outlives_the_allocators_struct(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    phx_allocator copy = allocator.port;
    const community_post *post = NULL;
    const char *reason = NULL;
    assert_int_equal(communityi_post_decode(&copy, "{\"id\":1}", 8, &post, &reason), PHX_OK);
    memset(&copy, 0, sizeof copy);
    assert_ptr_equal(community_post_retain(post), post);
    community_post_release(post);
    assert_int_equal(allocator.live_blocks, 1);
    community_post_release(post);
    assert_int_equal(allocator.live_blocks, 0);
    community_post_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_decoded),
        cmocka_unit_test(missing_and_null_are_absent),
        cmocka_unit_test(ids_stay_exact),
        cmocka_unit_test(texts_are_unescaped_and_terminated),
        cmocka_unit_test(the_last_of_duplicates_counts),
        cmocka_unit_test(unknown_members_are_kept_as_written),
        cmocka_unit_test(an_author_with_unknown_members_is_kept_too),
        cmocka_unit_test(malformed_posts_are_refused),
        cmocka_unit_test(a_post_cut_short_is_refused),
        cmocka_unit_test(too_many_runs_of_unknown_members_are_refused),
        cmocka_unit_test(a_length_that_overflows_is_refused),
        cmocka_unit_test(a_post_is_one_allocation),
        cmocka_unit_test(a_post_outlives_the_allocators_struct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
