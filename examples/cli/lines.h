/* SPDX-License-Identifier: MIT */
/*
 * A post on one line, for `list` and for a `watch` that is no terminal.
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "out.h"

#include <community/post.h>

/* "ID  12s  Bob  1 like, 2 comments  the body", without the line end. columns: SIZE_MAX for all of
 * it. */
void line_post(struct out *out, const community_post *post, int64_t now_ms, size_t columns);

/* The author's name, or what else there is to call them. */
phx_slice post_author_name(const community_post *post);

/* "1 like, 2 comments", or nothing. Returns its columns. */
size_t post_counts(struct out *out, const community_post *post);

/* Milliseconds since 1970, for ages. */
int64_t now_wall_ms(void);

#endif
