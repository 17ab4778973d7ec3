/* SPDX-License-Identifier: MIT */
/*
 * From one feed to the next in the storage: the records lead to the same feed, and are no more than
 * it takes.
 */
#include <stdio.h>

#include "community/places.h"
#include "community/post_codec.h"
#include "community/store.h"
#include "failing_allocator.h"
#include "fake_storage.h"
#include "support/alloc.h"
#include "testing.h"

static const uint64_t seed_of_ids[2] = {1, 2};
static const phx_allocator *memory;
static communityi_places places;
static communityi_store *store;
static fake_storage storage;
static uint32_t version;

static const community_post *make_post(size_t id)
{
    char json[64];
    const community_post *post = NULL;
    const char *reason;
    int length = snprintf(json, sizeof json, "{\"id\":%zu,\"likes_count\":%u}", id, ++version);
    assert_int_equal(
        communityi_post_decode(&phxi_default_allocator, json, (size_t)length, &post, &reason),
        PHX_OK);
    return post;
}

static void init(const phx_allocator *allocator)
{
    const char *note;
    memory = allocator;
    communityi_places_init(&places, memory, seed_of_ids);
    assert_int_equal(communityi_store_new(&phxi_default_allocator, 1000, seed_of_ids, &store),
                     PHX_OK);
    fake_storage_init(&storage);
    assert_int_equal(storage.port.open(&storage, "7", &note), PHX_OK);
}

static void done(void)
{
    communityi_places_clear(&places);
    communityi_store_free(store);
    storage.port.release(&storage);
    fake_storage_free(&storage);
}

/* The storage holds exactly the feed. */
static void assert_equal(void)
{
    assert_int_equal(fake_storage_count(&storage, COMMUNITY_RECORD_POST),
                     communityi_store_count(store));
    for (size_t i = 0; i < communityi_store_count(store); i++) {
        const community_record *record = fake_storage_at(&storage, COMMUNITY_RECORD_POST, i);
        const community_post *post = NULL;
        const char *reason;
        assert_int_equal(communityi_post_decode(&phxi_default_allocator, record->value.data,
                                                record->value.length, &post, &reason),
                         PHX_OK);
        assert_true(communityi_post_equals(post, communityi_store_at(store, i)));
        community_post_release(post);
    }
}

/* How many records it took. */
static size_t write_feed(void)
{
    communityi_records records;
    communityi_records_init(&records, memory);
    const community_snapshot *snapshot = communityi_store_snapshot(store);
    assert_int_equal(communityi_places_collect(&places, snapshot, &records), PHX_OK);
    community_snapshot_release(snapshot);
    size_t count = records.count;
    if (count > 0) {
        assert_int_equal(storage.port.change(&storage, records.items, count), PHX_OK);
    }
    communityi_places_commit(&places);
    communityi_records_free(&records);
    assert_equal();
    return count;
}

static void assign(const size_t *ids, size_t count)
{
    const community_post *posts[64] = {NULL};
    bool is_changed;
    for (size_t i = 0; i < count; i++) {
        const community_post *held = NULL;
        char id[24];
        int length = snprintf(id, sizeof id, "%zu", ids[i]);
        held = communityi_store_find(store, id, (size_t)length);
        posts[i] = held != NULL ? community_post_retain(held) : make_post(ids[i]);
    }
    assert_int_equal(communityi_store_assign(store, posts, count, &is_changed), PHX_OK);
    for (size_t i = 0; i < count; i++) {
        community_post_release(posts[i]);
    }
}

#define ASSIGN(...)                                 \
    do {                                            \
        static const size_t ids_[] = {__VA_ARGS__}; \
        assign(ids_, COUNT_OF(ids_));               \
    } while (0)

static void edit(size_t id)
{
    const community_post *post = make_post(id);
    bool is_changed;
    assert_int_equal(communityi_store_replace(store, post, &is_changed), PHX_OK);
    assert_true(is_changed);
    community_post_release(post);
}

static void test_as_few_records_as_it_takes(void **state)
{
    (void)state;
    init(&phxi_default_allocator);
    assert_int_equal(write_feed(), 1); /* nothing known: all goes */
    assert_int_equal(write_feed(), 0);
    ASSIGN(5, 4, 3, 2, 1);
    assert_int_equal(write_feed(), 5);
    ASSIGN(6, 5, 4, 3, 2, 1); /* above */
    assert_int_equal(write_feed(), 1);
    ASSIGN(6, 5, 4, 3, 2, 1, 0); /* below */
    assert_int_equal(write_feed(), 1);
    ASSIGN(6, 5, 9, 8, 4, 3, 2, 1, 0); /* between */
    assert_int_equal(write_feed(), 2);
    edit(8);
    assert_int_equal(write_feed(), 1);
    ASSIGN(6, 5, 8, 4, 3, 2, 1, 0); /* one goes */
    assert_int_equal(write_feed(), 1);
    ASSIGN(7, 6, 5, 8, 4, 3, 2, 1); /* one comes, the last goes */
    assert_int_equal(write_feed(), 2);
    ASSIGN(1, 7, 6, 5, 8, 4, 3, 2); /* the last becomes the first */
    assert_int_equal(write_feed(), 2);
    assign(NULL, 0);
    assert_int_equal(write_feed(), 8);
    done();
}

static void test_no_number_left_in_between(void **state)
{
    (void)state;
    init(&phxi_default_allocator);
    size_t ids[50] = {1, 2};
    size_t most = 0;
    assign(ids, 2);
    (void)write_feed();
    for (size_t count = 3; count <= COUNT_OF(ids); count++) {
        memmove(&ids[2], &ids[1], (count - 2) * sizeof ids[0]); /* always below the first */
        ids[1] = count;
        assign(ids, count);
        size_t written = write_feed();
        most = written > most ? written : most;
    }
    assert_true(most > 20); /* all anew, once in a while */
    done();
}

static void test_numbers_at_the_ends(void **state)
{
    (void)state;
    static const char *const keys[][2] = {{"0000000000000000", "0000000000000001"},
                                          {"fffffffffffffffe", "ffffffffffffffff"},
                                          {"0000000000000000", "ffffffffffffffff"}};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        for (size_t kind = 0; kind < 3; kind++) {
            init(&phxi_default_allocator);
            ASSIGN(2, 1);
            for (size_t j = 0; j < 2; j++) {
                phxi_buffer json;
                phxi_buffer_init(&json, memory, 1000);
                assert_int_equal(communityi_post_encode(communityi_store_at(store, j), &json),
                                 PHX_OK);
                assert_int_equal(phxi_buffer_append_byte(&json, '\0'), PHX_OK);
                fake_storage_plant(&storage, COMMUNITY_RECORD_POST, keys[i][j],
                                   (const char *)json.data);
                phxi_buffer_free(&json);
                assert_true(
                    communityi_places_add(&places, (phx_slice){keys[i][j], strlen(keys[i][j])}));
            }
            const community_snapshot *snapshot = communityi_store_snapshot(store);
            communityi_places_set_written(&places, snapshot);
            community_snapshot_release(snapshot);
            if (kind == 0) {
                ASSIGN(3, 2, 1);
            } else if (kind == 1) {
                ASSIGN(2, 3, 1);
            } else {
                ASSIGN(2, 1, 3);
            }
            (void)write_feed();
            done();
        }
    }
}

static void test_keys_that_are_no_places(void **state)
{
    (void)state;
    static const char *const keys[] = {"",
                                       "800000000000000",
                                       "80000000000000000",
                                       "8000000000000OOO",
                                       "800000000000000A",
                                       "7000000000000000",
                                       "8000000000000000"};
    init(&phxi_default_allocator);
    assert_true(communityi_places_add(&places, (phx_slice){"8000000000000000", 16}));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_false(communityi_places_add(&places, (phx_slice){keys[i], strlen(keys[i])}));
    }
    static const char *const more[] = {"8000000000000001", "89aaaaaaaaaaaaaa", "8affffffffffffff"};
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        assert_true(communityi_places_add(&places, (phx_slice){more[i], 16}));
    }
    assert_false(communityi_places_add(&places, (phx_slice){"8affffffffffffff", 16}));
    done();
}

/* Lists of any ids, some written, some lost on the way. */
static void test_random_feeds(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 200; round++) {
        uint64_t seed = round;
        init(&phxi_default_allocator);
        for (int step = 0; step < 20; step++) {
            size_t ids[40];
            size_t count = 0;
            for (size_t id = random_below(&seed, 30); id > 0; id--) {
                if (random_below(&seed, 4) != 0) {
                    size_t at =
                        random_below(&seed, 5) == 0 ? random_below(&seed, count + 1) : count;
                    memmove(&ids[at + 1], &ids[at], (count - at) * sizeof ids[0]);
                    ids[at] = id;
                    count++;
                }
            }
            assign(ids, count);
            if (count > 0 && random_below(&seed, 2) == 0) {
                edit(ids[random_below(&seed, count)]);
            }
            if (random_below(&seed, 4) == 0) {
                communityi_records records;
                communityi_records_init(&records, memory);
                const community_snapshot *snapshot = communityi_store_snapshot(store);
                assert_int_equal(communityi_places_collect(&places, snapshot, &records), PHX_OK);
                community_snapshot_release(snapshot);
                communityi_places_abort(&places);
                communityi_records_free(&records);
            } else {
                (void)write_feed();
            }
        }
        done();
    }
}

static void collect_twice(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    communityi_records records;
    init(&allocator->port);
    communityi_records_init(&records, memory);
    for (int step = 0; step < 2; step++) {
        if (step == 0) {
            ASSIGN(4, 3, 2, 1);
        } else {
            ASSIGN(5, 4, 1, 2);
        }
        const community_snapshot *snapshot = communityi_store_snapshot(store);
        size_t refused = allocator->refused;
        phx_status status = communityi_places_collect(&places, snapshot, &records);
        community_snapshot_release(snapshot);
        assert_int_equal(status, allocator->refused > refused ? PHX_ERROR_NO_MEMORY : PHX_OK);
        if (status == PHX_OK) {
            assert_int_equal(storage.port.change(&storage, records.items, records.count), PHX_OK);
            communityi_places_commit(&places);
            assert_equal();
        }
        communityi_records_cut(&records, 0);
    }
    communityi_records_free(&records);
    done();
}

static void test_out_of_memory(void **state)
{
    (void)state;
    (void)failing_allocator_torture(collect_twice, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_few_records_as_it_takes),
        cmocka_unit_test(test_no_number_left_in_between),
        cmocka_unit_test(test_numbers_at_the_ends),
        cmocka_unit_test(test_keys_that_are_no_places),
        cmocka_unit_test(test_random_feeds),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
