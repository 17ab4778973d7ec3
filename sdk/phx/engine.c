/* SPDX-License-Identifier: MIT */
/*
 * The engine's birth and death. What it does in between is in socket.c, channel.c, push.c,
 * dispatch.c, heartbeat.c; what comes out is in outbox.c.
 */
#include "phx/engine.h"

#include "phx/recorder.h"
#include "phx/types.h"
#include "support/alloc.h"

phx_status phxi_engine_new(const phxi_engine_config *config, phxi_engine **out_engine)
{
    *out_engine = NULL;
    phxi_engine *engine = phxi_alloc_zero(config->allocator, sizeof *engine);
    if (engine == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    engine->config = *config;
    engine->allocator = config->allocator;
    engine->random_state = config->random_seed;
    engine->next_ref = config->first_ref != 0 ? config->first_ref : 1;
    engine->metrics.struct_size = (uint32_t)sizeof engine->metrics;
    phxi_map_init(&engine->channels_by_id, engine->allocator, config->hash_seed);
    phxi_map_init(&engine->channels_by_topic, engine->allocator, config->hash_seed);
    phxi_map_init(&engine->pushes_by_id, engine->allocator, config->hash_seed);
    phxi_map_init(&engine->pushes_by_ref, engine->allocator, config->hash_seed);
    phxi_buffer_init(&engine->scratch, engine->allocator, config->max_frame_bytes);
    if (config->recorder_bytes != 0 &&
        phxi_recorder_start(engine, config->recorder_bytes) != PHX_OK) {
        phxi_free(config->allocator, engine);
        return PHX_ERROR_NO_MEMORY;
    }
    *out_engine = engine;
    return PHX_OK;
}

void phxi_engine_free(phxi_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    phxi_engine_shut_down(engine, engine->now_ms);
    phxi_outbox_free(engine);
    phxi_map_free(&engine->channels_by_id);
    phxi_map_free(&engine->channels_by_topic);
    phxi_map_free(&engine->pushes_by_id);
    phxi_map_free(&engine->pushes_by_ref);
    phxi_buffer_free(&engine->scratch);
    phxi_free(engine->allocator, engine->recorder);
    phxi_free(engine->allocator, engine);
}
