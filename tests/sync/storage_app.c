/* SPDX-License-Identifier: MIT */
/*
 * The app with a storage.
 */
#include "storage_app.h"

#include <stdlib.h>

#include "community/post_codec.h"
#include "support/alloc.h"
#include "testing.h"

test_app storage_app;
fake_storage storage_medium;

/* A client of the same user on the same medium, and of the same server. */
void storage_start_again(void)
{
    const fake_feed server = storage_app.server;
    app_init(&storage_app, 2, 0);
    memcpy(storage_app.server.posts, server.posts, sizeof server.posts);
    storage_app.server.count = server.count;
    storage_app.server.last_id = server.last_id;
    fake_storage_restart(&storage_medium);
    storage_app.config.storage = &storage_medium.port;
    storage_app.config.user_id = "7";
    app_run(&storage_app, 3600000); /* later than the first run */
}

void storage_start_first(size_t posts)
{
    fake_storage_init(&storage_medium);
    app_init(&storage_app, 1, posts);
    storage_app.config.storage = &storage_medium.port;
    storage_app.config.user_id = "7";
}

void storage_stop(void)
{
    app_stop(&storage_app);
    assert_true(storage_medium.is_released);
}

void storage_run_once(size_t posts)
{
    storage_start_first(posts);
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    storage_stop();
}

/* What is stored is the feed that the app sees. */
void storage_assert_stored(void)
{
    assert_int_equal(fake_storage_count(&storage_medium, COMMUNITY_RECORD_POST),
                     storage_app.replica_count);
    for (size_t i = 0; i < storage_app.replica_count; i++) {
        const community_record *record = fake_storage_at(&storage_medium, COMMUNITY_RECORD_POST, i);
        const community_post *post = NULL;
        const char *reason;
        assert_int_equal(communityi_post_decode(&phxi_default_allocator, record->value.data,
                                                record->value.length, &post, &reason),
                         PHX_OK);
        assert_true(communityi_post_equals(post, storage_app.replica[i]));
        community_post_release(post);
    }
}

int64_t storage_time(void)
{
    const community_record *record = fake_storage_at(&storage_medium, COMMUNITY_RECORD_META, 0);
    char text[32] = "";
    assert_non_null(record);
    assert_slice(record->key, "fresh_at");
    memcpy(text, record->value.data, record->value.length);
    return strtoll(text, NULL, 10);
}
