/* SPDX-License-Identifier: MIT */
/*
 * The peer: cJSON builds and frees its tree of the same frame and of the same page, and checks less
 * on the way (no UTF-8, no strict numbers). No struct is filled yet.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "bench.h"
#include "frames.h"

typedef struct parsing {
    bench_frames frames;
    char *page;
    size_t page_length;
    uint64_t count;
} parsing;

static void parse(const char *text, size_t length)
{
    cJSON *tree = cJSON_ParseWithLength(text, length);
    bench_check(tree != NULL);
    cJSON_Delete(tree);
}

static void parse_frames(void *context)
{
    parsing *run = context;
    for (uint64_t i = 0; i < run->count; i++) {
        parse(bench_frame(&run->frames, i), BENCH_FRAME_BYTES);
    }
}

static void parse_page(void *context)
{
    const parsing *run = context;
    parse(run->page, run->page_length);
}

int main(int argc, char **argv)
{
    static parsing run;
    run.count = bench_number(argc, argv, "events", 100000);
    bench_frames_init(&run.frames, "community:feed");
    run.page = bench_page(&run.frames, 200, 200, &run.page_length);
    double ns = (double)bench_measured_cpu_ns(parse_frames, &run);
    bench_figure("cjson.frame", ns / (double)run.count, "ns", run.count);
    double samples[101];
    for (size_t i = 0; i < 101; i++) {
        samples[i] = (double)bench_measured_cpu_ns(parse_page, &run) / 1e3;
    }
    bench_figure("cjson.page", bench_median(samples, 101), "us", 101);
    free(run.page);
    return 0;
}
