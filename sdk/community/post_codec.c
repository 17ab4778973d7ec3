/* SPDX-License-Identifier: MIT */
/*
 * Posts, pages of posts and answers to writes, out of JSON. A document is read twice at most: once
 * to check and measure it, and of that only the arrays of ids once more, to fill the one block.
 */
#include "community/post_codec.h"

#include <string.h>

#include "community/post_block.h"
#include "community/post_fields.h"

static size_t extras_bytes(const communityi_post_fields *fields)
{
    size_t bytes = 0;
    for (size_t i = 0; i < fields->extra_run_count; i++) {
        bytes += 1 + fields->extra_runs[i].length;
    }
    return bytes == 0 ? 0 : bytes + 2; /* "{" or "," before each; "}" and NUL */
}

static phx_slice put_extras(const communityi_post_fields *fields, char **at)
{
    phx_slice object = {*at, 0};
    for (size_t i = 0; i < fields->extra_run_count; i++) {
        phx_slice run = fields->extra_runs[i];
        *(*at)++ = i == 0 ? '{' : ',';
        memcpy(*at, run.data, run.length);
        *at += run.length;
    }
    *(*at)++ = '}';
    object.length = (size_t)(*at - object.data);
    *(*at)++ = '\0';
    return object;
}

static phx_status build_post(const phx_allocator *allocator, const communityi_post_fields *fields,
                             const community_post **out_post)
{
    const communityi_author_fields *author = &fields->author;
    char *at;
    community_post *post = communityi_post_new(
        allocator, fields->liked_by.count,
        communityi_text_bytes(fields->id.text) + communityi_text_bytes(fields->body.text) +
            communityi_text_bytes(author->id.text) + communityi_text_bytes(author->name.text) +
            communityi_text_bytes(author->avatar_url.text) + fields->liked_by.text_bytes +
            extras_bytes(fields),
        &at);
    if (post == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    post->members = fields->members;
    post->likes_count = fields->likes_count;
    post->comments_count = fields->comments_count;
    post->inserted_at_ms = fields->inserted_at_ms;
    post->updated_at_ms = fields->updated_at_ms;
    post->id = communityi_text_put_token(&at, &fields->id);
    post->body = communityi_text_put_token(&at, &fields->body);
    post->author.id = communityi_text_put_token(&at, &author->id);
    post->author.name = communityi_text_put_token(&at, &author->name);
    post->author.avatar_url = communityi_text_put_token(&at, &author->avatar_url);
    communityi_ids_put(&fields->liked_by, communityi_post_ids(post), &at);
    if (fields->extra_run_count > 0) {
        post->extra_json = put_extras(fields, &at);
    }
    *out_post = post;
    return PHX_OK;
}

static phx_status decode_post(const phx_allocator *allocator, phxi_json_reader *reader,
                              const community_post **out_post, const char **out_reason)
{
    communityi_post_fields fields;
    *out_post = NULL;
    *out_reason = NULL;
    if (!communityi_length_is_safe(reader->length)) {
        return PHX_ERROR_TOO_LARGE;
    }
    *out_reason = communityi_post_fields_parse(&fields, COMMUNITYI_WANT_ALL, reader);
    return *out_reason != NULL ? PHX_ERROR_MALFORMED_FRAME
                               : build_post(allocator, &fields, out_post);
}

phx_status communityi_post_decode(const phx_allocator *allocator, const void *data, size_t length,
                                  const community_post **out_post, const char **out_reason)
{
    phxi_json_reader reader;
    phxi_json_reader_init(&reader, data, length);
    return decode_post(allocator, &reader, out_post, out_reason);
}

phx_status communityi_post_decode_checked(const phx_allocator *allocator, phx_slice json,
                                          const community_post **out_post, const char **out_reason)
{
    phxi_json_reader reader;
    phxi_json_reader_init_checked(&reader, json.data, json.length);
    return decode_post(allocator, &reader, out_post, out_reason);
}

typedef struct page_reader {
    const phx_allocator *allocator;
    phxi_json_reader reader;
    communityi_page_fn each;
    void *user_data;
    const char *reason;
} page_reader;

static phx_status malformed(page_reader *page, const char *reason)
{
    phxi_json_token token;
    bool is_json = phxi_json_next(&page->reader, &token) != PHXI_JSON_ERROR;
    page->reason = is_json ? reason : COMMUNITYI_NOT_JSON;
    return PHX_ERROR_MALFORMED_FRAME;
}

static phx_status read_page_post(page_reader *page)
{
    communityi_post_fields fields;
    const community_post *post = NULL;
    page->reason = communityi_post_fields_read(&fields, COMMUNITYI_WANT_ALL, &page->reader);
    if (page->reason != NULL) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    phx_status status = build_post(page->allocator, &fields, &post);
    return status == PHX_OK ? page->each(page->user_data, post) : status;
}

/* The posts up to the end of the array that was just opened. */
static phx_status read_list(page_reader *page)
{
    phxi_json_token token;
    while (phxi_json_next(&page->reader, &token) != PHXI_JSON_ARRAY_END) {
        if (token.kind != PHXI_JSON_OBJECT_BEGIN) {
            return malformed(page, "a post is not an object");
        }
        phx_status status = read_page_post(page);
        if (status != PHX_OK) {
            return status;
        }
    }
    return PHX_OK;
}

/* The object that was just opened: its first list is the page. */
static phx_status read_wrapped_list(page_reader *page)
{
    phxi_json_token token;
    bool is_read = false;
    while (phxi_json_next(&page->reader, &token) == PHXI_JSON_KEY) {
        phx_slice skipped;
        bool is_list =
            !is_read && (phxi_json_text_is(&token, "data") || phxi_json_text_is(&token, "posts"));
        if (is_list && phxi_json_next(&page->reader, &token) == PHXI_JSON_ARRAY_BEGIN) {
            phx_status status = read_list(page);
            if (status != PHX_OK) {
                return status;
            }
            is_read = true;
        } else if (!phxi_json_skip(&page->reader, &token, &skipped)) {
            return malformed(page, COMMUNITYI_NOT_JSON);
        }
    }
    if (!is_read || token.kind != PHXI_JSON_OBJECT_END) {
        return malformed(page, "there is no list of posts");
    }
    return PHX_OK;
}

phx_status communityi_page_decode(const phx_allocator *allocator, const void *data, size_t length,
                                  communityi_page_fn each, void *user_data, const char **out_reason)
{
    page_reader page = {.allocator = allocator, .each = each, .user_data = user_data};
    phxi_json_token token;
    *out_reason = NULL;
    if (!communityi_length_is_safe(length)) {
        return PHX_ERROR_TOO_LARGE;
    }
    phx_status status = PHX_OK;
    phxi_json_reader_init(&page.reader, data, length);
    switch (phxi_json_next(&page.reader, &token)) {
    case PHXI_JSON_ARRAY_BEGIN:
        status = read_list(&page);
        break;
    case PHXI_JSON_OBJECT_BEGIN:
        status = read_wrapped_list(&page);
        break;
    default:
        status = malformed(&page, "there is no list of posts");
        break;
    }
    if (status == PHX_OK && phxi_json_next(&page.reader, &token) != PHXI_JSON_END) {
        status = malformed(&page, COMMUNITYI_NOT_JSON);
    }
    *out_reason = page.reason;
    return status;
}

/* The object in the member "data" or "post" of an object; data NULL: there is none. */
static phx_slice find_wrapped_post(const void *data, size_t length)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, length);
    (void)phxi_json_next(&reader, &token);
    while (phxi_json_next(&reader, &token) == PHXI_JSON_KEY) {
        phx_slice value;
        bool is_post = phxi_json_text_is(&token, "data") || phxi_json_text_is(&token, "post");
        if (!phxi_json_skip(&reader, &token, &value)) {
            break;
        }
        if (is_post && value.data[0] == '{') {
            return value;
        }
    }
    return (phx_slice){0};
}

phx_status communityi_answer_decode(const phx_allocator *allocator, const void *data, size_t length,
                                    const community_post **out_post)
{
    const char *reason;
    *out_post = NULL;
    if (!phxi_json_is_valid(data, length)) {
        return PHX_OK;
    }
    phx_slice wrapped = find_wrapped_post(data, length);
    phx_status status = PHX_ERROR_MALFORMED_FRAME;
    if (wrapped.data != NULL) {
        status = communityi_post_decode(allocator, wrapped.data, wrapped.length, out_post, &reason);
    }
    if (status == PHX_ERROR_MALFORMED_FRAME) {
        status = communityi_post_decode(allocator, data, length, out_post, &reason);
    }
    return status == PHX_ERROR_NO_MEMORY ? status : PHX_OK;
}
