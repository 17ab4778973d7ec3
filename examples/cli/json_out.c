/* SPDX-License-Identifier: MIT */
/*
 * Composes JSON; see json_out.h. Written by hand because numbers and ids must stay exact, and
 * because what is invisible or acts on a terminal is escaped, also where JSON would allow it raw.
 */
#include "json_out.h"

#include "text.h"

#include <inttypes.h>
#include <string.h>

const char *state_name(community_state state)
{
    static const char *const names[] = {"disconnected", "connecting", "connected", "reconnecting",
                                        "unauthorized"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

const char *freshness_name(community_freshness freshness)
{
    static const char *const names[] = {"stale", "syncing", "live", "unsynced"};
    return (size_t)freshness < sizeof names / sizeof names[0] ? names[freshness] : "unknown";
}

const char *change_name(community_change_kind kind)
{
    static const char *const names[] = {"unknown", "insert", "replace", "remove", "reset"};
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

static void escape(struct out *out, uint32_t code_point)
{
    if (code_point >= 0x10000) {
        uint32_t offset = code_point - 0x10000;
        out_format(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + (offset >> 10)),
                   (unsigned)(0xDC00 + (offset & 0x3FF)));
    } else {
        out_format(out, "\\u%04x", (unsigned)code_point);
    }
}

void json_text(struct out *out, phx_slice text)
{
    out_text(out, "\"");
    for (size_t at = 0; at < text.length;) {
        uint32_t code_point;
        size_t size = text_next(text.data + at, text.length - at, &code_point);
        if (code_point == '"' || code_point == '\\') {
            out_text(out, "\\");
            out_bytes(out, text.data + at, 1);
        } else if (text_is_unsafe(code_point)) {
            escape(out, code_point);
        } else if (code_point == 0xFFFD) {
            out_text(out, "\uFFFD");
        } else {
            out_bytes(out, text.data + at, size);
        }
        at += size;
    }
    out_text(out, "\"");
}

void json_raw(struct out *out, phx_slice json)
{
    for (size_t at = 0; at < json.length;) {
        uint32_t code_point;
        size_t size = text_next(json.data + at, json.length - at, &code_point);
        if (code_point == '\n' || code_point == '\r' || code_point == '\t') {
            out_text(out, " "); /* between tokens: inside a string they are not legal */
        } else if (text_is_unsafe(code_point)) {
            escape(out, code_point);
        } else {
            out_bytes(out, json.data + at, size);
        }
        at += size;
    }
}

static void text_member(struct out *out, const char *name, phx_slice text, bool is_present)
{
    out_format(out, "\"%s\":", name);
    if (is_present) {
        json_text(out, text);
    } else {
        out_text(out, "null");
    }
}

static void count_member(struct out *out, const char *name, int64_t count, bool is_present)
{
    if (is_present) {
        out_format(out, ",\"%s\":%" PRId64, name, count);
    } else {
        out_format(out, ",\"%s\":null", name);
    }
}

static void time_member(struct out *out, const char *name, int64_t wall_ms, bool is_present)
{
    char text[32];
    if (is_present && text_time(text, wall_ms)) {
        out_format(out, ",\"%s\":\"%s\"", name, text);
    } else {
        out_format(out, ",\"%s\":null", name);
    }
}

static void author_member(struct out *out, const community_author *author, bool is_present)
{
    if (!is_present) {
        out_text(out, ",\"author\":null");
        return;
    }
    out_text(out, ",\"author\":{");
    text_member(out, "id", author->id, author->id.length != 0);
    out_text(out, ",");
    text_member(out, "name", author->name, author->name.length != 0);
    out_text(out, ",");
    text_member(out, "avatar_url", author->avatar_url, author->avatar_url.length != 0);
    out_text(out, "}");
}

static void liked_by_member(struct out *out, const community_post *post)
{
    out_text(out, ",\"liked_by_user_ids\":[");
    for (size_t i = 0; i < post->liked_by_count; i++) {
        out_text(out, i != 0 ? "," : "");
        json_text(out, post->liked_by_user_ids[i]);
    }
    out_text(out, "]");
}

void json_post(struct out *out, const community_post *post)
{
    uint32_t has = post->members;
    out_text(out, "{");
    text_member(out, "id", post->id, true);
    out_text(out, ",");
    text_member(out, "body", post->body, (has & COMMUNITY_POST_HAS_BODY) != 0);
    author_member(out, &post->author, (has & COMMUNITY_POST_HAS_AUTHOR) != 0);
    count_member(out, "likes_count", post->likes_count,
                 (has & COMMUNITY_POST_HAS_LIKES_COUNT) != 0);
    liked_by_member(out, post);
    count_member(out, "comments_count", post->comments_count,
                 (has & COMMUNITY_POST_HAS_COMMENTS_COUNT) != 0);
    time_member(out, "inserted_at", post->inserted_at_ms,
                (has & COMMUNITY_POST_HAS_INSERTED_AT) != 0);
    time_member(out, "updated_at", post->updated_at_ms, (has & COMMUNITY_POST_HAS_UPDATED_AT) != 0);
    out_text(out, ",\"extra\":");
    json_raw(out, post->extra_json);
    out_text(out, "}");
}

static void posts_member(struct out *out, const community_snapshot *snapshot)
{
    out_format(out, ",\"count\":%zu,\"posts\":[", community_snapshot_count(snapshot));
    const community_post *posts[64];
    size_t first = 0;
    size_t count;
    while ((count = community_snapshot_range(snapshot, first, posts, 64)) > 0) {
        for (size_t i = 0; i < count; i++) {
            out_text(out, first + i != 0 ? "," : "");
            json_post(out, posts[i]);
        }
        first += count;
    }
    out_text(out, "]");
}

static void error_members(struct out *out, const phx_error *error)
{
    const char *message = error->message != NULL ? error->message : "";
    out_format(out, "\"status\":\"%s\",\"http_status\":%d,\"close_code\":%d,\"message\":",
               phx_status_name(error->status), (int)error->http_status, (int)error->close_code);
    json_text(out, (phx_slice){message, strlen(message)});
}

static void state_members(struct out *out, const community_status *status)
{
    out_format(out, ",\"state\":\"%s\",\"freshness\":\"%s\"", state_name(status->state),
               freshness_name(status->freshness));
    time_member(out, "stale_since", status->stale_since_ms, status->stale_since_ms != 0);
}

void json_status(struct out *out, const community_status *status)
{
    out_text(out, "{\"type\":\"state\"");
    state_members(out, status);
    out_format(out, ",\"attempts\":%u,\"next_attempt_in_ms\":%u,\"error\":", status->attempts,
               status->next_attempt_in_ms);
    if (status->error.status == PHX_OK) {
        out_text(out, "null}\n");
        return;
    }
    out_text(out, "{");
    error_members(out, &status->error);
    out_text(out, "}}\n");
}

void json_change(struct out *out, const community_change *change,
                 const community_snapshot *snapshot)
{
    out_format(out, "{\"type\":\"change\",\"kind\":\"%s\"", change_name(change->kind));
    if (change->kind == COMMUNITY_CHANGE_RESET) {
        posts_member(out, snapshot);
    } else {
        out_format(out, ",\"index\":%zu", change->index);
    }
    if (change->post != NULL) {
        out_text(out, ",\"post\":");
        json_post(out, change->post);
    }
    out_text(out, "}\n");
}

void json_error(struct out *out, const phx_error *error)
{
    out_text(out, "{\"type\":\"error\",");
    error_members(out, error);
    out_text(out, "}\n");
}

void json_stats(struct out *out, const community_stats *stats)
{
    out_format(out,
               "{\"type\":\"stats\",\"events\":%" PRIu64 ",\"events_without_effect\":%" PRIu64
               ",\"malformed\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"connects\":%" PRIu64
               ",\"disconnects\":%" PRIu64,
               stats->events, stats->events_without_effect, stats->malformed, stats->batches,
               stats->connects, stats->disconnects);
    out_format(out,
               ",\"syncs\":%" PRIu64 ",\"pages\":%" PRIu64 ",\"requests\":%" PRIu64
               ",\"requests_failed\":%" PRIu64 "}\n",
               stats->syncs, stats->pages, stats->requests, stats->requests_failed);
}

void json_snapshot(struct out *out, const community_status *status,
                   const community_snapshot *snapshot)
{
    out_text(out, "{\"type\":\"snapshot\"");
    state_members(out, status);
    posts_member(out, snapshot);
    out_text(out, "}\n");
}
