/* SPDX-License-Identifier: MIT */
/*
 * A loop's tasks and its turns around the poller's wait.
 */
#include "runtime/loop_types.h"

enum {
    MAX_ROUNDS = 16
};

/* A turn on this thread looks at the queue again before it waits; one wake-up is enough for all. */
void phxi_loop_wake(phx_loop *loop)
{
    bool is_own_turn = loop->is_in_turn && pthread_equal(loop->turn_thread, pthread_self());
    if (!is_own_turn && !loop->is_wake_pending) {
        loop->is_wake_pending = true;
        loop->poller->wake(loop->poller->user_data);
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
    phxi_loop_wake(loop);
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

bool phxi_loop_begin_turn(phx_loop *loop, bool is_own_thread)
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
        phxi_loop_destroy(loop);
    }
}

/* Runs what is queued now, and says whether that was anything. */
static bool run_tasks(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    uint32_t left = loop->task_count;
    loop->finish_count = 0;
    loop->is_wake_pending = false;
    pthread_mutex_unlock(&loop->lock);
    bool is_any = left > 0;
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
    return is_any;
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
        (void)run_tasks(loop);
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

static uint64_t next_deadline_ms(const phx_loop *loop)
{
    uint64_t deadline_ms = UINT64_MAX;
    for (phx_loop_source *source = loop->sources; source != NULL; source = source->next) {
        uint64_t candidate_ms = source->deadline_ms(source->user_data);
        deadline_ms = candidate_ms < deadline_ms ? candidate_ms : deadline_ms;
    }
    return deadline_ms;
}

/* Gives every source its turn, and says whether any was due. */
static bool run_sources(phx_loop *loop)
{
    uint64_t now_ms = phx_loop_now_ms(loop);
    bool is_due = next_deadline_ms(loop) <= now_ms;
    phx_loop_source *source = loop->sources;
    while (source != NULL) {
        loop->next_source = source->next;
        source->turn(source->user_data, now_ms);
        source = loop->next_source;
    }
    return is_due;
}

/*
 * Runs tasks and sources until they ask for nothing more, so that what a callback ordered is done
 * before anything else comes in from outside. Bounded: a task that always posts itself cannot keep
 * the loop from its descriptors. Says whether there was anything to do.
 */
static bool run_all(phx_loop *loop)
{
    bool is_any = false;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        bool had_tasks = run_tasks(loop);
        bool was_due = run_sources(loop);
        if (!had_tasks && !was_due) {
            break;
        }
        is_any = true;
    }
    return is_any;
}

static uint32_t wait_limit(phx_loop *loop, uint32_t timeout_ms)
{
    pthread_mutex_lock(&loop->lock);
    bool must_not_wait = loop->task_count > 0 || loop->references == 0;
    pthread_mutex_unlock(&loop->lock);
    uint64_t deadline_ms = must_not_wait ? 0 : next_deadline_ms(loop);
    if (deadline_ms == UINT64_MAX) {
        return timeout_ms;
    }
    uint64_t now_ms = phx_loop_now_ms(loop);
    uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    return left_ms < timeout_ms ? (uint32_t)left_ms : timeout_ms;
}

/* Who polls has something to look at once anything was done: then there is no waiting. */
phx_status phxi_loop_turn(phx_loop *loop, uint32_t timeout_ms)
{
    bool has_acted = run_all(loop);
    uint32_t limit_ms = has_acted ? 0 : wait_limit(loop, timeout_ms);
    phx_status status = loop->poller->wait(loop->poller->user_data, limit_ms);
    (void)run_all(loop);
    run_finishing(loop);
    return status;
}

phx_status phx_loop_poll(phx_loop *loop, uint32_t timeout_ms)
{
    if (!phxi_loop_begin_turn(loop, false)) {
        return PHX_ERROR_INVALID_STATE;
    }
    phx_status status = phxi_loop_turn(loop, timeout_ms);
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
    if (!phxi_loop_begin_turn(loop, false)) {
        return PHX_ERROR_INVALID_STATE;
    }
    phx_status status = PHX_OK;
    while (status == PHX_OK && !take_stop(loop)) {
        status = phxi_loop_turn(loop, UINT32_MAX);
    }
    end_turn(loop);
    return status;
}

void phx_loop_stop(phx_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->is_stopping = true;
    /* Also from inside the loop's own turn: the wait that may follow must not take place. */
    loop->poller->wake(loop->poller->user_data);
    pthread_mutex_unlock(&loop->lock);
}
