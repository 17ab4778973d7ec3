/* SPDX-License-Identifier: MIT */
/*
 * A script on our engine, step by step, and what the application saw of it: states, outcomes,
 * messages.
 */
#include "compare.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_state.h"

bool compare_applies(const conf_comparison *comparison, rule_id rule)
{
    return comparison->without != rule;
}

bool compare_differs(conf_comparison *comparison, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    comparison->divergence->is_there = true;
    (void)vsnprintf(comparison->divergence->what, sizeof comparison->divergence->what, format,
                    arguments);
    va_end(arguments);
    return false;
}

const char *compare_text(const cJSON *array, int index)
{
    const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(array, index));
    return text != NULL ? text : "";
}

size_t compare_number(const cJSON *array, int index)
{
    return (size_t)cJSON_GetNumberValue(cJSON_GetArrayItem(array, index));
}

/* --- the steps --- */

static void do_join(conf_comparison *comparison, const cJSON *step)
{
    size_t channel = compare_number(step, 1);
    char *params = cJSON_PrintUnformatted(cJSON_GetArrayItem(step, 3));
    comparison->topics[channel] = compare_text(step, 2);
    comparison->channel_states[channel] = "closed";
    comparison->channel_count = channel + 1;
    subject_join(&comparison->subject, channel, compare_text(step, 2), params,
                 (uint32_t)compare_number(step, 4));
    cJSON_free(params);
}

static bool was_sent(const conf_subject *subject)
{
    for (size_t i = 0; i < subject->effect_count; i++) {
        if (subject->effects[i].kind == EFFECT_FRAME) {
            return true;
        }
    }
    return false;
}

static void do_push(conf_comparison *comparison, const cJSON *step)
{
    conf_subject *subject = &comparison->subject;
    size_t push = compare_number(step, 1);
    const cJSON *payload = cJSON_GetArrayItem(step, 4);
    size_t timeout_ms = compare_number(step, 5);
    if (cJSON_IsString(payload)) {
        size_t length = 0;
        uint8_t *data = refs_unhex(compare_text(step, 4), &length);
        subject_push(subject, push, compare_number(step, 2), compare_text(step, 3),
                     (phx_slice){(char *)data, length}, true, (uint32_t)timeout_ms);
        free(data);
    } else {
        char *text = cJSON_PrintUnformatted(payload);
        subject_push(subject, push, compare_number(step, 2), compare_text(step, 3),
                     (phx_slice){text, strlen(text)}, false, (uint32_t)timeout_ms);
        cJSON_free(text);
    }
    comparison->pushes[push] =
        (push_record){.due_ms = subject->now_ms + timeout_ms, .is_buffered = !was_sent(subject)};
}

static void do_frame(conf_comparison *comparison, const cJSON *step, bool is_binary)
{
    size_t length = 0;
    const char *frame = compare_text(step, 1);
    if (is_binary) {
        uint8_t *data = refs_rewrite_binary(&comparison->refs, frame, &length);
        subject_received(&comparison->subject, PHX_FRAME_BINARY, data, length);
        free(data);
    } else {
        char *text = refs_rewrite_text(&comparison->refs, frame, &length);
        subject_received(&comparison->subject, PHX_FRAME_TEXT, text, length);
        free(text);
    }
}

static void do_step(conf_comparison *comparison, const cJSON *step)
{
    conf_subject *subject = &comparison->subject;
    const char *name = compare_text(step, 0);
    if (strcmp(name, "connect") == 0) {
        subject_connect(subject);
    } else if (strcmp(name, "disconnect") == 0) {
        subject_disconnect(subject, (int64_t)cJSON_GetNumberValue(cJSON_GetArrayItem(step, 1)));
    } else if (strcmp(name, "open") == 0) {
        subject_opened(subject);
    } else if (strcmp(name, "close") == 0) {
        subject_closed(subject, (int32_t)compare_number(step, 1));
    } else if (strcmp(name, "drop") == 0) {
        subject_closed(subject, 1006);
    } else if (strcmp(name, "time") == 0) {
        subject_advance(subject, compare_number(step, 1));
    } else if (strcmp(name, "join") == 0) {
        do_join(comparison, step);
    } else if (strcmp(name, "push") == 0) {
        do_push(comparison, step);
    } else if (strcmp(name, "leave") == 0) {
        subject_leave(subject, compare_number(step, 1));
    } else if (strcmp(name, "frame") == 0 || strcmp(name, "binary") == 0) {
        do_frame(comparison, step, strcmp(name, "binary") == 0);
    } else if (strcmp(name, "slow_closes") != 0) { /* of no concern where no close is waited for */
        abort();
    }
}

/* --- states --- */

static void take_states(conf_comparison *comparison, const cJSON *effects)
{
    for (size_t i = 0; i < comparison->channel_count; i++) {
        comparison->was_errored[i] = strcmp(comparison->channel_states[i], "errored") == 0;
    }
    const cJSON *effect;
    cJSON_ArrayForEach(effect, effects)
    {
        if (compare_text(effect, 0)[0] == 's') {
            comparison->socket_state = compare_text(effect, 1);
        } else if (compare_text(effect, 0)[0] == 'c') {
            comparison->channel_states[compare_number(effect, 1)] = compare_text(effect, 2);
        }
    }
}

static const char *socket_state_name(phx_client_state state)
{
    switch (state) {
    case PHX_CLIENT_CONNECTING:
        return "connecting";
    case PHX_CLIENT_CONNECTED:
        return "open";
    case PHX_CLIENT_CLOSING:
        return "closing";
    default:
        return "closed";
    }
}

static bool is_channel_state(const conf_comparison *comparison, const char *theirs,
                             phx_channel_state ours)
{
    static const char *const names[] = {"closed",  "joining", "joined",
                                        "errored", "refused", "leaving"};
    bool is_pending = strcmp(theirs, "joining") == 0 || strcmp(theirs, "joined") == 0;
    bool is_offline = subject_state(&comparison->subject) != PHX_CLIENT_CONNECTED;
    if (strcmp(theirs, names[ours]) == 0) {
        return true;
    }
    if (ours == PHX_CHANNEL_LEAVING && strcmp(theirs, "closed") == 0) {
        return compare_applies(comparison, RULE_leaving_is_a_state);
    }
    if (ours == PHX_CHANNEL_JOINING && strcmp(theirs, "errored") == 0 && is_offline) {
        return compare_applies(comparison, RULE_joining_until_open);
    }
    if (ours == PHX_CHANNEL_ERRORED && is_pending &&
        strcmp(comparison->socket_state, "closing") == 0) {
        return compare_applies(comparison, RULE_disconnect_ends_channels_at_once);
    }
    return false;
}

static bool compare_states(conf_comparison *comparison)
{
    const char *ours = socket_state_name(subject_state(&comparison->subject));
    if (strcmp(ours, comparison->socket_state) != 0) {
        return compare_differs(comparison, "socket: phoenix.js %s, ours %s",
                               comparison->socket_state, ours);
    }
    for (size_t i = 0; i < comparison->channel_count; i++) {
        phx_channel_state state = comparison->subject.channels[i];
        if (!is_channel_state(comparison, comparison->channel_states[i], state)) {
            return compare_differs(comparison, "channel %zu: phoenix.js %s, ours %d", i,
                                   comparison->channel_states[i], (int)state);
        }
    }
    return true;
}

/* --- outcomes --- */

/* Whether a rule says why a push ended in ours that did not, or not so, in phoenix.js. */
static bool is_excusable(const conf_comparison *comparison, const conf_effect *ours)
{
    const push_record *push = &comparison->pushes[ours->number];
    switch (ours->status) {
    case PHX_ERROR_DISCONNECTED:
        return compare_applies(comparison, RULE_pushes_end_at_a_drop);
    case PHX_ERROR_CHANNEL_CRASHED:
        return compare_applies(comparison, RULE_pushes_end_at_a_crash);
    case PHX_ERROR_LEFT:
    case PHX_ERROR_CHANNEL_CLOSED:
    case PHX_ERROR_STALE_HANDLE:
        return compare_applies(comparison, RULE_pushes_end_with_their_channel);
    case PHX_ERROR_TIMEOUT:
        return push->is_buffered && ours->at_ms == push->due_ms &&
               compare_applies(comparison, RULE_timeout_counts_from_the_push);
    default:
        return false;
    }
}

static bool is_outcome(const conf_comparison *comparison, const cJSON *theirs,
                       const conf_effect *ours)
{
    const char *status = compare_text(theirs, 3);
    bool is_timeout = ours->status == PHX_ERROR_TIMEOUT;
    return compare_number(theirs, 2) == ours->number &&
           comparison->step_began_ms + compare_number(theirs, 1) == ours->at_ms &&
           strcmp(status, is_timeout ? "timeout" : ours->text) == 0;
}

/* The next outcome of phoenix.js's that counts. */
static const cJSON *next_outcome(const conf_comparison *comparison, const cJSON *effect)
{
    while (effect != NULL && (compare_text(effect, 0)[0] != 'p' ||
                              comparison->pushes[compare_number(effect, 2)].is_excused)) {
        effect = effect->next;
    }
    return effect;
}

static bool compare_outcomes(conf_comparison *comparison, const cJSON *effects)
{
    const cJSON *theirs = next_outcome(comparison, effects->child);
    for (size_t i = 0; i < comparison->subject.effect_count; i++) {
        const conf_effect *ours = &comparison->subject.effects[i];
        if (ours->kind != EFFECT_OUTCOME) {
            continue;
        }
        if (theirs != NULL && is_outcome(comparison, theirs, ours)) {
            theirs = next_outcome(comparison, theirs->next);
        } else if (is_excusable(comparison, ours)) {
            comparison->pushes[ours->number].is_excused = true;
            theirs = next_outcome(comparison, theirs);
        } else {
            return compare_differs(comparison, "push %zu: ours %s %s at %llu; phoenix.js %s",
                                   ours->number, phx_status_name(ours->status), ours->text,
                                   (unsigned long long)ours->at_ms,
                                   theirs != NULL ? compare_text(theirs, 3) : "nothing");
        }
    }
    return theirs == NULL || compare_differs(comparison, "push %zu: phoenix.js %s, ours nothing",
                                             compare_number(theirs, 2), compare_text(theirs, 3));
}

/* --- messages --- */

static bool is_payload(const char *theirs, const conf_effect *ours)
{
    if (!ours->is_binary) {
        return strcmp(theirs, ours->data) == 0;
    }
    size_t length = 0;
    uint8_t *data = refs_unhex(strncmp(theirs, "0x", 2) == 0 ? theirs + 2 : "", &length);
    bool is_same = length == ours->length && memcmp(data, ours->data, length) == 0;
    free(data);
    return is_same;
}

static const cJSON *next_message(const conf_comparison *comparison, const cJSON *effect)
{
    bool skips = compare_applies(comparison, RULE_errored_channels_hear_nothing);
    while (effect != NULL && (compare_text(effect, 0)[0] != 'm' ||
                              (skips && strcmp(compare_text(effect, 5), "errored") == 0))) {
        effect = effect->next;
    }
    return effect;
}

static bool compare_messages(conf_comparison *comparison, const cJSON *effects)
{
    const cJSON *theirs = next_message(comparison, effects->child);
    for (size_t i = 0; i < comparison->subject.effect_count; i++) {
        const conf_effect *ours = &comparison->subject.effects[i];
        if (ours->kind != EFFECT_MESSAGE) {
            continue;
        }
        bool is_same = theirs != NULL && compare_number(theirs, 2) == ours->number &&
                       strcmp(compare_text(theirs, 3), ours->text) == 0 &&
                       is_payload(compare_text(theirs, 4), ours);
        if (!is_same) {
            return compare_differs(comparison, "message %s: phoenix.js %s", ours->text,
                                   theirs != NULL ? compare_text(theirs, 3) : "nothing");
        }
        theirs = next_message(comparison, theirs->next);
    }
    return theirs == NULL ||
           compare_differs(comparison, "message %s: ours nothing", compare_text(theirs, 3));
}

static bool run_step(conf_comparison *comparison, const cJSON *step)
{
    const cJSON *effects = cJSON_GetArrayItem(step, cJSON_GetArraySize(step) - 1);
    comparison->step_began_ms = comparison->subject.now_ms;
    subject_begin_step(&comparison->subject);
    do_step(comparison, step);
    take_states(comparison, effects);
    return compare_wire(comparison, step, effects) && compare_outcomes(comparison, effects) &&
           compare_messages(comparison, effects) && compare_states(comparison);
}

static phxi_engine_config config_of(const cJSON *script)
{
    const char *profile = cJSON_GetStringValue(cJSON_GetObjectItem(script, "profile"));
    phxi_engine_config config = profile == NULL ? subject_phoenix_js() : subject_defaults();
    if (profile != NULL && strcmp(profile, "jitter") == 0) {
        config.reconnect.kind = PHX_BACKOFF_JITTER;
        config.rejoin.kind = PHX_BACKOFF_JITTER;
    }
    return config;
}

void compare_script(const cJSON *script, rule_id without, conf_divergence *out)
{
    static conf_comparison comparison;
    memset(&comparison, 0, sizeof comparison);
    memset(out, 0, sizeof *out);
    comparison.without = without;
    comparison.socket_state = "closed";
    comparison.divergence = out;
    phxi_engine_config config = config_of(script);
    subject_start(&comparison.subject, &config);
    const cJSON *step;
    cJSON_ArrayForEach(step, cJSON_GetObjectItem(script, "steps"))
    {
        if (!run_step(&comparison, step)) {
            break;
        }
        out->step++;
    }
    if (!subject_stop(&comparison.subject) && !out->is_there) {
        (void)compare_differs(&comparison, "memory was not given back");
    }
}
