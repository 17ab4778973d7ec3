/* SPDX-License-Identifier: MIT */
/*
 * One seed: a world, some minutes of faults, then none until all is well again, and the end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

enum {
    STEPS = 250,
    STEP_WITH_ALL_CHECKS = 16,
    /* Both clients together: posts, pushes, and what a second's events need on the way. */
    MAX_HELD_BYTES = 2 << 20,
    CALM_STEP_MS = 1000,
    CALM_LEAST_MS = 60000, /* a heartbeat finds out what is half open */
    CALM_LIMIT_MS = 240000
};

static sim_world world_memory;
void (*sim_sabotage)(sim_world *world);
sim_recording_options sim_recording;

size_t sim_below(sim_world *world, size_t limit)
{
    return random_below(&world->random, limit);
}

void sim_count(sim_world *world, sim_fault_kind kind)
{
    world->coverage.faults[kind]++;
}

bool sim_happens(sim_world *world, sim_fault_kind kind)
{
    uint32_t per_mille = world->plan.per_mille[kind];
    if (world->is_calm || per_mille == 0 || sim_below(world, 1000) >= per_mille) {
        return false;
    }
    sim_count(world, kind);
    if (world->is_tracing) {
        sim_note(world, sim_fault_text(kind), 0, 0);
    }
    return true;
}

/* --- the trace --- */

static void mix(sim_world *world, uint64_t value)
{
    world->trace_hash = (world->trace_hash ^ value) * 0x9e3779b97f4a7c15u;
    world->trace_hash ^= world->trace_hash >> 29;
}

static double seconds(const sim_world *world)
{
    return (double)(world->app.poller.now_ms - sim_current.start_ms) / 1000;
}

void sim_note(sim_world *world, const char *what, uint64_t a, uint64_t b)
{
    mix(world, world->app.poller.now_ms);
    mix(world, a);
    mix(world, b);
    if (world->is_tracing) {
        (void)printf("%10.3f %-20s %llu %llu\n", seconds(world), what, (unsigned long long)a,
                     (unsigned long long)b);
    }
}

void sim_note_bytes(sim_world *world, const char *what, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    mix(world, world->app.poller.now_ms);
    mix(world, length);
    for (size_t left = length; left >= sizeof(uint64_t); left -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at + length - left, sizeof word);
        mix(world, word);
    }
    if (world->is_tracing) {
        (void)printf("%10.3f %-20s ", seconds(world), what);
        for (size_t i = 0; i < length; i++) {
            (void)putchar(at[i] >= ' ' && at[i] < 0x7f ? at[i] : '.');
        }
        (void)putchar('\n');
    }
}

static void write_log(void *user_data, phx_log_level level, const char *component,
                      const char *message)
{
    sim_world *world = user_data;
    sim_rule_text(message, "a log line");
    if (world->is_tracing) {
        (void)printf("%10.3f %-20s %d %s\n", seconds(world), component, (int)level, message);
    }
}

/* --- accidents of the device --- */

static void sleep_for(sim_world *world)
{
    uint64_t ms = 1000 + sim_below(world, sim_below(world, 4) == 0 ? 1200000 : 60000);
    sim_endpoint *const ends[] = {&world->feed.end, &world->channels.end};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        ends[i]->is_disturbed = true;
        if (ms > 60000 && ends[i]->connection != NULL) {
            /* The server, or what is on the way, has given it up meanwhile. */
            fake_connection_cut(ends[i]->connection);
        }
    }
    for (size_t i = 1; i <= world->channels.push_count; i++) {
        world->channels.pushes[i].deadline_ms += ms;
    }
    world->app.poller.now_ms += ms;
}

static void spoil_keychains(sim_world *world)
{
    fake_keychain *const keychains[] = {&world->app.keychain, &world->channels.keychain};
    for (size_t i = 0; i < COUNT_OF(keychains); i++) {
        if (sim_happens(world, SIM_KEYCHAIN_FAILED)) {
            keychains[i]->read_status = PHX_ERROR_KEYCHAIN;
        } else if (sim_happens(world, SIM_TOKEN_PENDING)) {
            keychains[i]->read_status = PHX_ERROR_TOKEN_PENDING;
        } else if (sim_below(world, 8) == 0) {
            keychains[i]->read_status = PHX_OK;
        }
    }
}

static void disturb(sim_world *world)
{
    if (sim_happens(world, SIM_SLEEP)) {
        sleep_for(world);
    }
    if (sim_happens(world, SIM_WALL_JUMP)) {
        world->app.poller.wall_offset_ms += (int64_t)sim_below(world, 7200000) - 3600000;
    }
    if (sim_happens(world, SIM_OUT_OF_MEMORY)) {
        bool is_long = sim_below(world, 4) == 0;
        sim_memory_refuse(&world->memory, (uint32_t)sim_below(world, 60),
                          1 + (uint32_t)sim_below(world, is_long ? 60 : 3));
    }
    spoil_keychains(world);
    if (sim_happens(world, SIM_RESTART)) {
        sim_feed_restart(world);
    }
}

/* --- the run --- */

static uint32_t pause_ms(sim_world *world)
{
    size_t kind = sim_below(world, 20);
    if (kind == 0) {
        return (uint32_t)sim_below(world, 15000);
    }
    return (uint32_t)sim_below(world, kind < 5 ? 1500 : 60);
}

static void check_memory(const sim_world *world)
{
    sim_check(world->memory.measured.held_bytes <= MAX_HELD_BYTES + 2 * sim_recorder_bytes(world),
              "%zu bytes are held", world->memory.measured.held_bytes);
}

static void begin(sim_world *world, uint64_t seed, bool is_tracing)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->random = seed * 0x2545f4914f6cdd1du + 1;
    world->is_tracing = is_tracing;
    sim_plan_choose(&world->plan, &world->random);
    sim_memory_init(&world->memory);
    world->log =
        (phx_log){.struct_size = (uint32_t)sizeof world->log,
                  .user_data = world,
                  .level = sim_below(world, 4) == 0 || is_tracing ? PHX_LOG_DEBUG : PHX_LOG_ERROR,
                  .write = write_log};
    app_init_logged(&world->app, &world->memory.port, &world->log, seed, sim_below(world, 60));
    sim_current.now_ms = &world->app.poller.now_ms;
    sim_current.start_ms = world->app.poller.now_ms;
    sim_phoenix_init(world);
    sim_feed_init(world);
    sim_channels_init(world);
}

static void step(sim_world *world, size_t number)
{
    disturb(world);
    sim_phoenix_step(world);
    sim_feed_step(world);
    sim_channels_step(world);
    fake_poller_run(&world->app.poller, world->app.loop, pause_ms(world));
    check_memory(world);
    if (number % STEP_WITH_ALL_CHECKS == 0) {
        sim_feed_check(world);
        sim_channels_check(world);
    }
}

/* No fault any more, and the app has what it needs; what a fault cost once is not given back. */
static void be_calm(sim_world *world)
{
    world->is_calm = true;
    sim_memory_refuse(&world->memory, 0, 0);
    world->app.keychain.read_status = world->channels.keychain.read_status = PHX_OK;
    world->feed.storage.fail_at = 0;
    world->phoenix.down_until_ms = 0;
    world->app.server.is_down = false;
    (void)snprintf(world->channels.keychain.token, sizeof world->channels.keychain.token, "%s",
                   world->phoenix.token);
    sim_note(world, "calm", 0, 0);
    /* The keychain can be read again: the app says so, since a write may be held for it. */
    community_client_retry(world->app.client);
    phx_client_token_changed(world->channels.client);
    uint64_t start_ms = world->app.poller.now_ms;
    uint64_t limit_ms = start_ms + CALM_LIMIT_MS;
    do {
        sim_feed_calm(world);
        sim_channels_calm(world);
        fake_poller_run(&world->app.poller, world->app.loop, CALM_STEP_MS);
        sim_check(world->app.poller.now_ms < limit_ms,
                  "not well again in time: client %d, rooms %s, feed %d/%d, %zu of %zu answers",
                  (int)world->channels.state, sim_channels_is_settled(world) ? "well" : "ill",
                  (int)world->app.status.state, (int)world->app.status.freshness,
                  world->feed.answered, world->feed.asked);
    } while (world->app.poller.now_ms - start_ms < CALM_LEAST_MS || !sim_feed_is_settled(world) ||
             !sim_channels_is_settled(world));
    /* And stays so, while what is on its way arrives. */
    fake_poller_run(&world->app.poller, world->app.loop, 20000);
    sim_check(sim_feed_is_settled(world) && sim_channels_is_settled(world),
              "well, and then not any more");
}

static void end(sim_world *world, sim_result *out)
{
    sim_channels_check(world);
    sim_recording_play(world);
    sim_recording_write(world);
    sim_channels_end(world);
    out->virtual_ms = world->app.poller.now_ms - sim_current.start_ms;
    sim_feed_end(world);
    sim_check(world->memory.measured.held_bytes == 0, "%zu bytes are left",
              world->memory.measured.held_bytes);
    world->coverage.faults[SIM_OUT_OF_MEMORY] = world->memory.refused;
    out->seeds = 1;
    out->checks = sim_current.checks;
    out->trace_hash = world->trace_hash;
    out->peak_bytes = world->memory.measured.peak_bytes;
    out->coverage = world->coverage;
}

void sim_run_failed(void)
{
    sim_recording_write(&world_memory);
}

void sim_run(uint64_t seed, bool is_tracing, sim_result *out_result)
{
    sim_world *world = &world_memory;
    sim_current.seed = seed;
    sim_current.checks = 0;
    begin(world, seed, is_tracing);
    for (size_t i = 1; i <= STEPS; i++) {
        step(world, i);
    }
    be_calm(world);
    if (sim_sabotage != NULL) {
        sim_sabotage(world);
    }
    end(world, out_result);
}

void sim_result_add(sim_result *sum, const sim_result *more)
{
    sum->seeds += more->seeds;
    sum->virtual_ms += more->virtual_ms;
    sum->checks += more->checks;
    sum->trace_hash ^= more->trace_hash;
    sum->peak_bytes = more->peak_bytes > sum->peak_bytes ? more->peak_bytes : sum->peak_bytes;
    sim_coverage_add(&sum->coverage, &more->coverage);
}
