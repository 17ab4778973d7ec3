/* SPDX-License-Identifier: MIT */
/*
 * The loop: a queue of tasks that any thread may fill, the sources that live on it, and the turn that
 * runs both around the poller's wait. The lock guards the queue and who is inside a turn; but for
 * the poller's wake, nothing is called with it held.
 */
#include <phx/loop.h>
#include <phx/platform.h>

#include <pthread.h>
#include <time.h>

#include "support/alloc.h"
#include "support/config.h"
#include "support/log.h"

enum { DEFAULT_MAX_TASKS = 4096, POLLER_FAILED_PAUSE_S = 1 };

struct phx_loop {
    phx_allocator allocator;
    const phx_clock *clock;
    const phx_random *random;
    const phx_log *log;
    const phx_poller *poller;

    /* Of the loop's thread alone. */
    phx_loop_source *sources;
    phx_loop_source *next_source; /* the one after the source whose turn it is */

    pthread_mutex_t lock;
    /* Under the lock. */
    uint32_t references;
    uint32_t max_tasks;
    uint32_t task_count;
    uint32_t finish_count; /* how many of them came by phx_loop_finish */
    phx_loop_task *first_task;
    phx_loop_task *last_task;
    bool is_in_turn;
    pthread_t turn_thread; /* while is_in_turn */
    bool has_thread;
    bool is_stopping;
    bool is_wake_pending;
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

static void destroy(phx_loop *loop)
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

/* With the lock held. Whether the poller has to be woken after unlocking. */
static bool needs_wake(phx_loop *loop)
{
    bool is_own_turn = loop->is_in_turn && pthread_equal(loop->turn_thread, pthread_self());
    if (is_own_turn || loop->is_wake_pending) {
        return false;
    }
    loop->is_wake_pending = true;
    return true;
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
    if (is_last && has_owner && needs_wake(loop)) {
        loop->poller->wake(loop->poller->user_data);
    }
    pthread_mutex_unlock(&loop->lock);
    if (is_last && !has_owner) {
        destroy(loop);
    }
}

/* With the lock held. */
static void append_task(phx_loop *loop, phx_loop_task *task)
{
    task->next = NULL;
    if (loop->last_task != NULL) {
        loop->last_task->next = task;
    } else {
        loop->first_task = task;
    }
    loop->last_task = task;
    loop->task_count++;
    if (needs_wake(loop)) {
        loop->poller->wake(loop->poller->user_data);
    }
}

phx_status phx_loop_post(phx_loop *loop, phx_loop_task *task)
{
    pthread_mutex_lock(&loop->lock);
    bool has_room = loop->task_count < loop->max_tasks;
    if (has_room) {
        append_task(loop, task);
    }
    pthread_mutex_unlock(&loop->lock);
    return has_room ? PHX_OK : PHX_ERROR_QUEUE_FULL;
}

void phx_loop_enqueue(phx_loop *loop, phx_loop_task *task)
{
    pthread_mutex_lock(&loop->lock);
    append_task(loop, task);
    pthread_mutex_unlock(&loop->lock);
}

/* False: somebody is inside a turn, or the loop has a thread and this is not it. */
static bool begin_turn(phx_loop *loop, bool is_own_thread)
{
    pthread_mutex_lock(&loop->lock);
    bool is_free = !loop->is_in_turn && loop->has_thread == is_own_thread;
    if (is_free) {
        loop->is_in_turn = true;
        loop->turn_thread = pthread_self();
    }
    pthread_mutex_unlock(&loop->lock);
    return is_free;
}

/* Frees the loop if nobody refers to it any more; a thread of its own does that by itself. */
static void end_turn(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->is_in_turn = false;
    bool is_unreferenced = loop->references == 0 && !loop->has_thread;
    pthread_mutex_unlock(&loop->lock);
    if (is_unreferenced) {
        destroy(loop);
    }
}

/* Runs what is queued now; what these tasks post waits for the next round, so that a task that posts
 * itself cannot keep the loop from its descriptors. */
static void run_tasks(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    uint32_t left = loop->task_count;
    loop->finish_count = 0;
    loop->is_wake_pending = false;
    pthread_mutex_unlock(&loop->lock);
    for (; left > 0; left--) {
        pthread_mutex_lock(&loop->lock);
        phx_loop_task *task = loop->first_task;
        loop->first_task = task->next;
        if (loop->first_task == NULL) {
            loop->last_task = NULL;
        }
        loop->task_count--;
        pthread_mutex_unlock(&loop->lock);
        task->run(task->user_data);
    }
}

static bool has_finishing(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool has_finishing = loop->finish_count > 0;
    pthread_mutex_unlock(&loop->lock);
    return has_finishing;
}

/* What was released in a callback may have been the reason to pump: there may be no next turn. */
static void run_finishing(phx_loop *loop)
{
    while (has_finishing(loop)) {
        run_tasks(loop);
    }
}

void phx_loop_finish(phx_loop *loop, phx_loop_task *task)
{
    pthread_mutex_lock(&loop->lock);
    bool runs_here = !loop->has_thread && !loop->is_in_turn;
    if (runs_here) {
        loop->is_in_turn = true;
        loop->turn_thread = pthread_self();
    } else {
        append_task(loop, task);
        loop->finish_count++;
    }
    pthread_mutex_unlock(&loop->lock);
    if (runs_here) {
        task->run(task->user_data);
        run_finishing(loop);
        end_turn(loop);
    }
}

static void run_sources(phx_loop *loop)
{
    uint64_t now_ms = phx_loop_now_ms(loop);
    phx_loop_source *source = loop->sources;
    while (source != NULL) {
        loop->next_source = source->next;
        source->turn(source->user_data, now_ms);
        source = loop->next_source;
    }
}

static uint32_t wait_limit(phx_loop *loop, uint32_t timeout_ms)
{
    uint64_t deadline_ms = UINT64_MAX;
    for (phx_loop_source *source = loop->sources; source != NULL; source = source->next) {
        uint64_t candidate_ms = source->deadline_ms(source->user_data);
        deadline_ms = candidate_ms < deadline_ms ? candidate_ms : deadline_ms;
    }
    pthread_mutex_lock(&loop->lock);
    bool must_not_wait = loop->task_count > 0 || loop->references == 0;
    pthread_mutex_unlock(&loop->lock);
    if (must_not_wait) {
        return 0;
    }
    if (deadline_ms == UINT64_MAX) {
        return timeout_ms;
    }
    uint64_t now_ms = phx_loop_now_ms(loop);
    uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    return left_ms < timeout_ms ? (uint32_t)left_ms : timeout_ms;
}

static phx_status turn(phx_loop *loop, uint32_t timeout_ms)
{
    run_tasks(loop);
    run_sources(loop);
    uint32_t limit_ms = wait_limit(loop, timeout_ms);
    phx_status status = loop->poller->wait(loop->poller->user_data, limit_ms);
    run_tasks(loop);
    run_sources(loop);
    run_finishing(loop);
    return status;
}

phx_status phx_loop_poll(phx_loop *loop, uint32_t timeout_ms)
{
    if (!begin_turn(loop, false)) {
        return PHX_ERROR_INVALID_STATE;
    }
    phx_status status = turn(loop, timeout_ms);
    end_turn(loop);
    return status;
}

/* Whether to go on; a stop that was asked for is used up. */
static bool take_stop(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool is_over = loop->is_stopping || loop->references == 0;
    loop->is_stopping = false;
    pthread_mutex_unlock(&loop->lock);
    return is_over;
}

phx_status phx_loop_run(phx_loop *loop)
{
    if (!begin_turn(loop, false)) {
        return PHX_ERROR_INVALID_STATE;
    }
    phx_status status = PHX_OK;
    while (status == PHX_OK && !take_stop(loop)) {
        status = turn(loop, UINT32_MAX);
    }
    end_turn(loop);
    return status;
}

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
    (void)begin_turn(loop, true); /* nobody else can be in one: phx_loop_start saw to that */
    while (is_referenced(loop)) {
        if (turn(loop, UINT32_MAX) != PHX_OK) {
            phxi_log(loop->log, PHX_LOG_ERROR, "phx",
                     "the loop cannot wait for descriptors; trying again in %d s",
                     POLLER_FAILED_PAUSE_S);
            (void)nanosleep(&(struct timespec){.tv_sec = POLLER_FAILED_PAUSE_S}, NULL);
        }
    }
    destroy(loop);
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

void phx_loop_stop(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->is_stopping = true;
    /* Also from inside the loop's own turn: the wait that may follow must not take place. */
    loop->poller->wake(loop->poller->user_data);
    pthread_mutex_unlock(&loop->lock);
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
