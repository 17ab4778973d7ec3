/* SPDX-License-Identifier: MIT */
/*
 * The engine, driven by the input's bytes: first a configuration, then inputs of the application,
 * the transport, the server and the clock in any order, with allocations refused; in the end a
 * server that behaves, or one that falls silent, and the shut-down.
 */
#include "engine_server.h"
#include "engine_world.h"
#include "phx/backoff.h"

enum {
    MAX_INPUTS = 400,
    LATEST_MS = 1000000000
};

static const phx_status ends[] = {
    PHX_OK,
    PHX_ERROR_CONNECTION_LOST,
    PHX_ERROR_UNAUTHORIZED,
    PHX_ERROR_TOKEN_PENDING,
    PHX_ERROR_TLS,
    PHX_ERROR_UPGRADE_REFUSED,
    PHX_ERROR_NO_TOKEN,
    PHX_ERROR_KEYCHAIN,
    PHX_ERROR_NO_MEMORY,
};

static uint32_t custom_delay(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)user_data;
    FUZZ_CHECK(attempt > 0 && error != NULL);
    return attempt % 7 * 100;
}

static phx_backoff choose_backoff(fuzz_input *input, uint32_t base_ms)
{
    static const phx_backoff_kind kinds[] = {PHX_BACKOFF_JITTER, PHX_BACKOFF_STEPPED,
                                             PHX_BACKOFF_CUSTOM};
    phx_backoff backoff = {.kind = kinds[fuzz_below(input, 3)], .delay_ms = custom_delay};
    phxi_backoff_resolve(&backoff, base_ms);
    return backoff;
}

/* The choices are statements, here and below: the order of initializers is the compiler's. */
static phxi_engine_config choose_config(fuzz_input *input)
{
    static const uint64_t first_refs[] = {0, 1, 9, UINT32_MAX, UINT64_MAX - 3};
    uint8_t flags = fuzz_byte(input);
    bool is_roomy = (flags & 1) != 0;
    phxi_engine_config config = {
        .hash_seed = {2, 3},
        .connect_timeout_ms = 10000,
        .heartbeat_interval_ms = (flags & 2) != 0 ? UINT32_MAX : 30000,
        .heartbeat_timeout_ms = 10000,
        .is_heartbeat_strict = (flags & 4) != 0,
        .final_close_code = (flags & 8) != 0 ? 1000 : 0,
        .probe_timeout_ms = 3000,
        .push_timeout_ms = 10000,
        .close_timeout_ms = 2000,
    };
    config.random_seed = fuzz_number(input, 2);
    config.reconnect = choose_backoff(input, 250);
    config.rejoin = choose_backoff(input, 1000);
    config.max_frame_bytes = is_roomy ? 65536 : 256 + fuzz_size(input, 1);
    config.max_queued_bytes = is_roomy ? 65536 : 256 + 2 * fuzz_size(input, 1);
    config.max_queued_pushes = is_roomy ? 64 : 1 + (uint32_t)fuzz_below(input, 8);
    config.max_channels = is_roomy ? 64 : 1 + (uint32_t)fuzz_below(input, 8);
    config.first_ref = first_refs[fuzz_below(input, sizeof first_refs / sizeof first_refs[0])];
    return config;
}

/* One that was joined, mostly; also one that is gone, or never was. */
static uint64_t choose_channel(const engine_world *world, fuzz_input *input)
{
    uint8_t choice = fuzz_byte(input);
    if (choice == 0xff || world->channel_count == 0) {
        return UINT64_MAX;
    }
    return world->channel_count - choice % world->channel_count;
}

static uint64_t choose_epoch(const engine_world *world, fuzz_input *input)
{
    uint8_t choice = fuzz_byte(input);
    return (choice & 0xf0) == 0xf0 ? world->epoch - (choice & 3) + 1 : world->epoch;
}

static uint32_t choose_timeout(fuzz_input *input)
{
    static const uint32_t timeouts[] = {0, 1, 500, 20000, 60000, 600000};
    return timeouts[fuzz_below(input, sizeof timeouts / sizeof timeouts[0])];
}

static void join_one(engine_world *world, fuzz_input *input)
{
    uint8_t flags = fuzz_byte(input);
    size_t topic = fuzz_below(input, WORLD_TOPICS);
    world->verdict = (phx_join_verdict)(flags / 4 % 3);
    world_join(world, topic, choose_timeout(input),
               (flags & 1) != 0 ? PHX_OVERFLOW_DROP_OLDEST : PHX_OVERFLOW_REJECT, (flags & 2) != 0);
}

static void push_one(engine_world *world, fuzz_input *input)
{
    uint8_t flags = fuzz_byte(input);
    world_push_choice choice = {.event_bytes = flags >> 2, .is_binary = (flags & 1) != 0};
    choice.channel_id = choose_channel(world, input);
    choice.payload_bytes = fuzz_size(input, (flags & 2) != 0 ? 2 : 1);
    choice.timeout_ms = choose_timeout(input);
    world_push_to(world, &choice);
}

static void close_one(engine_world *world, fuzz_input *input)
{
    static const int32_t codes[] = {0, 1000, 1001, 1006, 1008, 1011, 1012, 1013, 4000, 65535};
    static const int32_t answers[] = {0, 0, 0, 401, 403, 429, 503};
    static const uint32_t waits[] = {0, 0, 1000, 90000, UINT32_MAX};
    static const char *const messages[] = {NULL, "", "it was lost"};
    phx_error error = {.struct_size = (uint32_t)sizeof error};
    error.status = ends[fuzz_below(input, sizeof ends / sizeof ends[0])];
    error.close_code = codes[fuzz_below(input, sizeof codes / sizeof codes[0])];
    error.http_status = answers[fuzz_below(input, sizeof answers / sizeof answers[0])];
    error.retry_after_ms = waits[fuzz_below(input, sizeof waits / sizeof waits[0])];
    error.message = messages[fuzz_below(input, sizeof messages / sizeof messages[0])];
    world_closed(world, choose_epoch(world, input), &error);
}

/* Bytes of the input as they are, or what they make of a frame that was sent. */
static void receive_raw(engine_world *world, fuzz_input *input, phx_frame_kind kind)
{
    phx_slice frame = fuzz_bytes(input, fuzz_byte(input));
    world_receive(world, world->epoch, kind, frame.data, frame.length);
}

static void write_some(engine_world *world, fuzz_input *input)
{
    uint64_t epoch = choose_epoch(world, input);
    world_written(world, epoch, fuzz_size(input, 2));
}

static void pass_time(engine_world *world, uint64_t ms)
{
    world->now_ms += world->now_ms < LATEST_MS ? ms : 0;
}

static void to_deadline(engine_world *world)
{
    uint64_t deadline_ms = phxi_engine_deadline_ms(world->engine);
    if (deadline_ms > world->now_ms && deadline_ms < LATEST_MS) {
        world->now_ms = deadline_ms;
    }
}

static void app_input(engine_world *world, fuzz_input *input, uint8_t kind)
{
    switch (kind) {
    case 0:
        phxi_engine_connect(world->engine, world->now_ms);
        break;
    case 1:
        phxi_engine_disconnect(world->engine, world->now_ms);
        break;
    case 2:
        phxi_engine_probe(world->engine, world->now_ms);
        break;
    case 3:
        phxi_engine_token_changed(world->engine, world->now_ms);
        break;
    case 4:
        join_one(world, input);
        break;
    case 5:
        phxi_engine_leave(world->engine, world->now_ms, choose_channel(world, input));
        break;
    case 6:
        phxi_engine_rejoin(world->engine, world->now_ms, choose_channel(world, input));
        break;
    case 7:
        push_one(world, input);
        break;
    default:
        phxi_engine_cancel(world->engine, world->now_ms,
                           world->push_count - fuzz_byte(input) % (world->push_count + 1));
        break;
    }
}

static void network_input(engine_world *world, fuzz_input *input, uint8_t kind)
{
    switch (kind) {
    case 0:
        world_opened(world, choose_epoch(world, input));
        break;
    case 1:
        close_one(world, input);
        break;
    case 2:
    case 3:
    case 4:
        server_say(world, input);
        break;
    case 5:
        receive_raw(world, input, PHX_FRAME_TEXT);
        break;
    case 6:
        receive_raw(world, input, PHX_FRAME_BINARY);
        break;
    case 7:
        write_some(world, input);
        break;
    case 8:
        world->open_fails = ends[fuzz_below(input, sizeof ends / sizeof ends[0])];
        break;
    case 9:
        world->send_fails = ends[fuzz_below(input, sizeof ends / sizeof ends[0])];
        break;
    default:
        world->skips_heartbeats = (fuzz_byte(input) & 1) != 0;
        break;
    }
}

static void clock_input(engine_world *world, fuzz_input *input, uint8_t kind)
{
    switch (kind) {
    case 0:
        pass_time(world, fuzz_byte(input));
        break;
    case 1:
        pass_time(world, fuzz_number(input, 2));
        break;
    case 2:
        pass_time(world, fuzz_number(input, 3));
        break;
    default:
        to_deadline(world);
        break;
    }
}

static void one_input(engine_world *world, fuzz_input *input)
{
    enum {
        APP = 9,
        NETWORK = 11,
        CLOCK = 4
    };
    uint8_t choice = fuzz_byte(input);
    uint8_t kind = choice % (APP + NETWORK + CLOCK);
    size_t refused = choice >= 7 * (APP + NETWORK + CLOCK) ? 1 + fuzz_below(input, 8) : 0;
    failing_allocator_refuse(&world->allocator, refused, refused % 2 == 0);
    if (kind < APP) {
        app_input(world, input, kind);
    } else if (kind < APP + NETWORK) {
        network_input(world, input, (uint8_t)(kind - APP));
    } else {
        clock_input(world, input, (uint8_t)(kind - APP - NETWORK));
    }
    world_run_due(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static engine_world world;
    fuzz_input input = {data, size};
    uint8_t flags = fuzz_byte(&input);
    memset(&world, 0, sizeof world);
    world.config = choose_config(&input);
    failing_allocator_init(&world.allocator);
    failing_allocator_refuse(&world.allocator, flags >> 4 == 15 ? 1 : 0, false);
    if (!world_begin(&world)) {
        FUZZ_CHECK(flags >> 4 == 15);
        return 0;
    }
    world_settle(&world);
    for (size_t i = 0; input.left > 0 && i < MAX_INPUTS; i++) {
        one_input(&world, &input);
    }
    if ((flags & 1) == 0) {
        server_behave(&world);
    }
    if ((flags & 2) == 0) {
        server_fall_silent(&world);
    }
    world_end(&world);
    return 0;
}
