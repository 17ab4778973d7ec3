/* SPDX-License-Identifier: MIT */
/*
 * The ring of bytes and the ring of their due times; see flow.h.
 */
#include "flow.h"

#include <errno.h>
#include <sys/socket.h>

enum {
    CUT_GAP_US = 100,      /* so that the receiver reads before the next piece comes */
    SLICES_PER_SECOND = 50 /* of a limited rate */
};

static const uint64_t US_PER_SECOND = 1000000;

uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t x = *seed;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return limit == 0 ? 0 : (uint32_t)(x % limit);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool flow_has_room(const struct flow *flow)
{
    return flow->read_count - flow->written_count < FLOW_BYTES &&
           flow->segment_count < FLOW_SEGMENTS;
}

bool flow_is_empty(const struct flow *flow)
{
    return flow->read_count == flow->written_count;
}

uint64_t flow_due_us(const struct flow *flow)
{
    if (flow_is_empty(flow)) {
        return UINT64_MAX;
    }
    uint64_t due_us = flow->segments[flow->first_segment].due_us;
    return due_us > flow->next_write_us ? due_us : flow->next_write_us;
}

static uint64_t due_time(const struct flow *flow, const struct rule *rule, uint64_t now_us,
                         uint64_t *seed)
{
    if (rule->merge_ms > 0 && flow->last_due_us > now_us) {
        return flow->last_due_us;
    }
    uint64_t wait_ms = (uint64_t)rule->delay_ms + rule->merge_ms;
    wait_ms += random_below(seed, rule->jitter_ms + 1);
    uint64_t due_us = now_us + wait_ms * 1000;
    return due_us > flow->last_due_us ? due_us : flow->last_due_us;
}

static void add_segment(struct flow *flow, uint64_t due_us)
{
    size_t last = (flow->first_segment + flow->segment_count - 1) % FLOW_SEGMENTS;
    if (flow->segment_count == 0 || flow->segments[last].due_us != due_us) {
        last = (flow->first_segment + flow->segment_count) % FLOW_SEGMENTS;
        flow->segment_count++;
    }
    flow->segments[last] = (struct segment){.end = flow->read_count, .due_us = due_us};
    flow->last_due_us = due_us;
}

bool flow_read(struct flow *flow, const struct rule *rule, int fd, uint64_t now_us, uint64_t *seed)
{
    size_t at = (size_t)(flow->read_count % FLOW_BYTES);
    size_t room = FLOW_BYTES - (size_t)(flow->read_count - flow->written_count);
    ssize_t length = recv(fd, flow->bytes + at, smaller(room, FLOW_BYTES - at), 0);
    if (length < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    flow->is_ended = length == 0;
    if (length > 0) {
        flow->read_count += (uint64_t)length;
        add_segment(flow, due_time(flow, rule, now_us, seed));
    }
    return true;
}

/* How many bytes from the ring's begin are due, without going round its end. */
static size_t due_bytes(const struct flow *flow, uint64_t now_us)
{
    uint64_t end = flow->written_count;
    for (size_t i = 0; i < flow->segment_count; i++) {
        const struct segment *segment = &flow->segments[(flow->first_segment + i) % FLOW_SEGMENTS];
        if (segment->due_us > now_us) {
            break;
        }
        end = segment->end;
    }
    size_t at = (size_t)(flow->written_count % FLOW_BYTES);
    return smaller((size_t)(end - flow->written_count), FLOW_BYTES - at);
}

static size_t next_length(const struct rule *rule, size_t length, uint64_t *seed)
{
    if (rule->cut > 0) {
        length = smaller(length, 1 + random_below(seed, rule->cut));
    }
    if (rule->rate > 0) {
        length = smaller(length, 1 + rule->rate / SLICES_PER_SECOND);
    }
    return length;
}

static void drop_segments(struct flow *flow)
{
    while (flow->segment_count > 0 &&
           flow->segments[flow->first_segment].end <= flow->written_count) {
        flow->first_segment = (flow->first_segment + 1) % FLOW_SEGMENTS;
        flow->segment_count--;
    }
}

enum flow_result flow_write(struct flow *flow, const struct rule *rule, int fd, uint64_t now_us,
                            uint64_t *seed, struct flow_counters *counters)
{
    size_t length = next_length(rule, due_bytes(flow, now_us), seed);
    const uint8_t *from = flow->bytes + flow->written_count % FLOW_BYTES;
    ssize_t written = send(fd, from, length, MSG_NOSIGNAL);
    if (written < 0) {
        return errno == EAGAIN || errno == EINTR ? FLOW_BLOCKED : FLOW_BROKEN;
    }
    flow->written_count += (uint64_t)written;
    drop_segments(flow);
    counters->bytes += (uint64_t)written;
    counters->writes++;
    uint64_t pause_us = rule->cut > 0 ? CUT_GAP_US : 0;
    if (rule->rate > 0) {
        pause_us += (uint64_t)written * US_PER_SECOND / rule->rate;
    }
    flow->next_write_us = now_us + pause_us;
    return FLOW_WRITTEN;
}
