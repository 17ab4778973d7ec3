/* SPDX-License-Identifier: MIT */
/*
 * A client that breaks the rules of the wire.
 */
#include "self_test.h"

static sim_world world;

static phxi_envelope frame(const char *join_ref, const char *ref, const char *topic,
                           const char *event)
{
    return (phxi_envelope){
        .join_ref = {join_ref, join_ref == NULL ? 0 : strlen(join_ref)},
        .ref = {ref, strlen(ref)},
        .topic = {topic, strlen(topic)},
        .event = {event, strlen(event)},
        .payload = {"{}", 2},
    };
}

static void say(const char *join_ref, const char *ref, const char *topic, const char *event)
{
    const phxi_envelope said = frame(join_ref, ref, topic, event);
    sim_phoenix_frame(&world.channels.end, &said);
}

static sim_endpoint *connect_end(void)
{
    sim_endpoint *endpoint = &world.channels.end;
    world.is_calm = true;
    fake_poller_init(&world.app.poller, 1);
    fake_keychain_init(&world.channels.keychain, SIM_TOKEN "0");
    fake_transport_init(&world.channels.transport, &world.app.poller, &(fake_server_events){0});
    endpoint->world = &world;
    endpoint->transport = &world.channels.transport;
    endpoint->keychain = &world.channels.keychain;
    sim_phoenix_init(&world);
    sim_phoenix_attach(endpoint);
    return endpoint;
}

static phx_connection *attempt(const char *url)
{
    static const phx_transport_events nobody;
    const phx_transport_request request = {.url = url};
    phx_transport *port = &world.channels.transport.port;
    phx_connection *connection = NULL;
    assert_int_equal(port->open(port->user_data, &request, &nobody, &connection), PHX_OK);
    return connection;
}

#define URL "wss://example.org/websocket?token=" SIM_TOKEN "0&vsn=2.0.0"

/* Joined, with the answer handed over. */
static void join(void)
{
    (void)connect_end();
    (void)attempt(URL);
    say("1", "1", "room:1", "phx_join");
}

static void second_join(void)
{
    join();
    say("2", "2", "room:1", "phx_join");
}

static void join_under_another_ref(void)
{
    join();
    say("2", "3", "room:2", "phx_join");
}

static void ref_again(void)
{
    join();
    say("1", "1", "room:1", "phx_leave");
}

static void push_without_join(void)
{
    join();
    say("1", "2", "room:2", "echo");
}

static void push_behind_leave(void)
{
    join();
    say("1", "2", "room:1", "phx_leave");
    say("1", "3", "room:1", "echo");
}

static void push_before_answer(void)
{
    join();
    sim_wire_find(&world.channels.end.wire, (phx_slice){"room:1", 6})->is_answered = false;
    say("1", "2", "room:1", "echo");
}

static void push_of_older_join(void)
{
    join();
    say("1", "2", "room:1", "phx_leave");
    say("3", "3", "room:1", "phx_join");
    say("1", "4", "room:1", "echo");
}

static void second_leave(void)
{
    join();
    say("1", "2", "room:1", "phx_leave");
    say("1", "3", "room:1", "phx_leave");
}

static void heartbeat_of_a_channel(void)
{
    join();
    say("1", "2", "phoenix", "heartbeat");
}

static void push_that_nobody_asked_for(void)
{
    join();
    say("1", "2", "room:1", "echo");
}

static void push_twice(void)
{
    join();
    phxi_envelope said = frame("1", "2", "room:1", "echo");
    said.payload = (phx_slice){"{\"n\":7}", 7};
    sim_phoenix_frame(&world.channels.end, &said);
    said.ref = (phx_slice){"3", 1};
    sim_phoenix_frame(&world.channels.end, &said);
}

static void second_connection(void)
{
    (void)connect_end();
    (void)attempt(URL);
    (void)attempt(URL);
}

static void attempt_after_disconnect(void)
{
    connect_end()->unwanted_since_ms = 1;
    (void)attempt(URL);
}

static void attempt_with_old_token(void)
{
    (void)connect_end();
    (void)attempt("wss://example.org/websocket?token=" SIM_TOKEN "&vsn=2.0.0");
}

static void frame_after_the_end(void)
{
    sim_endpoint *endpoint = connect_end();
    phx_connection *connection = attempt(URL);
    endpoint->is_accepted = false;
    world.channels.transport.server.frame(endpoint, connection, PHX_FRAME_TEXT,
                                          (const uint8_t *)"[]", 2);
}

static void send_nonsense(const char *text)
{
    sim_endpoint *endpoint = connect_end();
    phx_connection *connection = attempt(URL);
    world.channels.transport.server.frame(endpoint, connection, PHX_FRAME_TEXT,
                                          (const uint8_t *)text, strlen(text));
}

static void frame_of_nonsense(void)
{
    send_nonsense("[1]");
}

static void token_in_a_frame(void)
{
    send_nonsense("[null,\"1\",\"phoenix\",\"heartbeat\",{\"t\":\"" SIM_TOKEN "0\"}]");
}

static void send_after_close(void)
{
    (void)connect_end();
    phx_connection *connection = attempt(URL);
    phx_transport *port = &world.channels.transport.port;
    port->close(port->user_data, connection, 1000, "");
    (void)port->send(port->user_data, connection, PHX_FRAME_TEXT, (const uint8_t *)"[]", 2);
}

static void silence(void)
{
    (void)connect_end();
    (void)attempt(URL);
    world.feed.end.world = &world;
    world.app.poller.now_ms += 60000;
    sim_phoenix_step(&world);
}

const sim_wrong sim_wire_wrongs[] = {
    {"a second join", second_join, "a second join of a live topic"},
    {"a join under another ref", join_under_another_ref, "a join whose join_ref is not its ref"},
    {"a ref again", ref_again, "a ref that does not grow"},
    {"a push without a join", push_without_join, "a push on a topic that is not joined"},
    {"a push behind a leave", push_behind_leave, "a push on a topic that is not joined"},
    {"a push before the answer", push_before_answer, "a push on a topic that is not joined"},
    {"a push of an older join", push_of_older_join, "a push with a stale join_ref"},
    {"a second leave", second_leave, "a leave of what is not joined"},
    {"a heartbeat of a channel", heartbeat_of_a_channel, "a heartbeat that is none"},
    {"a push that nobody asked for", push_that_nobody_asked_for, "a push that nobody asked for"},
    {"a push twice", push_twice, "push 7 came twice"},
    {"a second connection", second_connection, "a second connection"},
    {"an attempt after disconnect", attempt_after_disconnect, "an attempt after the disconnect"},
    {"an attempt with an old token", attempt_with_old_token, "without the keychain's token"},
    {"a frame after the end", frame_after_the_end, "on a connection that is not open"},
    {"a frame of nonsense", frame_of_nonsense, "a frame that no server understands"},
    {"a token in a frame", token_in_a_frame, "a token in a frame"},
    {"a frame after the close", send_after_close, "is_closing"},
    {"silence", silence, "nothing was heard of the client"},
};
const size_t sim_wire_wrong_count = COUNT_OF(sim_wire_wrongs);
