/* SPDX-License-Identifier: MIT */
/*
 * Answers to long polls, and the lines that are posted. An answer's members are those that a walk
 * over the document finds; what goes into the queue of lines comes out of it in order, in batches
 * that keep Phoenix's bound, no line with a break in it.
 */
#include "failing_allocator.h"
#include "fuzz.h"
#include "longpoll/answer.h"
#include "longpoll/lines.h"

enum {
    MAX_LINES_BYTES = 4096
};

static void check_answer(const uint8_t *data, size_t size)
{
    phxi_longpoll_answer answer;
    phxi_longpoll_answer_read(data, size, &answer);
    bool is_json = phxi_json_is_valid(data, size);
    FUZZ_CHECK(answer.status == 0 || (answer.status >= 100 && answer.status <= 999));
    FUZZ_CHECK(is_json || (answer.status == 0 && answer.token.text.data == NULL &&
                           answer.messages.data == NULL));
    FUZZ_CHECK(fuzz_is_within(answer.messages, data, size));
    FUZZ_CHECK(answer.token.kind != PHXI_JSON_STRING ||
               fuzz_is_within(answer.token.text, data, size));
    if (answer.messages.data != NULL) {
        FUZZ_CHECK(answer.messages.data[0] == '[');
        FUZZ_CHECK(phxi_json_is_valid(answer.messages.data, answer.messages.length));
    }
}

static void take_all(phxi_lines *lines, const phx_allocator *allocator, size_t payload_bytes,
                     size_t count)
{
    size_t taken_bytes = 0;
    size_t taken = 0;
    while (lines->first != NULL) {
        phxi_buffer batch;
        size_t more = 0;
        phxi_buffer_init(&batch, allocator, SIZE_MAX / 4);
        FUZZ_CHECK(phxi_lines_take(lines, &batch, &more) == PHX_OK);
        size_t batch_lines = 1;
        for (size_t i = 0; i < batch.length; i++) {
            FUZZ_CHECK(batch.data[i] != '\r');
            batch_lines += batch.data[i] == '\n' ? 1 : 0;
        }
        FUZZ_CHECK(batch_lines <= PHXI_LONGPOLL_BATCH_LINES);
        taken += batch_lines;
        taken_bytes += more;
        phxi_buffer_free(&batch);
    }
    FUZZ_CHECK(taken == count && taken_bytes == payload_bytes && lines->bytes == 0);
}

static void check_lines(fuzz_input input)
{
    failing_allocator allocator;
    phxi_lines lines;
    size_t payload_bytes = 0;
    size_t count = 0;
    failing_allocator_init(&allocator);
    phxi_lines_init(&lines, &allocator.port, MAX_LINES_BYTES);
    while (input.left > 0) {
        uint8_t choice = fuzz_byte(&input);
        phx_frame_kind kind = (choice & 1) != 0 ? PHX_FRAME_BINARY : PHX_FRAME_TEXT;
        phx_slice payload = fuzz_bytes(&input, choice >> 2);
        failing_allocator_refuse(&allocator, (choice & 2) != 0 ? 1 + choice / 64 : 0, false);
        phx_status status =
            phxi_lines_add(&lines, kind, (const uint8_t *)payload.data, payload.length);
        FUZZ_CHECK(status == PHX_OK || status == PHX_ERROR_QUEUE_FULL ||
                   status == PHX_ERROR_NO_MEMORY);
        payload_bytes += status == PHX_OK ? payload.length : 0;
        count += status == PHX_OK ? 1 : 0;
        FUZZ_CHECK(lines.bytes <= MAX_LINES_BYTES);
    }
    failing_allocator_refuse(&allocator, 0, false);
    take_all(&lines, &allocator.port, payload_bytes, count);
    phxi_lines_free(&lines);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *body = fuzz_copy(data, size);
    check_answer(body, size);
    check_lines((fuzz_input){body, size});
    free(body);
    return 0;
}
