/* SPDX-License-Identifier: MIT */
/*
 * The events that carry a part of a post, what becomes of a post with them, and when two versions
 * of a post say the same.
 */
#include "failing_allocator.h"
#include "feed_posts.h"
#include "support/alloc.h"

static const phx_allocator *const memory = &phxi_default_allocator;

static communityi_patch *decode(communityi_patch_kind kind, const char *json)
{
    communityi_patch *patch = NULL;
    const char *reason = NULL;
    if (communityi_patch_decode(memory, kind, json, strlen(json), &patch, &reason) != PHX_OK) {
        fail_msg("%s: %s", json, reason);
    }
    assert_null(reason);
    return patch;
}

static void a_deletion_has_only_an_id(void **state)
{
    (void)state;
    communityi_patch *patch = decode(COMMUNITYI_PATCH_DELETE,
                                     "{\"likes_count\":\"x\",\"id\":9007199254740993,\"b\":[{}]}");
    assert_bytes(patch->id, patch->id_length, "9007199254740993", 16);
    assert_int_equal(patch->id[16], '\0');
    assert_false(patch->has_likes || patch->has_liked_by || patch->has_comments);
    communityi_patch_free(memory, patch);
}

static void likes_are_decoded(void **state)
{
    (void)state;
    communityi_patch *patch =
        decode(COMMUNITYI_PATCH_LIKES, "{\"id\":\"\\u0061b\",\"likes_count\":2,"
                                       "\"liked_by_user_ids\":[2,\"\\\"\"],\"comments_count\":-1}");
    assert_string_equal(patch->id, "ab");
    assert_int_equal(patch->id_length, 2);
    assert_true(patch->has_likes && patch->has_liked_by && !patch->has_comments);
    assert_int_equal(patch->likes_count, 2);
    assert_int_equal(patch->liked_by_count, 2);
    assert_slice(patch->liked_by_user_ids[0], "2");
    assert_slice(patch->liked_by_user_ids[1], "\"");
    communityi_patch_free(memory, patch);

    patch = decode(COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":0}");
    assert_true(patch->has_likes && !patch->has_liked_by);
    communityi_patch_free(memory, patch);
    patch = decode(COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"liked_by_user_ids\":[]}");
    assert_true(!patch->has_likes && patch->has_liked_by);
    communityi_patch_free(memory, patch);
}

static void comments_are_decoded(void **state)
{
    (void)state;
    communityi_patch *patch =
        decode(COMMUNITYI_PATCH_COMMENTS, "{\"comments_count\":3,\"id\":1,\"likes_count\":\"x\"}");
    assert_true(!patch->has_likes && !patch->has_liked_by && patch->has_comments);
    assert_int_equal(patch->comments_count, 3);
    communityi_patch_free(memory, patch);
}

static void malformed_patches_are_refused(void **state)
{
    (void)state;
    static const struct {
        communityi_patch_kind kind;
        const char *json;
        const char *reason;
    } rows[] = {
        {COMMUNITYI_PATCH_DELETE, "", "not valid JSON"},
        {COMMUNITYI_PATCH_DELETE, "{\"id\":1", "not valid JSON"},
        {COMMUNITYI_PATCH_DELETE, "{\"id\":1,\"x\":[}", "not valid JSON"},
        {COMMUNITYI_PATCH_DELETE, "{\"id\":1} 1", "not valid JSON"},
        {COMMUNITYI_PATCH_DELETE, "[]", "not an object"},
        {COMMUNITYI_PATCH_DELETE, "\"a\"", "not an object"},
        {COMMUNITYI_PATCH_DELETE, "{}", "id is missing"},
        {COMMUNITYI_PATCH_DELETE, "{\"id\":null}", "id is missing"},
        {COMMUNITYI_PATCH_DELETE, "{\"id\":\"\"}", "id is missing"},
        {COMMUNITYI_PATCH_DELETE, "{\"id\":1.5}", "id is neither an integer nor a text"},
        {COMMUNITYI_PATCH_LIKES, "{\"likes_count\":1}", "id is missing"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1}", "likes_count is missing"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":null}", "likes_count is missing"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":-1}", "likes_count is not a count"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":1,\"liked_by_user_ids\":1}",
         "liked_by_user_ids is not an array of ids"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":1,\"liked_by_user_ids\":[{}]}",
         "liked_by_user_ids is not an array of ids"},
        {COMMUNITYI_PATCH_COMMENTS, "{\"id\":1,\"likes_count\":1}", "comments_count is missing"},
        {COMMUNITYI_PATCH_COMMENTS, "{\"id\":1,\"comments_count\":\"1\"}",
         "comments_count is not a count"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        communityi_patch *patch = NULL;
        const char *reason = NULL;
        assert_int_equal(communityi_patch_decode(memory, rows[i].kind, rows[i].json,
                                                 strlen(rows[i].json), &patch, &reason),
                         PHX_ERROR_MALFORMED_FRAME);
        assert_null(patch);
        assert_string_equal(reason, rows[i].reason);
    }
    communityi_patch *patch = NULL;
    const char *reason = NULL;
    assert_int_equal(communityi_patch_decode(memory, COMMUNITYI_PATCH_DELETE, "{}", SIZE_MAX / 8,
                                             &patch, &reason),
                     PHX_ERROR_TOO_LARGE);
}

#define WHOLE                                                                                 \
    "{\"id\":1,\"body\":\"b\",\"author\":{\"id\":2,\"name\":\"n\",\"avatar_url\":\"u\"},"     \
    "\"likes_count\":1,\"liked_by_user_ids\":[2],\"comments_count\":4,"                       \
    "\"inserted_at\":\"2026-11-23T11:18:44Z\",\"updated_at\":\"2026-11-23T11:18:45Z\",\"t\":" \
    "\"x\"}"

static const community_post *patched(const community_post *post, communityi_patch_kind kind,
                                     const char *json)
{
    communityi_patch *patch = decode(kind, json);
    const community_post *after = NULL;
    assert_int_equal(communityi_post_patched(memory, post, patch, &after), PHX_OK);
    communityi_patch_free(memory, patch);
    return after;
}

static void only_what_the_patch_has_changes(void **state)
{
    (void)state;
    static const struct {
        communityi_patch_kind kind;
        const char *patch;
        const char *from;
        const char *to;
    } rows[] = {
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":3,\"liked_by_user_ids\":[2,\"a\",7]}",
         "\"likes_count\":1,\"liked_by_user_ids\":[2]",
         "\"likes_count\":3,\"liked_by_user_ids\":[2,\"a\",7]"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":0,\"liked_by_user_ids\":[]}",
         "\"likes_count\":1,\"liked_by_user_ids\":[2]",
         "\"likes_count\":0,\"liked_by_user_ids\":[]"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":9}", "\"likes_count\":1",
         "\"likes_count\":9"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"liked_by_user_ids\":[3]}", "[2]", "[3]"},
        {COMMUNITYI_PATCH_COMMENTS, "{\"id\":1,\"comments_count\":5}", "\"comments_count\":4",
         "\"comments_count\":5"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char expected_json[sizeof WHOLE + 64];
        const char *at = strstr(WHOLE, rows[i].from);
        (void)snprintf(expected_json, sizeof expected_json, "%.*s%s%s", (int)(at - WHOLE), WHOLE,
                       rows[i].to, at + strlen(rows[i].from));
        const community_post *before = make_post(memory, WHOLE);
        const community_post *expected = make_post(memory, expected_json);
        const community_post *after = patched(before, rows[i].kind, rows[i].patch);
        community_post_release(before); /* the new version needs nothing of the old one */
        assert_true(communityi_post_equals(after, expected));
        assert_int_equal(after->body.data[after->body.length], '\0');
        assert_slice(community_post_extra(after, "t"), "\"x\"");
        community_post_release(expected);
        community_post_release(after);
    }
}

static void a_patch_that_changes_nothing_gives_the_post_itself(void **state)
{
    (void)state;
    const community_post *post = make_post(memory, WHOLE);
    static const struct {
        communityi_patch_kind kind;
        const char *patch;
    } rows[] = {
        {COMMUNITYI_PATCH_DELETE, "{\"id\":1}"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":1,\"liked_by_user_ids\":[\"2\"]}"},
        {COMMUNITYI_PATCH_LIKES, "{\"id\":1,\"likes_count\":1}"},
        {COMMUNITYI_PATCH_COMMENTS, "{\"id\":1,\"comments_count\":4}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const community_post *after = patched(post, rows[i].kind, rows[i].patch);
        assert_ptr_equal(after, post);
        community_post_release(after);
    }
    community_post_release(post);
}

/* A count of 0 that came is not the same as none. */
static void a_patch_makes_members_present(void **state)
{
    (void)state;
    const community_post *bare = make_post(memory, "{\"id\":1}");
    const community_post *likes = patched(bare, COMMUNITYI_PATCH_LIKES,
                                          "{\"id\":1,\"likes_count\":0,\"liked_by_user_ids\":[]}");
    const community_post *comments =
        patched(bare, COMMUNITYI_PATCH_COMMENTS, "{\"id\":1,\"comments_count\":0}");
    assert_int_equal(likes->members, COMMUNITY_POST_HAS_LIKES_COUNT | COMMUNITY_POST_HAS_LIKED_BY);
    assert_int_equal(comments->members, COMMUNITY_POST_HAS_COMMENTS_COUNT);
    community_post_release(bare);
    community_post_release(likes);
    community_post_release(comments);
}

static void patch_or_run_out(failing_allocator *allocator, void *user_data)
{
    const community_post *post = user_data;
    static const char json[] = "{\"id\":1,\"likes_count\":2,\"liked_by_user_ids\":[5]}";
    communityi_patch *patch = NULL;
    const community_post *after = NULL;
    const char *reason = NULL;
    phx_status status = communityi_patch_decode(&allocator->port, COMMUNITYI_PATCH_LIKES, json,
                                                strlen(json), &patch, &reason);
    if (status == PHX_OK) {
        status = communityi_post_patched(&allocator->port, post, patch, &after);
        communityi_patch_free(&allocator->port, patch);
    }
    assert_int_equal(status, allocator->refused == 0 ? PHX_OK : PHX_ERROR_NO_MEMORY);
    assert_true((after != NULL) == (status == PHX_OK));
    community_post_release(after);
}

static void a_patch_and_a_version_are_one_allocation_each(void **state)
{
    (void)state;
    const community_post *post = make_post(memory, WHOLE);
    assert_int_equal(failing_allocator_torture(patch_or_run_out, (void *)(uintptr_t)post), 2);
    community_post_release(post);
}

static bool equal(const char *a_json, const char *b_json)
{
    const community_post *a = make_post(memory, a_json);
    const community_post *b = make_post(memory, b_json);
    bool is_equal = communityi_post_equals(a, b);
    assert_int_equal(communityi_post_equals(b, a), is_equal);
    assert_true(communityi_post_equals(a, a));
    community_post_release(a);
    community_post_release(b);
    return is_equal;
}

static void every_member_makes_a_difference(void **state)
{
    (void)state;
    static const char *const edits[][2] = {
        {"\"id\":1", "\"id\":3"},
        {"\"b\"", "\"B\""},
        {"\"b\"", "\"\""},
        {"\"body\":\"b\"", "\"body\":null"},
        {"{\"id\":2", "{\"id\":3"},
        {"\"n\"", "\"m\""},
        {"\"u\"", "\"v\""},
        {"\"likes_count\":1", "\"likes_count\":2"},
        {"[2]", "[3]"},
        {"[2]", "[2,2]"},
        {"[2]", "[]"},
        {"\"comments_count\":4", "\"comments_count\":5"},
        {":44Z", ":43Z"},
        {":45Z", ":46Z"},
        {"\"t\":\"x\"", "\"t\":\"y\""},
        {"\"t\":\"x\"", "\"s\":\"x\""},
        {"\"t\":\"x\"", "\"t\":\"x\",\"s\":1"},
    };
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        char edited[sizeof WHOLE + 64];
        const char *at = strstr(WHOLE, edits[i][0]);
        (void)snprintf(edited, sizeof edited, "%.*s%s%s", (int)(at - WHOLE), WHOLE, edits[i][1],
                       at + strlen(edits[i][0]));
        if (equal(WHOLE, edited)) {
            fail_msg("%s is the same as %s", edits[i][0], edits[i][1]);
        }
    }
    assert_true(equal(WHOLE, WHOLE));
    assert_false(equal("{\"id\":1}", "{\"id\":1,\"likes_count\":0}"));
}

static void the_order_of_members_makes_none(void **state)
{
    (void)state;
    assert_true(equal("{\"id\":1,\"body\":\"\\u0062\"}", "{\"body\":\"b\", \"id\":\"1\"}"));
    assert_true(equal("{\"id\":1,\"x\":1,\"y\":[2]}", "{\"y\":[2],\"id\":1,\"x\":1}"));
    assert_false(equal("{\"id\":1,\"x\":1,\"y\":2}", "{\"id\":1,\"x\":2,\"y\":1}"));
    assert_false(equal("{\"id\":1,\"x\":1,\"x\":1}", "{\"id\":1,\"x\":1,\"y\":1}"));
    assert_false(equal("{\"id\":1,\"x\":1,\"x\":2}", "{\"id\":1,\"x\":2,\"x\":1}"));
}

/* Hostile members do not make the comparison quadratic: beyond a bound another order is another
 * post. */
static void very_many_members_are_compared_as_they_are(void **state)
{
    (void)state;
    char up[1024] = "{\"id\":1";
    char down[1024] = "{\"id\":1";
    for (int i = 0; i < 33; i++) {
        (void)snprintf(up + strlen(up), 24, ",\"%02d\":0", i);
        (void)snprintf(down + strlen(down), 24, ",\"%02d\":0", 32 - i);
    }
    strcat(up, "}");
    strcat(down, "}");
    assert_true(equal(up, up));
    assert_false(equal(up, down));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deletion_has_only_an_id),
        cmocka_unit_test(likes_are_decoded),
        cmocka_unit_test(comments_are_decoded),
        cmocka_unit_test(malformed_patches_are_refused),
        cmocka_unit_test(only_what_the_patch_has_changes),
        cmocka_unit_test(a_patch_that_changes_nothing_gives_the_post_itself),
        cmocka_unit_test(a_patch_makes_members_present),
        cmocka_unit_test(a_patch_and_a_version_are_one_allocation_each),
        cmocka_unit_test(every_member_makes_a_difference),
        cmocka_unit_test(the_order_of_members_makes_none),
        cmocka_unit_test(very_many_members_are_compared_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
