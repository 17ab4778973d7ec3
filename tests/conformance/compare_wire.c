/* SPDX-License-Identifier: MIT */
/*
 * What went over the wire in a step: attempts, frames and closes, with their times.
 */
#include <stdio.h>
#include <string.h>

#include "compare_state.h"

typedef struct wire_item {
    char kind; /* 'o' attempt, 'f' text, 'F' text that was kept until the open, 'b' binary, 'x'
                  close */
    uint64_t at_ms;
    const char *text;
    size_t code;
} wire_item;

typedef struct wire_list {
    wire_item items[SUBJECT_MAX_EFFECTS];
    size_t count;
} wire_list;

static bool has_event(const wire_item *item, const char *event)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\",\"%s\",", event);
    return item->text != NULL && strstr(item->text, quoted) != NULL;
}

/* Whether the frame's topic, as JSON writes it, is this one. */
static bool has_topic(const wire_item *item, const char *topic)
{
    char quoted[300];
    (void)snprintf(quoted, sizeof quoted, ",\"%s\",\"phx_", topic);
    return strstr(item->text, quoted) != NULL;
}

static bool is_joining(const conf_comparison *comparison, const wire_item *item)
{
    for (size_t i = 0; i < comparison->channel_count; i++) {
        if (has_topic(item, comparison->topics[i]) &&
            strcmp(comparison->channel_states[i], "joining") == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a later item of the list joins the same topic. */
static bool is_joined_again(const conf_comparison *comparison, const wire_list *list, size_t at)
{
    for (size_t i = 0; i < comparison->channel_count; i++) {
        const char *topic = comparison->topics[i];
        for (size_t j = at + 1; has_topic(&list->items[at], topic) && j < list->count; j++) {
            if (has_event(&list->items[j], "phx_join") && has_topic(&list->items[j], topic)) {
                return true;
            }
        }
    }
    return false;
}

/* nothing_is_buffered_by_the_socket: of what was kept, what only phoenix.js sends. */
static bool is_stale(const conf_comparison *comparison, const wire_list *list, size_t at)
{
    const wire_item *item = &list->items[at];
    return item->kind == 'F' && (!has_event(item, "phx_join") || !is_joining(comparison, item) ||
                                 is_joined_again(comparison, list, at));
}

/* no_leave_without_a_join: the leave of a channel that was errored. */
static bool is_needless_leave(const conf_comparison *comparison, const cJSON *step,
                              const wire_item *item)
{
    return strcmp(compare_text(step, 0), "leave") == 0 && item->text != NULL &&
           has_event(item, "phx_leave") && comparison->was_errored[compare_number(step, 1)];
}

static bool is_left_out(const conf_comparison *comparison, const cJSON *step, const wire_list *list,
                        size_t at)
{
    return (compare_applies(comparison, RULE_nothing_is_buffered_by_the_socket) &&
            is_stale(comparison, list, at)) ||
           (compare_applies(comparison, RULE_no_leave_without_a_join) &&
            is_needless_leave(comparison, step, &list->items[at]));
}

static void read_theirs(const conf_comparison *comparison, const cJSON *effects, wire_list *out)
{
    const cJSON *effect;
    out->count = 0;
    cJSON_ArrayForEach(effect, effects)
    {
        char kind = compare_text(effect, 0)[0];
        if (strchr("ofFbx", kind) == NULL) {
            continue;
        }
        wire_item *item = &out->items[out->count++];
        *item = (wire_item){.kind = kind,
                            .at_ms = comparison->step_began_ms + compare_number(effect, 1)};
        if (kind == 'x') {
            item->code = compare_number(effect, 2);
            bool has_code =
                item->code == 0 && compare_applies(comparison, RULE_disconnect_says_1000);
            item->code = has_code ? 1000 : item->code;
        } else if (kind != 'o') {
            item->text = compare_text(effect, 2);
        }
    }
}

static void leave_out(const conf_comparison *comparison, const cJSON *step, wire_list *list)
{
    static wire_list kept;
    kept.count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_left_out(comparison, step, list, i)) {
            kept.items[kept.count++] = list->items[i];
        }
    }
    *list = kept;
}

static bool is_same(conf_comparison *comparison, const wire_item *theirs, const conf_effect *ours)
{
    if (theirs->at_ms != ours->at_ms) {
        return false;
    }
    switch (theirs->kind) {
    case 'o':
        return ours->kind == EFFECT_OPEN;
    case 'x':
        return ours->kind == EFFECT_CLOSE && ours->number == theirs->code;
    case 'b':
        return ours->kind == EFFECT_FRAME && ours->is_binary &&
               refs_match_binary(&comparison->refs, theirs->text, (const uint8_t *)ours->data,
                                 ours->length);
    default:
        return ours->kind == EFFECT_FRAME && !ours->is_binary &&
               refs_match_text(&comparison->refs, theirs->text, ours->data, ours->length);
    }
}

static bool is_on_wire(const conf_effect *effect)
{
    return effect->kind == EFFECT_OPEN || effect->kind == EFFECT_FRAME ||
           effect->kind == EFFECT_CLOSE;
}

static const char *describe(const conf_effect *effect)
{
    switch (effect->kind) {
    case EFFECT_OPEN:
        return "an attempt";
    case EFFECT_CLOSE:
        return "a close";
    default:
        return effect->is_binary ? "a binary frame" : effect->data;
    }
}

/* Our next effect on the wire from `at` on; NULL: none is left. */
static const conf_effect *next_on_wire(const conf_subject *subject, size_t *at)
{
    while (*at < subject->effect_count) {
        const conf_effect *effect = &subject->effects[(*at)++];
        if (is_on_wire(effect)) {
            return effect;
        }
    }
    return NULL;
}

static bool differs(conf_comparison *comparison, const wire_item *theirs, const conf_effect *ours)
{
    return compare_differs(comparison, "phoenix.js: %c %s at %llu; ours: %s at %llu",
                           theirs != NULL ? theirs->kind : '-',
                           theirs != NULL && theirs->text != NULL ? theirs->text : "",
                           theirs != NULL ? (unsigned long long)theirs->at_ms : 0,
                           ours != NULL ? describe(ours) : "nothing",
                           ours != NULL ? (unsigned long long)ours->at_ms : 0);
}

static bool is_of_a_join(const wire_item *item)
{
    return has_event(item, "phx_join") || has_event(item, "phx_leave");
}

/* joins_at_an_open_in_one_order: joins of one open, and what their time-outs bring in one
 * millisecond, may change places. Brings to `at` the item that is the same as ours. */
static bool find_same(conf_comparison *comparison, wire_list *theirs, size_t at,
                      const conf_effect *ours)
{
    bool may_move = compare_applies(comparison, RULE_joins_at_an_open_in_one_order) &&
                    is_of_a_join(&theirs->items[at]);
    for (size_t i = at; i < theirs->count; i++) {
        if (i > at && (!may_move || !is_of_a_join(&theirs->items[i]))) {
            return false;
        }
        if (is_same(comparison, &theirs->items[i], ours)) {
            wire_item found = theirs->items[i];
            memmove(&theirs->items[at + 1], &theirs->items[at], (i - at) * sizeof found);
            theirs->items[at] = found;
            return true;
        }
    }
    return false;
}

bool compare_wire(conf_comparison *comparison, const cJSON *step, const cJSON *effects)
{
    static wire_list theirs;
    read_theirs(comparison, effects, &theirs);
    leave_out(comparison, step, &theirs);
    size_t at = 0;
    for (size_t i = 0; i < theirs.count; i++) {
        const conf_effect *ours = next_on_wire(&comparison->subject, &at);
        if (ours == NULL || !find_same(comparison, &theirs, i, ours)) {
            return differs(comparison, &theirs.items[i], ours);
        }
    }
    const conf_effect *extra = next_on_wire(&comparison->subject, &at);
    return extra == NULL || differs(comparison, NULL, extra);
}
