/* SPDX-License-Identifier: MIT */
/*
 * The thread of a loop's own: turns until nobody refers to the loop any more.
 */
#include "runtime/loop_types.h"

#include <time.h>

#include "support/log.h"

enum {
    POLLER_FAILED_PAUSE_S = 1
};

static bool is_referenced(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool is_referenced = loop->references > 0;
    pthread_mutex_unlock(&loop->lock);
    return is_referenced;
}

static void *run_thread(void *argument)
{
    phx_loop *loop = argument;
    /* Nobody else can be in one: phx_loop_start saw to that. */
    (void)phxi_loop_begin_turn(loop, true);
    while (is_referenced(loop)) {
        if (phxi_loop_turn(loop, UINT32_MAX) != PHX_OK) {
            phxi_log(loop->log, PHX_LOG_ERROR, "phx",
                     "the loop cannot wait for descriptors; trying again in %d s",
                     POLLER_FAILED_PAUSE_S);
            (void)nanosleep(&(struct timespec){.tv_sec = POLLER_FAILED_PAUSE_S}, NULL);
        }
    }
    phxi_loop_destroy(loop);
    return NULL;
}

phx_status phx_loop_start(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool is_free = !loop->has_thread && !loop->is_in_turn;
    loop->has_thread = loop->has_thread || is_free;
    pthread_mutex_unlock(&loop->lock);
    if (!is_free) {
        return PHX_ERROR_INVALID_STATE;
    }
    pthread_t thread;
    pthread_attr_t detached;
    bool is_started = false;
    if (pthread_attr_init(&detached) == 0) {
        is_started = pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0 &&
                     pthread_create(&thread, &detached, run_thread, loop) == 0;
        (void)pthread_attr_destroy(&detached);
    }
    if (!is_started) {
        pthread_mutex_lock(&loop->lock);
        loop->has_thread = false;
        pthread_mutex_unlock(&loop->lock);
        return PHX_ERROR_SYSTEM;
    }
    return PHX_OK;
}
