/* SPDX-License-Identifier: MIT */
/*
 * A SQLite storage in a folder of its own, and its files.
 */
#include "sqlite_world.h"

#include <community/sqlite.h>
#include <stdio.h>
#include <unistd.h>

#include "storage_world.h"
#include "testing.h"

static storage_world world;

int sqlite_setup(void **state)
{
    (void)state;
    storage_world_init(&world);
    return 0;
}

int sqlite_teardown(void **state)
{
    (void)state;
    storage_world_free(&world);
    return 0;
}

/* PATH and a suffix; valid until the next but three. */
const char *sqlite_file(const char *suffix)
{
    static char names[4][128];
    static size_t next;
    char *name = names[next++ % COUNT_OF(names)];
    (void)snprintf(name, sizeof names[0], "%s%s", world.path, suffix);
    return name;
}

bool sqlite_exists(const char *suffix)
{
    return access(sqlite_file(suffix), F_OK) == 0;
}

const community_storage *sqlite_start(void)
{
    const community_storage *port = community_storage_sqlite(world.path);
    assert_non_null(port);
    return port;
}

const community_storage *sqlite_open_as(const char *owner, bool has_note)
{
    const community_storage *port = sqlite_start();
    const char *note;
    assert_int_equal(port->open(port->user_data, owner, &note), PHX_OK);
    assert_int_equal(note != NULL, has_note);
    return port;
}

void sqlite_make(const char *records)
{
    const community_storage *port = sqlite_open_as("7", false);
    storage_change(port, records);
    community_storage_release(port);
}

void sqlite_check(const char *expected)
{
    const community_storage *port = sqlite_open_as("7", false);
    storage_expect(port, expected);
    community_storage_release(port);
}

size_t sqlite_load(const char *path, char *bytes, size_t capacity)
{
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    size_t length = fread(bytes, 1, capacity, stream);
    (void)fclose(stream);
    return length;
}

void sqlite_save(const char *path, const void *bytes, size_t length)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}
