/* SPDX-License-Identifier: MIT */
/*
 * The outbox's rules, each by itself.
 */
#include "community/outbox_queue.h"

#include "testing.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000
};
static const int64_t wall = 1700000000000;

typedef struct entry {
    communityi_call call;
    communityi_outbox_item item;
} entry;

static communityi_outbox outbox;
static entry entries[8];
static size_t entry_count;

static void begin(bool is_idempotent)
{
    communityi_outbox_init(&outbox, DAY_MS, is_idempotent, 7);
    communityi_outbox_set_open(&outbox, true);
    entry_count = 0;
}

static communityi_outbox_item *make(communityi_call_kind kind, const char *post_id)
{
    entry *made = &entries[entry_count++];
    memset(made, 0xa5, sizeof *made);
    made->call = (communityi_call){.kind = kind, .post_id = {post_id, strlen(post_id)}};
    made->item.call = &made->call;
    made->item.wish = COMMUNITYI_WISH_UNLIKED;
    return &made->item;
}

static communityi_outbox_item *add(communityi_call_kind kind, const char *post_id, uint64_t now_ms)
{
    communityi_outbox_item *item = make(kind, post_id);
    communityi_outbox_add(&outbox, item, now_ms, wall);
    return item;
}

static communityi_outbox_item *add_post(uint64_t now_ms)
{
    return add(COMMUNITYI_CALL_CREATE_POST, "", now_ms);
}

static void answer(communityi_outbox_item *item, phx_status status, int32_t http_status,
                   bool is_outcome_unknown, uint32_t retry_after_ms, uint64_t now_ms)
{
    const community_result result = {
        .error = {.status = status,
                  .http_status = http_status,
                  .retry_after_ms = retry_after_ms,
                  .message = "because"},
        .is_outcome_unknown = is_outcome_unknown,
    };
    communityi_outbox_answer(&outbox, item, &result, now_ms);
}

/* Sends what is due, which must be `item`, and answers. */
static void attempt(communityi_outbox_item *item, phx_status status, int32_t http_status,
                    bool is_outcome_unknown, uint64_t now_ms)
{
    assert_ptr_equal(communityi_outbox_due(&outbox, now_ms), item);
    communityi_outbox_send(&outbox, item);
    assert_true(communityi_outbox_may_be_sent(item));
    answer(item, status, http_status, is_outcome_unknown, 0, now_ms);
}

/* The one outcome that waits to be told. */
static void expect_ended(communityi_outbox_item *item, community_outcome outcome, bool stays)
{
    assert_ptr_equal(communityi_outbox_next_ended(&outbox), item);
    assert_int_equal(item->outcome, outcome);
    assert_int_equal(communityi_outbox_stays(item), stays);
    item->is_told = true;
    if (!stays) {
        communityi_outbox_remove(&outbox, item);
    }
}

static void expect_none_ended(void)
{
    assert_null(communityi_outbox_next_ended(&outbox));
}

static void test_one_at_a_time_in_order(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_item *first = add_post(0);
    communityi_outbox_item *second = add(COMMUNITYI_CALL_EDIT_POST, "1", 0);
    assert_true(first->number < second->number);
    assert_ptr_equal(communityi_outbox_due(&outbox, 0), first);
    communityi_outbox_send(&outbox, first);
    assert_null(communityi_outbox_due(&outbox, 0));
    answer(first, PHX_OK, 201, false, 0, 0);
    expect_ended(first, COMMUNITY_OUTCOME_DONE, false);
    attempt(second, PHX_OK, 200, false, 0);
    expect_ended(second, COMMUNITY_OUTCOME_DONE, false);
    expect_none_ended();
    assert_int_equal(outbox.count, 0);
    assert_int_equal(communityi_outbox_deadline_ms(&outbox), UINT64_MAX);
}

static void test_nothing_goes_while_closed(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_set_open(&outbox, false);
    communityi_outbox_item *item = add_post(0);
    assert_null(communityi_outbox_due(&outbox, 1000));
    assert_int_equal(communityi_outbox_deadline_ms(&outbox), DAY_MS);
    communityi_outbox_set_open(&outbox, true);
    assert_int_equal(communityi_outbox_deadline_ms(&outbox), 0);
    assert_ptr_equal(communityi_outbox_due(&outbox, 1000), item);
}

static void test_unsent_is_tried_again_with_backoff(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_item *item = add_post(0);
    add_post(0);
    uint64_t now_ms = 0;
    uint64_t waits[8];
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        attempt(item, PHX_ERROR_CONNECTION_REFUSED, 0, false, now_ms);
        expect_none_ended();
        assert_false(communityi_outbox_may_be_sent(item));
        assert_null(communityi_outbox_due(&outbox, now_ms));
        waits[i] = communityi_outbox_deadline_ms(&outbox) - now_ms;
        now_ms += waits[i];
    }
    assert_in_range(waits[0], 500, 1000);
    assert_in_range(waits[7], 15000, 30000);
    attempt(item, PHX_OK, 201, false, now_ms);
    expect_ended(item, COMMUNITY_OUTCOME_DONE, false);
    /* The next starts at once, and with short waits. */
    attempt(outbox.first, PHX_ERROR_CONNECTION_REFUSED, 0, false, now_ms);
    assert_in_range(communityi_outbox_deadline_ms(&outbox) - now_ms, 500, 1000);
}

static void test_hurry_ends_a_wait_but_not_the_servers(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_item *item = add_post(0);
    attempt(item, PHX_ERROR_CONNECTION_REFUSED, 0, false, 0);
    assert_null(communityi_outbox_due(&outbox, 1));
    communityi_outbox_hurry(&outbox);
    assert_ptr_equal(communityi_outbox_due(&outbox, 1), item);
    communityi_outbox_send(&outbox, item);
    answer(item, PHX_ERROR_RATE_LIMITED, 429, false, 60000, 1);
    communityi_outbox_hurry(&outbox);
    assert_null(communityi_outbox_due(&outbox, 60000));
    assert_ptr_equal(communityi_outbox_due(&outbox, 60001), item);
}

static void test_refused_token_holds_all(void **state)
{
    (void)state;
    static const phx_status statuses[] = {PHX_ERROR_UNAUTHORIZED, PHX_ERROR_NO_TOKEN,
                                          PHX_ERROR_KEYCHAIN, PHX_ERROR_KEYCHAIN_PERMISSIONS};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        begin(true);
        communityi_outbox_item *item = add_post(0);
        attempt(item, statuses[i], 0, false, 0);
        expect_none_ended();
        assert_null(communityi_outbox_due(&outbox, DAY_MS / 2));
        assert_int_equal(communityi_outbox_deadline_ms(&outbox), DAY_MS);
        communityi_outbox_hurry(&outbox);
        assert_ptr_equal(communityi_outbox_due(&outbox, DAY_MS / 2), item);
    }
}

/* The token that was refused may be the one before the login that hurried. */
static void test_refusal_behind_a_hurry_holds_nothing(void **state)
{
    (void)state;
    begin(true);
    communityi_outbox_item *item = add_post(0);
    communityi_outbox_send(&outbox, item);
    communityi_outbox_hurry(&outbox);
    answer(item, PHX_ERROR_UNAUTHORIZED, 401, false, 0, 1);
    expect_none_ended();
    assert_ptr_equal(communityi_outbox_due(&outbox, 60000), item);
    communityi_outbox_send(&outbox, item);
    answer(item, PHX_ERROR_UNAUTHORIZED, 401, false, 0, 60000);
    assert_null(communityi_outbox_due(&outbox, DAY_MS / 2));
}

static void test_refusals_end_it_and_texts_stay(void **state)
{
    (void)state;
    static const struct {
        communityi_call_kind kind;
        bool stays;
    } cases[] = {
        {COMMUNITYI_CALL_CREATE_POST, true},    {COMMUNITYI_CALL_EDIT_POST, true},
        {COMMUNITYI_CALL_DELETE_POST, false},   {COMMUNITYI_CALL_TOGGLE_LIKE, false},
        {COMMUNITYI_CALL_CREATE_COMMENT, true}, {COMMUNITYI_CALL_DELETE_COMMENT, false},
    };
    begin(true);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        communityi_outbox_item *item = add(cases[i].kind, "1", 0);
        attempt(item, PHX_ERROR_INVALID_REQUEST, 422, false, 0);
        expect_ended(item, COMMUNITY_OUTCOME_REFUSED, cases[i].stays);
        assert_string_equal(item->reason, "because");
        assert_int_equal(item->status, PHX_ERROR_INVALID_REQUEST);
    }
    assert_int_equal(outbox.count, 3);
    assert_ptr_equal(communityi_outbox_oldest_failed(&outbox), &entries[0].item);
    /* What failed is in nobody's way. */
    begin(true);
    communityi_outbox_item *failed = add_post(0);
    communityi_outbox_item *next = add_post(0);
    attempt(failed, PHX_ERROR_FORBIDDEN, 403, false, 0);
    expect_ended(failed, COMMUNITY_OUTCOME_REFUSED, true);
    assert_ptr_equal(communityi_outbox_due(&outbox, 0), next);
}

static void test_lost_answer_is_unknown_where_keys_are_not_honoured(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_item *lost = add_post(0);
    communityi_outbox_item *failed = add(COMMUNITYI_CALL_DELETE_POST, "1", 0);
    attempt(lost, PHX_ERROR_CONNECTION_LOST, 0, true, 0);
    expect_ended(lost, COMMUNITY_OUTCOME_UNKNOWN, true);
    attempt(failed, PHX_ERROR_SERVER, 500, true, 0);
    expect_ended(failed, COMMUNITY_OUTCOME_UNKNOWN, false);
}

static void test_lost_answer_is_sent_again_where_keys_are_honoured(void **state)
{
    (void)state;
    begin(true);
    communityi_outbox_item *item = add_post(0);
    attempt(item, PHX_ERROR_TIMEOUT, 0, true, 0);
    expect_none_ended();
    /* Still uncertain after an attempt that certainly did not arrive. */
    attempt(item, PHX_ERROR_CONNECTION_REFUSED, 0, false, 10000);
    assert_true(communityi_outbox_may_be_sent(item));
    attempt(item, PHX_OK, 201, false, 100000);
    expect_ended(item, COMMUNITY_OUTCOME_DONE, false);
    /* An answer that is too large will always be. */
    item = add_post(0);
    attempt(item, PHX_ERROR_TOO_LARGE, 0, true, 100000);
    expect_ended(item, COMMUNITY_OUTCOME_UNKNOWN, true);
}

static void test_server_that_always_fails_blocks_nobody_forever(void **state)
{
    (void)state;
    begin(true);
    communityi_outbox_item *item = add_post(0);
    uint64_t now_ms = 0;
    for (int i = 1; i < COMMUNITYI_OUTBOX_MAX_SERVER_FAILURES; i++) {
        attempt(item, PHX_ERROR_SERVER, 500, true, now_ms);
        expect_none_ended();
        now_ms += 30000;
    }
    attempt(item, PHX_ERROR_SERVER, 500, true, now_ms);
    expect_ended(item, COMMUNITY_OUTCOME_UNKNOWN, true);
}

static void test_expiry(void **state)
{
    (void)state;
    begin(true);
    communityi_outbox_item *item = add_post(1000);
    communityi_outbox_item *uncertain = add_post(2000);
    communityi_outbox_item *sending = add_post(3000);
    communityi_outbox_set_open(&outbox, false);
    uncertain->is_uncertain = true;
    communityi_outbox_send(&outbox, sending);
    communityi_outbox_advance(&outbox, 1000 + DAY_MS - 1);
    expect_none_ended();
    communityi_outbox_advance(&outbox, 1000 + DAY_MS);
    expect_ended(item, COMMUNITY_OUTCOME_EXPIRED, true);
    assert_int_equal(item->status, PHX_ERROR_TIMEOUT);
    expect_none_ended();
    communityi_outbox_advance(&outbox, 5000 + DAY_MS);
    expect_ended(uncertain, COMMUNITY_OUTCOME_UNKNOWN, true);
    expect_none_ended(); /* what is on its way is waited for */
}

static void test_cancel(void **state)
{
    (void)state;
    begin(true);
    communityi_outbox_item *waiting = add_post(0);
    communityi_outbox_end(&outbox, waiting, COMMUNITY_OUTCOME_CANCELLED, PHX_ERROR_CANCELLED);
    assert_false(waiting->is_uncertain);
    expect_ended(waiting, COMMUNITY_OUTCOME_CANCELLED, false);
    communityi_outbox_item *sending = add_post(0);
    communityi_outbox_send(&outbox, sending);
    communityi_outbox_end(&outbox, sending, COMMUNITY_OUTCOME_CANCELLED, PHX_ERROR_CANCELLED);
    assert_true(sending->is_uncertain);
    expect_ended(sending, COMMUNITY_OUTCOME_CANCELLED, false);
}

static void test_two_toggles_cancel_out(void **state)
{
    (void)state;
    begin(true);
    communityi_outbox_set_open(&outbox, false);
    communityi_outbox_item *first = add(COMMUNITYI_CALL_TOGGLE_LIKE, "1", 0);
    communityi_outbox_item *other = add(COMMUNITYI_CALL_TOGGLE_LIKE, "2", 0);
    communityi_outbox_item *second = add(COMMUNITYI_CALL_TOGGLE_LIKE, "1", 0);
    expect_ended(first, COMMUNITY_OUTCOME_CANCELLED, false);
    expect_ended(second, COMMUNITY_OUTCOME_CANCELLED, false);
    expect_none_ended();
    assert_ptr_equal(communityi_outbox_last_like(&outbox, (phx_slice){"2", 1}), other);
    assert_null(communityi_outbox_last_like(&outbox, (phx_slice){"1", 1}));
    /* One that may have arrived is not undone by forgetting it. */
    communityi_outbox_send(&outbox, other);
    communityi_outbox_item *back = add(COMMUNITYI_CALL_TOGGLE_LIKE, "2", 0);
    expect_none_ended();
    assert_ptr_equal(communityi_outbox_last_like(&outbox, (phx_slice){"2", 1}), back);
    /* And when it came to nothing, the one behind it would do the opposite. */
    answer(other, PHX_ERROR_FORBIDDEN, 403, false, 0, 0);
    expect_ended(other, COMMUNITY_OUTCOME_REFUSED, false);
    expect_ended(back, COMMUNITY_OUTCOME_CANCELLED, false);
    assert_int_equal(outbox.count, 0);
}

static void test_retry_by_the_user(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_item *refused = add_post(0);
    communityi_outbox_item *unknown = add_post(0);
    communityi_outbox_item *last = add_post(0);
    attempt(refused, PHX_ERROR_INVALID_REQUEST, 422, false, 0);
    expect_ended(refused, COMMUNITY_OUTCOME_REFUSED, true);
    attempt(unknown, PHX_ERROR_CONNECTION_LOST, 0, true, 0);
    expect_ended(unknown, COMMUNITY_OUTCOME_UNKNOWN, true);
    communityi_outbox_retry(&outbox, refused, DAY_MS, wall + DAY_MS);
    communityi_outbox_retry(&outbox, unknown, DAY_MS, wall + DAY_MS);
    assert_true(last->number < refused->number && refused->number < unknown->number);
    attempt(last, PHX_OK, 201, false, DAY_MS);
    expect_ended(last, COMMUNITY_OUTCOME_DONE, false);
    communityi_outbox_advance(&outbox, DAY_MS + 1);
    expect_none_ended(); /* it has a day again */
    assert_string_equal(refused->reason, "");
    assert_int_equal(refused->http_status, 0);
    assert_int_equal(refused->status, PHX_OK);
    assert_false(communityi_outbox_may_be_sent(refused));
    assert_true(communityi_outbox_may_be_sent(unknown));
    attempt(refused, PHX_OK, 201, false, DAY_MS + 1);
    expect_ended(refused, COMMUNITY_OUTCOME_DONE, false);
    attempt(unknown, PHX_OK, 201, false, DAY_MS + 1);
    expect_ended(unknown, COMMUNITY_OUTCOME_DONE, false);
}

static communityi_outbox_item *restore(uint64_t number, bool is_uncertain, int64_t age_ms)
{
    communityi_outbox_item *item = make(COMMUNITYI_CALL_CREATE_POST, "");
    item->number = number;
    item->outcome = COMMUNITY_OUTCOME_NONE;
    item->is_uncertain = is_uncertain;
    item->created_at_ms = wall - age_ms;
    item->status = PHX_OK;
    item->reason[0] = '\0';
    communityi_outbox_restore(&outbox, item, 5000, wall);
    return item;
}

static void test_restore(void **state)
{
    (void)state;
    begin(false);
    communityi_outbox_item *waiting = restore(17, false, DAY_MS - 1000);
    communityi_outbox_item *open = restore(18, true, 1000);
    communityi_outbox_item *future = restore(19, false, -DAY_MS * 1000LL);
    expect_ended(open, COMMUNITY_OUTCOME_UNKNOWN, true);
    expect_none_ended();
    assert_int_equal(waiting->expires_at_ms, 6000);
    assert_int_equal(future->expires_at_ms, 5000 + DAY_MS);
    assert_int_equal(add_post(5000)->number, 20);
    communityi_outbox_advance(&outbox, 6000);
    expect_ended(waiting, COMMUNITY_OUTCOME_EXPIRED, true);
    begin(true);
    open = restore(1, true, 1000);
    expect_none_ended();
    assert_ptr_equal(communityi_outbox_due(&outbox, 5000), open);
    communityi_outbox_item *old = restore(2, true, DAY_MS * 3LL);
    communityi_outbox_advance(&outbox, 5000);
    expect_ended(old, COMMUNITY_OUTCOME_UNKNOWN, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time_in_order),
        cmocka_unit_test(test_nothing_goes_while_closed),
        cmocka_unit_test(test_unsent_is_tried_again_with_backoff),
        cmocka_unit_test(test_hurry_ends_a_wait_but_not_the_servers),
        cmocka_unit_test(test_refused_token_holds_all),
        cmocka_unit_test(test_refusal_behind_a_hurry_holds_nothing),
        cmocka_unit_test(test_refusals_end_it_and_texts_stay),
        cmocka_unit_test(test_lost_answer_is_unknown_where_keys_are_not_honoured),
        cmocka_unit_test(test_lost_answer_is_sent_again_where_keys_are_honoured),
        cmocka_unit_test(test_server_that_always_fails_blocks_nobody_forever),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_two_toggles_cancel_out),
        cmocka_unit_test(test_retry_by_the_user),
        cmocka_unit_test(test_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
