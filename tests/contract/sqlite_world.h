/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the SQLite storage share: a storage in a folder of its own, and its files.
 */
#ifndef SQLITE_WORLD_H
#define SQLITE_WORLD_H

#include <community/storage.h>

/* Around each test. */
int sqlite_setup(void **state);
int sqlite_teardown(void **state);

/* PATH and a suffix; valid until the next but three. */
const char *sqlite_file(const char *suffix);
bool sqlite_exists(const char *suffix);
size_t sqlite_load(const char *path, char *bytes, size_t capacity);
void sqlite_save(const char *path, const void *bytes, size_t length);

const community_storage *sqlite_start(void);
const community_storage *sqlite_open_as(const char *owner, bool has_note);
/* Opens, changes and closes; opens, expects and closes. */
void sqlite_make(const char *records);
void sqlite_check(const char *expected);

#define SQLITE_TEST(name) cmocka_unit_test_setup_teardown(name, sqlite_setup, sqlite_teardown)

#endif
