/* SPDX-License-Identifier: MIT */
/*
 * What the tests of upstream.h's rows share.
 */
#include <stdio.h>

#include "upstream_tests.h"

int upstream_start_engine(void **state)
{
    static engine_harness harness;
    harness_start(&harness, NULL);
    *state = &harness;
    return 0;
}

int upstream_stop_engine(void **state)
{
    harness_stop(*state);
    return 0;
}

int upstream_start_client(void **state)
{
    static client_fixture fixture;
    client_fixture_init(&fixture);
    *state = &fixture;
    return 0;
}

int upstream_stop_client(void **state)
{
    client_fixture_stop(*state);
    return 0;
}

void upstream_restart(engine_harness *h, const phxi_engine_config *config)
{
    harness_stop(h);
    harness_start(h, config);
}

void upstream_joining(engine_harness *h)
{
    harness_go_online(h);
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_forget(h);
}

void upstream_joined(engine_harness *h)
{
    upstream_joining(h);
    upstream_reply(h, "1", "1", "ok");
    assert_true(harness_saw(h, "channel 1 joined OK"));
    harness_forget(h);
}

void upstream_reply(engine_harness *h, const char *join_ref, const char *ref, const char *status)
{
    char frame[160];
    (void)snprintf(frame, sizeof frame,
                   "[\"%s\",\"%s\",\"topic\",\"phx_reply\",{\"status\":\"%s\",\"response\":{}}]",
                   join_ref, ref, status);
    harness_receive(h, frame);
}

void upstream_reconnect(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_advance(h, 10);
    harness_opened(h);
    harness_forget(h);
}

phx_channel upstream_joined_client(client_fixture *f)
{
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    phx_channel channel = client_fixture_join(f, "topic", 0);
    assert_true(client_fixture_saw(f, "channel joined PHX_OK"));
    client_fixture_forget(f);
    return channel;
}
