/* SPDX-License-Identifier: MIT */
/*
 * Every (state, event) pair of the lifecycle, and the facts.
 */
#include "community/lifecycle.h"
#include "testing.h"

enum {
    NONE = COMMUNITYI_DO_NOTHING,
    OPEN = COMMUNITYI_DO_OPEN,
    CLOSE = COMMUNITYI_DO_CLOSE,
    NOW = COMMUNITYI_DO_TRY_NOW,
    SYNC = COMMUNITYI_DO_SYNC,
    PAUSE = COMMUNITYI_DO_PAUSE,
};

typedef struct expectation {
    community_state state;
    communityi_event event;
    community_state next;
    uint32_t actions;
} expectation;

#define ROW(state, event, next, actions)                                         \
    {                                                                            \
        COMMUNITY_##state, COMMUNITYI_EVENT_##event, COMMUNITY_##next, (actions) \
    }

/* Written from the architecture document's diagram, and not from the table under test. */
static const expectation expectations[] = {
    /* Disconnected --> Connecting: tab appears, app foregrounds */
    ROW(DISCONNECTED, WANTED, CONNECTING, OPEN),
    ROW(DISCONNECTED, UNWANTED, DISCONNECTED, NONE),
    ROW(DISCONNECTED, JOINED, DISCONNECTED, CLOSE),
    ROW(DISCONNECTED, LOST, DISCONNECTED, NONE),
    ROW(DISCONNECTED, REFUSED, DISCONNECTED, NONE),
    ROW(DISCONNECTED, RETRY, DISCONNECTED, NONE),
    /* Connecting --> Connected: socket opened and channel joined */
    ROW(CONNECTING, WANTED, CONNECTING, NONE),
    ROW(CONNECTING, UNWANTED, DISCONNECTED, CLOSE),
    ROW(CONNECTING, JOINED, CONNECTED, SYNC),
    ROW(CONNECTING, LOST, CONNECTING, NONE),
    ROW(CONNECTING, REFUSED, UNAUTHORIZED, CLOSE),
    ROW(CONNECTING, RETRY, CONNECTING, NOW),
    /* Connected --> Disconnected: tab disappears, app backgrounds, user logs out; --> Reconnecting:
       drop */
    ROW(CONNECTED, WANTED, CONNECTED, NONE),
    ROW(CONNECTED, UNWANTED, DISCONNECTED, CLOSE | PAUSE),
    ROW(CONNECTED, JOINED, CONNECTED, SYNC),
    ROW(CONNECTED, LOST, RECONNECTING, PAUSE),
    ROW(CONNECTED, REFUSED, UNAUTHORIZED, CLOSE | PAUSE),
    ROW(CONNECTED, RETRY, CONNECTED, NOW),
    /* Reconnecting --> Connected: success; --> Reconnecting: retry with backoff */
    ROW(RECONNECTING, WANTED, RECONNECTING, NONE),
    ROW(RECONNECTING, UNWANTED, DISCONNECTED, CLOSE),
    ROW(RECONNECTING, JOINED, CONNECTED, SYNC),
    ROW(RECONNECTING, LOST, RECONNECTING, NONE),
    ROW(RECONNECTING, REFUSED, UNAUTHORIZED, CLOSE),
    ROW(RECONNECTING, RETRY, RECONNECTING, NOW),
    /* Refused for good: only the app changes that */
    ROW(UNAUTHORIZED, WANTED, UNAUTHORIZED, NONE),
    ROW(UNAUTHORIZED, UNWANTED, DISCONNECTED, NONE),
    ROW(UNAUTHORIZED, JOINED, UNAUTHORIZED, CLOSE),
    ROW(UNAUTHORIZED, LOST, UNAUTHORIZED, NONE),
    ROW(UNAUTHORIZED, REFUSED, UNAUTHORIZED, NONE),
    ROW(UNAUTHORIZED, RETRY, CONNECTING, OPEN),
};

static void test_every_pair(void **state)
{
    (void)state;
    bool is_seen[COMMUNITYI_STATE_COUNT][COMMUNITYI_EVENT_COUNT] = {{false}};
    for (size_t i = 0; i < COUNT_OF(expectations); i++) {
        const expectation *each = &expectations[i];
        communityi_lifecycle lifecycle = {.state = each->state, .facts = COMMUNITYI_FACTS_ALL};
        assert_int_equal(communityi_lifecycle_handle(&lifecycle, each->event), each->actions);
        assert_int_equal(lifecycle.state, each->next);
        assert_false(is_seen[each->state][each->event]);
        is_seen[each->state][each->event] = true;
    }
    assert_int_equal(COUNT_OF(expectations), COMMUNITYI_STATE_COUNT * COMMUNITYI_EVENT_COUNT);
}

static void test_at_first_only_visibility_is_missing(void **state)
{
    (void)state;
    communityi_lifecycle lifecycle;
    communityi_lifecycle_init(&lifecycle);
    assert_int_equal(lifecycle.state, COMMUNITY_DISCONNECTED);
    assert_int_equal(communityi_lifecycle_set_fact(&lifecycle, COMMUNITYI_FACT_VISIBLE, true),
                     OPEN);
    assert_int_equal(lifecycle.state, COMMUNITY_CONNECTING);
}

/* Wanted exactly when all four hold, for each combination and each change of one fact. */
static void test_every_combination_of_facts(void **state)
{
    (void)state;
    for (uint32_t facts = 0; facts <= COMMUNITYI_FACTS_ALL; facts++) {
        for (uint32_t bit = 1; bit <= COMMUNITYI_FACT_LOGGED_IN; bit <<= 1) {
            for (int is_true = 0; is_true <= 1; is_true++) {
                bool was_wanted = facts == COMMUNITYI_FACTS_ALL;
                uint32_t after = is_true ? facts | bit : facts & ~bit;
                bool is_wanted = after == COMMUNITYI_FACTS_ALL;
                communityi_lifecycle lifecycle = {.state = was_wanted ? COMMUNITY_CONNECTED
                                                                      : COMMUNITY_DISCONNECTED,
                                                  .facts = facts};
                uint32_t actions =
                    communityi_lifecycle_set_fact(&lifecycle, (communityi_fact)bit, is_true != 0);
                uint32_t expected = is_wanted == was_wanted ? NONE
                                    : is_wanted             ? OPEN
                                                            : CLOSE | PAUSE;
                assert_int_equal(actions, expected);
                assert_int_equal(lifecycle.facts, after);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_at_first_only_visibility_is_missing),
        cmocka_unit_test(test_every_combination_of_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
