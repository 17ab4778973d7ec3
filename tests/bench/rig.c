/* SPDX-License-Identifier: MIT */
/*
 * Ports of memory and nothing else. What a client orders is done in the poller's wait, as an
 * adapter would.
 */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "keychain.h"

enum {
    MAX_SENT = 2048,
    SETTLING_TURNS = 64
};

struct phx_connection {
    bench_rig *rig;
};

static void answer_message(bench_rig *rig, const rig_text *message)
{
    char reply[BENCH_MAX_REPLY_BYTES];
    size_t length = bench_reply(message->text, message->length, reply);
    rig->events.written(rig->events.user_data, message->length);
    if (length > 0) {
        rig->events.message(rig->events.user_data, PHX_FRAME_TEXT, (const uint8_t *)reply, length);
    }
    free(message->text);
}

static void answer_messages(bench_rig *rig)
{
    size_t count = rig->sent_count;
    for (size_t i = 0; i < count; i++) {
        rig_text message = rig->sent[i];
        answer_message(rig, &message);
    }
    memmove(rig->sent, rig->sent + count, (rig->sent_count - count) * sizeof *rig->sent);
    rig->sent_count -= count;
}

static void answer_request(bench_rig *rig)
{
    phx_http_done_fn done = rig->http_done;
    const phx_http_response response = {
        .struct_size = (uint32_t)sizeof response,
        .error = {.struct_size = (uint32_t)sizeof response.error,
                  .http_status = 200,
                  .message = ""},
        .was_sent = true,
        .body = (const uint8_t *)rig->page,
        .body_length = rig->page_length,
    };
    rig->http_done = NULL;
    done(rig->http_user_data, &response);
}

/* Jumps among the channels, and comes by each as often as by any other. */
static uint32_t channel_of(const bench_rig *rig, uint64_t number)
{
    return (uint32_t)(number * 617 % rig->channels);
}

static void deliver_burst(bench_rig *rig)
{
    const phx_transport_events *events = &rig->events;
    for (uint32_t i = 0; i < rig->burst; i++) {
        uint64_t number = rig->next_number++;
        const char *frame = rig->channels == 0
                                ? bench_frame(rig->frames, number)
                                : bench_frame_to(rig->frames, number, channel_of(rig, number));
        events->message(events->user_data, PHX_FRAME_TEXT, (const uint8_t *)frame,
                        BENCH_FRAME_BYTES);
    }
}

static phx_status poller_wait(void *user_data, uint32_t timeout_ms)
{
    bench_rig *rig = user_data;
    (void)timeout_ms;
    if (rig->connection != NULL && !rig->is_open) {
        rig->is_open = true;
        rig->events.opened(rig->events.user_data, "");
    }
    if (rig->sent_count > 0) {
        answer_messages(rig);
    }
    if (rig->http_done != NULL && rig->page != NULL) {
        answer_request(rig);
    }
    if (rig->burst > 0) {
        deliver_burst(rig);
    }
    return PHX_OK;
}

static void poller_wake(void *user_data)
{
    (void)user_data; /* wait never waits */
}

/* xorshift64: unpredictable to no one, and the same in every run. */
static phx_status random_fill(void *user_data, uint8_t *bytes, size_t length)
{
    bench_rig *rig = user_data;
    for (size_t i = 0; i < length; i++) {
        rig->random_state ^= rig->random_state << 13;
        rig->random_state ^= rig->random_state >> 7;
        rig->random_state ^= rig->random_state << 17;
        bytes[i] = (uint8_t)(rig->random_state >> 32);
    }
    return PHX_OK;
}

static phx_status transport_open(void *user_data, const phx_transport_request *request,
                                 const phx_transport_events *events, phx_connection **out)
{
    bench_rig *rig = user_data;
    (void)request;
    bench_check(rig->connection == NULL);
    rig->connection = malloc(sizeof *rig->connection);
    bench_check(rig->connection != NULL);
    rig->connection->rig = rig;
    rig->events = *events;
    rig->is_open = false;
    *out = rig->connection;
    return PHX_OK;
}

static phx_status transport_send(void *user_data, phx_connection *connection, phx_frame_kind kind,
                                 const uint8_t *data, size_t length)
{
    bench_rig *rig = user_data;
    (void)connection;
    bench_check(kind == PHX_FRAME_TEXT && rig->sent_count < MAX_SENT);
    char *copy = malloc(length);
    bench_check(copy != NULL);
    memcpy(copy, data, length);
    rig->sent[rig->sent_count++] = (rig_text){copy, length};
    return PHX_OK;
}

static void transport_close(void *user_data, phx_connection *connection, uint16_t code,
                            const char *reason)
{
    (void)user_data; /* closed() comes with the connection's release, which is none */
    (void)connection;
    (void)code;
    (void)reason;
}

static void transport_release_connection(void *user_data, phx_connection *connection)
{
    bench_rig *rig = user_data;
    for (size_t i = 0; i < rig->sent_count; i++) {
        free(rig->sent[i].text);
    }
    rig->sent_count = 0;
    rig->connection = NULL;
    free(connection);
}

static phx_status http_send(void *user_data, const phx_http_request *request, phx_http_done_fn done,
                            void *done_user_data, uint64_t *out_id)
{
    bench_rig *rig = user_data;
    (void)request;
    bench_check(rig->http_done == NULL);
    rig->http_done = done;
    rig->http_user_data = done_user_data;
    *out_id = 1;
    return PHX_OK;
}

static void http_cancel(void *user_data, uint64_t id)
{
    (void)id;
    ((bench_rig *)user_data)->http_done = NULL;
}

static void make_ports(bench_rig *rig)
{
    rig->poller = (phx_poller){.struct_size = (uint32_t)sizeof rig->poller,
                               .user_data = rig,
                               .wait = poller_wait,
                               .wake = poller_wake};
    rig->random = (phx_random){
        .struct_size = (uint32_t)sizeof rig->random, .user_data = rig, .fill = random_fill};
    rig->transport = (phx_transport){.struct_size = (uint32_t)sizeof rig->transport,
                                     .user_data = rig,
                                     .open = transport_open,
                                     .send = transport_send,
                                     .close = transport_close,
                                     .release_connection = transport_release_connection};
    rig->http = (phx_http){.struct_size = (uint32_t)sizeof rig->http,
                           .user_data = rig,
                           .send = http_send,
                           .cancel = http_cancel};
}

void bench_rig_init(bench_rig *rig, const phx_allocator *allocator)
{
    *rig = (bench_rig){.random_state = 0x9e3779b97f4a7c15u};
    make_ports(rig);
    rig->sent = malloc(MAX_SENT * sizeof *rig->sent);
    rig->frames = malloc(sizeof *rig->frames);
    bench_check(rig->sent != NULL && rig->frames != NULL);
    bench_frames_init(rig->frames, "community:feed");
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = allocator;
    config.random = &rig->random;
    config.poller = &rig->poller;
    bench_check(phx_loop_new(&config, &rig->loop) == PHX_OK);
}

/* What an app does at least: keeps the newest snapshot. */
static void on_change(void *user_data, const community_batch *batch)
{
    bench_rig *rig = user_data;
    community_snapshot_release(rig->kept);
    rig->kept = community_snapshot_retain(batch->snapshot);
    rig->taken += batch->count;
}

static void on_error(void *user_data, const phx_error *error)
{
    (void)user_data;
    bench_fail(error->message, __FILE__, __LINE__);
}

void bench_rig_settle(bench_rig *rig)
{
    rig->burst = 0;
    for (int i = 0; i < SETTLING_TURNS; i++) {
        bench_check(phx_loop_poll(rig->loop, 0) == PHX_OK);
    }
}

void bench_rig_community_waiting(bench_rig *rig, uint32_t max_posts, uint32_t page_posts)
{
    community_config config;
    community_config_init(&config);
    config.url = "ws://127.0.0.1/community";
    config.api_url = "http://127.0.0.1/api/community";
    config.keychain = bench_keychain();
    config.transport = &rig->transport;
    config.http = &rig->http;
    config.loop = rig->loop;
    config.on_change = on_change;
    config.on_error = on_error;
    config.user_data = rig;
    config.max_posts = max_posts;
    config.page_posts = page_posts;
    bench_check(community_client_new(&config, &rig->community) == PHX_OK);
    community_client_set_visible(rig->community, true);
    rig->page = NULL;
    bench_rig_settle(rig);
    bench_check(rig->http_done != NULL);
}

void bench_rig_community(bench_rig *rig, uint32_t max_posts)
{
    static const char empty[] = "{\"data\":[]}";
    bench_rig_community_waiting(rig, max_posts, 50);
    rig->page = empty;
    rig->page_length = sizeof empty - 1;
    bench_rig_settle(rig);
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(rig->community, &status);
    bench_check(status.freshness == COMMUNITY_LIVE);
}

void bench_rig_free(bench_rig *rig)
{
    community_snapshot_release(rig->kept);
    community_client_release(rig->community);
    phx_loop_release(rig->loop);
    free(rig->sent);
    free(rig->frames);
}

void bench_rig_events(bench_rig *rig, uint64_t count, uint32_t burst)
{
    uint64_t before = rig->taken;
    rig->burst = burst;
    for (uint64_t done = 0; done < count; done += burst) {
        rig->burst = count - done < burst ? (uint32_t)(count - done) : burst;
        bench_check(phx_loop_poll(rig->loop, 0) == PHX_OK);
    }
    rig->burst = 0;
    /* A full feed also says which post went. */
    bench_check(rig->taken >= before + count && rig->taken <= before + 2 * count);
}

typedef struct event_run {
    bench_rig *rig;
    uint64_t count;
    uint32_t burst;
} event_run;

static void run_events(void *context)
{
    event_run *run = context;
    bench_rig_events(run->rig, run->count, run->burst);
}

double bench_rig_event_ns(bench_rig *rig, uint64_t count, uint32_t burst)
{
    event_run run = {rig, count, burst};
    return (double)bench_measured_cpu_ns(run_events, &run) / (double)count;
}
