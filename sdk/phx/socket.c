/* SPDX-License-Identifier: MIT */
/*
 * The connection: wanted or not, its attempts, its end. set_state is the only writer of the state.
 *
 * Every report of a transport carries the epoch of its attempt; one of an attempt that was given up
 * is dropped here, so a late close can never touch the connection that followed it.
 */
#include <stdio.h>
#include <string.h>

#include "phx/backoff.h"
#include "phx/recorder.h"
#include "phx/types.h"

enum {
    NORMAL_CLOSURE = 1000,
    /* The transport keeps these times itself; the engine makes sure. */
    TRANSPORT_GRACE_MS = 1000,
    /* A turn that comes this much later than it was asked for: the device slept. */
    TIME_JUMP_MS = 5000,
};

static void set_state(phxi_engine *engine, phx_client_state state)
{
    engine->state = state;
    phxi_outbox_add(engine, &engine->status_node, PHXI_ACTION_STATUS);
}

static void arm_socket_timer(phxi_engine *engine, phxi_timer_kind kind, uint64_t after_ms)
{
    engine->socket_timer.kind = (uint8_t)kind;
    phxi_timer_arm(&engine->timers, &engine->socket_timer, engine->now_ms + after_ms);
}

static void remember(phxi_engine *engine, const phx_error *error)
{
    engine->last_error = *error;
    engine->last_error.struct_size = (uint32_t)sizeof(phx_error);
    const char *message =
        error->message != NULL ? error->message : phx_status_message(error->status);
    (void)snprintf(engine->last_message, sizeof engine->last_message, "%s", message);
    engine->last_error.message = engine->last_message;
}

/* Nothing of the connection is left, whoever ended it. */
static void clear_connection(phxi_engine *engine)
{
    engine->has_connection = false;
    engine->is_awaiting_token = false;
    engine->is_join_answered = false;
    engine->unsent_bytes = 0;
    phxi_heartbeat_stop(engine);
    phxi_outbox_drop_frames(engine);
    phxi_timer_cancel(&engine->timers, &engine->stable_timer);
    phxi_timer_cancel(&engine->timers, &engine->socket_timer);
}

static void drop_connection(phxi_engine *engine)
{
    if (engine->has_connection) {
        phxi_outbox_remove(engine, &engine->open_node);
        phxi_outbox_remove(engine, &engine->close_node);
        phxi_outbox_add(engine, &engine->drop_node, PHXI_ACTION_DROP);
    }
    clear_connection(engine);
    engine->epoch++;
}

static void begin_attempt(phxi_engine *engine, bool is_refresh)
{
    drop_connection(engine);
    engine->has_connection = true;
    engine->open_is_refresh = is_refresh;
    engine->metrics.attempts++;
    phxi_outbox_add(engine, &engine->open_node, PHXI_ACTION_OPEN);
    arm_socket_timer(engine, PHXI_TIMER_CONNECT,
                     (uint64_t)engine->config.connect_timeout_ms + TRANSPORT_GRACE_MS);
    set_state(engine, PHX_CLIENT_CONNECTING);
}

static void schedule_attempt(phxi_engine *engine)
{
    engine->attempts++;
    uint32_t delay_ms = phxi_backoff_delay_ms(&engine->config.reconnect, false, engine->attempts,
                                              &engine->last_error, &engine->random_state);
    arm_socket_timer(engine, PHXI_TIMER_RECONNECT, delay_ms);
    set_state(engine, PHX_CLIENT_WAITING);
}

static void count_end(phxi_engine *engine, bool was_connected, const phx_error *error)
{
    phx_client_metrics *metrics = &engine->metrics;
    if (error->http_status != 0) {
        metrics->refusals++;
    } else if (was_connected && error->status == PHX_ERROR_HEARTBEAT_TIMEOUT) {
        metrics->drops_by_heartbeat++;
    } else if (was_connected && error->close_code != 0 && error->close_code != 1006) {
        metrics->drops_by_server++;
    } else if (was_connected && error->status != PHX_OK) {
        metrics->drops_by_network++;
    }
}

static bool asks_for_credentials(phx_status status)
{
    return status == PHX_ERROR_UNAUTHORIZED || status == PHX_ERROR_NO_TOKEN ||
           status == PHX_ERROR_KEYCHAIN || status == PHX_ERROR_KEYCHAIN_PERMISSIONS;
}

/* What comes after the connection, or the attempt, ended. */
static void decide(phxi_engine *engine, phx_status status)
{
    if (!engine->is_wanted) {
        set_state(engine, PHX_CLIENT_DISCONNECTED);
    } else if (status == PHX_ERROR_UNAUTHORIZED && !engine->was_refreshed) {
        engine->was_refreshed = true;
        begin_attempt(engine, true);
    } else if (asks_for_credentials(status)) {
        set_state(engine, PHX_CLIENT_UNAUTHORIZED);
    } else {
        schedule_attempt(engine);
    }
}

static void end_connection(phxi_engine *engine, const phx_error *error)
{
    bool was_connected = engine->state == PHX_CLIENT_CONNECTED;
    bool is_final = engine->config.final_close_code != 0 &&
                    error->close_code == engine->config.final_close_code;
    count_end(engine, was_connected, error);
    clear_connection(engine);
    if (error->status != PHX_OK && engine->is_wanted) {
        remember(engine, error);
    }
    engine->is_wanted = engine->is_wanted && !is_final;
    if (was_connected) {
        phxi_channels_disconnected(engine, error);
    }
    decide(engine, error->status);
}

/* Ends it from our side without waiting for anybody. */
static void give_up_connection(phxi_engine *engine, phx_status status, const char *message)
{
    phx_error error = {.struct_size = (uint32_t)sizeof error, .status = status, .message = message};
    if (engine->has_connection) {
        phxi_outbox_remove(engine, &engine->open_node);
        phxi_outbox_remove(engine, &engine->close_node);
        phxi_outbox_add(engine, &engine->drop_node, PHXI_ACTION_DROP);
    }
    end_connection(engine, &error);
}

void phxi_engine_connect(phxi_engine *engine, uint64_t now_ms)
{
    if (engine->recorder != NULL) {
        phxi_recorder_plain(engine, PHXI_INPUT_CONNECT, now_ms);
    }
    engine->now_ms = now_ms;
    engine->is_wanted = true;
    bool is_under_way = engine->state == PHX_CLIENT_CONNECTED ||
                        (engine->state == PHX_CLIENT_CONNECTING && !engine->is_awaiting_token);
    if (!is_under_way) {
        engine->was_refreshed = false;
        begin_attempt(engine, false);
    }
}

void phxi_engine_disconnect(phxi_engine *engine, uint64_t now_ms)
{
    if (engine->recorder != NULL) {
        phxi_recorder_plain(engine, PHXI_INPUT_DISCONNECT, now_ms);
    }
    engine->now_ms = now_ms;
    engine->is_wanted = false;
    engine->attempts = 0;
    if (engine->state == PHX_CLIENT_CONNECTED) {
        phx_error error = {.struct_size = (uint32_t)sizeof error,
                           .status = PHX_ERROR_DISCONNECTED,
                           .message = phx_status_message(PHX_ERROR_DISCONNECTED)};
        phxi_channels_disconnected(engine, &error);
        phxi_heartbeat_stop(engine);
        phxi_timer_cancel(&engine->timers, &engine->stable_timer);
        engine->close_code = NORMAL_CLOSURE;
        phxi_outbox_add(engine, &engine->close_node, PHXI_ACTION_CLOSE);
        arm_socket_timer(engine, PHXI_TIMER_CLOSE,
                         (uint64_t)engine->config.close_timeout_ms + TRANSPORT_GRACE_MS);
        set_state(engine, PHX_CLIENT_CLOSING);
    } else if (engine->state != PHX_CLIENT_CLOSING && engine->state != PHX_CLIENT_DISCONNECTED) {
        drop_connection(engine);
        set_state(engine, PHX_CLIENT_DISCONNECTED);
    }
}

void phxi_engine_probe(phxi_engine *engine, uint64_t now_ms)
{
    if (engine->recorder != NULL) {
        phxi_recorder_plain(engine, PHXI_INPUT_PROBE, now_ms);
    }
    engine->now_ms = now_ms;
    if (engine->state == PHX_CLIENT_CONNECTED) {
        phxi_heartbeat_probe(engine);
    } else if (engine->state == PHX_CLIENT_WAITING) {
        begin_attempt(engine, false);
    }
}

void phxi_engine_token_changed(phxi_engine *engine, uint64_t now_ms)
{
    if (engine->recorder != NULL) {
        phxi_recorder_plain(engine, PHXI_INPUT_TOKEN_CHANGED, now_ms);
    }
    engine->now_ms = now_ms;
    engine->was_refreshed = false;
    if (engine->state == PHX_CLIENT_UNAUTHORIZED || engine->state == PHX_CLIENT_WAITING ||
        engine->is_awaiting_token) {
        begin_attempt(engine, false);
    }
}

static void arm_stable_timer(phxi_engine *engine)
{
    engine->stable_timer.kind = PHXI_TIMER_STABLE;
    phxi_timer_arm(&engine->timers, &engine->stable_timer,
                   engine->now_ms + engine->config.reconnect.stable_ms);
}

void phxi_engine_opened(phxi_engine *engine, uint64_t now_ms, uint64_t epoch)
{
    bool is_awaited = engine->state == PHX_CLIENT_CONNECTING && engine->has_connection;
    if (epoch != engine->epoch || !is_awaited) {
        return;
    }
    if (engine->recorder != NULL) {
        phxi_recorder_one(engine, PHXI_INPUT_OPENED, now_ms, epoch);
    }
    engine->now_ms = now_ms;
    phxi_timer_cancel(&engine->timers, &engine->socket_timer);
    engine->metrics.connects++;
    engine->was_refreshed = false;
    engine->last_error = (phx_error){.status = PHX_OK};
    set_state(engine, PHX_CLIENT_CONNECTED);
    phxi_heartbeat_start(engine);
    bool is_joining = phxi_channels_connected(engine);
    if (engine->config.reconnect.kind == PHX_BACKOFF_STEPPED) {
        engine->attempts = 0;
    } else if (!is_joining) {
        arm_stable_timer(engine);
    }
}

void phxi_socket_join_answered(phxi_engine *engine)
{
    if (!engine->is_join_answered) {
        engine->is_join_answered = true;
        arm_stable_timer(engine);
    }
}

void phxi_engine_closed(phxi_engine *engine, uint64_t now_ms, uint64_t epoch,
                        const phx_error *error)
{
    if (epoch != engine->epoch || !engine->has_connection) {
        return;
    }
    if (engine->recorder != NULL) {
        phxi_recorder_closed(engine, now_ms, error);
    }
    engine->now_ms = now_ms;
    if (error->status == PHX_ERROR_TOKEN_PENDING && engine->state == PHX_CLIENT_CONNECTING) {
        /* The connect timer goes on: a token that never comes is an attempt that failed. */
        engine->has_connection = false;
        engine->is_awaiting_token = true;
        return;
    }
    /* A connection is released when it has reported its end. */
    phxi_outbox_add(engine, &engine->drop_node, PHXI_ACTION_DROP);
    end_connection(engine, error);
}

void phxi_engine_written(phxi_engine *engine, uint64_t epoch, size_t length)
{
    if (epoch == engine->epoch) {
        if (engine->recorder != NULL) {
            phxi_recorder_two(engine, PHXI_INPUT_WRITTEN, engine->now_ms, epoch, length);
        }
        engine->unsent_bytes -= length < engine->unsent_bytes ? length : engine->unsent_bytes;
    }
}

/* One timer of the socket that came due. */
void phxi_socket_timer(phxi_engine *engine, const phxi_timer *timer)
{
    switch (timer->kind) {
    case PHXI_TIMER_CONNECT:
        if (engine->is_awaiting_token) {
            engine->is_awaiting_token = false;
            give_up_connection(engine, PHX_ERROR_TIMEOUT, "the token did not come in time");
        } else {
            give_up_connection(engine, PHX_ERROR_TIMEOUT, "the connection was not up in time");
        }
        break;
    case PHXI_TIMER_RECONNECT:
        begin_attempt(engine, false);
        break;
    case PHXI_TIMER_CLOSE:
        give_up_connection(engine, PHX_OK, NULL);
        break;
    case PHXI_TIMER_HEARTBEAT:
        phxi_heartbeat_send(engine, engine->config.heartbeat_timeout_ms);
        break;
    case PHXI_TIMER_HEARTBEAT_TIMEOUT:
        if (phxi_heartbeat_is_dead(engine)) {
            give_up_connection(engine, PHX_ERROR_HEARTBEAT_TIMEOUT,
                               phx_status_message(PHX_ERROR_HEARTBEAT_TIMEOUT));
        }
        break;
    case PHXI_TIMER_STABLE:
        engine->attempts = 0;
        break;
    default:
        break;
    }
}

static void run_timer(phxi_engine *engine, phxi_timer *timer)
{
    switch (timer->kind) {
    case PHXI_TIMER_JOIN:
    case PHXI_TIMER_REJOIN:
    case PHXI_TIMER_LEAVE:
    case PHXI_TIMER_CHANNEL_STABLE:
        phxi_channel_timer(engine, PHXI_CONTAINER(phxi_channel, timer, timer));
        break;
    case PHXI_TIMER_PUSH:
        phxi_push_timeout(engine, PHXI_CONTAINER(phxi_push, timer, timer));
        break;
    default:
        phxi_socket_timer(engine, timer);
        break;
    }
}

void phxi_engine_advance(phxi_engine *engine, uint64_t now_ms)
{
    if (engine->recorder != NULL) {
        phxi_recorder_plain(engine, PHXI_INPUT_ADVANCE, now_ms);
    }
    uint64_t deadline_ms = phxi_timer_next_deadline(&engine->timers);
    bool has_slept = deadline_ms <= now_ms && now_ms - deadline_ms > TIME_JUMP_MS;
    engine->now_ms = now_ms;
    if (has_slept && engine->state == PHX_CLIENT_CONNECTED) {
        /* What the sleep made due says nothing of the link: ask it, before any heartbeat is missed.
         */
        phxi_heartbeat_probe(engine);
    }
    phxi_timer *timer = phxi_timer_pop_due(&engine->timers, now_ms);
    if (timer != NULL) {
        run_timer(engine, timer);
    }
}

uint64_t phxi_engine_deadline_ms(const phxi_engine *engine)
{
    return phxi_timer_next_deadline(&engine->timers);
}

void phxi_engine_shut_down(phxi_engine *engine, uint64_t now_ms)
{
    if (engine->recorder != NULL) {
        phxi_recorder_plain(engine, PHXI_INPUT_SHUT_DOWN, now_ms);
    }
    engine->now_ms = now_ms;
    engine->is_wanted = false;
    drop_connection(engine);
    phxi_channels_shut_down(engine);
    if (engine->state != PHX_CLIENT_DISCONNECTED) {
        set_state(engine, PHX_CLIENT_DISCONNECTED);
    }
}

void phxi_engine_read_status(const phxi_engine *engine, uint64_t now_ms, phx_client_status *out)
{
    out->state = engine->state;
    bool is_well = engine->state == PHX_CLIENT_CONNECTED;
    out->error = (phx_error){.struct_size = (uint32_t)sizeof(phx_error), .message = ""};
    if (!is_well && engine->last_error.status != PHX_OK) {
        out->error = engine->last_error;
    }
    out->attempts = is_well ? 0 : engine->attempts;
    out->next_attempt_in_ms = 0;
    if (engine->state == PHX_CLIENT_WAITING && engine->socket_timer.deadline_ms > now_ms) {
        out->next_attempt_in_ms = (uint32_t)(engine->socket_timer.deadline_ms - now_ms);
    }
}

const phx_client_metrics *phxi_engine_metrics(phxi_engine *engine)
{
    engine->metrics.queued_bytes = engine->buffered_bytes + engine->unsent_bytes;
    return &engine->metrics;
}
