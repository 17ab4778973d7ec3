/* SPDX-License-Identifier: MIT */
/*
 * Pages, and the answers to REST calls. A page holds exactly the posts that each of its elements
 * gives when it is decoded by itself; an answer is understood whatever its body is, and leaves
 * nothing behind. The first byte chooses the call and what the server's status was.
 */
#include "community/post_codec.h"
#include "community/post_fields.h"
#include "community/rest_call.h"
#include "failing_allocator.h"
#include "fuzz.h"
#include "wire/json_reader.h"

typedef struct post_page {
    const community_post *posts[4096];
    size_t count;
    size_t stop_at; /* the post at which the caller has enough; 0: never */
} post_page;

static phx_status take(void *user_data, const community_post *post)
{
    post_page *page = user_data;
    FUZZ_CHECK(post != NULL);
    if (page->count == sizeof page->posts / sizeof page->posts[0]) {
        community_post_release(post);
        return PHX_ERROR_TOO_LARGE;
    }
    page->posts[page->count++] = post;
    return page->count == page->stop_at ? PHX_ERROR_CANCELLED : PHX_OK;
}

static void release(post_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        community_post_release(page->posts[i]);
    }
    page->count = 0;
}

/* Moves the reader into the list that is the page; false: the document has none. */
static bool find_list(phxi_json_reader *reader, const uint8_t *data, size_t size)
{
    phxi_json_token token;
    phxi_json_reader_init(reader, data, size);
    if (phxi_json_next(reader, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return token.kind == PHXI_JSON_ARRAY_BEGIN;
    }
    while (phxi_json_next(reader, &token) == PHXI_JSON_KEY) {
        bool is_list = phxi_json_text_is(&token, "data") || phxi_json_text_is(&token, "posts");
        phxi_json_reader ahead = *reader;
        phxi_json_token value;
        phx_slice skipped;
        if (is_list && phxi_json_next(&ahead, &value) == PHXI_JSON_ARRAY_BEGIN) {
            *reader = ahead;
            return true;
        }
        if (!phxi_json_skip(reader, &token, &skipped)) {
            return false;
        }
    }
    return false;
}

/* Each element of the list by itself. */
static void compare(const phx_allocator *allocator, const post_page *page, const uint8_t *data,
                    size_t size)
{
    phxi_json_reader reader;
    phxi_json_token token;
    size_t count = 0;
    FUZZ_CHECK(phxi_json_is_valid(data, size) && find_list(&reader, data, size));
    while (phxi_json_next(&reader, &token) != PHXI_JSON_ARRAY_END) {
        const community_post *post;
        const char *reason;
        phx_slice raw;
        FUZZ_CHECK(phxi_json_skip(&reader, &token, &raw));
        FUZZ_CHECK(communityi_post_decode(allocator, raw.data, raw.length, &post, &reason) ==
                   PHX_OK);
        FUZZ_CHECK(count < page->count && communityi_post_equals(post, page->posts[count]));
        community_post_release(post);
        count++;
    }
    FUZZ_CHECK(count == page->count);
}

static void check_page(const uint8_t *data, size_t size)
{
    static post_page page;
    failing_allocator allocator;
    const char *reason;
    failing_allocator_init(&allocator);
    page = (post_page){.count = 0};
    phx_status status = communityi_page_decode(&allocator.port, data, size, take, &page, &reason);
    FUZZ_CHECK((reason != NULL) == (status == PHX_ERROR_MALFORMED_FRAME));
    FUZZ_CHECK(reason == NULL || strcmp(reason, COMMUNITYI_NOT_JSON) != 0 ||
               !phxi_json_is_valid(data, size));
    if (status == PHX_OK) {
        compare(&allocator.port, &page, data, size);
    } else {
        FUZZ_CHECK(status == PHX_ERROR_MALFORMED_FRAME || status == PHX_ERROR_TOO_LARGE);
    }
    size_t count = page.count;
    release(&page);
    if (count > 1) {
        page.stop_at = count - 1;
        FUZZ_CHECK(communityi_page_decode(&allocator.port, data, size, take, &page, &reason) ==
                   PHX_ERROR_CANCELLED);
        FUZZ_CHECK(page.count == count - 1);
        release(&page);
    }
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

static void check_answer(const uint8_t *data, size_t size, uint8_t choice, size_t refuse_at)
{
    static const int32_t statuses[] = {200, 201, 204, 302, 401, 403, 404, 422, 429, 500, 503, 0};
    static communityi_answer answer;
    failing_allocator allocator;
    communityi_call_kind kind = (communityi_call_kind)(choice % COMMUNITYI_CALL_KIND_COUNT);
    int32_t http_status = statuses[choice / 8 % (sizeof statuses / sizeof statuses[0])];
    phx_http_response response = {
        .struct_size = (uint32_t)sizeof response,
        .error = {.struct_size = (uint32_t)sizeof response.error,
                  .status = http_status == 0 ? PHX_ERROR_TIMEOUT : PHX_OK,
                  .http_status = http_status},
        .was_sent = (choice & 1) != 0,
        .body = data,
        .body_length = size,
    };
    failing_allocator_init(&allocator);
    failing_allocator_refuse(&allocator, refuse_at, true);
    communityi_rest_interpret(&allocator.port, kind, &response, &answer);
    const community_result *result = &answer.result;
    bool is_good = http_status >= 200 && http_status < 300;
    FUZZ_CHECK(result->error.message != NULL);
    FUZZ_CHECK(fuzz_is_utf8(result->error.message, strlen(result->error.message)));
    FUZZ_CHECK(is_good || result->error.status != PHX_OK);
    /* A write that the server made stays made, whatever it says of it. */
    FUZZ_CHECK(!is_good || kind == COMMUNITYI_CALL_LIST_POSTS || result->error.status == PHX_OK);
    FUZZ_CHECK(result->error.status == PHX_OK || result->post_count == 0);
    for (size_t i = 0; i < result->post_count; i++) {
        FUZZ_CHECK(answer.posts[i]->id.length > 0);
    }
    communityi_answer_free(&allocator.port, &answer);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint8_t *document = fuzz_copy(data + 1, size - 1);
    check_page(document, size - 1);
    check_answer(document, size - 1, data[0], 0);
    check_answer(document, size - 1, data[0], 1);
    check_answer(document, size - 1, data[0], 2);
    free(document);
    return 0;
}
