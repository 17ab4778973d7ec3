/* SPDX-License-Identifier: MIT */
/*
 * Pages of posts and the answers to writes: each form that a backend may give them, and each that
 * is none.
 */
#include "failing_allocator.h"
#include "feed_posts.h"
#include "support/alloc.h"

enum {
    MAX_PAGE = 8
};

typedef struct read_page {
    char ids[MAX_PAGE + 1];
    size_t count;
    size_t fail_at; /* the post, from 1 on, at which `each` gives up; 0: none */
} read_page;

static phx_status collect(void *user_data, const community_post *post)
{
    read_page *page = user_data;
    assert_in_range(page->count, 0, MAX_PAGE - 1);
    page->ids[page->count++] = post->id.data[0];
    community_post_release(post);
    return page->count == page->fail_at ? PHX_ERROR_CANCELLED : PHX_OK;
}

static phx_status decode_page(const phx_allocator *allocator, const char *json, read_page *page,
                              const char **out_reason)
{
    return communityi_page_decode(allocator, json, strlen(json), collect, page, out_reason);
}

static void each_form_of_a_page_is_read(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"[]", ""},
        {" [ {\"id\":1} , {\"id\":2} ] ", "12"},
        {"{\"data\":[{\"id\":1},{\"id\":\"a\",\"x\":{\"data\":[]}}]}", "1a"},
        {"{\"posts\":[{\"id\":1}]}", "1"},
        {"{\"data\":[]}", ""},
        {"{\"meta\":{\"data\":[{\"id\":9}]},\"data\":[{\"id\":1}],\"next\":[1,{\"id\":8}]}", "1"},
        {"{\"data\":null,\"posts\":[{\"id\":1}]}", "1"},
        {"{\"data\":{\"posts\":[{\"id\":9}]},\"posts\":[{\"id\":1}]}", "1"},
        {"{\"d\\u0061ta\":[{\"id\":1}],\"posts\":[{\"id\":9}]}", "1"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        read_page page = {.count = 0};
        const char *reason = "";
        assert_int_equal(decode_page(&phxi_default_allocator, rows[i][0], &page, &reason), PHX_OK);
        assert_null(reason);
        assert_string_equal(page.ids, rows[i][1]);
    }
}

static void malformed_pages_are_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "not valid JSON"},
        {"[", "not valid JSON"},
        {"[{\"id\":1}", "not valid JSON"},
        {"[{\"id\":1}]x", "not valid JSON"},
        {"[{\"id\":1},]", "not valid JSON"},
        {"{\"data\":[{\"id\":1}]", "not valid JSON"},
        {"{\"data\":[{\"id\":1}],\"x\":}", "not valid JSON"},
        {"{\"data\":[]} {}", "not valid JSON"},
        {"{\"x\":[}", "not valid JSON"},
        {"null", "there is no list of posts"},
        {"\"data\"", "there is no list of posts"},
        {"{}", "there is no list of posts"},
        {"{\"data\":null}", "there is no list of posts"},
        {"{\"data\":{\"posts\":[]}}", "there is no list of posts"},
        {"{\"items\":[]}", "there is no list of posts"},
        {"[1]", "a post is not an object"},
        {"[{\"id\":1},null]", "a post is not an object"},
        {"{\"posts\":[[]]}", "a post is not an object"},
        {"[{\"id\":1},{}]", "id is missing"},
        {"{\"data\":[{\"id\":1,\"body\":1}]}", "body is not a text"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        read_page page = {.count = 0};
        const char *reason = NULL;
        assert_int_equal(decode_page(&phxi_default_allocator, rows[i][0], &page, &reason),
                         PHX_ERROR_MALFORMED_FRAME);
        assert_string_equal(reason, rows[i][1]);
    }
}

static void a_page_ends_when_told(void **state)
{
    (void)state;
    read_page page = {.fail_at = 2};
    const char *reason = NULL;
    assert_int_equal(decode_page(&phxi_default_allocator,
                                 "{\"data\":[{\"id\":1},{\"id\":2},{\"id\":3}]}", &page, &reason),
                     PHX_ERROR_CANCELLED);
    assert_string_equal(page.ids, "12");
    assert_int_equal(communityi_page_decode(&phxi_default_allocator, "[]", SIZE_MAX / 8, collect,
                                            &page, &reason),
                     PHX_ERROR_TOO_LARGE);
}

static void page_or_run_out(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    read_page page = {.count = 0};
    const char *reason = NULL;
    phx_status status =
        decode_page(&allocator->port, "[{\"id\":1},{\"id\":2},{\"id\":3}]", &page, &reason);
    assert_int_equal(status, allocator->refused == 0 ? PHX_OK : PHX_ERROR_NO_MEMORY);
    assert_null(reason);
}

static void a_page_is_one_allocation_a_post(void **state)
{
    (void)state;
    assert_int_equal(failing_allocator_torture(page_or_run_out, NULL), 3);
}

static void the_post_in_an_answer_is_found(void **state)
{
    (void)state;
    /* NULL: there is none, and that is no failure. */
    static const char *const rows[][2] = {
        {"{\"id\":\"a\"}", "a"},
        {"{\"data\":{\"id\":\"a\"}}", "a"},
        {"{\"post\":{\"id\":\"a\"},\"x\":1}", "a"},
        {"{\"meta\":{\"id\":\"z\"},\"data\":{\"id\":\"a\"}}", "a"},
        {"{\"id\":\"a\",\"data\":{\"size\":1}}", "a"},
        {"{\"data\":null,\"post\":{\"id\":\"a\"}}", "a"},
        {"", NULL},
        {"OK", NULL},
        {"null", NULL},
        {"[]", NULL},
        {"[{\"id\":\"a\"}]", NULL},
        {"{}", NULL},
        {"{\"data\":{}}", NULL},
        {"{\"data\":[{\"id\":\"a\"}]}", NULL},
        {"{\"data\":{\"id\":\"a\",\"body\":1}}", NULL},
        {"{\"data\":{\"id\":\"a\"}", NULL},
        {"{\"data\":{\"id\":\"a\"}}}", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const community_post *post = NULL;
        assert_int_equal(communityi_answer_decode(&phxi_default_allocator, rows[i][0],
                                                  strlen(rows[i][0]), &post),
                         PHX_OK);
        assert_int_equal(post != NULL, rows[i][1] != NULL);
        if (post != NULL) {
            assert_slice(post->id, rows[i][1]);
        }
        community_post_release(post);
    }
}

static void answer_or_run_out(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    static const char json[] = "{\"data\":{\"id\":1}}";
    const community_post *post = NULL;
    phx_status status = communityi_answer_decode(&allocator->port, json, strlen(json), &post);
    assert_int_equal(status, allocator->refused == 0 ? PHX_OK : PHX_ERROR_NO_MEMORY);
    assert_true((post != NULL) == (status == PHX_OK));
    community_post_release(post);
}

static void an_answer_may_run_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_allocator_torture(answer_or_run_out, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_page_is_read),
        cmocka_unit_test(malformed_pages_are_refused),
        cmocka_unit_test(a_page_ends_when_told),
        cmocka_unit_test(a_page_is_one_allocation_a_post),
        cmocka_unit_test(the_post_in_an_answer_is_found),
        cmocka_unit_test(an_answer_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
