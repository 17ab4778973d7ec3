/* SPDX-License-Identifier: MIT */
/*
 * The three ways in which `watch` shows the feed. A view is told what happens and composes its
 * output; it must not know when to end, or why.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "out.h"

#include <community/community.h>

struct view;

struct view {
    void (*status)(struct view *view, const community_status *status);
    void (*batch)(struct view *view, const community_batch *batch);
    void (*error)(struct view *view, const phx_error *error);
    /* Once a turn: draws what is due, and returns in how many milliseconds the next drawing is;
     * UINT32_MAX: none. NULL: the view only appends. */
    uint32_t (*draw)(struct view *view, uint64_t now_ms);
    /* The terminal was resized, or is another one. NULL: does not matter. */
    void (*resize)(struct view *view);
    /* The last output, and the end of the view. */
    void (*end)(struct view *view);
    community_client *client;
    struct out out;
};

struct view *view_json(community_client *client);
struct view *view_lines(community_client *client);
/* NULL: this terminal cannot be drawn on. */
struct view *view_screen(community_client *client);

#endif
