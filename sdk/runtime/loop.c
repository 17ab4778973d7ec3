/* SPDX-License-Identifier: MIT */
/*
 * A loop's life, its ports, and the sources that live on it.
 */
#include "runtime/loop_types.h"

#include <phx/platform.h>

#include "support/alloc.h"
#include "support/config.h"

enum {
    DEFAULT_MAX_TASKS = 4096
};

void phx_loop_config_init_sized(phx_loop_config *config, uint32_t struct_size)
{
    phxi_config_init(config, struct_size);
}

static phx_status take_ports(phx_loop *loop, const phx_loop_config *config)
{
    loop->allocator = config->allocator != NULL ? *config->allocator : phxi_default_allocator;
    loop->clock = config->clock != NULL ? config->clock : phx_platform_clock();
    loop->random = config->random != NULL ? config->random : phx_platform_random();
    loop->log = config->log;
    loop->poller = config->poller;
    loop->max_tasks = config->max_tasks != 0 ? config->max_tasks : DEFAULT_MAX_TASKS;
    if (loop->clock == NULL || loop->random == NULL) {
        return PHX_ERROR_UNSUPPORTED;
    }
    if (loop->clock->monotonic_ms == NULL || loop->clock->wall_ms == NULL ||
        loop->random->fill == NULL) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    phx_status status = PHX_OK;
    if (loop->poller == NULL) {
        status = phx_platform_poller(&loop->allocator, loop->log, &loop->poller);
    } else if (loop->poller->wait == NULL || loop->poller->wake == NULL) {
        status = PHX_ERROR_INVALID_ARGUMENT;
    }
    return status;
}

static void release_poller(const phx_poller *poller)
{
    if (poller != NULL && poller->release != NULL) {
        poller->release(poller->user_data);
    }
}

phx_status phx_loop_new(const phx_loop_config *given, phx_loop **out_loop)
{
    *out_loop = NULL;
    phx_loop_config config;
    phxi_config_copy(&config, sizeof config, given);
    if (config.allocator != NULL && !phxi_allocator_is_valid(config.allocator)) {
        release_poller(config.poller);
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    const phx_allocator *allocator =
        config.allocator != NULL ? config.allocator : &phxi_default_allocator;
    phx_loop *loop = phxi_alloc_zero(allocator, sizeof *loop);
    if (loop == NULL) {
        release_poller(config.poller);
        return PHX_ERROR_NO_MEMORY;
    }
    phx_status status = take_ports(loop, &config);
    if (status == PHX_OK && pthread_mutex_init(&loop->lock, NULL) != 0) {
        status = PHX_ERROR_SYSTEM;
    }
    if (status != PHX_OK) {
        release_poller(loop->poller);
        phxi_free(allocator, loop);
        return status;
    }
    loop->references = 1;
    *out_loop = loop;
    return PHX_OK;
}

void phxi_loop_destroy(phx_loop *loop)
{
    while (loop->first_task != NULL) {
        phx_loop_task *task = loop->first_task;
        loop->first_task = task->next;
        if (task->drop != NULL) {
            task->drop(task->user_data);
        }
    }
    release_poller(loop->poller);
    (void)pthread_mutex_destroy(&loop->lock);
    phx_allocator allocator = loop->allocator;
    phxi_free(&allocator, loop);
}

void phx_loop_retain(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->references++;
    pthread_mutex_unlock(&loop->lock);
}

void phx_loop_release(phx_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    pthread_mutex_lock(&loop->lock);
    bool is_last = --loop->references == 0;
    bool has_owner = loop->has_thread || loop->is_in_turn;
    /* The owner frees the loop as soon as it sees no reference, so it is woken under the lock. */
    if (is_last && has_owner) {
        phxi_loop_wake(loop);
    }
    pthread_mutex_unlock(&loop->lock);
    if (is_last && !has_owner) {
        phxi_loop_destroy(loop);
    }
}

bool phx_loop_is_current(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool is_current = loop->is_in_turn && pthread_equal(loop->turn_thread, pthread_self());
    pthread_mutex_unlock(&loop->lock);
    return is_current;
}

const phx_poller *phx_loop_poller(const phx_loop *loop)
{
    return loop->poller;
}

uint64_t phx_loop_now_ms(const phx_loop *loop)
{
    return loop->clock->monotonic_ms(loop->clock->user_data);
}

int64_t phx_loop_wall_ms(const phx_loop *loop)
{
    return loop->clock->wall_ms(loop->clock->user_data);
}

const phx_allocator *phx_loop_allocator(const phx_loop *loop)
{
    return &loop->allocator;
}

const phx_random *phx_loop_random(const phx_loop *loop)
{
    return loop->random;
}

const phx_log *phx_loop_log(const phx_loop *loop)
{
    return loop->log;
}

void phx_loop_add_source(phx_loop *loop, phx_loop_source *source)
{
    source->previous = NULL;
    source->next = loop->sources;
    if (source->next != NULL) {
        source->next->previous = source;
    }
    loop->sources = source;
}

void phx_loop_remove_source(phx_loop *loop, phx_loop_source *source)
{
    if (loop->next_source == source) {
        loop->next_source = source->next;
    }
    if (source->previous != NULL) {
        source->previous->next = source->next;
    } else {
        loop->sources = source->next;
    }
    if (source->next != NULL) {
        source->next->previous = source->previous;
    }
    source->next = NULL;
    source->previous = NULL;
}

phx_status phx_loop_watch(phx_loop *loop, int32_t fd, uint32_t events, phx_watch_fn fn,
                          void *fn_user_data, phx_watch **out_watch)
{
    *out_watch = NULL;
    if (loop->poller->watch == NULL) {
        return PHX_ERROR_UNSUPPORTED;
    }
    return loop->poller->watch(loop->poller->user_data, fd, events, fn, fn_user_data, out_watch);
}

phx_status phx_loop_modify(phx_loop *loop, phx_watch *watch, uint32_t events)
{
    return loop->poller->modify(loop->poller->user_data, watch, events);
}

void phx_loop_unwatch(phx_loop *loop, phx_watch *watch)
{
    loop->poller->unwatch(loop->poller->user_data, watch);
}
