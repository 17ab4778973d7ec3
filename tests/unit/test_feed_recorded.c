/* SPDX-License-Identifier: MIT */
/*
 * The live events as a genuine Phoenix server sent them, each given twice as a backend does that
 * subscribes again in join/3: the second copy changes nothing. argv[1]: the folder of the
 * transcripts.
 */
#include "feed_posts.h"
#include "support/alloc.h"
#include "wire/envelope.h"
#include "wire/json_reader.h"

static const char *transcripts;

typedef struct feed_player {
    communityi_store *store;
    phxi_buffer scratch;
    size_t played;
} feed_player;

static phx_status apply(communityi_store *store, const phxi_envelope *event, bool *changed)
{
    static const struct {
        const char *event;
        communityi_patch_kind kind;
    } kinds[] = {
        {"post_deleted", COMMUNITYI_PATCH_DELETE},
        {"post_likes_updated", COMMUNITYI_PATCH_LIKES},
        {"post_comments_updated", COMMUNITYI_PATCH_COMMENTS},
    };
    communityi_patch *patch = NULL;
    const char *reason = NULL;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (event->event.length == strlen(kinds[i].event) &&
            memcmp(event->event.data, kinds[i].event, event->event.length) == 0) {
            assert_int_equal(communityi_patch_decode(&phxi_default_allocator, kinds[i].kind,
                                                     event->payload.data, event->payload.length,
                                                     &patch, &reason),
                             PHX_OK);
            phx_status status =
                kinds[i].kind == COMMUNITYI_PATCH_DELETE
                    ? communityi_store_remove(store, patch->id, patch->id_length, changed)
                    : communityi_store_patch(store, patch, changed);
            communityi_patch_free(&phxi_default_allocator, patch);
            return status;
        }
    }
    const community_post *post = NULL;
    assert_int_equal(communityi_post_decode(&phxi_default_allocator, event->payload.data,
                                            event->payload.length, &post, &reason),
                     PHX_OK);
    phx_status status = event->event.data[0] == 'n'
                            ? communityi_store_prepend(store, post, changed)
                            : communityi_store_replace(store, post, changed);
    community_post_release(post);
    return status;
}

/* What the feed shows after each of the recorded events. */
static void check(communityi_store *store, size_t event)
{
    static const struct {
        const char *body;
        int64_t likes;
        int64_t comments;
    } after[] = {
        {"Gr\xc3\xbc\xc3\x9f"
         "e \xf0\x9f\x91\x8b \"quoted\" \\ back\nline",
         0, 0},
        {"edited", 0, 0},
        {"edited", 1, 0},
        {"edited", 1, 1},
        {"edited", 1, 0},
    };
    const community_post *post = communityi_store_at(store, 0);
    if (event == COUNT_OF(after)) {
        assert_null(post);
        return;
    }
    assert_in_range(event, 0, COUNT_OF(after) - 1);
    assert_slice(post->id, "89699a7b-ecc2-1a10-7bc2-c2c761ae23a3");
    assert_slice(post->body, after[event].body);
    assert_slice(post->author.id, "2");
    assert_slice(post->author.name, "Bob");
    assert_int_equal(post->likes_count, after[event].likes);
    assert_int_equal(community_post_is_liked_by(post, "2"), after[event].likes == 1);
    assert_int_equal(post->comments_count, after[event].comments);
    assert_true(post->inserted_at_ms == 1795435425435);
}

static void play_frame(feed_player *player, const char *frame, size_t length)
{
    phxi_envelope event;
    const char *reason = NULL;
    bool changed = false;
    assert_int_equal(phxi_envelope_decode_text(frame, length, &player->scratch, &event, &reason),
                     PHX_OK);
    if (event.event.length < 8 || (memcmp(event.event.data, "post_", 5) != 0 &&
                                   memcmp(event.event.data, "new_post", 8) != 0)) {
        return;
    }
    assert_int_equal(apply(player->store, &event, &changed), PHX_OK);
    assert_true(changed);
    check(player->store, player->played);
    community_batch batch;
    assert_true(communityi_store_begin_batch(player->store, &batch));
    assert_int_equal(batch.count, 1);
    communityi_store_end_batch(player->store, &batch);
    assert_int_equal(apply(player->store, &event, &changed), PHX_OK);
    assert_false(changed);
    assert_false(communityi_store_has_changes(player->store));
    check(player->store, player->played);
    player->played++;
}

static void recorded_events_make_the_feed(void **state)
{
    (void)state;
    feed_player player = {.store = make_store(&phxi_default_allocator, 10)};
    char path[4096];
    char line[8192];
    phxi_buffer_init(&player.scratch, &phxi_default_allocator, sizeof line);
    (void)snprintf(path, sizeof path, "%s/phoenix-1.8.12/v2_feed_events.jsonl", transcripts);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        /* {"dir":"s2c","opcode":"text","data":"..."} */
        static const char opening[] = "{\"dir\":\"s2c\",\"opcode\":\"text\",\"data\":\"";
        if (strncmp(line, opening, sizeof opening - 1) == 0) {
            char frame[sizeof line];
            char *data = line + sizeof opening - 1;
            phxi_json_token token = {.kind = PHXI_JSON_STRING,
                                     .text = {data, (size_t)(strrchr(data, '"') - data)},
                                     .has_escapes = true};
            play_frame(&player, frame, phxi_json_unescape(&token, frame));
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(player.played, 6);
    communityi_store_free(player.store);
    phxi_buffer_free(&player.scratch);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_events_make_the_feed),
    };
    transcripts = argc > 1 ? argv[1] : "tests/wire";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
