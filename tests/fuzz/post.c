/* SPDX-License-Identifier: MIT */
/*
 * Posts and patches: what is decoded, encoded and decoded again is an equal post, whose encoding is
 * the same bytes; its texts are UTF-8 with a NUL behind; a patched post has the patch's counts and
 * all else of the post; no memory leaves nothing. A valid document that is said to be one is the
 * same post; another is some post or none.
 */
#include "community/post_codec.h"
#include "community/post_fields.h"
#include "failing_allocator.h"
#include "fuzz.h"
#include "wire/json_reader.h"

static void check_text(phx_slice text)
{
    FUZZ_CHECK(text.data != NULL && text.data[text.length] == '\0');
    FUZZ_CHECK(fuzz_is_utf8(text.data, text.length));
}

static void check_post(const community_post *post)
{
    check_text(post->id);
    FUZZ_CHECK(post->id.length > 0);
    check_text(post->body);
    check_text(post->author.id);
    check_text(post->author.name);
    check_text(post->author.avatar_url);
    check_text(post->extra_json);
    FUZZ_CHECK(post->likes_count >= 0 && post->comments_count >= 0);
    for (size_t i = 0; i < post->liked_by_count; i++) {
        check_text(post->liked_by_user_ids[i]);
        const char *id = post->liked_by_user_ids[i].data;
        FUZZ_CHECK(strlen(id) < post->liked_by_user_ids[i].length ||
                   community_post_is_liked_by(post, id));
    }
    FUZZ_CHECK(post->extra_json.data[0] == '{');
    FUZZ_CHECK(phxi_json_is_valid(post->extra_json.data, post->extra_json.length));
    FUZZ_CHECK((post->members & COMMUNITY_POST_HAS_BODY) != 0 || post->body.length == 0);
    FUZZ_CHECK((post->members & COMMUNITY_POST_HAS_LIKED_BY) != 0 || post->liked_by_count == 0);
    FUZZ_CHECK(communityi_post_equals(post, post));
}

static void check_round_trip(const phx_allocator *allocator, const community_post *post)
{
    phxi_buffer first;
    phxi_buffer second;
    const community_post *again = NULL;
    const char *reason;
    phxi_buffer_init(&first, allocator, SIZE_MAX / 4);
    phxi_buffer_init(&second, allocator, SIZE_MAX / 4);
    FUZZ_CHECK(communityi_post_encode(post, &first) == PHX_OK);
    FUZZ_CHECK(communityi_post_decode(allocator, first.data, first.length, &again, &reason) ==
               PHX_OK);
    check_post(again);
    FUZZ_CHECK(communityi_post_equals(post, again));
    FUZZ_CHECK(communityi_post_encode(again, &second) == PHX_OK);
    FUZZ_CHECK(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
    community_post_release(again);
    phxi_buffer_free(&first);
    phxi_buffer_free(&second);
}

static void check_patched(const phx_allocator *allocator, const community_post *post,
                          const communityi_patch *patch)
{
    const community_post *patched = NULL;
    FUZZ_CHECK(communityi_post_patched(allocator, post, patch, &patched) == PHX_OK);
    check_post(patched);
    FUZZ_CHECK(patched->likes_count == (patch->has_likes ? patch->likes_count : post->likes_count));
    FUZZ_CHECK(patched->comments_count ==
               (patch->has_comments ? patch->comments_count : post->comments_count));
    FUZZ_CHECK(patched->liked_by_count ==
               (patch->has_liked_by ? patch->liked_by_count : post->liked_by_count));
    FUZZ_CHECK(fuzz_equals(patched->id, post->id) && fuzz_equals(patched->body, post->body));
    FUZZ_CHECK(fuzz_equals(patched->extra_json, post->extra_json));
    FUZZ_CHECK((patched == post) == communityi_post_equals(patched, post));
    check_round_trip(allocator, patched);
    community_post_release(patched);
}

static void check_patch(const phx_allocator *allocator, communityi_patch_kind kind,
                        const uint8_t *data, size_t size, const community_post *post)
{
    communityi_patch *patch = NULL;
    const char *reason;
    phx_status status = communityi_patch_decode(allocator, kind, data, size, &patch, &reason);
    FUZZ_CHECK((reason == NULL) == (status == PHX_OK) && (patch != NULL) == (status == PHX_OK));
    if (patch == NULL) {
        return;
    }
    check_text((phx_slice){patch->id, patch->id_length});
    FUZZ_CHECK(patch->id_length > 0 && patch->likes_count >= 0 && patch->comments_count >= 0);
    FUZZ_CHECK(kind != COMMUNITYI_PATCH_LIKES || patch->has_likes || patch->has_liked_by);
    FUZZ_CHECK(kind != COMMUNITYI_PATCH_COMMENTS || patch->has_comments);
    if (post != NULL) {
        check_patched(allocator, post, patch);
    }
    communityi_patch_free(allocator, patch);
}

static void check_checked(const phx_allocator *allocator, const uint8_t *data, size_t size,
                          const community_post *post)
{
    const community_post *checked = NULL;
    const char *reason;
    phx_status status = communityi_post_decode_checked(
        allocator, (phx_slice){(const char *)data, size}, &checked, &reason);
    FUZZ_CHECK((reason == NULL) == (status == PHX_OK) && (checked != NULL) == (status == PHX_OK));
    if (post != NULL) {
        FUZZ_CHECK(checked != NULL && communityi_post_equals(post, checked));
    } else if (phxi_json_is_valid(data, size)) {
        FUZZ_CHECK(checked == NULL);
    }
    community_post_release(checked);
}

static void check_no_memory(const uint8_t *data, size_t size)
{
    failing_allocator allocator;
    const community_post *post;
    const char *reason;
    failing_allocator_init(&allocator);
    failing_allocator_refuse(&allocator, 1, false);
    phx_status status = communityi_post_decode(&allocator.port, data, size, &post, &reason);
    FUZZ_CHECK(status != PHX_OK && post == NULL);
    FUZZ_CHECK((reason == NULL) == (status == PHX_ERROR_NO_MEMORY));
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char other[] = "{\"id\":\"7\",\"body\":\"b\",\"likes_count\":1,\"title\":[1]}";
    failing_allocator allocator;
    const community_post *post;
    const community_post *known;
    const char *reason;
    uint8_t *document = fuzz_copy(data, size);
    failing_allocator_init(&allocator);
    phx_status status = communityi_post_decode(&allocator.port, document, size, &post, &reason);
    FUZZ_CHECK((reason == NULL) == (status == PHX_OK) && (post != NULL) == (status == PHX_OK));
    FUZZ_CHECK(reason == NULL || strcmp(reason, COMMUNITYI_NOT_JSON) != 0 ||
               !phxi_json_is_valid(document, size));
    if (post != NULL) {
        check_post(post);
        check_round_trip(&allocator.port, post);
    }
    check_checked(&allocator.port, document, size, post);
    FUZZ_CHECK(communityi_post_decode(&allocator.port, other, sizeof other - 1, &known, &reason) ==
               PHX_OK);
    for (int kind = COMMUNITYI_PATCH_DELETE; kind <= COMMUNITYI_PATCH_COMMENTS; kind++) {
        check_patch(&allocator.port, (communityi_patch_kind)kind, document, size,
                    post != NULL ? post : known);
    }
    community_post_release(known);
    community_post_release(post);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
    check_no_memory(document, size);
    free(document);
    return 0;
}
