/* SPDX-License-Identifier: MIT */
/*
 * What the applications may be told, and in which order.
 */
#include <stdio.h>

#include "sim.h"

#define IS(state) (1u << (unsigned)PHX_CHANNEL_##state)
#define MAY(state) (1u << (unsigned)PHX_CLIENT_##state)

/* What may follow a state; of a channel that was told of none: the first row. A join that fails as
 * it begins is only told of as what came of it. */
static const uint32_t channel_follows[1 + SIM_CHANNEL_STATES] = {
    IS(JOINING) | IS(ERRORED) | IS(CLOSED),
    [1 + PHX_CHANNEL_CLOSED] = 0,
    [1 + PHX_CHANNEL_JOINING] = IS(JOINED) | IS(ERRORED) | IS(REFUSED) | IS(LEAVING) | IS(CLOSED),
    [1 + PHX_CHANNEL_JOINED] = IS(ERRORED) | IS(LEAVING) | IS(CLOSED),
    [1 + PHX_CHANNEL_ERRORED] = IS(JOINING) | IS(ERRORED) | IS(CLOSED),
    [1 + PHX_CHANNEL_REFUSED] = IS(JOINING) | IS(ERRORED) | IS(CLOSED),
    [1 + PHX_CHANNEL_LEAVING] = IS(CLOSED),
};

/* An attempt that fails as it begins is only told of as what came of it. */
static const uint32_t client_follows[SIM_CLIENT_STATES] = {
    [PHX_CLIENT_DISCONNECTED] = MAY(CONNECTING) | MAY(WAITING) | MAY(UNAUTHORIZED),
    [PHX_CLIENT_CONNECTING] =
        MAY(CONNECTED) | MAY(CONNECTING) | MAY(WAITING) | MAY(UNAUTHORIZED) | MAY(DISCONNECTED),
    [PHX_CLIENT_CONNECTED] = MAY(WAITING) | MAY(CLOSING),
    [PHX_CLIENT_WAITING] = MAY(CONNECTING) | MAY(WAITING) | MAY(UNAUTHORIZED) | MAY(DISCONNECTED),
    [PHX_CLIENT_UNAUTHORIZED] =
        MAY(CONNECTING) | MAY(WAITING) | MAY(UNAUTHORIZED) | MAY(DISCONNECTED),
    [PHX_CLIENT_CLOSING] = MAY(DISCONNECTED) | MAY(CONNECTING) | MAY(WAITING) | MAY(UNAUTHORIZED),
};

void sim_rule_channel(sim_instance *instance, phx_channel_state next)
{
    size_t row = instance->is_told ? 1 + (size_t)instance->state : 0;
    sim_check(!instance->is_released, "a channel spoke after its release");
    sim_check((uint32_t)next < SIM_CHANNEL_STATES && (channel_follows[row] >> next & 1) != 0,
              "a channel went from state %d to %d", row == 0 ? -1 : (int)instance->state,
              (int)next);
    instance->is_told = true;
    instance->state = next;
    instance->is_gapless = false;
}

void sim_rule_message(sim_instance *instance, uint32_t number, uint64_t lost)
{
    sim_check(instance->is_told && !instance->is_released &&
                  (instance->state == PHX_CHANNEL_JOINED || instance->state == PHX_CHANNEL_JOINING),
              "a message on a channel that is not joined");
    if (number == 0) {
        return;
    }
    sim_check(number > instance->last_number, "event %u came after event %u", number,
              instance->last_number);
    bool is_next = number == instance->last_number + 1;
    sim_check(!instance->is_gapless || instance->lost != lost || is_next,
              "event %u came right after event %u", number, instance->last_number);
    instance->last_number = number;
    instance->lost = lost;
    instance->is_gapless = instance->state == PHX_CHANNEL_JOINED;
}

void sim_rule_subscription(sim_subscription *subscription, uint32_t number)
{
    const sim_instance *instance = subscription->instance;
    sim_check(!subscription->is_over, "a subscription spoke after its end");
    if (number == 0) {
        return;
    }
    sim_check(instance->last_number == number && subscription->told < number,
              "a subscription was told of event %u out of turn", number);
    subscription->told = number;
    for (const sim_subscription *each = instance->subscriptions; each != subscription; each++) {
        sim_check(each->is_over || each->told == number,
                  "a subscription was told before an older one");
    }
}

void sim_rule_client_status(phx_client_state before, const phx_client_status *next,
                            uint32_t most_ms)
{
    sim_check((uint32_t)next->state < SIM_CLIENT_STATES &&
                  (client_follows[before] >> next->state & 1) != 0,
              "the client went from state %d to %d", (int)before, (int)next->state);
    sim_check(next->next_attempt_in_ms <= most_ms, "the next attempt is in %u ms",
              next->next_attempt_in_ms);
    sim_check(next->state == PHX_CLIENT_WAITING || next->next_attempt_in_ms == 0,
              "a next attempt is said while none waits");
}

void sim_rule_push_done(sim_push *push, const phx_reply *reply)
{
    static const phx_status outcomes[] = {PHX_OK,
                                          PHX_ERROR_REFUSED,
                                          PHX_ERROR_TIMEOUT,
                                          PHX_ERROR_DISCONNECTED,
                                          PHX_ERROR_CANCELLED,
                                          PHX_ERROR_STALE_HANDLE,
                                          PHX_ERROR_QUEUE_FULL,
                                          PHX_ERROR_TOO_LARGE,
                                          PHX_ERROR_LEFT,
                                          PHX_ERROR_CHANNEL_CLOSED,
                                          PHX_ERROR_CHANNEL_CRASHED,
                                          PHX_ERROR_JOIN_REFUSED,
                                          PHX_ERROR_NO_MEMORY,
                                          PHX_ERROR_CLOSED};
    bool is_known = false;
    sim_check(push->state == 1, "a push came to %s outcome", push->state == 2 ? "a second" : "an");
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        is_known = is_known || reply->error.status == outcomes[i];
    }
    sim_check(is_known, "a push came to the outcome %s", phx_status_name(reply->error.status));
    sim_check((reply->status.data != NULL) ==
                  (reply->error.status == PHX_OK || reply->error.status == PHX_ERROR_REFUSED),
              "a reply's text does not fit its status");
    push->state = 2;
    push->outcome = reply->error.status;
}

void sim_rule_write_told(uint8_t *count, uint32_t number, const char *what)
{
    sim_check(*count == 0, "write %u was %s twice", number, what);
    (*count)++;
}

void sim_rule_bytes(phx_slice bytes, const char *where)
{
    sim_current.checks++;
    if (bytes.data != NULL &&
        memmem(bytes.data, bytes.length, SIM_TOKEN, sizeof SIM_TOKEN - 1) != NULL) {
        sim_fail("a token in %s", where);
    }
}

void sim_rule_text(const char *text, const char *where)
{
    if (text != NULL) {
        sim_rule_bytes((phx_slice){text, strlen(text)}, where);
    }
}
