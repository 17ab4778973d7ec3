/* SPDX-License-Identifier: MIT */
/*
 * watch on a terminal: the newest posts, drawn in place, at most thirty times a second and at least
 * once, because ages pass. Each row is positioned and cut to the width, so nothing ever scrolls.
 */
#include "view.h"

#include "explain.h"
#include "json_out.h"
#include "lines.h"
#include "term.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_MS 33u
#define TICK_MS 1000u
#define BODY_ROWS 4u

static const char bold[] = "\x1b[1m", dim[] = "\x1b[2m", plain[] = "\x1b[0m";
static const char red[] = "\x1b[31m", green[] = "\x1b[32m", yellow[] = "\x1b[33m";

struct screen {
    struct view view;
    struct term_size size;
    size_t row;
    bool has_colour;
    bool is_dirty;
    uint64_t drawn_at_ms;
    uint64_t next_attempt_at_ms; /* 0: none planned */
    community_status status;
    char cause[256]; /* the latest error, "" for none */
};

static void style(struct screen *screen, const char *sequence)
{
    if (screen->has_colour) {
        out_text(&screen->view.out, sequence);
    }
}

static void begin_row(struct screen *screen)
{
    out_format(&screen->view.out, "\x1b[%zu;1H", ++screen->row);
}

static void end_row(struct screen *screen)
{
    style(screen, plain);
    out_text(&screen->view.out, "\x1b[K");
}

/* Shows at most `columns` of what is in `line`, and frees it. Returns the columns used. */
static size_t show_line(struct screen *screen, struct out *line, size_t columns)
{
    size_t used = text_show(&screen->view.out, (phx_slice){line->data, line->length}, columns);
    out_free(line);
    return used;
}

static const char *state_colour(const community_status *status)
{
    if (status->state == COMMUNITY_CONNECTED) {
        return status->freshness == COMMUNITY_SYNCING ? yellow : green;
    }
    return status->state == COMMUNITY_UNAUTHORIZED ? red : yellow;
}

static void state_text(struct out *line, const struct screen *screen)
{
    const community_status *status = &screen->status;
    out_format(line, "● %s, %s", state_name(status->state), freshness_name(status->freshness));
    if (screen->next_attempt_at_ms != 0) {
        uint64_t now_ms = phx_loop_now_ms(community_client_loop(screen->view.client));
        uint64_t rest_ms =
            screen->next_attempt_at_ms > now_ms ? screen->next_attempt_at_ms - now_ms : 0;
        out_format(line, ", next attempt in %" PRIu64 " s", (rest_ms + 999) / 1000);
    }
}

static void counts_text(struct out *line, const struct screen *screen, size_t posts)
{
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    community_client_read_stats(screen->view.client, &stats);
    out_format(line, "%zu post%s  %" PRIu64 " event%s", posts, posts == 1 ? "" : "s", stats.events,
               stats.events == 1 ? "" : "s");
    uint64_t reconnects = stats.connects > 0 ? stats.connects - 1 : 0;
    out_format(line, "  %" PRIu64 " reconnect%s", reconnects, reconnects == 1 ? "" : "s");
}

static void draw_head(struct screen *screen, size_t posts)
{
    static const char title[] = " community  ";
    struct out line;
    size_t columns = screen->size.columns;
    begin_row(screen);
    style(screen, bold);
    size_t used = text_show(&screen->view.out, (phx_slice){title, sizeof title - 1}, columns);
    style(screen, plain);
    style(screen, state_colour(&screen->status));
    out_init(&line, -1);
    state_text(&line, screen);
    used += show_line(screen, &line, columns - used);
    style(screen, plain);
    out_init(&line, -1);
    out_text(&line, "   ");
    counts_text(&line, screen, posts);
    (void)show_line(screen, &line, columns - used);
    end_row(screen);
}

static void draw_rule(struct screen *screen)
{
    begin_row(screen);
    style(screen, dim);
    for (size_t i = 0; i < screen->size.columns; i++) {
        out_text(&screen->view.out, "─");
    }
    end_row(screen);
}

static void draw_post_head(struct screen *screen, const community_post *post, int64_t now_ms)
{
    size_t columns = screen->size.columns;
    begin_row(screen);
    out_text(&screen->view.out, " ");
    style(screen, bold);
    size_t used = 1 + text_show(&screen->view.out, post_author_name(post), columns / 2);
    style(screen, plain);
    style(screen, dim);
    struct out line;
    out_init(&line, -1);
    if ((post->members & COMMUNITY_POST_HAS_INSERTED_AT) != 0) {
        out_text(&line, "  ");
        text_age(&line, post->inserted_at_ms, now_ms);
    }
    out_text(&line, "   ");
    (void)post_counts(&line, post);
    (void)show_line(screen, &line, columns > used ? columns - used : 0);
    end_row(screen);
}

static void draw_body(struct screen *screen, phx_slice body, size_t last_row)
{
    size_t columns = screen->size.columns > 4 ? screen->size.columns - 4 : 1;
    for (size_t i = 0; i < BODY_ROWS && body.length > 0 && screen->row < last_row; i++) {
        begin_row(screen);
        out_text(&screen->view.out, "   ");
        if (i + 1 == BODY_ROWS || screen->row == last_row) {
            /* What does not fit shows as the ellipsis of the last row. */
            phx_slice rest = body;
            phx_slice line = text_take_line(&rest, columns);
            (void)text_show(&screen->view.out, rest.length > 0 ? body : line, columns);
        } else {
            (void)text_show(&screen->view.out, text_take_line(&body, columns), columns);
        }
        end_row(screen);
    }
}

static void draw_posts(struct screen *screen, const community_snapshot *snapshot)
{
    size_t last_row = screen->size.rows - 1;
    int64_t now_ms = now_wall_ms();
    const community_post *post;
    for (size_t i = 0;
         screen->row < last_row && (post = community_snapshot_post(snapshot, i)) != NULL; i++) {
        draw_post_head(screen, post, now_ms);
        draw_body(screen, post->body, last_row);
        if (screen->row < last_row) {
            begin_row(screen);
            end_row(screen);
        }
    }
    while (screen->row < last_row) {
        begin_row(screen);
        end_row(screen);
    }
}

static void draw_foot(struct screen *screen)
{
    static const char hint[] = " q quit   ";
    size_t columns = screen->size.columns;
    begin_row(screen);
    style(screen, dim);
    size_t used = text_show(&screen->view.out, (phx_slice){hint, sizeof hint - 1}, columns);
    style(screen, plain);
    style(screen, yellow);
    phx_slice cause = {screen->cause, strlen(screen->cause)};
    (void)text_show(&screen->view.out, cause, columns - used);
    end_row(screen);
}

static void draw_all(struct screen *screen)
{
    const community_snapshot *snapshot = community_client_snapshot(screen->view.client);
    screen->row = 0;
    if (screen->size.rows >= 4) {
        draw_head(screen, community_snapshot_count(snapshot));
        draw_rule(screen);
    }
    draw_posts(screen, snapshot);
    draw_foot(screen);
    community_snapshot_release(snapshot);
}

static uint32_t draw(struct view *view, uint64_t now_ms)
{
    struct screen *screen = (struct screen *)view;
    uint64_t due_ms = screen->drawn_at_ms + (screen->is_dirty ? FRAME_MS : TICK_MS);
    if (now_ms < due_ms && screen->drawn_at_ms != 0) {
        return (uint32_t)(due_ms - now_ms);
    }
    screen->is_dirty = false;
    screen->drawn_at_ms = now_ms;
    draw_all(screen);
    return TICK_MS;
}

static void keep_cause(struct screen *screen, const phx_error *error)
{
    struct out text;
    out_init(&text, -1);
    explain_cause(&text, error);
    (void)snprintf(screen->cause, sizeof screen->cause, "%.*s", (int)text.length, text.data);
    out_free(&text);
}

static void status(struct view *view, const community_status *status)
{
    struct screen *screen = (struct screen *)view;
    screen->status = *status;
    screen->status.error.message = NULL; /* it was borrowed; `cause` has it */
    screen->cause[0] = '\0';
    screen->next_attempt_at_ms = 0;
    if (status->next_attempt_in_ms != 0) {
        screen->next_attempt_at_ms =
            phx_loop_now_ms(community_client_loop(view->client)) + status->next_attempt_in_ms;
    }
    if (status->error.status != PHX_OK) {
        keep_cause(screen, &status->error);
    }
    screen->is_dirty = true;
}

static void batch(struct view *view, const community_batch *batch)
{
    (void)batch;
    ((struct screen *)view)->is_dirty = true;
}

static void error(struct view *view, const phx_error *error)
{
    keep_cause((struct screen *)view, error);
    ((struct screen *)view)->is_dirty = true;
}

static void resize(struct view *view)
{
    struct screen *screen = (struct screen *)view;
    (void)term_read_size(&screen->size);
    out_text(&view->out, "\x1b[2J");
    screen->is_dirty = true;
}

static void end(struct view *view)
{
    (void)out_flush(&view->out);
    term_leave();
}

struct view *view_screen(community_client *client)
{
    static struct screen screen = {.view = {.status = status,
                                            .batch = batch,
                                            .error = error,
                                            .draw = draw,
                                            .resize = resize,
                                            .end = end}};
    const char *no_colour = getenv("NO_COLOR");
    screen.has_colour = no_colour == NULL || no_colour[0] == '\0';
    screen.view.client = client;
    out_init(&screen.view.out, STDOUT_FILENO);
    community_client_read_status(client, &screen.status);
    screen.status.error.message = NULL;
    if (!term_read_size(&screen.size) || !term_enter()) {
        return NULL;
    }
    return &screen.view;
}
