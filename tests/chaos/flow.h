/* SPDX-License-Identifier: MIT */
/*
 * One direction of a connection through the relay: bytes that were read and wait until they may be
 * written, and the faults that they meet meanwhile. It must not know of connections, or of
 * commands.
 */
#ifndef CHAOS_FLOW_H
#define CHAOS_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLOW_BYTES = 64 * 1024,
    FLOW_SEGMENTS = 1024
};

/* What happens to what is read from now on; all zero: nothing. */
struct rule {
    uint32_t delay_ms;
    uint32_t jitter_ms; /* a random time up to this is added; the order stays */
    uint32_t merge_ms;  /* what comes within so long leaves together */
    uint32_t rate;      /* bytes a second; 0: no limit */
    uint32_t cut;       /* each write has 1 to `cut` bytes, by the seed; 0: no limit */
    uint32_t silent;    /* 1: nothing is read or written, an end of the connection included */
};

/* Bytes that are due at the same time. */
struct segment {
    uint64_t end; /* offset of the first byte behind it */
    uint64_t due_us;
};

struct flow {
    uint8_t bytes[FLOW_BYTES]; /* a ring; offsets count from the connection's begin */
    uint64_t read_count;
    uint64_t written_count;
    struct segment segments[FLOW_SEGMENTS]; /* a ring */
    size_t first_segment;
    size_t segment_count;
    uint64_t last_due_us;
    uint64_t next_write_us; /* rate and cuts allow none before */
    bool is_ended;          /* the sender's end was read */
};

struct flow_counters {
    uint64_t bytes;
    uint64_t writes;
};

/* At most 0xffffffff. */
uint32_t random_below(uint64_t *seed, uint32_t limit);

bool flow_has_room(const struct flow *flow);
bool flow_is_empty(const struct flow *flow);
/* When the next byte may be written; UINT64_MAX: there is none. */
uint64_t flow_due_us(const struct flow *flow);

/* Reads once. False: the connection is broken. */
bool flow_read(struct flow *flow, const struct rule *rule, int fd, uint64_t now_us, uint64_t *seed);

enum flow_result {
    FLOW_WRITTEN,
    FLOW_BLOCKED,
    FLOW_BROKEN
};

/* Writes once, something that is due. */
enum flow_result flow_write(struct flow *flow, const struct rule *rule, int fd, uint64_t now_us,
                            uint64_t *seed, struct flow_counters *counters);

#endif
