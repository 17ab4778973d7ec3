/* SPDX-License-Identifier: MIT */
/*
 * The fallback over two transports that the test plays, in virtual time.
 */
#include "longpoll_world.h"

#include <stdlib.h>

#define URL "ws://host/socket/websocket"
#define PROBE "[null,\"probe\",\"phoenix\",\"heartbeat\",{}]"
#define PROBE_ANSWER \
    "[null,\"probe\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]"

enum {
    FALLBACK_MS = 2500
};

static longpoll_world w;

static void begin(void)
{
    world_begin_fallback(&w, FALLBACK_MS);
    w.subprotocols = "phoenix";
    assert_int_equal(world_open(&w, URL), PHX_OK);
}

static void open_again(void)
{
    world_release_connection(&w);
    w.log[0] = '\0';
    w.log_length = 0;
    assert_int_equal(world_open(&w, URL), PHX_OK);
}

static void written(played_transport *transport, size_t length)
{
    transport->events.written(transport->events.user_data, length);
}

/* The primary opens and answers the probe. */
static void pass(void)
{
    played_transport_opened(&w.primary);
    played_transport_message(&w.primary, PROBE_ANSWER);
}

static void uses_a_primary_that_answers(void **state)
{
    (void)state;
    begin();
    assert_string_equal(w.primary.url, URL);
    assert_string_equal(w.primary.subprotocols, "phoenix");
    assert_int_equal(w.primary.connect_timeout_ms, 10000);
    world_run(&w, FALLBACK_MS - 1);
    played_transport_opened(&w.primary);
    assert_string_equal(w.primary.sent, PROBE "\n");
    world_run(&w, FALLBACK_MS - 1);
    world_expect(&w, ""); /* nothing is lost on a link that carries nothing */
    assert_int_equal(world_send(&w, "[1]"), PHX_ERROR_INVALID_STATE);
    played_transport_message(&w.primary, PROBE_ANSWER);
    world_expect(&w, "opened phoenix; ");
    assert_false(w.transport->skips_heartbeat);
    world_run(&w, 60000);
    assert_int_equal(w.secondary.opens, 0);
    world_end(&w);
}

static void passes_everything_on(void **state)
{
    (void)state;
    begin();
    pass();
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    assert_string_equal(w.primary.sent, PROBE "\n[1]\n");
    /* The probe's bytes are not the owner's. */
    written(&w.primary, sizeof PROBE - 1 - 10);
    written(&w.primary, 10 + 2);
    written(&w.primary, 1);
    played_transport_message(&w.primary, "[2]");
    /* Only one answer is the probe's. */
    played_transport_message(&w.primary, PROBE_ANSWER);
    played_transport_closed(&w.primary, PHX_ERROR_CONNECTION_LOST, 0);
    world_expect(&w, "opened phoenix; written 2; written 1; message [2]; message " PROBE_ANSWER
                     "; closed PHX_ERROR_CONNECTION_LOST 0 0; ");
    assert_int_equal(w.secondary.opens, 0);
    world_end(&w);
}

static void takes_any_message_for_life(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "hello",
        "[null,\"1\",\"phoenix\",\"phx_reply\",{}]",
        "{\"ref\":\"probe\"}",
        "",
    };
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        char log[128] = "opened phoenix; message ";
        begin();
        played_transport_opened(&w.primary);
        played_transport_message(&w.primary, messages[i]);
        world_expect(&w, strcat(strcat(log, messages[i]), "; "));
        played_transport_message(&w.primary, PROBE_ANSWER);
        world_expect(&w, "");
        world_end(&w);
    }
}

static void expect_secondary(uint32_t connect_timeout_ms)
{
    assert_int_equal(w.secondary.opens, 1);
    assert_false(w.primary.has_connection);
    assert_string_equal(w.secondary.url, URL);
    assert_string_equal(w.secondary.subprotocols, "phoenix");
    assert_int_equal(w.secondary.connect_timeout_ms, connect_timeout_ms);
    world_expect(&w, "");
    played_transport_opened(&w.secondary);
    world_expect(&w, "opened phoenix; ");
    assert_true(w.transport->skips_heartbeat);
    assert_string_equal(w.secondary.sent, "");
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    assert_string_equal(w.secondary.sent, "[1]\n");
    written(&w.secondary, 3);
    played_transport_message(&w.secondary, "[2]");
    world_run(&w, 60000);
    played_transport_closed(&w.secondary, PHX_ERROR_CONNECTION_LOST, 0);
    world_expect(&w, "written 3; message [2]; closed PHX_ERROR_CONNECTION_LOST 0 0; ");
}

static void falls_back_from_a_primary_that_fails(void **state)
{
    (void)state;
    begin();
    world_run(&w, 100);
    played_transport_closed(&w.primary, PHX_ERROR_CONNECTION_REFUSED, 0);
    expect_secondary(9900);
    world_end(&w);
}

static void falls_back_from_a_primary_that_cannot_begin(void **state)
{
    (void)state;
    world_begin_fallback(&w, FALLBACK_MS);
    w.primary.refusal = PHX_ERROR_SYSTEM;
    w.subprotocols = "phoenix";
    assert_int_equal(world_open(&w, URL), PHX_OK);
    expect_secondary(10000);
    w.transport->release_connection(w.transport->user_data, w.connection);
    w.connection = NULL;
    /* And if neither can, nothing has begun. */
    w.secondary.refusal = PHX_ERROR_INVALID_URL;
    assert_int_equal(world_open(&w, URL), PHX_ERROR_INVALID_URL);
    assert_null(w.connection);
    world_end(&w);
}

static void falls_back_from_a_primary_that_is_slow(void **state)
{
    (void)state;
    begin();
    world_run(&w, FALLBACK_MS - 1);
    assert_int_equal(w.secondary.opens, 0);
    world_run(&w, 1);
    expect_secondary(10000 - FALLBACK_MS);
    world_end(&w);
}

static void falls_back_from_a_primary_that_carries_nothing(void **state)
{
    (void)state;
    begin();
    world_run(&w, 1000);
    played_transport_opened(&w.primary);
    written(&w.primary, sizeof PROBE - 1);
    world_run(&w, FALLBACK_MS - 1);
    assert_int_equal(w.secondary.opens, 0);
    world_run(&w, 1);
    expect_secondary(9000 - FALLBACK_MS);
    world_end(&w);
}

static void falls_back_from_a_primary_that_drops_the_probe(void **state)
{
    (void)state;
    begin();
    played_transport_opened(&w.primary);
    played_transport_closed(&w.primary, PHX_ERROR_CONNECTION_LOST, 0);
    expect_secondary(10000);
    world_end(&w);
}

static void remembers_a_primary_that_never_worked(void **state)
{
    (void)state;
    begin();
    played_transport_closed(&w.primary, PHX_ERROR_UPGRADE_REFUSED, 502);
    expect_secondary(10000);
    for (size_t i = 2; i < 5; i++) {
        open_again();
        assert_int_equal(w.primary.opens, 1);
        assert_int_equal(w.secondary.opens, i);
        played_transport_opened(&w.secondary);
        world_expect(&w, "opened phoenix; ");
        assert_true(w.transport->skips_heartbeat);
    }
    world_end(&w);
}

static void remembers_nothing_if_the_secondary_did_not_work_either(void **state)
{
    (void)state;
    begin();
    played_transport_closed(&w.primary, PHX_ERROR_UNREACHABLE, 0);
    played_transport_closed(&w.secondary, PHX_ERROR_UNREACHABLE, 0);
    open_again();
    assert_int_equal(w.primary.opens, 2);
    assert_int_equal(w.secondary.opens, 1);
    world_end(&w);
}

static void tries_a_primary_again_that_worked_once(void **state)
{
    (void)state;
    begin();
    pass();
    open_again();
    played_transport_closed(&w.primary, PHX_ERROR_TIMEOUT, 0);
    played_transport_opened(&w.secondary);
    world_expect(&w, "opened phoenix; ");
    assert_true(w.transport->skips_heartbeat);
    open_again();
    assert_int_equal(w.primary.opens, 3);
    assert_int_equal(w.secondary.opens, 1);
    pass();
    world_expect(&w, "opened phoenix; ");
    assert_false(w.transport->skips_heartbeat);
    world_end(&w);
}

static void says_why_neither_worked(void **state)
{
    (void)state;
    begin();
    played_transport_closed(&w.primary, PHX_ERROR_UNAUTHORIZED, 403);
    played_transport_closed(&w.secondary, PHX_ERROR_UPGRADE_REFUSED, 404);
    world_expect(&w, "closed PHX_ERROR_UNAUTHORIZED 0 403; ");
    world_end(&w);
    begin();
    played_transport_closed(&w.primary, PHX_ERROR_UPGRADE_REFUSED, 502);
    played_transport_closed(&w.secondary, PHX_ERROR_UNAUTHORIZED, 403);
    world_expect(&w, "closed PHX_ERROR_UNAUTHORIZED 0 403; ");
    world_end(&w);
    begin();
    world_run(&w, FALLBACK_MS); /* the primary was only slow */
    played_transport_closed(&w.secondary, PHX_ERROR_UPGRADE_REFUSED, 404);
    world_expect(&w, "closed PHX_ERROR_UPGRADE_REFUSED 0 404; ");
    world_end(&w);
    begin();
    w.secondary.refusal = PHX_ERROR_NO_MEMORY;
    world_run(&w, FALLBACK_MS);
    world_expect(&w, "closed PHX_ERROR_NO_MEMORY 0 0; ");
    world_end(&w);
}

static void shares_the_time_to_connect(void **state)
{
    (void)state;
    world_begin_fallback(&w, 60000);
    w.connect_timeout_ms = 4000;
    assert_int_equal(world_open(&w, URL), PHX_OK);
    world_run(&w, 4000);
    played_transport_closed(&w.primary, PHX_ERROR_TIMEOUT, 0);
    world_expect(&w, "closed PHX_ERROR_TIMEOUT 0 0; ");
    assert_int_equal(w.secondary.opens, 0);
    world_end(&w);
}

static void close_connection(void)
{
    w.transport->close(w.transport->user_data, w.connection, 1000, "");
}

static void closes_what_it_has(void **state)
{
    (void)state;
    for (int step = 0; step < 4; step++) {
        played_transport *carrier = step < 3 ? &w.primary : &w.secondary;
        begin();
        if (step == 1) {
            played_transport_opened(&w.primary);
        } else if (step == 2) {
            pass();
        } else if (step == 3) {
            played_transport_closed(&w.primary, PHX_ERROR_UNREACHABLE, 0);
        }
        w.log[0] = '\0';
        w.log_length = 0;
        close_connection();
        assert_int_equal(carrier->close_code, 1000);
        world_run(&w, 10000);
        assert_int_equal(w.secondary.opens, step == 3 ? 1 : 0);
        world_expect(&w, "");
        played_transport_closed(carrier, step == 2 ? PHX_OK : PHX_ERROR_CANCELLED, 0);
        world_expect(&w, step == 2 ? "closed PHX_OK 0 0; " : "closed PHX_ERROR_CANCELLED 0 0; ");
        close_connection();
        world_end(&w);
    }
}

static void is_not_opened_by_what_comes_after_a_close(void **state)
{
    (void)state;
    begin();
    close_connection();
    played_transport_opened(&w.primary);
    world_expect(&w, "");
    assert_string_equal(w.primary.sent, "");
    world_end(&w);
    begin();
    played_transport_opened(&w.primary);
    close_connection();
    played_transport_message(&w.primary, PROBE_ANSWER);
    played_transport_message(&w.primary, "[1]");
    world_expect(&w, "");
    world_end(&w);
    begin();
    played_transport_closed(&w.primary, PHX_ERROR_UNREACHABLE, 0);
    close_connection();
    played_transport_opened(&w.secondary);
    world_expect(&w, "");
    world_end(&w);
}

static void can_be_released_inside_every_event(void **state)
{
    (void)state;
    static const char *const events[] = {"opened", "message", "written", "closed"};
    for (size_t i = 0; i < 2 * COUNT_OF(events); i++) {
        played_transport *carrier = i % 2 == 0 ? &w.primary : &w.secondary;
        begin();
        w.release_in = events[i / 2];
        if (carrier == &w.primary) {
            played_transport_opened(carrier);
            played_transport_message(carrier, "[1]"); /* opened and a message in one */
        } else {
            played_transport_closed(&w.primary, PHX_ERROR_UNREACHABLE, 0);
            played_transport_opened(carrier);
        }
        if (w.connection != NULL) {
            written(carrier, 100);
        }
        if (w.connection != NULL) {
            played_transport_message(carrier, "[2]");
        }
        if (w.connection != NULL) {
            played_transport_closed(carrier, PHX_ERROR_CONNECTION_LOST, 0);
        }
        assert_null(w.connection);
        assert_false(carrier->has_connection);
        assert_non_null(strstr(w.log, events[i / 2]));
        world_run(&w, 30000);
        world_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_a_primary_that_answers),
        cmocka_unit_test(passes_everything_on),
        cmocka_unit_test(takes_any_message_for_life),
        cmocka_unit_test(falls_back_from_a_primary_that_fails),
        cmocka_unit_test(falls_back_from_a_primary_that_cannot_begin),
        cmocka_unit_test(falls_back_from_a_primary_that_is_slow),
        cmocka_unit_test(falls_back_from_a_primary_that_carries_nothing),
        cmocka_unit_test(falls_back_from_a_primary_that_drops_the_probe),
        cmocka_unit_test(remembers_a_primary_that_never_worked),
        cmocka_unit_test(remembers_nothing_if_the_secondary_did_not_work_either),
        cmocka_unit_test(tries_a_primary_again_that_worked_once),
        cmocka_unit_test(says_why_neither_worked),
        cmocka_unit_test(shares_the_time_to_connect),
        cmocka_unit_test(closes_what_it_has),
        cmocka_unit_test(is_not_opened_by_what_comes_after_a_close),
        cmocka_unit_test(can_be_released_inside_every_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
