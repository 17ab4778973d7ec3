/* SPDX-License-Identifier: MIT */
/*
 * The player with files that no recorder wrote: cut at each byte, each byte changed, changed with a
 * sum that is right again. There is an end each time, and a reason.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_harness.h"
#include "phx/recording.h"
#include "recording_check.h"
#include "testing.h"

/* A recording with a bit of everything. */
static phxi_buffer make(engine_harness *harness)
{
    harness_start(harness, NULL);
    harness_go_online(harness);
    assert_int_equal(harness_join(harness, 1, "room:1"), PHX_OK);
    assert_int_equal(harness_join(harness, 2, "room:2"), PHX_OK);
    harness_receive(harness, "[\"1\",\"1\",\"room:1\",\"phx_reply\",{\"status\":\"ok\","
                             "\"response\":{}}]");
    harness_receive(harness, "[\"2\",\"2\",\"room:2\",\"phx_reply\",{\"status\":\"error\","
                             "\"response\":{}}]");
    assert_int_equal(harness_push(harness, 3, 1, "shout", "{}"), PHX_OK);
    assert_int_equal(harness_push(harness, 4, 2, "shout", "{}"), PHX_OK);
    harness_advance(harness, 31000);
    harness_closed(harness, PHX_ERROR_NETWORK, 1006);
    phxi_buffer recording = recording_of(harness->engine);
    harness_stop(harness);
    return recording;
}

/* In a block of exactly its size, so that the sanitizers see a byte too many. */
static played_recording play_copy(const uint8_t *data, size_t length, size_t changed, uint8_t with,
                                  bool is_mended)
{
    uint8_t *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, data, length);
    if (changed < length) {
        copy[changed] ^= with;
    }
    if (is_mended) {
        recording_mend(copy, length);
    }
    uint8_t *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, copy, length);
    free(copy);
    played_recording played = recording_play(exact, length);
    free(exact);
    return played;
}

static void test_cut_at_each_byte(void **state)
{
    phxi_buffer recording = make(*state);
    size_t whole = 0;
    for (size_t length = 0; length < recording.length; length++) {
        played_recording played = play_copy(recording.data, length, SIZE_MAX, 0, false);
        whole += played.result == PHXI_PLAYER_END ? 1 : 0;
        if (played.result != PHXI_PLAYER_END) {
            assert_int_equal(played.result, PHXI_PLAYER_MALFORMED);
            assert_non_null(strstr(played.reason, "offset"));
        }
    }
    assert_int_equal(whole, 1); /* cut behind its configuration: nothing was recorded */
    phxi_buffer_free(&recording);
}

static void test_each_byte_changed(void **state)
{
    phxi_buffer recording = make(*state);
    for (size_t i = 0; i < recording.length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t with = (uint8_t)(1u << bit);
            played_recording played = play_copy(recording.data, recording.length, i, with, false);
            assert_int_equal(played.result, PHXI_PLAYER_MALFORMED);
            assert_true(played.reason[0] != '\0');
        }
    }
    phxi_buffer_free(&recording);
}

static void test_each_byte_changed_and_mended(void **state)
{
    phxi_buffer recording = make(*state);
    size_t counts[PHXI_PLAYER_NO_MEMORY + 1] = {0};
    for (size_t i = PHXI_RECORDING_MAGIC_BYTES; i < recording.length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t with = (uint8_t)(1u << bit);
            played_recording played = play_copy(recording.data, recording.length, i, with, true);
            counts[played.result]++;
            const char *offset = strstr(played.reason, "offset ");
            if (played.result != PHXI_PLAYER_END) {
                assert_non_null(offset);
                assert_in_range(strtoull(offset + strlen("offset "), NULL, 10), i,
                                recording.length);
            }
        }
    }
    /* Some say the same with other bytes: a topic that nobody has, a limit that nothing met. */
    assert_true(counts[PHXI_PLAYER_DIFFERENT] > 300);
    assert_true(counts[PHXI_PLAYER_MALFORMED] > 300);
    phxi_buffer_free(&recording);
}

static void test_random_bytes_mended(void **state)
{
    phxi_buffer recording = make(*state);
    uint64_t seed = 11;
    for (int round = 0; round < 20000; round++) {
        phxi_buffer copy;
        phxi_buffer_init(&copy, recording.allocator, SIZE_MAX / 2);
        assert_int_equal(phxi_buffer_append(&copy, recording.data, recording.length), PHX_OK);
        size_t changes = 1 + random_below(&seed, 6);
        for (size_t i = 0; i < changes; i++) {
            size_t at = PHXI_RECORDING_MAGIC_BYTES +
                        random_below(&seed, copy.length - PHXI_RECORDING_MAGIC_BYTES);
            copy.data[at] = (uint8_t)random_next(&seed);
        }
        recording_mend(copy.data, copy.length);
        (void)recording_play(copy.data, copy.length);
        phxi_buffer_free(&copy);
    }
    phxi_buffer_free(&recording);
}

/* A join needs its topic, and one that is too long is not kept. */
static void test_join_without_its_topic(void **state)
{
    engine_harness *harness = *state;
    char topic[PHXI_RECORDING_MAX_NAME_BYTES + 2];
    memset(topic, 'x', sizeof topic - 1);
    topic[sizeof topic - 1] = '\0';
    harness_start(harness, NULL);
    harness_go_online(harness);
    assert_int_equal(harness_join(harness, 1, topic), PHX_OK);
    phxi_buffer recording = recording_of(harness->engine);
    phxi_engine_free(harness->engine); /* harness_stop would want to replay it */
    assert_int_equal(recording_play(recording.data, recording.length).result,
                     PHXI_PLAYER_MALFORMED);
    phxi_buffer_free(&recording);
}

static void test_reasons(void **state)
{
    (void)state;
    played_recording played = recording_play("hello, world", 12);
    assert_int_equal(played.result, PHXI_PLAYER_MALFORMED);
    assert_non_null(strstr(played.reason, "no recording"));
    played = recording_play("PHXREC\x02\nxxxx", 12);
    assert_non_null(strstr(played.reason, "another version"));
    played = recording_play("", 0);
    assert_non_null(strstr(played.reason, "no recording"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_each_byte),
        cmocka_unit_test(test_each_byte_changed),
        cmocka_unit_test(test_each_byte_changed_and_mended),
        cmocka_unit_test(test_random_bytes_mended),
        cmocka_unit_test(test_join_without_its_topic),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, harness_prepare, NULL);
}
