/* SPDX-License-Identifier: MIT */
/*
 * One event's two decodings: the frame into its envelope, its payload into a post.
 */
#include "bench.h"
#include "community/post_codec.h"
#include "frames.h"
#include "support/alloc.h"
#include "wire/envelope.h"

typedef struct decoding {
    bench_frames frames;
    uint64_t count;
} decoding;

static void decode_posts(void *context)
{
    decoding *run = context;
    for (uint64_t i = 0; i < run->count; i++) {
        size_t length = 0;
        const char *text = bench_frame_post(&run->frames, i, &length);
        const community_post *post = NULL;
        const char *reason = NULL;
        bench_check(communityi_post_decode_checked(&phxi_default_allocator,
                                                   (phx_slice){text, length}, &post,
                                                   &reason) == PHX_OK);
        community_post_release(post);
    }
}

static void decode_envelopes(void *context)
{
    decoding *run = context;
    phxi_buffer scratch;
    phxi_buffer_init(&scratch, &phxi_default_allocator, 1 << 20);
    for (uint64_t i = 0; i < run->count; i++) {
        phxi_envelope envelope;
        const char *reason = NULL;
        bench_check(phxi_envelope_decode_text(bench_frame(&run->frames, i), BENCH_FRAME_BYTES,
                                              &scratch, &envelope, &reason) == PHX_OK);
    }
    phxi_buffer_free(&scratch);
}

static void measure(decoding *run, const char *figure, void (*body)(void *))
{
    double ns = (double)bench_measured_cpu_ns(body, run);
    bench_figure(figure, ns / (double)run->count, "ns", run->count);
}

int main(int argc, char **argv)
{
    static decoding run;
    run.count = bench_number(argc, argv, "events", 200000);
    const char *only = bench_text(argc, argv, "only", "");
    bench_frames_init(&run.frames, "community:feed");
    if (only[0] != 'e') {
        measure(&run, "decode.post", decode_posts);
    }
    if (only[0] != 'p') {
        measure(&run, "decode.envelope", decode_envelopes);
    }
    return 0;
}
