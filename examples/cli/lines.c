/* SPDX-License-Identifier: MIT */
/*
 * Posts as plain text; see lines.h.
 */
#include "lines.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t now_wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

phx_slice post_author_name(const community_post *post)
{
    static const char unknown[] = "somebody";
    if (post->author.name.length != 0) {
        return post->author.name;
    }
    return post->author.id.length != 0 ? post->author.id : (phx_slice){unknown, sizeof unknown - 1};
}

size_t post_counts(struct out *out, const community_post *post)
{
    char text[80] = "";
    int length = 0;
    if (post->likes_count != 0) {
        length = snprintf(text, sizeof text, "%" PRId64 " like%s", post->likes_count,
                          post->likes_count == 1 ? "" : "s");
    }
    if (post->comments_count != 0) {
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%" PRId64 " comment%s",
                           length != 0 ? ", " : "", post->comments_count,
                           post->comments_count == 1 ? "" : "s");
    }
    out_bytes(out, text, (size_t)length);
    return (size_t)length;
}

void line_post(struct out *out, const community_post *post, int64_t now_ms, size_t columns)
{
    struct out line;
    out_init(&line, -1);
    (void)text_show(&line, post->id, SIZE_MAX);
    if ((post->members & COMMUNITY_POST_HAS_INSERTED_AT) != 0) {
        out_text(&line, "  ");
        text_age(&line, post->inserted_at_ms, now_ms);
    }
    out_text(&line, "  ");
    (void)text_show(&line, post_author_name(post), SIZE_MAX);
    out_text(&line, "  ");
    if (post_counts(&line, post) != 0) {
        out_text(&line, "  ");
    }
    (void)text_show(&line, post->body, SIZE_MAX);
    (void)text_show(out, (phx_slice){line.data, line.length}, columns);
    out->error = out->error != 0 ? out->error : line.error;
    out_free(&line);
}
