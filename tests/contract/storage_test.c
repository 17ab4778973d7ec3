/* SPDX-License-Identifier: MIT */
/*
 * The storage port, held against what its header promises: the stock adapter, and the fake that the
 * client's tests use.
 */
#include <community/sqlite.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_storage.h"
#include "storage_world.h"
#include "testing.h"

static fake_storage fake;
static bool is_fake;
static storage_world world;
static const community_storage *port;

/* A port on the medium as it is. */
static void start(void)
{
    if (is_fake) {
        fake_storage_restart(&fake);
        port = &fake.port;
    } else {
        port = community_storage_sqlite(world.path);
        assert_non_null(port);
    }
}

static void restart(void)
{
    community_storage_release(port);
    start();
}

static int setup(void **state)
{
    (void)state;
    fake_storage_init(&fake);
    storage_world_init(&world);
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    community_storage_release(port);
    if (is_fake) {
        fake_storage_free(&fake);
    }
    storage_world_free(&world);
    return 0;
}

static void open_as(const char *owner)
{
    const char *note = "untouched";
    assert_int_equal(port->open(port->user_data, owner, &note), PHX_OK);
    assert_null(note);
}

static void test_empty_at_first(void **state)
{
    (void)state;
    open_as("7");
    storage_expect(port, "");
    restart();
    open_as("7");
    storage_expect(port, "");
}

static void test_put_replace_delete(void **state)
{
    (void)state;
    open_as("7");
    storage_change(port, "2 b=1;2 a=2;1 z=3;3 a=");
    storage_expect(port, "1 z=3;2 a=2;2 b=1;3 a=;");
    storage_change(port, "2 a=4;2 c=5;2 b");
    storage_expect(port, "1 z=3;2 a=4;2 c=5;3 a=;");
    storage_change(port, "2 missing;1 z;3 a");
    storage_expect(port, "2 a=4;2 c=5;");
}

static void test_changes_are_done_in_their_order(void **state)
{
    (void)state;
    open_as("7");
    storage_change(port, "2 a=1;2 a=2;2 a;2 a=3");
    storage_expect(port, "2 a=3;");
    storage_change(port, "1 m=1;2 b=1;3 o=1");
    storage_change(port, "2 *;2 a=4");
    storage_expect(port, "1 m=1;2 a=4;3 o=1;");
    storage_change(port, "2 c=1;2 *");
    storage_expect(port, "1 m=1;3 o=1;");
}

static void test_keys_sort_as_bytes_do(void **state)
{
    (void)state;
    open_as("7");
    storage_change(port, "2 b=1;2 aa=2;2 B=3;2 a=4;2 \xc3\xa4=5;2 ab=6");
    storage_expect(port, "2 B=3;2 a=4;2 aa=2;2 ab=6;2 b=1;2 \xc3\xa4=5;");
}

static void test_any_bytes(void **state)
{
    (void)state;
    enum {
        LARGE = 1 << 20
    };
    char key[COMMUNITY_MAX_RECORD_KEY_BYTES];
    char *value = malloc(LARGE);
    assert_non_null(value);
    for (size_t i = 0; i < LARGE; i++) {
        value[i] = (char)(i * 7);
    }
    memset(key, 0, sizeof key);
    const community_record record = {.struct_size = (uint32_t)sizeof record,
                                     .kind = COMMUNITY_RECORD_POST,
                                     .key = {key, sizeof key},
                                     .value = {value, LARGE}};
    open_as("7");
    assert_int_equal(port->change(port->user_data, &record, 1), PHX_OK);
    restart();
    open_as("7");
    storage_records records;
    storage_read(port, &records);
    assert_int_equal(records.count, 1);
    assert_bytes(records.items[0].key.data, records.items[0].key.length, key, sizeof key);
    assert_bytes(records.items[0].value.data, records.items[0].value.length, value, LARGE);
    storage_records_free(&records);
    free(value);
}

static void test_kept_over_a_restart(void **state)
{
    (void)state;
    open_as("7");
    storage_change(port, "1 m=1;2 a=1");
    storage_change(port, "2 b=2");
    restart();
    open_as("7");
    storage_expect(port, "1 m=1;2 a=1;2 b=2;");
}

static void test_another_owner(void **state)
{
    (void)state;
    static const char *const others[] = {"8", "77", "7 ", "\xc3\xa4"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        open_as("7");
        storage_change(port, "2 a=1");
        restart();
        open_as(others[i]);
        storage_expect(port, "");
        storage_change(port, "2 b=1");
        restart();
        open_as("7"); /* what was wiped stays so */
        storage_expect(port, "");
    }
}

static void test_wipe(void **state)
{
    (void)state;
    assert_int_equal(port->wipe(port->user_data), PHX_OK); /* nothing there */
    open_as("7");
    storage_change(port, "1 m=1;2 a=1;3 o=1");
    assert_int_equal(port->wipe(port->user_data), PHX_OK);
    assert_int_equal(port->wipe(port->user_data), PHX_OK);
    open_as("7");
    storage_expect(port, "");
    storage_change(port, "2 b=1");
    restart();
    assert_int_equal(port->wipe(port->user_data), PHX_OK); /* without having opened it */
    open_as("7");
    storage_expect(port, "");
}

static phx_status stop_at_second(void *user_data, const community_record *record)
{
    size_t *count = user_data;
    (void)record;
    return ++*count == 2 ? PHX_ERROR_CANCELLED : PHX_OK;
}

static void test_reading_can_be_ended(void **state)
{
    (void)state;
    size_t count = 0;
    open_as("7");
    storage_change(port, "2 a=1;2 b=1;2 c=1");
    assert_int_equal(port->read(port->user_data, stop_at_second, &count), PHX_ERROR_CANCELLED);
    assert_int_equal(count, 2);
    storage_change(port, "2 d=1");
    storage_expect(port, "2 a=1;2 b=1;2 c=1;2 d=1;");
}

static int run(const char *name, bool is_of_fake)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_at_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_replace_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_are_done_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_sort_as_bytes_do, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_over_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wipe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reading_can_be_ended, setup, teardown),
    };
    is_fake = is_of_fake;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    return run("fake", true) + run("sqlite", false);
}
