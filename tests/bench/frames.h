/* SPDX-License-Identifier: MIT */
/*
 * The traffic that everything is measured with: new_post broadcasts with the members and in the
 * order in which Phoenix wrote them (tests/wire), each 918 bytes long and with an id of its own.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_FRAME_BYTES = 918,
    BENCH_FRAME_KINDS = 64, /* frames that differ in text, author and counts */
    BENCH_MAX_REPLY_BYTES = 256,
};

/* Long enough for a topic as long as "community:feed". */
typedef struct bench_frames {
    char text[BENCH_FRAME_KINDS][BENCH_FRAME_BYTES];
    size_t id_at[BENCH_FRAME_KINDS]; /* where the digits that rise are */
} bench_frames;

/* `topic`: 14 bytes. */
void bench_frames_init(bench_frames *frames, const char *topic);

/* The frame of the post `number`; valid until that kind's next one. */
const char *bench_frame(bench_frames *frames, uint64_t number);
/* The same, to the channel whose topic ends with these four digits. */
const char *bench_frame_to(bench_frames *frames, uint64_t number, uint32_t channel);
/* Only its payload, the post. */
const char *bench_frame_post(bench_frames *frames, uint64_t number, size_t *out_length);

/* {"data":[...]} of `count` posts with falling numbers from `first` on, newest first; free(). */
char *bench_page(bench_frames *frames, uint64_t first, uint32_t count, size_t *out_length);

/* The server's side of a session: writes phx_reply "ok" to a message that a client sent, and
 * returns its length; 0: it asks for none. */
size_t bench_reply(const char *message, size_t length, char out[BENCH_MAX_REPLY_BYTES]);

#endif
