/* SPDX-License-Identifier: MIT */
/*
 * The hash map against an array, and its hash against known values.
 */
#include "support/map.h"

#include <stdio.h>

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

typedef struct item {
    int number;
    char key[16];
    phxi_map_entry entry;
    bool is_in;
} item;

static const uint64_t some_seed[2] = {0xdc504fd368cd90afu, 0xb920bb9ffe99e9c1u};

static phxi_map_entry *find(const phxi_map *map, const char *key)
{
    return phxi_map_find(map, key, strlen(key));
}

/* The values of CPython's hash of the same bytes, which is SipHash-1-3 too (PYTHONHASHSEED 0 and
 * 42). */
static void hash_is_siphash_1_3(void **state)
{
    (void)state;
    static const uint64_t zero_seed[2];
    static const struct {
        const char *text;
        uint64_t with_zero_seed;
        uint64_t with_some_seed;
    } rows[] = {
        {"a", 0x407448d2b89b1813u, 0xfe4a47335692551eu},
        {"community:feed", 0xd5f3398052364e16u, 0xbad5c22be293557du},
        {"12345678", 0x3489982430560a87u, 0x84eb586ab30cc7f5u},
        {"dfd593d2-4955-c309-4ca9-14c7d24a5bee", 0xd55bb81c1652084bu, 0x237ddf596a05f6e8u},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].text);
        assert_true(phxi_hash(zero_seed, rows[i].text, length) == rows[i].with_zero_seed);
        assert_true(phxi_hash(some_seed, rows[i].text, length) == rows[i].with_some_seed);
    }
}

static void an_empty_map_holds_nothing(void **state)
{
    (void)state;
    phxi_map map;
    phxi_map_init(&map, &phxi_default_allocator, some_seed);
    assert_null(find(&map, "a"));
    assert_null(find(&map, ""));
    assert_int_equal(phxi_map_reserve(&map, 0), PHX_OK);
    phxi_map_free(&map);
}

static void keys_are_bytes(void **state)
{
    (void)state;
    item a = {.number = 1};
    item b = {.number = 2};
    item empty = {.number = 3};
    phxi_map map;
    phxi_map_init(&map, &phxi_default_allocator, some_seed);
    assert_int_equal(phxi_map_reserve(&map, 3), PHX_OK);
    phxi_map_insert(&map, &a.entry, "k\0a", 3);
    phxi_map_insert(&map, &b.entry, "k\0b", 3);
    phxi_map_insert(&map, &empty.entry, "", 0);
    assert_ptr_equal(phxi_map_find(&map, "k\0a", 3), &a.entry);
    assert_ptr_equal(PHXI_CONTAINER(item, entry, phxi_map_find(&map, "k\0b", 3)), &b);
    assert_ptr_equal(find(&map, ""), &empty.entry);
    assert_null(phxi_map_find(&map, "k", 1));
    assert_null(phxi_map_find(&map, "k\0a\0", 4));
    phxi_map_free(&map);
    assert_int_equal(map.count, 0);
}

static void check_all(const phxi_map *map, item *items, size_t count)
{
    size_t in = 0;
    for (size_t i = 0; i < count; i++) {
        const phxi_map_entry *expected = items[i].is_in ? &items[i].entry : NULL;
        size_t length = strlen(items[i].key);
        uint64_t hash = phxi_map_hash(map, items[i].key, length);
        assert_ptr_equal(find(map, items[i].key), expected);
        assert_ptr_equal(phxi_map_find_hashed(map, hash, items[i].key, length), expected);
        in += items[i].is_in ? 1 : 0;
    }
    assert_int_equal(map->count, in);
}

static void behaves_as_an_array_does(void **state)
{
    (void)state;
    enum {
        ITEMS = 300,
        STEPS = 3000
    };
    static item items[ITEMS];
    uint64_t seed = 7;
    phxi_map map;
    phxi_map_init(&map, &phxi_default_allocator, some_seed);
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (item){0};
        snprintf(items[i].key, sizeof items[i].key, "key%zu", i * 31);
    }
    for (size_t step = 0; step < STEPS; step++) {
        item *chosen = &items[random_below(&seed, ITEMS)];
        if (chosen->is_in) {
            phxi_map_remove(&map, &chosen->entry);
        } else {
            assert_int_equal(phxi_map_reserve(&map, 1), PHX_OK);
            phxi_map_insert(&map, &chosen->entry, chosen->key, strlen(chosen->key));
        }
        chosen->is_in = !chosen->is_in;
        if (step % 100 == 0) {
            check_all(&map, items, ITEMS);
        }
    }
    check_all(&map, items, ITEMS);
    phxi_map_free(&map);
}

enum {
    CROWD = 7,
    CROWD_HOMES = 3
};

/* A key that in a table of `slot_count` slots belongs at `home`; the next one after *number. */
static void find_key(char *key, size_t size, size_t slot_count, size_t home, unsigned *number)
{
    do {
        snprintf(key, size, "%u", ++*number);
    } while ((phxi_hash(some_seed, key, strlen(key)) & (slot_count - 1)) != home);
}

/* What a server could not choose: all keys at the table's last two slots and its first, so that
 * they run around its end. Whatever order they come and go in, each is found. */
static void keys_that_collide_are_kept_apart(void **state)
{
    (void)state;
    static const size_t homes[CROWD_HOMES] = {14, 15, 0};
    uint64_t seed = 11;
    for (int round = 0; round < 2000; round++) {
        item items[CROWD] = {0};
        unsigned number = 0;
        phxi_map map;
        phxi_map_init(&map, &phxi_default_allocator, some_seed);
        assert_int_equal(phxi_map_reserve(&map, CROWD), PHX_OK);
        assert_int_equal(map.slot_count, 16);
        for (size_t i = 0; i < CROWD; i++) {
            find_key(items[i].key, sizeof items[i].key, map.slot_count,
                     homes[random_below(&seed, CROWD_HOMES)], &number);
        }
        for (int step = 0; step < 30; step++) {
            item *chosen = &items[random_below(&seed, CROWD)];
            if (chosen->is_in) {
                phxi_map_remove(&map, &chosen->entry);
            } else {
                phxi_map_insert(&map, &chosen->entry, chosen->key, strlen(chosen->key));
            }
            chosen->is_in = !chosen->is_in;
            check_all(&map, items, CROWD);
        }
        phxi_map_free(&map);
    }
}

/* Two keys of one hash are told apart by their bytes: the slot's hash alone is no match. */
static void a_hash_is_not_a_key(void **state)
{
    (void)state;
    item held = {0};
    phxi_map map;
    phxi_map_init(&map, &phxi_default_allocator, some_seed);
    assert_int_equal(phxi_map_reserve(&map, 1), PHX_OK);
    phxi_map_insert(&map, &held.entry, "one", 3);
    held.entry.key = "two";
    assert_null(find(&map, "one"));
    held.entry.key = "one";
    held.entry.key_length = 2;
    assert_null(find(&map, "one"));
    held.entry.key_length = 3;
    assert_ptr_equal(find(&map, "one"), &held.entry);
    phxi_map_free(&map);
}

static void reserve_and_insert(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    item items[40];
    phxi_map map;
    phxi_map_init(&map, &allocator->port, some_seed);
    size_t in = 0;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        snprintf(items[i].key, sizeof items[i].key, "%zu", i);
        size_t refused = allocator->refused;
        phx_status status = phxi_map_reserve(&map, 1);
        items[i].is_in = status == PHX_OK;
        assert_int_equal(status, allocator->refused > refused ? PHX_ERROR_NO_MEMORY : PHX_OK);
        if (items[i].is_in) {
            phxi_map_insert(&map, &items[i].entry, items[i].key, strlen(items[i].key));
            in++;
        }
        assert_int_equal(map.count, in);
    }
    check_all(&map, items, COUNT_OF(items));
    phxi_map_free(&map);
}

static void out_of_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(reserve_and_insert, NULL) >= 3);
}

static void more_than_memory_can_hold_is_out_of_memory(void **state)
{
    (void)state;
    phxi_map map;
    phxi_map_init(&map, &phxi_default_allocator, some_seed);
    assert_int_equal(phxi_map_reserve(&map, SIZE_MAX), PHX_ERROR_NO_MEMORY);
    assert_int_equal(phxi_map_reserve(&map, SIZE_MAX / 2), PHX_ERROR_NO_MEMORY);
    assert_null(map.slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_siphash_1_3),
        cmocka_unit_test(an_empty_map_holds_nothing),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(behaves_as_an_array_does),
        cmocka_unit_test(keys_that_collide_are_kept_apart),
        cmocka_unit_test(a_hash_is_not_a_key),
        cmocka_unit_test(out_of_memory_leaves_it_as_it_was),
        cmocka_unit_test(more_than_memory_can_hold_is_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
