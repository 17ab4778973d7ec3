/* SPDX-License-Identifier: MIT */
/*
 * Posts into JSON, so that decoding gives an equal one. The unknown members come first, as they
 * were written: an author that holds unknown members is among them, and of duplicate keys the last
 * counts. Ids are texts here, since a post does not tell which of them were integers.
 */
#include <inttypes.h>
#include <stdio.h>

#include "community/post_codec.h"
#include "wire/json.h"

enum {
    MAX_MEMBERS = 8,
    NUMBER_BYTES = 24
};

typedef struct members {
    phxi_json_member items[MAX_MEMBERS];
    size_t count;
} members;

static void add_text(members *to, const char *name, phx_slice text)
{
    to->items[to->count++] = (phxi_json_member){.name = name, .text = text};
}

static void add_raw(members *to, const char *name, phx_slice raw)
{
    to->items[to->count++] = (phxi_json_member){.name = name, .raw = raw};
}

static void add_count(members *to, const char *name, int64_t count, char room[NUMBER_BYTES])
{
    int length = snprintf(room, NUMBER_BYTES, "%" PRId64, count);
    add_raw(to, name, (phx_slice){room, (size_t)length});
}

static void add_time(members *to, const char *name, int64_t ms,
                     char room[COMMUNITYI_TIME_TEXT_BYTES])
{
    add_text(to, name, (phx_slice){room, communityi_time_format(ms, room)});
}

static phx_status append_author(const community_author *author, phxi_buffer *out)
{
    members known = {.count = 0};
    if (author->id.length > 0) {
        add_text(&known, "id", author->id);
    }
    if (author->name.length > 0) {
        add_text(&known, "name", author->name);
    }
    if (author->avatar_url.length > 0) {
        add_text(&known, "avatar_url", author->avatar_url);
    }
    return phxi_json_append_object(out, known.items, known.count);
}

static phx_status append_ids(const community_post *post, phxi_buffer *out)
{
    phx_status status = phxi_buffer_append_byte(out, '[');
    for (size_t i = 0; status == PHX_OK && i < post->liked_by_count; i++) {
        phx_slice id = post->liked_by_user_ids[i];
        if (i > 0) {
            status = phxi_buffer_append_byte(out, ',');
        }
        if (status == PHX_OK) {
            status = phxi_json_append_string(out, id.data, id.length);
        }
    }
    return status == PHX_OK ? phxi_buffer_append_byte(out, ']') : status;
}

static bool has(const community_post *post, community_post_members member)
{
    return (post->members & (uint32_t)member) != 0;
}

/* An author that is absent may be among the unknown members, followed by one that was null. */
static phx_status append_known(const community_post *post, const phxi_buffer *author,
                               const phxi_buffer *ids, phxi_buffer *out)
{
    char likes[NUMBER_BYTES];
    char comments[NUMBER_BYTES];
    char inserted_at[COMMUNITYI_TIME_TEXT_BYTES];
    char updated_at[COMMUNITYI_TIME_TEXT_BYTES];
    members known = {.count = 0};
    add_text(&known, "id", post->id);
    add_raw(&known, "author", (phx_slice){(const char *)author->data, author->length});
    if (has(post, COMMUNITY_POST_HAS_BODY)) {
        add_text(&known, "body", post->body);
    }
    if (has(post, COMMUNITY_POST_HAS_LIKES_COUNT)) {
        add_count(&known, "likes_count", post->likes_count, likes);
    }
    if (has(post, COMMUNITY_POST_HAS_LIKED_BY)) {
        add_raw(&known, "liked_by_user_ids", (phx_slice){(const char *)ids->data, ids->length});
    }
    if (has(post, COMMUNITY_POST_HAS_COMMENTS_COUNT)) {
        add_count(&known, "comments_count", post->comments_count, comments);
    }
    if (has(post, COMMUNITY_POST_HAS_INSERTED_AT)) {
        add_time(&known, "inserted_at", post->inserted_at_ms, inserted_at);
    }
    if (has(post, COMMUNITY_POST_HAS_UPDATED_AT)) {
        add_time(&known, "updated_at", post->updated_at_ms, updated_at);
    }
    return phxi_json_append_object(out, known.items, known.count);
}

/* The unknown members' object without its end, the known members' without its beginning. */
static phx_status join(const community_post *post, const phxi_buffer *known, phxi_buffer *out)
{
    bool has_extra = post->extra_json.length > sizeof "{}" - 1;
    phx_status status = phxi_buffer_reserve(out, post->extra_json.length + known->length);
    if (status == PHX_OK && has_extra) {
        status = phxi_buffer_append(out, post->extra_json.data, post->extra_json.length - 1);
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_byte(out, has_extra ? ',' : '{');
    }
    return status == PHX_OK ? phxi_buffer_append(out, known->data + 1, known->length - 1) : status;
}

phx_status communityi_post_encode(const community_post *post, phxi_buffer *out)
{
    phxi_buffer author;
    phxi_buffer ids;
    phxi_buffer known;
    phxi_buffer_init(&author, out->allocator, out->max_bytes);
    phxi_buffer_init(&ids, out->allocator, out->max_bytes);
    phxi_buffer_init(&known, out->allocator, out->max_bytes);
    phx_status status = has(post, COMMUNITY_POST_HAS_AUTHOR)
                            ? append_author(&post->author, &author)
                            : phxi_buffer_append_text(&author, "null");
    if (status == PHX_OK) {
        status = append_ids(post, &ids);
    }
    if (status == PHX_OK) {
        status = append_known(post, &author, &ids, &known);
    }
    if (status == PHX_OK) {
        status = join(post, &known, out);
    }
    phxi_buffer_free(&known);
    phxi_buffer_free(&ids);
    phxi_buffer_free(&author);
    return status;
}
