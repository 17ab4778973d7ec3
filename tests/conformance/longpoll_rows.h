/* SPDX-License-Identifier: MIT */
/*
 * The rows of phoenix.js's own tests that longpoll_test.c covers, all of class L: X(row, name),
 * where the test is the function row_name.
 */
#ifndef CONFORMANCE_LONGPOLL_ROWS_H
#define CONFORMANCE_LONGPOLL_ROWS_H

#define LONGPOLL_ROWS(X)                                                   \
    X(L01, takes_no_subprotocols)                                          \
    X(L02, takes_an_empty_text_of_subprotocols)                            \
    X(L03, takes_a_list_without_a_token)                                   \
    X(L04, extracts_the_auth_token)                                        \
    X(L05, sends_the_auth_token_as_a_header)                               \
    X(L06, sends_no_auth_token_that_is_not_there)                          \
    X(L07, sends_the_session_token_in_a_header)                            \
    X(L08, sends_the_session_token_with_batches)                           \
    X(L09, takes_410_for_an_error_when_it_has_a_token)                     \
    X(L10, posts_ndjson)                                                   \
    X(L11, coalesces_sends_and_holds_them_back_while_a_batch_is_in_flight) \
    X(L12, splits_150_sends_into_two_requests_in_order)                    \
    X(L13, closes_when_a_batch_times_out)                                  \
    X(L14, offers_no_subprotocols_without_a_token)                         \
    X(L15, offers_the_subprotocols_with_a_token)                           \
    X(S05, falls_back_when_the_primary_fails)                              \
    X(S17, establishes_a_long_poll_with_the_endpoint)                      \
    X(S18, reports_to_the_callbacks)                                       \
    X(S19, is_idempotent)                                                  \
    X(S71, encodes_json)                                                   \
    X(S74, decodes_json)

#define LONGPOLL_ROW_DECLARATION(row, name) void row##_##name(void **state);
LONGPOLL_ROWS(LONGPOLL_ROW_DECLARATION)
#undef LONGPOLL_ROW_DECLARATION

#endif
