/* SPDX-License-Identifier: MIT */
/*
 * watch into a pipe or on a plain terminal: a line for each thing that happens. "+" new, "~"
 * changed,
 * "-" gone, "=" the whole feed anew (oldest first, as if each came now), "#" the connection.
 */
#include "view.h"

#include "explain.h"
#include "json_out.h"
#include "lines.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct lines {
    struct view view;
    char status[512]; /* the last line about the connection */
};

static void compose_status(struct out *line, const community_status *status)
{
    out_format(line, "# %s, %s", state_name(status->state), freshness_name(status->freshness));
    if (status->error.status != PHX_OK) {
        out_text(line, ": ");
        explain_cause(line, &status->error);
    }
    if (status->next_attempt_in_ms != 0) {
        out_format(line, ", next attempt in %.1f s", status->next_attempt_in_ms / 1000.0);
    }
    out_text(line, "\n");
    out_bytes(line, "", 1);
}

/* What reads the same as the line before is no news. */
static void status(struct view *view, const community_status *status)
{
    struct lines *lines = (struct lines *)view;
    struct out line;
    out_init(&line, -1);
    compose_status(&line, status);
    if (line.error == 0 && strcmp(line.data, lines->status) != 0) {
        out_text(&view->out, line.data);
        (void)snprintf(lines->status, sizeof lines->status, "%s", line.data);
    }
    out_free(&line);
}

static void post_line(struct view *view, const char *mark, const community_post *post)
{
    out_format(&view->out, "%s ", mark);
    line_post(&view->out, post, now_wall_ms(), SIZE_MAX);
    out_text(&view->out, "\n");
}

static void reset(struct view *view, const community_snapshot *snapshot)
{
    size_t count = community_snapshot_count(snapshot);
    out_format(&view->out, "= %zu posts\n", count);
    while (count-- > 0) {
        post_line(view, "+", community_snapshot_post(snapshot, count));
    }
}

static void batch(struct view *view, const community_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const community_change *change = &batch->changes[i];
        switch (change->kind) {
        case COMMUNITY_CHANGE_INSERT:
            post_line(view, "+", change->post);
            break;
        case COMMUNITY_CHANGE_REPLACE:
            post_line(view, "~", change->post);
            break;
        case COMMUNITY_CHANGE_REMOVE:
            post_line(view, "-", change->post);
            break;
        case COMMUNITY_CHANGE_RESET:
            reset(view, batch->snapshot);
            break;
        default:
            break;
        }
    }
}

static void error(struct view *view, const phx_error *error)
{
    out_text(&view->out, "! ");
    explain_cause(&view->out, error);
    out_text(&view->out, "\n");
}

static void end(struct view *view)
{
    (void)view;
}

struct view *view_lines(community_client *client)
{
    static struct lines lines = {
        .view = {.status = status, .batch = batch, .error = error, .end = end}};
    lines.view.client = client;
    out_init(&lines.view.out, STDOUT_FILENO);
    return &lines.view;
}
