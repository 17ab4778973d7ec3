/* SPDX-License-Identifier: MIT */
/*
 * Rows of socket_test.js: making a socket, its URL, connecting and disconnecting, its state.
 */
#include "upstream_tests.h"

static void S01_a_new_socket_has_defaults(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    phx_client_metrics metrics = {.struct_size = (uint32_t)sizeof metrics};
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phx_client_read_metrics(f->client, &metrics);
    phx_client_read_status(f->client, &status);
    assert_int_equal(status.state, PHX_CLIENT_DISCONNECTED);
    assert_int_equal(metrics.channels, 0);
    assert_int_equal(metrics.attempts, 0);
    client_fixture_go_online(f);
    client_fixture_forget(f);
    client_fixture_advance(f, 29900);
    client_fixture_expect(f, "");
    client_fixture_advance(f, 100);
    client_fixture_expect(f, "> [null,\"1\",\"phoenix\",\"heartbeat\",{}]\n");
}

static phx_status add_params(void *user_data, phx_param_list *list)
{
    const client_fixture *fixture = user_data;
    return phx_param_list_add(list, "two", fixture->token);
}

static void S02_params_are_literal_or_asked_for(void **state)
{
    client_fixture *f = *state;
    const phx_param params[] = {{"one", "a b"}, {"nested[key]", "1"}};
    f->config.params = params;
    f->config.param_count = 2;
    f->config.on_params = add_params;
    f->token = "second";
    client_fixture_start(f);
    client_fixture_connect(f);
    assert_true(client_fixture_saw(f, "open ws://localhost/socket/websocket"
                                      "?one=a%20b&nested[key]=1&two=second&vsn=2.0.0\n"));
    f->token = "third";
    client_fixture_closed(f, PHX_ERROR_CONNECTION_REFUSED, 0);
    client_fixture_advance(f, 100);
    assert_true(client_fixture_saw(f, "&two=third&"));
}

static uint32_t after_40_ms(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)user_data;
    (void)attempt;
    (void)error;
    return 40;
}

static void S03_defaults_are_overridden(void **state)
{
    client_fixture *f = *state;
    f->config.heartbeat_interval_ms = 1000;
    f->config.reconnect.kind = PHX_BACKOFF_CUSTOM;
    f->config.reconnect.delay_ms = after_40_ms;
    f->config.push_timeout_ms = 500;
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_advance(f, 500);
    assert_true(client_fixture_saw(f, "channel errored PHX_ERROR_TIMEOUT\n"));
    client_fixture_advance(f, 500);
    assert_true(client_fixture_saw(f, "\"heartbeat\""));
    client_fixture_closed(f, PHX_ERROR_CONNECTION_LOST, 1006);
    client_fixture_forget(f);
    client_fixture_advance(f, 39);
    client_fixture_expect(f, "");
    client_fixture_advance(f, 1);
    assert_true(client_fixture_saw(f, "open "));
}

static void S06_a_probe_does_not_connect_what_never_was(void **state)
{
    engine_harness *h = *state;
    harness_probe(h);
    harness_expect(h, "");
}

static void S07_a_probe_reconnects_at_once_after_a_drop(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_forget(h);
    harness_probe(h);
    harness_expect(h, "open\nstate connecting\n");
}

static void S08_a_probe_does_not_reconnect_after_a_disconnect(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_closed(h, PHX_OK, 1000);
    harness_forget(h);
    harness_probe(h);
    harness_expect(h, "");
}

static void S10_the_endpoint_is_the_url_with_websocket(void **state)
{
    client_fixture *f = *state;
    f->config.url = "wss://example.com/chat?tenant=7";
    client_fixture_start(f);
    client_fixture_connect(f);
    assert_true(
        client_fixture_saw(f, "open wss://example.com/chat/websocket?tenant=7&vsn=2.0.0\n"));
}

static void S13_connect_opens_the_endpoint(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_expect(f, "");
    client_fixture_connect(f);
    client_fixture_expect(f, "open ws://localhost/socket/websocket?vsn=2.0.0\n"
                             "status connecting PHX_OK\n");
}

static void S14_the_transport_reports_to_the_socket(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_connect(f);
    client_fixture_forget(f);
    client_fixture_opened(f);
    client_fixture_expect(f, "status connected PHX_OK\n");
    client_fixture_receive(f, "[null,null,\"room:none\",\"event\",{}]");
    phx_client_metrics metrics = {.struct_size = (uint32_t)sizeof metrics};
    phx_client_read_metrics(f->client, &metrics);
    assert_int_equal(metrics.frames_in, 1);
    client_fixture_closed(f, PHX_ERROR_CONNECTION_LOST, 1006);
    client_fixture_expect(f, "drop\nstatus waiting PHX_ERROR_CONNECTION_LOST\n");
}

static void S15_connect_is_idempotent(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_forget(h);
    harness_connect(h);
    harness_expect(h, "");
    harness_opened(h);
    harness_forget(h);
    harness_connect(h);
    harness_expect(h, "");
}

static void S16_a_new_token_is_used_at_the_reconnect(void **state)
{
    client_fixture *f = *state;
    f->config.keychain = &f->keychain;
    f->token = "first";
    client_fixture_start(f);
    client_fixture_go_online(f);
    assert_true(client_fixture_saw(f, "?token=first&"));
    f->token = "second";
    client_fixture_disconnect(f);
    client_fixture_closed(f, PHX_OK, 1000);
    client_fixture_forget(f);
    client_fixture_connect(f);
    assert_true(client_fixture_saw(f, "?token=second&"));
}

static void S20_disconnect_releases_the_connection(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_expect(h, "close 1000\nstate closing\n");
    harness_closed(h, PHX_OK, 1000);
    harness_expect(h, "drop\nstate disconnected\n");
    harness_disconnect(h);
    harness_expect(h, "");
}

static void S21_the_end_of_a_disconnect_is_told(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_go_online(f);
    client_fixture_forget(f);
    client_fixture_disconnect(f);
    client_fixture_expect(f, "close 1000\nstatus closing PHX_OK\n");
    client_fixture_closed(f, PHX_OK, 1000);
    client_fixture_expect(f, "drop\nstatus disconnected PHX_OK\n");
}

static void S22_disconnect_closes_the_connection_with_a_code(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    assert_true(harness_saw(h, "close 1000\n"));
}

static void S23_disconnect_without_a_connection_does_nothing(void **state)
{
    engine_harness *h = *state;
    harness_disconnect(h);
    harness_expect(h, "");
}

/* Reports the end of an earlier connection. */
static void close_old(engine_harness *h, uint64_t epoch)
{
    uint64_t current = h->epoch;
    h->epoch = epoch;
    harness_closed(h, PHX_OK, 1000);
    h->epoch = current;
}

static void S24_a_late_teardown_does_not_touch_the_new_connection(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    uint64_t old = h->epoch;
    harness_disconnect(h);
    harness_connect(h);
    harness_opened(h);
    upstream_reply(h, "2", "2", "ok");
    harness_forget(h);
    close_old(h, old);
    harness_expect(h, "");
    assert_int_equal(harness_status(h).state, PHX_CLIENT_CONNECTED);
}

static void S25_two_disconnects_leave_no_connection(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_connect(h);
    harness_opened(h);
    harness_forget(h);
    harness_disconnect(h);
    harness_expect(h, "close 1000\nstate closing\n");
    harness_closed(h, PHX_OK, 1000);
    harness_expect(h, "drop\nstate disconnected\n");
    harness_advance(h, 60000);
    harness_expect(h, "");
}

static void S26_a_new_socket_is_disconnected(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_status(h).state, PHX_CLIENT_DISCONNECTED);
}

static void S27_what_an_unknown_connection_reports_changes_nothing(void **state)
{
    engine_harness *h = *state;
    h->epoch = 77;
    harness_opened(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "");
    assert_int_equal(harness_status(h).state, PHX_CLIENT_DISCONNECTED);
}

static void S28_an_attempt_is_connecting(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    assert_int_equal(harness_status(h).state, PHX_CLIENT_CONNECTING);
}

static void S29_an_open_connection_is_connected(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_status(h).state, PHX_CLIENT_CONNECTED);
}

static void S30_a_connection_that_closes_is_closing(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    assert_int_equal(harness_status(h).state, PHX_CLIENT_CLOSING);
}

static void S31_a_closed_connection_is_disconnected(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_closed(h, PHX_OK, 1000);
    assert_int_equal(harness_status(h).state, PHX_CLIENT_DISCONNECTED);
}

static void S32_a_channel_has_its_topic_and_params(void **state)
{
    engine_harness *h = *state;
    h->join_payload = "{\"one\":\"two\"}";
    upstream_joined(h);
    harness_receive(h, "[\"1\",null,\"topic\",\"event\",{}]");
    harness_receive(h, "[\"1\",null,\"other\",\"event\",{}]");
    harness_expect(h, "message 1 event {}\n");
}

static void S33_a_channel_is_among_the_sockets(void **state)
{
    engine_harness *h = *state;
    int user = 0;
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 0);
    phxi_join_request request = {.id = 1, .topic = {"topic", 5}, .user = &user};
    assert_int_equal(phxi_engine_join(h->engine, h->now_ms, &request), PHX_OK);
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 1);
    assert_ptr_equal(phxi_engine_channel_user(h->engine, 1), &user);
}

static void S34_a_channel_that_was_left_is_not(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_join(h, 2, "other"), PHX_OK);
    harness_leave(h, 1);
    upstream_reply(h, "1", "3", "ok");
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 1);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_ERROR_STALE_HANDLE);
    assert_int_equal(harness_push(h, 11, 2, "event", "{}"), PHX_OK);
}

static const struct CMUnitTest rows[] = {
    CLIENT_ROW(S01_a_new_socket_has_defaults),
    CLIENT_ROW(S02_params_are_literal_or_asked_for),
    CLIENT_ROW(S03_defaults_are_overridden),
    ENGINE_ROW(S06_a_probe_does_not_connect_what_never_was),
    ENGINE_ROW(S07_a_probe_reconnects_at_once_after_a_drop),
    ENGINE_ROW(S08_a_probe_does_not_reconnect_after_a_disconnect),
    CLIENT_ROW(S10_the_endpoint_is_the_url_with_websocket),
    CLIENT_ROW(S13_connect_opens_the_endpoint),
    CLIENT_ROW(S14_the_transport_reports_to_the_socket),
    ENGINE_ROW(S15_connect_is_idempotent),
    CLIENT_ROW(S16_a_new_token_is_used_at_the_reconnect),
    ENGINE_ROW(S20_disconnect_releases_the_connection),
    CLIENT_ROW(S21_the_end_of_a_disconnect_is_told),
    ENGINE_ROW(S22_disconnect_closes_the_connection_with_a_code),
    ENGINE_ROW(S23_disconnect_without_a_connection_does_nothing),
    ENGINE_ROW(S24_a_late_teardown_does_not_touch_the_new_connection),
    ENGINE_ROW(S25_two_disconnects_leave_no_connection),
    ENGINE_ROW(S26_a_new_socket_is_disconnected),
    ENGINE_ROW(S27_what_an_unknown_connection_reports_changes_nothing),
    ENGINE_ROW(S28_an_attempt_is_connecting),
    ENGINE_ROW(S29_an_open_connection_is_connected),
    ENGINE_ROW(S30_a_connection_that_closes_is_closing),
    ENGINE_ROW(S31_a_closed_connection_is_disconnected),
    ENGINE_ROW(S32_a_channel_has_its_topic_and_params),
    ENGINE_ROW(S33_a_channel_is_among_the_sockets),
    ENGINE_ROW(S34_a_channel_that_was_left_is_not),
};
UPSTREAM_GROUP(upstream_socket, rows);
