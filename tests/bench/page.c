/* SPDX-License-Identifier: MIT */
/*
 * A REST page of 200 posts: the whole way from the answer's body to the end of the callback that is
 * given the filled feed, for clients that just joined; and its decoding alone.
 */
#include <stdlib.h>

#include "bench.h"
#include "community/post_codec.h"
#include "rig.h"
#include "support/alloc.h"

enum {
    POSTS = 200
};

static void answer_page(void *context)
{
    bench_rig *rig = context;
    bench_check(phx_loop_poll(rig->loop, 0) == PHX_OK);
}

static double fill_us(const char *page, size_t length)
{
    bench_rig rig;
    bench_rig_init(&rig, NULL);
    bench_rig_community_waiting(&rig, POSTS, POSTS);
    rig.page = page;
    rig.page_length = length;
    double us = (double)bench_measured_cpu_ns(answer_page, &rig) / 1e3;
    bench_check(rig.kept != NULL && community_snapshot_count(rig.kept) == POSTS);
    bench_rig_free(&rig);
    return us;
}

typedef struct decoding {
    const char *page;
    size_t length;
    size_t posts;
} decoding;

static phx_status take(void *user_data, const community_post *post)
{
    decoding *run = user_data;
    run->posts++;
    community_post_release(post);
    return PHX_OK;
}

static void decode_page(void *context)
{
    decoding *run = context;
    const char *reason = NULL;
    bench_check(communityi_page_decode(&phxi_default_allocator, run->page, run->length, take, run,
                                       &reason) == PHX_OK);
}

int main(int argc, char **argv)
{
    uint64_t rounds = bench_number(argc, argv, "rounds", 201);
    const char *only = bench_text(argc, argv, "only", "");
    static bench_frames frames;
    bench_frames_init(&frames, "community:feed");
    size_t length = 0;
    char *page = bench_page(&frames, POSTS, POSTS, &length);
    double *samples = calloc(rounds, sizeof *samples);
    bench_check(samples != NULL);
    if (only[0] != 'd') {
        for (uint64_t i = 0; i < rounds; i++) {
            samples[i] = fill_us(page, length);
        }
        bench_figure("page.whole", bench_median(samples, rounds), "us", rounds);
    }
    if (only[0] != 'w') {
        decoding run = {page, length, 0};
        for (uint64_t i = 0; i < rounds; i++) {
            samples[i] = (double)bench_measured_cpu_ns(decode_page, &run) / 1e3;
        }
        bench_check(run.posts == rounds * POSTS);
        bench_figure("page.decode", bench_median(samples, rounds), "us", rounds);
        bench_figure("page.bytes", (double)length, "B", POSTS);
    }
    free(samples);
    free(page);
    return 0;
}
