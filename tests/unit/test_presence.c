/* SPDX-License-Identifier: MIT */
/*
 * phx_presence on a client in virtual time: what a server may send that is no presence, the bounds,
 * release at any point, and memory that runs out. The rules of presence itself are conformance's.
 */
#include <phx/presence.h>
#include <stdio.h>

#include "client_world.h"
#include "phx/presence_state.h"

#define META(ref) "{\"phx_ref\":\"" ref "\"}"
#define KEY(key, metas) "\"" key "\":{\"metas\":[" metas "]}"

typedef struct presence_rig {
    client_world world;
    phx_channel room;
    phx_presence *presence;
    phx_presence *other; /* of the same channel */
    char lines[1024];
    int released;
    const char *releases_in; /* the line in which the presence is released */
} presence_rig;

static void note(presence_rig *rig, const char *line)
{
    size_t length = strlen(rig->lines);
    assert_true(length + strlen(line) + 2 < sizeof rig->lines);
    strcat(strcat(rig->lines, line), ";");
    if (rig->releases_in != NULL && strcmp(rig->releases_in, line) == 0) {
        phx_presence_release(rig->presence);
        rig->presence = NULL;
    }
}

static void note_entry(presence_rig *rig, const char *what, const phx_presence_entry *entry)
{
    char line[64];
    phx_slice key = phx_presence_key(entry);
    snprintf(line, sizeof line, "%s %.*s %zu", what, (int)key.length, key.data,
             phx_presence_meta_count(entry));
    note(rig, line);
}

static void on_join(void *user_data, const phx_presence_entry *current,
                    const phx_presence_entry *joined)
{
    note_entry(user_data, current == NULL ? "new" : "more", joined);
}

static void on_leave(void *user_data, const phx_presence_entry *current,
                     const phx_presence_entry *left)
{
    (void)current;
    note_entry(user_data, "left", left);
}

static void on_sync(void *user_data, phx_presence *presence)
{
    char line[32];
    snprintf(line, sizeof line, "sync %zu", phx_presence_count(presence));
    note(user_data, line);
}

static void on_error(void *user_data, phx_status status)
{
    note(user_data, phx_status_name(status));
}

static void on_release(void *user_data)
{
    ((presence_rig *)user_data)->released++;
}

static phx_presence_options options_of(presence_rig *rig)
{
    phx_presence_options options;
    phx_presence_options_init(&options);
    options.on_join = on_join;
    options.on_leave = on_leave;
    options.on_sync = on_sync;
    options.on_error = on_error;
    options.user_data = rig;
    options.release_user_data = on_release;
    options.max_metas = 3;
    options.max_pending_bytes = 100;
    return options;
}

static void expect(presence_rig *rig, const char *lines)
{
    assert_string_equal(rig->lines, lines);
    rig->lines[0] = '\0';
}

static int begin(void **state)
{
    static presence_rig rig;
    memset(&rig, 0, sizeof rig);
    world_init(&rig.world);
    world_restart(&rig.world);
    rig.room = world_joined(&rig.world, "room:a");
    phx_presence_options options = options_of(&rig);
    assert_int_equal(phx_presence_new(rig.world.client, rig.room, &options, &rig.presence), PHX_OK);
    world_run(&rig.world, 10);
    *state = &rig;
    return 0;
}

static int end(void **state)
{
    presence_rig *rig = *state;
    phx_presence_release(rig->presence);
    phx_presence_release(rig->other);
    phx_presence_release(NULL);
    world_release(&rig->world);
    world_assert_gone(&rig->world);
    return 0;
}

static void say(presence_rig *rig, const char *event, const char *payload)
{
    char frame[1024];
    snprintf(frame, sizeof frame, "[\"1\",null,\"room:a\",\"%s\",%s]", event, payload);
    world_say(&rig->world, frame);
    world_run(&rig->world, 10);
}

static void reads_the_list(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{" KEY("u1", META("1") "," META("2")) "," KEY("", META("3")) "}");
    expect(rig, "new u1 2;new  1;sync 2;");
    const phx_presence_entry *entry = phx_presence_first(rig->presence);
    assert_slice(phx_presence_key(entry), "u1");
    assert_slice(phx_presence_meta(entry, 0), META("1"));
    assert_slice(phx_presence_meta(entry, 1), META("2"));
    assert_null(phx_presence_meta(entry, 2).data);
    assert_slice(phx_presence_json(entry), "{\"metas\":[" META("1") "," META("2") "]}");
    assert_ptr_equal(phx_presence_next(entry), phx_presence_find(rig->presence, ""));
    assert_null(phx_presence_next(phx_presence_next(entry)));
    assert_null(phx_presence_find(rig->presence, "u2"));
}

/* After a gap several of those who are known may have come back from elsewhere. */
static void keys_that_are_known_bring_new_metas(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{" KEY("u1", META("1")) "," KEY("u2", META("2")) "}");
    expect(rig, "new u1 1;new u2 1;sync 2;");
    say(rig, "presence_state",
        "{" KEY("u1", META("3")) "," KEY("u3", META("5")) "," KEY("u2", META("4")) "}");
    expect(rig, "more u1 1;new u3 1;more u2 1;left u1 1;left u2 1;sync 3;");
}

static void a_key_without_metas_leaves(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{" KEY("u1", "") "}");
    expect(rig, "new u1 0;sync 1;");
    say(rig, "presence_state", "{}");
    expect(rig, "left u1 0;sync 0;");
}

static void refuses_what_is_no_presence(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{" KEY("u1", META("1")) "}");
    expect(rig, "new u1 1;sync 1;");
    static const struct {
        const char *event;
        const char *payload;
    } cases[] = {
        {"presence_state", "[]"},
        {"presence_state", "{\"u2\":1}"},
        {"presence_state", "{\"u2\":{}}"},
        {"presence_state", "{\"u2\":{\"metas\":{}}}"},
        {"presence_state", "{\"u2\":{\"metas\":[1]}}"},
        {"presence_state", "{\"u2\":{\"metas\":[{}]}}"},
        {"presence_state", "{\"u2\":{\"metas\":[{\"phx_ref\":1}]}}"},
        {"presence_state", "{" KEY("u2", META("1")) "," KEY("u2", META("2")) "}"},
        {"presence_diff", "[]"},
        {"presence_diff", "{\"joins\":[]}"},
        {"presence_diff", "{\"leaves\":null}"},
        {"presence_diff", "{\"joins\":{" KEY("u2", META("1")) "},\"joins\":{}}"},
        {"presence_diff", "{\"joins\":{" KEY("u2", "[]") "}}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        say(rig, cases[i].event, cases[i].payload);
        expect(rig, "PHX_ERROR_MALFORMED_FRAME;");
        assert_int_equal(phx_presence_count(rig->presence), 1);
    }
    say(rig, "presence_diff", "{\"other\":{\"a\":[1]}}");
    expect(rig, "sync 1;");
    say(rig, "presence_elsewhere", "{}");
    expect(rig, "");
}

static void a_key_may_be_written_with_escapes(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state",
        "{\"\\u00fc\":{\"online\":[1],\"metas\":[{\"a\":{},\"phx_ref\":\"\\n\",\"metas\":2}]}}");
    expect(rig, "new \xc3\xbc 1;sync 1;");
    say(rig, "presence_diff", "{\"leaves\":{" KEY("\xc3\xbc", META("\\u000a")) "}}");
    expect(rig, "left \xc3\xbc 1;sync 0;");
}

static void is_bounded(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_diff", "{\"joins\":{" KEY("u1", META("1")) "}}");
    say(rig, "presence_diff", "{\"joins\":{" KEY("u2", META("2") "," META("3") "," META("4")) "}}");
    expect(rig, "PHX_ERROR_TOO_LARGE;"); /* the second one does not wait, too */
    say(rig, "presence_state",
        "{" KEY("u1", META("1") "," META("2")) "," KEY("u2", META("3") "," META("4")) "}");
    expect(rig, "PHX_ERROR_TOO_LARGE;");
    say(rig, "presence_state", "{" KEY("u3", META("3") "," META("4")) "}");
    expect(rig, "new u3 2;new u1 1;sync 2;");
    say(rig, "presence_diff", "{\"joins\":{" KEY("u3", META("5")) "}}");
    expect(rig, "PHX_ERROR_TOO_LARGE;");
    assert_int_equal(phx_presence_count(rig->presence), 2);
    say(rig, "presence_diff", "{\"leaves\":{" KEY("u9", META("3")) "," KEY("u3", META("3")) "}}");
    expect(rig, "left u3 1;sync 2;");
}

static void a_diff_waits_again_after_each_rejoin(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{}");
    expect(rig, "sync 0;");
    world_say(&rig->world, "[\"1\",\"1\",\"room:a\",\"phx_error\",{}]");
    world_run(&rig->world, 5000);
    world_say(&rig->world,
              "[null,null,\"room:a\",\"presence_diff\",{\"joins\":{" KEY("u1", META("1")) "}}]");
    world_run(&rig->world, 10);
    expect(rig, "");
    world_say(&rig->world, "[\"2\",null,\"room:a\",\"presence_state\",{}]");
    world_run(&rig->world, 10);
    expect(rig, "new u1 1;sync 1;");
}

/* It was on its way when the channel was left; "2" left and "3" came before the new join. */
static void a_diff_of_the_join_before_is_not_applied(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{}");
    expect(rig, "sync 0;");
    rig->world.is_silent = true;
    world_say(&rig->world, "[\"1\",\"1\",\"room:a\",\"phx_error\",{}]");
    world_run(&rig->world, 5000);
    world_say(&rig->world,
              "[null,null,\"room:a\",\"presence_diff\",{\"joins\":{" KEY("u1", META("2")) "}}]");
    world_say(&rig->world,
              "[\"2\",\"2\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    world_say(&rig->world, "[\"2\",null,\"room:a\",\"presence_state\",{" KEY("u1", META("3")) "}]");
    world_run(&rig->world, 10);
    expect(rig, "new u1 1;sync 1;");
    assert_slice(phx_presence_meta(phx_presence_first(rig->presence), 0), META("3"));
}

/* In each of its callbacks: nothing comes after it, and the other one of the channel goes on. */
static void ends_inside_its_own_callbacks(void **state)
{
    presence_rig *rig = *state;
    static const char *const places[] = {"new u1 1", "sync 1", "left u1 1",
                                         "PHX_ERROR_MALFORMED_FRAME"};
    static const char all[] = "new u1 1;sync 1;left u1 1;sync 0;PHX_ERROR_MALFORMED_FRAME;";
    phx_presence_release(rig->presence);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        phx_presence_options options = options_of(rig);
        phx_presence_options silent;
        phx_presence_options_init(&silent);
        assert_int_equal(phx_presence_new(rig->world.client, rig->room, &options, &rig->presence),
                         PHX_OK);
        assert_int_equal(phx_presence_new(rig->world.client, rig->room, &silent, &rig->other),
                         PHX_OK);
        world_run(&rig->world, 10);
        rig->releases_in = places[i];
        rig->released = 0;
        say(rig, "presence_state", "{" KEY("u1", META("1")) "}");
        assert_int_equal(phx_presence_count(rig->other), 1);
        say(rig, "presence_diff", "{\"leaves\":{" KEY("u1", META("1")) "}}");
        say(rig, "presence_state", "[]");
        assert_int_equal(phx_presence_count(rig->other), 0);
        assert_null(rig->presence);
        assert_int_equal(rig->released, 1);
        char expected[sizeof all];
        size_t length = (size_t)(strstr(all, places[i]) - all) + strlen(places[i]) + 1;
        snprintf(expected, sizeof expected, "%.*s", (int)length, all);
        expect(rig, expected);
        phx_presence_release(rig->other);
        rig->other = NULL;
    }
}

static void follows_events_of_other_names(void **state)
{
    presence_rig *rig = *state;
    phx_presence_options options = options_of(rig);
    options.state_event = "who";
    options.diff_event = "presence_state";
    phx_presence_release(rig->presence);
    assert_int_equal(phx_presence_new(rig->world.client, rig->room, &options, &rig->presence),
                     PHX_OK);
    world_run(&rig->world, 10);
    say(rig, "presence_diff", "{\"joins\":{" KEY("u2", META("2")) "}}");
    say(rig, "who", "{" KEY("u1", META("1")) "}");
    say(rig, "presence_state", "{\"leaves\":{" KEY("u1", META("1")) "}}");
    expect(rig, "new u1 1;sync 1;left u1 1;sync 0;");
    static const uint8_t binary[] = "\x02\x06\x03room:awho{}";
    fake_connection_send(rig->world.connection, PHX_FRAME_BINARY, binary, sizeof binary - 1);
    world_run(&rig->world, 10);
    expect(rig, "");
}

static void keeps_the_list_when_the_channel_ends(void **state)
{
    presence_rig *rig = *state;
    say(rig, "presence_state", "{" KEY("u1", META("1")) "}");
    assert_int_equal(phx_channel_leave(rig->world.client, rig->room), PHX_OK);
    world_run(&rig->world, 100);
    assert_int_equal(phx_presence_count(rig->presence), 1);
    assert_int_equal(rig->released, 0);
    phx_presence_options options = options_of(rig);
    assert_int_equal(phx_presence_new(rig->world.client, rig->room, &options, &rig->other), PHX_OK);
    world_run(&rig->world, 10);
    assert_int_equal(phx_presence_count(rig->other), 0);
}

static void may_be_released_before_it_began(void **state)
{
    presence_rig *rig = *state;
    phx_presence_release(rig->presence);
    phx_presence_options options = options_of(rig);
    assert_int_equal(phx_presence_new(rig->world.client, rig->room, &options, &rig->presence),
                     PHX_OK);
    rig->released = 0;
    phx_presence_release(rig->presence);
    rig->presence = NULL;
    assert_int_equal(rig->released, 0);
    world_run(&rig->world, 10);
    assert_int_equal(rig->released, 1);
    say(rig, "presence_state", "{" KEY("u1", META("1")) "}");
    expect(rig, "");
}

static void needs_memory_to_begin(void **state)
{
    presence_rig *rig = *state;
    phx_presence_options options = options_of(rig);
    failing_allocator_refuse(&rig->world.allocator, 1, true);
    rig->other = rig->presence;
    assert_int_equal(phx_presence_new(rig->world.client, rig->room, &options, &rig->other),
                     PHX_ERROR_NO_MEMORY);
    assert_null(rig->other);
    failing_allocator_refuse(&rig->world.allocator, 0, false);
    assert_int_equal(rig->released, 0);
}

static void needs_room_in_the_queue_to_begin(void **state)
{
    presence_rig *rig = *state;
    phx_presence_options options = options_of(rig);
    while (phx_channel_rejoin(rig->world.client, rig->room) == PHX_OK) {
    }
    rig->other = rig->presence;
    assert_int_equal(phx_presence_new(rig->world.client, rig->room, &options, &rig->other),
                     PHX_ERROR_QUEUE_FULL);
    assert_null(rig->other);
    assert_int_equal(rig->released, 0);
}

/* --- memory --- */

static void count_entry(void *user_data, const phx_presence_entry *current,
                        const phx_presence_entry *other)
{
    (void)current;
    (void)other;
    ++*(int *)user_data;
}

static void count_sync(void *user_data)
{
    (void)user_data;
}

/* A step is done with all that it tells, or it is not and tells nothing. */
static void all_or_nothing(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    static const char state_json[] = "{" KEY("u1", META("1") "," META("2")) "," KEY(
        "u2", META("3")) "," KEY("u3", META("4")) "}";
    static const char diff_json[] =
        "{\"joins\":{" KEY("u1", META("5")) "},\"leaves\":{" KEY("u2", META("3")) "}}";
    static const char next_json[] = "{" KEY("u1", META("1")) "," KEY("u4", META("6")) "}";
    static const uint64_t seed[2] = {1, 2};
    phxi_presence_state state;
    int told = 0;
    const phxi_presence_sink sink = {&told, count_entry, count_entry, count_sync};
    phxi_presence_init(&state, &allocator->port, seed, 100, 4096);
    phx_status status =
        phxi_presence_take_diff(&state, (phx_slice){diff_json, sizeof diff_json - 1}, &sink);
    assert_int_equal(told, 0);
    if (status == PHX_OK) {
        status =
            phxi_presence_take_state(&state, (phx_slice){state_json, sizeof state_json - 1}, &sink);
        assert_true(told == 0 || told == 3 || told == 5);
        assert_int_equal(state.set.by_key.count, told == 0 ? 0 : told == 3 ? 3 : 2);
        assert_true((told == 5) == (status == PHX_OK));
    }
    if (status == PHX_OK) {
        told = 0;
        status =
            phxi_presence_take_state(&state, (phx_slice){next_json, sizeof next_json - 1}, &sink);
        assert_int_equal(told, status == PHX_OK ? 3 : 0);
        assert_int_equal(state.set.by_key.count, 2);
        assert_int_equal(state.set.meta_count, status == PHX_OK ? 2 : 4);
    }
    assert_true(status == PHX_OK || (status == PHX_ERROR_NO_MEMORY && allocator->refused > 0));
    phxi_presence_free(&state);
}

static void memory_may_run_out_at_any_point(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(all_or_nothing, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_the_list, begin, end),
        cmocka_unit_test_setup_teardown(keys_that_are_known_bring_new_metas, begin, end),
        cmocka_unit_test_setup_teardown(a_key_without_metas_leaves, begin, end),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_presence, begin, end),
        cmocka_unit_test_setup_teardown(a_key_may_be_written_with_escapes, begin, end),
        cmocka_unit_test_setup_teardown(is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(a_diff_waits_again_after_each_rejoin, begin, end),
        cmocka_unit_test_setup_teardown(a_diff_of_the_join_before_is_not_applied, begin, end),
        cmocka_unit_test_setup_teardown(ends_inside_its_own_callbacks, begin, end),
        cmocka_unit_test_setup_teardown(follows_events_of_other_names, begin, end),
        cmocka_unit_test_setup_teardown(keeps_the_list_when_the_channel_ends, begin, end),
        cmocka_unit_test_setup_teardown(may_be_released_before_it_began, begin, end),
        cmocka_unit_test_setup_teardown(needs_memory_to_begin, begin, end),
        cmocka_unit_test_setup_teardown(needs_room_in_the_queue_to_begin, begin, end),
        cmocka_unit_test(memory_may_run_out_at_any_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
