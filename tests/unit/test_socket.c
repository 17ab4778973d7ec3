/* SPDX-License-Identifier: MIT */
/*
 * The connection's table: every event in every state, the exact actions that follow, and the state
 * behind them. An expectation that names no state means that it stays.
 */
#include "engine_harness.h"
#include "testing.h"

/* The states of phx_client_state in its order, and one behind them. */
typedef enum start_state {
    DISCONNECTED,
    CONNECTING,
    CONNECTED,
    WAITING,
    UNAUTHORIZED,
    CLOSING,
    AWAITING_TOKEN, /* connecting; the keychain said that the token is on its way */
    STATE_COUNT
} start_state;

static const char *const state_names[] = {"disconnected", "connecting", "connected", "waiting",
                                          "unauthorized", "closing",    "connecting"};

static void reach(engine_harness *h, start_state state)
{
    if (state != DISCONNECTED) {
        harness_connect(h);
    }
    if (state == CONNECTED || state == CLOSING) {
        harness_opened(h);
    }
    if (state == CLOSING) {
        harness_disconnect(h);
    } else if (state == WAITING) {
        harness_closed(h, PHX_ERROR_CONNECTION_REFUSED, 0);
    } else if (state == UNAUTHORIZED) {
        harness_closed(h, PHX_ERROR_NO_TOKEN, 0);
    } else if (state == AWAITING_TOKEN) {
        harness_closed(h, PHX_ERROR_TOKEN_PENDING, 0);
    }
    harness_forget(h);
}

static void lost(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
}

static void closed_well(engine_harness *h)
{
    harness_closed(h, PHX_OK, 1000);
}

static void token_refused(engine_harness *h)
{
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
}

static void no_token(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_NO_TOKEN, 0);
}

static void token_pending(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_TOKEN_PENDING, 0);
}

static void message(engine_harness *h)
{
    harness_receive(h, "[null,null,\"room:a\",\"shout\",{}]");
}

static void malformed_message(engine_harness *h)
{
    harness_receive(h, "{not json");
}

static void time_passes(engine_harness *h)
{
    uint64_t deadline_ms = phxi_engine_deadline_ms(h->engine);
    if (deadline_ms != UINT64_MAX) {
        harness_advance(h, deadline_ms - h->now_ms);
    }
}

static void shut_down(engine_harness *h)
{
    phxi_engine_shut_down(h->engine, h->now_ms);
    harness_drain(h);
}

/* What an attempt that was given up, or one that never was, still says. */
static void other_epochs(engine_harness *h)
{
    uint64_t epoch = h->epoch;
    for (int i = -1; i <= 1; i += 2) {
        h->epoch = epoch + (uint64_t)i;
        harness_opened(h);
        message(h);
        malformed_message(h);
        phxi_engine_written(h->engine, h->epoch, 1);
        lost(h);
        token_refused(h);
        token_pending(h);
    }
    h->epoch = epoch;
}

#define OPEN "open\nstate connecting\n"
#define GONE "state disconnected\n"
#define DROP_GONE "drop\nstate disconnected\n"
#define DROP_WAIT "drop\nstate waiting\n"
#define REFRESH "drop\nopen refresh\nstate connecting\n"

typedef struct event_row {
    const char *name;
    void (*happens)(engine_harness *h);
    const char *expected[STATE_COUNT];
} event_row;

/* By column: disconnected, connecting, connected, waiting, unauthorized, closing, awaiting the
 * token. */
static const event_row rows[] = {
    {"connect", harness_connect, {OPEN, "", "", OPEN, OPEN, "drop\n" OPEN, OPEN}},
    {"disconnect",
     harness_disconnect,
     {"", DROP_GONE, "close 1000\nstate closing\n", GONE, GONE, "", GONE}},
    {"probe",
     harness_probe,
     {"", "", "> [null,\"1\",\"phoenix\",\"heartbeat\",{}]\n", OPEN, "", "", ""}},
    {"token changed", harness_token_changed, {"", "", "", OPEN, OPEN, "", OPEN}},
    {"opened", harness_opened, {"", "state connected\n", "", "", "", "", ""}},
    {"lost", lost, {"", DROP_WAIT, DROP_WAIT, "", "", DROP_GONE, ""}},
    {"closed well", closed_well, {"", DROP_WAIT, DROP_WAIT, "", "", DROP_GONE, ""}},
    {"token refused", token_refused, {"", REFRESH, REFRESH, "", "", DROP_GONE, ""}},
    {"no token",
     no_token,
     {"", "drop\nstate unauthorized\n", "drop\nstate unauthorized\n", "", "", DROP_GONE, ""}},
    {"token pending", token_pending, {"", "", DROP_WAIT, "", "", DROP_GONE, ""}},
    {"message", message, {"", "", "", "", "", "", ""}},
    {"malformed message",
     malformed_message,
     {"", "", "error ERROR_MALFORMED_FRAME\n", "", "", "", ""}},
    {"time passes",
     time_passes,
     {"", DROP_WAIT, "> [null,\"1\",\"phoenix\",\"heartbeat\",{}]\n", OPEN, "", DROP_GONE,
      "state waiting\n"}},
    {"shut down", shut_down, {"", DROP_GONE, DROP_GONE, GONE, GONE, DROP_GONE, GONE}},
    {"other epochs", other_epochs, {"", "", "", "", "", "", ""}},
};

/* The state that the last "state" line names; none: the one before. */
static const char *state_behind(const char *expected, start_state before)
{
    const char *name = state_names[before];
    for (const char *at = strstr(expected, "state "); at != NULL; at = strstr(at, "state ")) {
        at += strlen("state ");
        name = at;
    }
    return name;
}

static void every_event_in_every_state(void **state)
{
    (void)state;
    static engine_harness h;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (start_state before = 0; before < STATE_COUNT; before++) {
            harness_start(&h, NULL);
            reach(&h, before);
            assert_string_equal(state_names[before], state_names[harness_status(&h).state]);
            rows[i].happens(&h);
            const char *expected = rows[i].expected[before];
            if (strcmp(h.lines, expected) != 0) {
                fail_msg("%s in %s (%d): expected\n%sbut there was\n%s", rows[i].name,
                         state_names[before], (int)before, expected, h.lines);
            }
            const char *behind = state_behind(expected, before);
            const char *now = state_names[harness_status(&h).state];
            assert_int_equal(strncmp(behind, now, strlen(now)), 0);
            harness_stop(&h);
        }
    }
}

/* A driver that did not come to do what was wanted first. */
static void a_close_that_is_too_late_is_a_drop(void **state)
{
    (void)state;
    static engine_harness h;
    harness_start(&h, NULL);
    harness_go_online(&h);
    phxi_engine_disconnect(h.engine, h.now_ms);
    h.now_ms += 60000;
    phxi_engine_advance(h.engine, h.now_ms);
    harness_drain(&h);
    harness_expect(&h, "state disconnected\ndrop\n");
    harness_stop(&h);
}

/* Connections that the driver holds after what just happened. */
static int held(const engine_harness *h, int before)
{
    int count = before;
    for (const char *at = h->lines; *at != '\0'; at = strchr(at, '\n') + 1) {
        count += strncmp(at, "open", 4) == 0 ? 1 : 0;
        count -= strncmp(at, "drop", 4) == 0 ? 1 : 0;
        assert_in_range(count, 0, 1);
    }
    return count;
}

/* Whatever comes in whatever order: one connection at most, each given back once. */
static void random_walks_keep_one_connection(void **state)
{
    (void)state;
    static engine_harness h;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed;
        int count = 0;
        harness_start(&h, NULL);
        for (int step = 0; step < 100; step++) {
            const event_row *row = &rows[random_below(&random, COUNT_OF(rows))];
            phx_client_state before = harness_status(&h).state;
            row->happens(&h);
            count = held(&h, count);
            if (row->happens == token_pending && before == PHX_CLIENT_CONNECTING) {
                count = 0; /* without a token the driver opened nothing */
            }
            harness_forget(&h);
        }
        shut_down(&h);
        assert_int_equal(held(&h, count), 0);
        harness_stop(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state),
        cmocka_unit_test(a_close_that_is_too_late_is_a_drop),
        cmocka_unit_test(random_walks_keep_one_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
