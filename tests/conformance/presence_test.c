/* SPDX-License-Identifier: MIT */
/*
 * Rows of presence_test.js. Sets of presences are written as "u1:1,2 u2:3": keys with their metas'
 * refs.
 */
#include <stdio.h>

#include "phx/presence_state.h"
#include "upstream_tests.h"

typedef struct presence_record {
    failing_allocator memory;
    phxi_presence_state state;
    char lines[2048];
    size_t length;
} presence_record;

static void write_text(presence_record *record, const char *text, size_t length)
{
    assert_true(record->length + length < sizeof record->lines);
    memcpy(record->lines + record->length, text, length);
    record->length += length;
    record->lines[record->length] = '\0';
}

static void write_entry(presence_record *record, const phx_presence_entry *entry)
{
    if (entry == NULL) {
        write_text(record, "-", 1);
        return;
    }
    write_text(record, entry->key.data, entry->key.length);
    for (const phxi_meta *meta = entry->first; meta != NULL; meta = meta->next) {
        write_text(record, meta == entry->first ? ":" : ",", 1);
        write_text(record, meta->ref.data, meta->ref.length);
    }
}

static void write_event(presence_record *record, const char *name,
                        const phx_presence_entry *current, const phx_presence_entry *other)
{
    write_text(record, name, strlen(name));
    write_entry(record, current);
    write_text(record, " ", 1);
    write_entry(record, other);
    write_text(record, "\n", 1);
}

static void on_join(void *user_data, const phx_presence_entry *current,
                    const phx_presence_entry *joined)
{
    write_event(user_data, "join ", current, joined);
}

static void on_leave(void *user_data, const phx_presence_entry *current,
                     const phx_presence_entry *left)
{
    write_event(user_data, "leave ", current, left);
}

static void on_sync(void *user_data)
{
    write_text(user_data, "sync\n", 5);
}

static void expect(presence_record *record, const char *expected)
{
    assert_string_equal(record->lines, expected);
    record->length = 0;
    record->lines[0] = '\0';
}

static void expect_set(presence_record *record, const char *expected)
{
    record->length = 0;
    record->lines[0] = '\0';
    const phx_presence_entry *entry = record->state.set.first;
    for (; entry != NULL; entry = entry->next) {
        write_text(record, " ", entry == record->state.set.first ? 0 : 1);
        write_entry(record, entry);
    }
    expect(record, expected);
}

static int start(void **state)
{
    static presence_record record;
    static const uint64_t seed[2] = {1, 2};
    failing_allocator_init(&record.memory);
    phxi_presence_init(&record.state, &record.memory.port, seed, 100, 4096);
    record.length = 0;
    record.lines[0] = '\0';
    *state = &record;
    return 0;
}

static int stop(void **state)
{
    presence_record *record = *state;
    phxi_presence_free(&record->state);
    return atomic_load(&record->memory.live_blocks) == 0 ? 0 : 1;
}

static phxi_presence_sink sink_of(presence_record *record)
{
    return (phxi_presence_sink){record, on_join, on_leave, on_sync};
}

static void take_state(presence_record *record, const char *json)
{
    phxi_presence_sink sink = sink_of(record);
    phx_slice slice = {json, strlen(json)};
    assert_int_equal(phxi_presence_take_state(&record->state, slice, &sink), PHX_OK);
}

static void take_diff(presence_record *record, const char *json)
{
    phxi_presence_sink sink = sink_of(record);
    phx_slice slice = {json, strlen(json)};
    assert_int_equal(phxi_presence_take_diff(&record->state, slice, &sink), PHX_OK);
}

#define META(ref) "{\"phx_ref\":\"" ref "\"}"
#define KEY(key, metas) "\"" key "\":{\"metas\":[" metas "]}"

static void P01_syncs_an_empty_state(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", META("1")) "}");
    expect_set(record, "u1:1");
    take_state(record, "{}");
    expect_set(record, "");
}

static void P02_a_state_tells_who_joined_and_who_left(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u4", META("4")) "}");
    expect(record, "join - u4:4\nsync\n");
    take_state(record, "{" KEY("u1", META("1")) "," KEY("u2", META("2")) "}");
    expect(record, "join - u1:1\njoin - u2:2\nleave u4 u4:4\nsync\n");
    expect_set(record, "u1:1 u2:2");
}

static void P03_a_state_tells_only_of_new_metas(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u3", META("3")) "}");
    expect(record, "join - u3:3\nsync\n");
    take_state(record, "{" KEY("u3", META("3") "," META("3.1")) "}");
    expect(record, "join u3:3 u3:3.1\nsync\n");
    expect_set(record, "u3:3,3.1");
}

static void P04_a_diff_fills_an_empty_state(void **state)
{
    presence_record *record = *state;
    take_state(record, "{}");
    take_diff(record, "{\"joins\":{" KEY("u1", META("1")) "},\"leaves\":{}}");
    expect(record, "sync\njoin - u1:1\nsync\n");
    expect_set(record, "u1:1");
}

static void P05_a_diff_removes_a_key_without_metas_and_adds_metas(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", META("1")) "," KEY("u2", META("2")) "}");
    record->length = 0;
    take_diff(record,
              "{\"joins\":{" KEY("u1", META("1.2")) "},\"leaves\":{" KEY("u2", META("2")) "}}");
    expect(record, "join u1:1 u1:1.2\nleave u2 u2:2\nsync\n");
    expect_set(record, "u1:1,1.2");
}

static void P06_a_key_stays_while_it_has_metas(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", META("1") "," META("1.2")) "}");
    record->length = 0;
    take_diff(record, "{\"joins\":{},\"leaves\":{" KEY("u1", META("1")) "}}");
    expect(record, "leave u1:1.2 u1:1\nsync\n");
    expect_set(record, "u1:1.2");
}

/* In C no key is special; these are the ones that were. */
static void P07_keys_of_any_name_join_and_leave_by_state(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("__proto__", META("1")) "," KEY("constructor", META("2")) "}");
    expect(record, "join - __proto__:1\njoin - constructor:2\nsync\n");
    take_state(record, "{" KEY("toString", META("3")) "}");
    expect(record, "join - toString:3\nleave __proto__ __proto__:1\n"
                   "leave constructor constructor:2\nsync\n");
}

static void P08_keys_of_any_name_join_and_leave_by_diff(void **state)
{
    presence_record *record = *state;
    take_state(record, "{}");
    take_diff(record, "{\"joins\":{" KEY("__proto__", META("1")) "," KEY(
                          "hasOwnProperty", META("2")) "},\"leaves\":{}}");
    expect_set(record, "__proto__:1 hasOwnProperty:2");
    take_diff(record, "{\"joins\":{},\"leaves\":{" KEY("__proto__", META("1")) "}}");
    expect_set(record, "hasOwnProperty:2");
}

static void P09_lists_everyone(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", META("1") "," META("1.2")) "," KEY("u2", META("2")) "}");
    expect_set(record, "u1:1,1.2 u2:2");
}

/* What a list shows is the caller's choice: here the first meta of each. */
static void P10_lists_what_the_caller_chooses(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", "{\"phx_ref\":\"1\",\"name\":\"x\"}," META("1.2")) "}");
    const phx_presence_entry *entry = record->state.set.first;
    assert_slice(entry->key, "u1");
    assert_slice(entry->first->json, "{\"phx_ref\":\"1\",\"name\":\"x\"}");
    assert_null(entry->next);
}

static void P11_a_state_and_diffs_are_followed(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", META("1")) "}");
    take_diff(record, "{\"joins\":{" KEY("u2", META("2")) "},\"leaves\":{}}");
    take_diff(record, "{\"joins\":{},\"leaves\":{" KEY("u1", META("1")) "}}");
    expect(record, "join - u1:1\nsync\njoin - u2:2\nsync\nleave u1 u1:1\nsync\n");
    expect_set(record, "u2:2");
}

static void P12_a_diff_waits_for_the_state_of_its_join(void **state)
{
    presence_record *record = *state;
    take_diff(record, "{\"joins\":{},\"leaves\":{" KEY("u2", META("2")) "}}");
    expect(record, "");
    take_state(record, "{" KEY("u1", META("1")) "," KEY("u2", META("2")) "}");
    expect(record, "join - u1:1\njoin - u2:2\nleave u2 u2:2\nsync\n");
    phxi_presence_rejoin(&record->state);
    take_diff(record, "{\"joins\":{},\"leaves\":{" KEY("u1", META("1")) "}}");
    expect(record, "");
    take_state(record, "{" KEY("u1", META("1")) "}");
    expect(record, "leave u1 u1:1\nsync\n");
}

static void P13_the_events_may_have_other_names(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    phx_channel channel = client_fixture_join(f, "topic", 0);
    phx_presence_options options;
    phx_presence_options_init(&options);
    options.state_event = "the_state";
    options.diff_event = "the_diff";
    phx_presence *presence;
    assert_int_equal(phx_presence_new(f->client, channel, &options, &presence), PHX_OK);
    client_fixture_turn(f);
    client_fixture_receive(f,
                           "[\"1\",null,\"topic\",\"presence_state\",{" KEY("u9", META("9")) "}]");
    assert_int_equal(phx_presence_count(presence), 0);
    client_fixture_receive(f, "[\"1\",null,\"topic\",\"the_state\",{" KEY("u1", META("1")) "}]");
    assert_non_null(phx_presence_find(presence, "u1"));
    client_fixture_receive(f, "[null,null,\"topic\",\"the_diff\",{\"joins\":{" KEY(
                                  "u2", META("2")) "},\"leaves\":{" KEY("u1", META("1")) "}}]");
    assert_int_equal(phx_presence_count(presence), 1);
    assert_non_null(phx_presence_find(presence, "u2"));
    phx_presence_release(presence);
}

static void P14_an_update_replaces_a_meta(void **state)
{
    presence_record *record = *state;
    take_state(record, "{" KEY("u1", META("1")) "}");
    record->length = 0;
    take_diff(record,
              "{\"joins\":{" KEY(
                  "u1", "{\"phx_ref\":\"2\",\"phx_ref_prev\":\"1\"}") "},"
                                                                      "\"leaves\":{" KEY(
                                                                          "u1", META("1")) "}}");
    expect(record, "join u1:1 u1:2\nleave u1:2 u1:1\nsync\n");
    expect_set(record, "u1:2");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, start, stop)
static const struct CMUnitTest rows[] = {
    ROW(P01_syncs_an_empty_state),
    ROW(P02_a_state_tells_who_joined_and_who_left),
    ROW(P03_a_state_tells_only_of_new_metas),
    ROW(P04_a_diff_fills_an_empty_state),
    ROW(P05_a_diff_removes_a_key_without_metas_and_adds_metas),
    ROW(P06_a_key_stays_while_it_has_metas),
    ROW(P07_keys_of_any_name_join_and_leave_by_state),
    ROW(P08_keys_of_any_name_join_and_leave_by_diff),
    ROW(P09_lists_everyone),
    ROW(P10_lists_what_the_caller_chooses),
    ROW(P11_a_state_and_diffs_are_followed),
    ROW(P12_a_diff_waits_for_the_state_of_its_join),
    CLIENT_ROW(P13_the_events_may_have_other_names),
    ROW(P14_an_update_replaces_a_meta),
};
UPSTREAM_GROUP(upstream_presence, rows);
