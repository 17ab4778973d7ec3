/* SPDX-License-Identifier: MIT */
/*
 * What a refused join says of trying again, by the SDK's table and by the application's own judge.
 */
#include "engine_harness.h"
#include "testing.h"

static phx_join_verdict verdict_of(const char *response)
{
    phx_reply reply = {.struct_size = (uint32_t)sizeof reply,
                       .response = {response, response == NULL ? 0 : strlen(response)}};
    return phx_join_verdict_of(&reply);
}

static void knows_the_usual_reasons(void **state)
{
    (void)state;
    assert_int_equal(verdict_of("{\"reason\":\"unauthorized\"}"), PHX_JOIN_UNAUTHORIZED);
    assert_int_equal(verdict_of("{\"reason\":\"token_expired\"}"), PHX_JOIN_UNAUTHORIZED);
    assert_int_equal(verdict_of("{\"reason\":\"unmatched topic\"}"), PHX_JOIN_PERMANENT);
    assert_int_equal(verdict_of("{\"x\":1,\"reason\":\"not_a_member\"}"), PHX_JOIN_PERMANENT);
}

static void tries_all_others_again(void **state)
{
    (void)state;
    assert_int_equal(verdict_of("{\"reason\":\"join crashed\"}"), PHX_JOIN_RETRY);
    assert_int_equal(verdict_of("{\"reason\":\"too many channels joined\"}"), PHX_JOIN_RETRY);
    assert_int_equal(verdict_of("{\"reason\":7}"), PHX_JOIN_RETRY);
    assert_int_equal(verdict_of("{}"), PHX_JOIN_RETRY);
    assert_int_equal(verdict_of("[]"), PHX_JOIN_RETRY);
    assert_int_equal(verdict_of(NULL), PHX_JOIN_RETRY);
}

static phx_join_verdict judge(void *user_data, const phx_reply *reply)
{
    assert_non_null(strstr(reply->response.data, "whatever"));
    return *(const phx_join_verdict *)user_data;
}

static void join_judged(engine_harness *h, uint64_t id, phx_join_verdict *verdict)
{
    phxi_join_request request = {
        .id = id, .topic = {"room:a", 6}, .judge_refusal = judge, .judge_user_data = verdict};
    assert_int_equal(phxi_engine_join(h->engine, h->now_ms, &request), PHX_OK);
    harness_advance(h, 0);
    harness_rejoin(h, 0); /* carries out what the join wants done */
    harness_forget(h);
}

static void asks_the_application(void **state)
{
    (void)state;
    static engine_harness h;
    harness_start(&h, NULL);
    harness_go_online(&h);
    phx_join_verdict verdict = PHX_JOIN_UNAUTHORIZED;
    join_judged(&h, 7, &verdict);
    harness_receive(&h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"error\",\"response\":"
                        "{\"reason\":\"whatever\"}}]");
    harness_expect(&h, "channel 7 refused ERROR_UNAUTHORIZED {\"reason\":\"whatever\"}\n");
    verdict = PHX_JOIN_RETRY;
    harness_rejoin(&h, 7);
    harness_forget(&h);
    harness_receive(&h, "[\"2\",\"2\",\"room:a\",\"phx_reply\",{\"status\":\"error\",\"response\":"
                        "{\"reason\":\"whatever\"}}]");
    harness_expect(&h, "channel 7 errored ERROR_JOIN_REFUSED {\"reason\":\"whatever\"}\n");
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_usual_reasons),
        cmocka_unit_test(tries_all_others_again),
        cmocka_unit_test(asks_the_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
