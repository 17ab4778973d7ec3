/* SPDX-License-Identifier: MIT */
/*
 * The same events with 1,000 and with 1,000,000 posts in the feed: the cost of an event in a burst,
 * of a batch of one with the app keeping each snapshot, and of taking and reading a snapshot. The
 * two feeds live side by side and are measured in turn.
 */
#include "bench.h"
#include "rig.h"

enum {
    SLICES = 10,
    WINDOW = 20
};

typedef enum figure {
    EVENT,
    BATCH,
    SNAPSHOT,
    FIGURES
} figure;

typedef struct feed_run {
    bench_rig rig;
    uint64_t capacity;
    double ns[FIGURES][SLICES];
} feed_run;

static void fill(feed_run *feed)
{
    bench_rig_init(&feed->rig, NULL);
    bench_rig_community(&feed->rig, (uint32_t)feed->capacity);
    /* More than full: then its memory is as worn as that of one that runs for long. */
    bench_rig_events(&feed->rig, feed->capacity * 3 / 2, 64);
    bench_check(community_snapshot_count(feed->rig.kept) == feed->capacity);
}

typedef struct reading {
    feed_run *feed;
    uint64_t count;
} reading;

/* As drawing does: the newest snapshot, and the posts at its top. */
static void read_snapshots(void *context)
{
    const reading *run = context;
    community_client *client = run->feed->rig.community;
    const community_post *posts[WINDOW];
    for (uint64_t i = 0; i < run->count; i++) {
        const community_snapshot *snapshot = community_client_snapshot(client);
        bench_check(community_snapshot_range(snapshot, 0, posts, WINDOW) == WINDOW);
        community_snapshot_release(snapshot);
    }
}

static void measure(feed_run *feed, size_t slice, uint64_t events)
{
    feed->ns[EVENT][slice] = bench_rig_event_ns(&feed->rig, events, 64);
    feed->ns[BATCH][slice] = bench_rig_event_ns(&feed->rig, events, 1);
    reading run = {feed, events};
    feed->ns[SNAPSHOT][slice] =
        (double)bench_measured_cpu_ns(read_snapshots, &run) / (double)events;
}

int main(int argc, char **argv)
{
    static const char *const names[FIGURES][2] = {
        {"feed.event_at_1000", "feed.event_at_1000000"},
        {"feed.batch_at_1000", "feed.batch_at_1000000"},
        {"feed.snapshot_at_1000", "feed.snapshot_at_1000000"},
    };
    uint64_t events = bench_number(argc, argv, "events", 10000);
    static feed_run feeds[2] = {{.capacity = 1000}, {.capacity = 1000000}};
    if (bench_system_number("/proc/meminfo", "MemAvailable") < 2500000) {
        bench_skip("a million posts need 2 GB of memory");
    }
    fill(&feeds[0]);
    fill(&feeds[1]);
    for (size_t slice = 0; slice < SLICES; slice++) {
        measure(&feeds[0], slice, events);
        measure(&feeds[1], slice, events);
    }
    for (size_t i = 0; i < FIGURES; i++) {
        for (size_t k = 0; k < 2; k++) {
            bench_figure(names[i][k], bench_median(feeds[k].ns[i], SLICES), "ns", events * SLICES);
        }
    }
    bench_rig_free(&feeds[0].rig);
    bench_rig_free(&feeds[1].rig);
    return 0;
}
