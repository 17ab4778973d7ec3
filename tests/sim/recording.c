/* SPDX-License-Identifier: MIT */
/*
 * The recordings of both clients' connections: played at the end of a run, and written to files at
 * its end or its failure.
 */
#include <stdio.h>

#include "recording_check.h"
#include "sim.h"
#include "support/alloc.h"

enum {
    SMALL_BYTES = 16384, /* is written over many times in a run */
    LARGE_BYTES = 1 << 20
};

size_t sim_recorder_bytes(const sim_world *world)
{
    if (sim_recording.path != NULL) {
        return LARGE_BYTES;
    }
    if (!sim_recording.is_played) {
        return 0;
    }
    return world->seed % 2 == 0 ? LARGE_BYTES : SMALL_BYTES;
}

typedef phx_status (*dump_fn)(sim_world *world, phx_recording_write_fn write, void *user_data);

static phx_status dump_feed(sim_world *world, phx_recording_write_fn write, void *user_data)
{
    community_client *client = world->app.client;
    return client == NULL ? PHX_ERROR_CLOSED
                          : community_client_dump_recording(client, write, user_data);
}

static phx_status dump_rooms(sim_world *world, phx_recording_write_fn write, void *user_data)
{
    phx_client *client = world->channels.client;
    return client == NULL ? PHX_ERROR_CLOSED : phx_client_dump_recording(client, write, user_data);
}

static const struct {
    const char *name;
    dump_fn dump;
} recorded[] = {{"feed", dump_feed}, {"rooms", dump_rooms}};

static phx_status append(void *user_data, const uint8_t *bytes, size_t length)
{
    return phxi_buffer_append(user_data, bytes, length);
}

static phx_status append_to_file(void *user_data, const uint8_t *bytes, size_t length)
{
    return fwrite(bytes, 1, length, user_data) == length ? PHX_OK : PHX_ERROR_IO;
}

void sim_recording_play(sim_world *world)
{
    for (size_t i = 0; i < COUNT_OF(recorded) && sim_recording.is_played; i++) {
        phxi_buffer buffer;
        phxi_buffer_init(&buffer, &phxi_default_allocator, SIZE_MAX / 2);
        assert_int_equal(recorded[i].dump(world, append, &buffer), PHX_OK);
        sim_rule_bytes((phx_slice){(const char *)buffer.data, buffer.length}, "a recording");
        played_recording played = recording_play(buffer.data, buffer.length);
        sim_check(played.result == PHXI_PLAYER_END, "the recording of the %s: %s", recorded[i].name,
                  played.reason);
        sim_note(world, "recording", played.first_step, played.last_step);
        /* For a step that finds no memory the recording begins anew. */
        bool may_have_gaps = world->memory.refused > 0;
        sim_check(played.last_step > 0 && (played.gaps == 0 || may_have_gaps),
                  "the recording of the %s has %llu gaps up to step %llu", recorded[i].name,
                  (unsigned long long)played.gaps, (unsigned long long)played.last_step);
        phxi_buffer_free(&buffer);
    }
}

void sim_recording_write(sim_world *world)
{
    for (size_t i = 0; i < COUNT_OF(recorded) && sim_recording.path != NULL; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s.%s", sim_recording.path, recorded[i].name);
        FILE *file = fopen(path, "wb");
        phx_status status =
            file == NULL ? PHX_ERROR_IO : recorded[i].dump(world, append_to_file, file);
        bool is_closed = file != NULL && fclose(file) == 0;
        if (status != PHX_OK || !is_closed) {
            (void)fprintf(stderr, "sim: %s could not be recorded: %s\n", path,
                          phx_status_name(status));
        }
    }
}
