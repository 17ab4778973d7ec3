/* SPDX-License-Identifier: MIT */
/*
 * The state diagram of the architecture document, section 5, as one table.
 */
#include "community/lifecycle.h"

typedef struct transition {
    community_state next;
    uint32_t actions;
} transition;

#define STAY(state)                              \
    {                                            \
        COMMUNITY_##state, COMMUNITYI_DO_NOTHING \
    }
#define GO(state, actions)           \
    {                                \
        COMMUNITY_##state, (actions) \
    }
#define ON(event) [COMMUNITYI_EVENT_##event]
#define OPEN COMMUNITYI_DO_OPEN
#define CLOSE COMMUNITYI_DO_CLOSE
#define TRY_NOW COMMUNITYI_DO_TRY_NOW
#define SYNC COMMUNITYI_DO_SYNC
#define PAUSE COMMUNITYI_DO_PAUSE

/*
 * A join that nobody wants any more is closed again, so that no state leaves a connection behind. A
 * refusal closes the socket too: trying for ever what cannot succeed would only cost battery.
 */
static const transition transitions[COMMUNITYI_STATE_COUNT][COMMUNITYI_EVENT_COUNT] = {
    [COMMUNITY_DISCONNECTED] =
        {
            ON(WANTED) = GO(CONNECTING, OPEN),
            ON(UNWANTED) = STAY(DISCONNECTED),
            ON(JOINED) = GO(DISCONNECTED, CLOSE),
            ON(LOST) = STAY(DISCONNECTED),
            ON(REFUSED) = STAY(DISCONNECTED),
            ON(RETRY) = STAY(DISCONNECTED),
        },
    [COMMUNITY_CONNECTING] =
        {
            ON(WANTED) = STAY(CONNECTING),
            ON(UNWANTED) = GO(DISCONNECTED, CLOSE),
            ON(JOINED) = GO(CONNECTED, SYNC),
            ON(LOST) = STAY(CONNECTING),
            ON(REFUSED) = GO(UNAUTHORIZED, CLOSE),
            ON(RETRY) = GO(CONNECTING, TRY_NOW),
        },
    [COMMUNITY_CONNECTED] =
        {
            ON(WANTED) = STAY(CONNECTED),
            ON(UNWANTED) = GO(DISCONNECTED, CLOSE | PAUSE),
            ON(JOINED) = GO(CONNECTED, SYNC),
            ON(LOST) = GO(RECONNECTING, PAUSE),
            ON(REFUSED) = GO(UNAUTHORIZED, CLOSE | PAUSE),
            ON(RETRY) = GO(CONNECTED, TRY_NOW),
        },
    [COMMUNITY_RECONNECTING] =
        {
            ON(WANTED) = STAY(RECONNECTING),
            ON(UNWANTED) = GO(DISCONNECTED, CLOSE),
            ON(JOINED) = GO(CONNECTED, SYNC),
            ON(LOST) = STAY(RECONNECTING),
            ON(REFUSED) = GO(UNAUTHORIZED, CLOSE),
            ON(RETRY) = GO(RECONNECTING, TRY_NOW),
        },
    [COMMUNITY_UNAUTHORIZED] =
        {
            ON(WANTED) = STAY(UNAUTHORIZED),
            ON(UNWANTED) = GO(DISCONNECTED, COMMUNITYI_DO_NOTHING),
            ON(JOINED) = GO(UNAUTHORIZED, CLOSE),
            ON(LOST) = STAY(UNAUTHORIZED),
            ON(REFUSED) = STAY(UNAUTHORIZED),
            ON(RETRY) = GO(CONNECTING, OPEN),
        },
};

void communityi_lifecycle_init(communityi_lifecycle *lifecycle)
{
    *lifecycle = (communityi_lifecycle){
        .state = COMMUNITY_DISCONNECTED,
        .facts = COMMUNITYI_FACTS_ALL & ~(uint32_t)COMMUNITYI_FACT_VISIBLE,
    };
}

uint32_t communityi_lifecycle_handle(communityi_lifecycle *lifecycle, communityi_event event)
{
    const transition *row = &transitions[lifecycle->state][event];
    lifecycle->state = row->next;
    return row->actions;
}

uint32_t communityi_lifecycle_set_fact(communityi_lifecycle *lifecycle, communityi_fact fact,
                                       bool is_true)
{
    bool was_wanted = lifecycle->facts == COMMUNITYI_FACTS_ALL;
    lifecycle->facts =
        is_true ? lifecycle->facts | (uint32_t)fact : lifecycle->facts & ~(uint32_t)fact;
    bool is_wanted = lifecycle->facts == COMMUNITYI_FACTS_ALL;
    if (is_wanted == was_wanted) {
        return COMMUNITYI_DO_NOTHING;
    }
    return communityi_lifecycle_handle(lifecycle, is_wanted ? COMMUNITYI_EVENT_WANTED
                                                            : COMMUNITYI_EVENT_UNWANTED);
}
