/* SPDX-License-Identifier: MIT */
/*
 * Steps into slots; see recorder.h. A step is written when its input begins, its outcome when the
 * next one does, or the recording is dumped.
 */
#include "phx/recorder.h"

#include "phx/checkpoint.h"
#include "support/alloc.h"

enum {
    /* A slot with less room than this is left at the next moment that allows it; more than the
     * longest step. */
    ROOM_BYTES = 1024,
    RETRY_STEPS = 64,
};

/* --- birth --- */

static uint32_t ask_backoff(void *user_data, uint32_t attempt, const phx_error *error)
{
    const phxi_recorder_backoff *asked = user_data;
    uint32_t delay_ms = asked->original.delay_ms(asked->original.user_data, attempt, error);
    phxi_recorder_answered(asked->engine, delay_ms);
    return delay_ms;
}

static void listen_in(phxi_engine *engine, phxi_recorder_backoff *out, phx_backoff *backoff)
{
    *out = (phxi_recorder_backoff){engine, *backoff};
    if (backoff->kind == PHX_BACKOFF_CUSTOM && backoff->delay_ms != NULL) {
        backoff->delay_ms = ask_backoff;
        backoff->user_data = out;
    }
}

phx_status phxi_recorder_start(phxi_engine *engine, size_t bytes)
{
    bytes = bytes < PHXI_RECORDER_MIN_BYTES ? PHXI_RECORDER_MIN_BYTES : bytes;
    size_t slot_bytes = bytes / PHXI_RECORDER_SLOTS;
    size_t all_bytes = slot_bytes * PHXI_RECORDER_SLOTS;
    phxi_recorder *recorder =
        all_bytes > SIZE_MAX - sizeof *recorder
            ? NULL
            : phxi_alloc_zero(engine->allocator, sizeof *recorder + all_bytes);
    if (recorder == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < PHXI_RECORDER_SLOTS; i++) {
        recorder->slots[i].data = (uint8_t *)(recorder + 1) + i * slot_bytes;
    }
    recorder->tape = phxi_tape_writer(recorder->slots[0].data, slot_bytes);
    listen_in(engine, &recorder->reconnect, &engine->config.reconnect);
    listen_in(engine, &recorder->rejoin, &engine->config.rejoin);
    engine->recorder = recorder;
    return PHX_OK;
}

/* --- segments --- */

/* Takes back what does not fit, and with it the step: a segment ends with a whole one. */
static void leave_slot(phxi_recorder *recorder, size_t length)
{
    recorder->tape.length = length;
    recorder->slots[recorder->current].length = length;
    recorder->is_open = false;
    recorder->has_step = false;
}

static void write_outcome(phxi_tape *tape, const phxi_recorder *recorder)
{
    phxi_tape_put(tape, recorder->popped << 4 | (uint64_t)recorder->answer_count << 1 |
                            (recorder->is_lost ? 1 : 0));
    for (uint32_t i = 0; i < recorder->answer_count; i++) {
        phxi_tape_put(tape, recorder->answers[i]);
    }
    if (recorder->popped > 0) {
        phxi_tape_put_word(tape, phxi_action_hash_word(recorder->hash));
    }
}

static void end_step(phxi_recorder *recorder)
{
    if (recorder->has_step) {
        write_outcome(&recorder->tape, recorder);
        recorder->has_step = false;
        recorder->slots[recorder->current].length = recorder->tape.length;
        if (recorder->tape.is_broken) {
            leave_slot(recorder, recorder->step_start);
        } else if (recorder->is_lost) {
            leave_slot(recorder, recorder->tape.length);
        }
    }
    recorder->popped = 0;
    recorder->hash = 0;
    recorder->answer_count = 0;
    recorder->is_lost = false;
}

/* False: it does not fit in so many bytes, and nothing was written. */
static bool write_checkpoint(phxi_engine *engine, phxi_tape *tape, size_t bytes)
{
    size_t start = tape->length;
    size_t capacity = tape->capacity;
    if (bytes < capacity - start) {
        tape->capacity = start + bytes;
    }
    phxi_tape_put(tape, PHXI_INPUT_CHECKPOINT);
    phxi_tape_put(tape, engine->recorder->steps);
    size_t length_at = tape->length;
    phxi_tape_put_word(tape, 0);
    size_t state_at = tape->length;
    phxi_checkpoint_write(tape, engine);
    bool is_whole = !tape->is_broken;
    size_t end = tape->length;
    tape->capacity = capacity;
    tape->is_broken = false;
    if (!is_whole) {
        tape->length = start;
        return false;
    }
    tape->length = length_at;
    phxi_tape_put_word(tape, (uint32_t)(end - state_at));
    tape->length = end;
    return true;
}

/* Into the slot behind the current one, or the current one while nothing is in it. */
static void open_slot(phxi_engine *engine)
{
    phxi_recorder *recorder = engine->recorder;
    if (recorder->steps < recorder->retry_step) {
        return;
    }
    bool is_first = recorder->slots[recorder->current].length == 0;
    uint32_t next = is_first ? recorder->current : (recorder->current + 1) % PHXI_RECORDER_SLOTS;
    phxi_recorder_slot *slot = &recorder->slots[next];
    phxi_tape tape = phxi_tape_writer(slot->data, recorder->tape.capacity);
    slot->length = 0;
    if (!write_checkpoint(engine, &tape, tape.capacity / 2)) {
        recorder->retry_step = recorder->steps + RETRY_STEPS;
        return;
    }
    recorder->current = next;
    recorder->tape = tape;
    recorder->is_open = true;
    recorder->last_now_ms = 0;
    slot->length = tape.length;
}

/* --- inputs --- */

/* NULL: this step is not kept. */
static phxi_tape *begin_step(phxi_engine *engine, phxi_input input, uint64_t now_ms)
{
    phxi_recorder *recorder = engine->recorder;
    end_step(recorder);
    bool is_roomy =
        recorder->is_open && recorder->tape.capacity - recorder->tape.length >= ROOM_BYTES;
    if (!is_roomy && engine->first_node == NULL) {
        open_slot(engine);
    }
    recorder->steps++;
    if (!recorder->is_open) {
        return NULL;
    }
    recorder->step_start = recorder->tape.length;
    recorder->has_step = true;
    phxi_tape_put(&recorder->tape, input);
    phxi_tape_put(&recorder->tape, phxi_zigzag(now_ms - recorder->last_now_ms));
    recorder->last_now_ms = now_ms;
    return &recorder->tape;
}

void phxi_recorder_plain(phxi_engine *engine, phxi_input input, uint64_t now_ms)
{
    (void)begin_step(engine, input, now_ms);
}

void phxi_recorder_one(phxi_engine *engine, phxi_input input, uint64_t now_ms, uint64_t value)
{
    phxi_tape *tape = begin_step(engine, input, now_ms);
    if (tape != NULL) {
        phxi_tape_put(tape, value);
    }
}

void phxi_recorder_two(phxi_engine *engine, phxi_input input, uint64_t now_ms, uint64_t first,
                       uint64_t second)
{
    phxi_tape *tape = begin_step(engine, input, now_ms);
    if (tape != NULL) {
        phxi_tape_put(tape, first);
        phxi_tape_put(tape, second);
    }
}

void phxi_recorder_join(phxi_engine *engine, uint64_t now_ms, const phxi_join_request *request)
{
    phxi_tape *tape = begin_step(engine, PHXI_INPUT_JOIN, now_ms);
    if (tape != NULL) {
        phxi_tape_put(tape, request->id);
        phxi_tape_put(tape, request->timeout_ms);
        phxi_tape_put(tape, (uint64_t)request->overflow);
        phxi_tape_put_name(tape, request->topic);
    }
}

void phxi_recorder_push(phxi_engine *engine, uint64_t now_ms, const phxi_push_request *request)
{
    phxi_tape *tape = begin_step(engine, PHXI_INPUT_PUSH, now_ms);
    if (tape != NULL) {
        phxi_tape_put(tape, request->id);
        phxi_tape_put(tape, request->channel_id);
        phxi_tape_put(tape, request->timeout_ms);
        phxi_tape_put(tape, request->is_binary);
        phxi_tape_put_name(tape, request->event);
        phxi_tape_put(tape, request->payload.length);
    }
}

void phxi_recorder_closed(phxi_engine *engine, uint64_t now_ms, const phx_error *error)
{
    phxi_tape *tape = begin_step(engine, PHXI_INPUT_CLOSED, now_ms);
    if (tape != NULL) {
        phxi_tape_put(tape, engine->epoch);
        phxi_tape_put(tape, (uint64_t)error->status);
        phxi_tape_put(tape, (uint64_t)error->http_status);
        phxi_tape_put(tape, (uint64_t)error->close_code);
        phxi_tape_put(tape, (uint64_t)error->os_code);
        phxi_tape_put(tape, error->retry_after_ms);
    }
}

void phxi_recorder_message(phxi_engine *engine, uint64_t now_ms, size_t length)
{
    phxi_recorder_two(engine, PHXI_INPUT_MESSAGE, now_ms, engine->epoch, length);
}

static void put_ref(phxi_tape *tape, phx_slice text)
{
    uint64_t ref = phxi_ref_parse(text);
    if (ref != 0) {
        phxi_tape_put(tape, PHXI_REF_NUMBER);
        phxi_tape_put(tape, ref);
    } else {
        phxi_tape_put(tape, text.length == 0 ? PHXI_REF_ABSENT : PHXI_REF_OTHER);
    }
}

void phxi_recorder_envelope(phxi_engine *engine, const phxi_envelope *envelope, bool is_binary)
{
    phxi_recorder *recorder = engine->recorder;
    if (!recorder->has_step) {
        return;
    }
    phxi_tape *tape = &recorder->tape;
    unsigned bits = is_binary ? PHXI_MESSAGE_BINARY : 0;
    if (envelope == NULL) {
        phxi_tape_put(tape, bits);
        return;
    }
    bool is_ok = phxi_reply_received(engine).error.status == PHX_OK;
    bits |= PHXI_MESSAGE_DECODED;
    bits |= envelope->is_reply ? PHXI_MESSAGE_REPLY : 0;
    bits |= envelope->is_reply && is_ok ? PHXI_MESSAGE_OK : 0;
    phxi_tape_put(tape, bits);
    put_ref(tape, envelope->join_ref);
    put_ref(tape, envelope->ref);
    phxi_tape_put_name(tape, envelope->topic);
    phxi_tape_put_name(tape, envelope->event);
    phxi_tape_put(tape, envelope->payload.length);
}

/* --- outcomes --- */

void phxi_recorder_popped(phxi_engine *engine, const phxi_action *action)
{
    phxi_recorder *recorder = engine->recorder;
    recorder->popped++;
    recorder->hash = phxi_action_hash(recorder->hash, engine, action);
}

void phxi_recorder_answered(phxi_engine *engine, uint32_t answer)
{
    phxi_recorder *recorder = engine->recorder;
    if (recorder->answer_count < PHXI_RECORDING_MAX_ANSWERS) {
        recorder->answers[recorder->answer_count++] = answer;
    } else {
        recorder->is_lost = true;
    }
}

/* --- dump --- */

static phx_status write_part(phx_recording_write_fn write, void *user_data, const uint8_t *data,
                             size_t length)
{
    uint8_t bytes[16];
    phxi_tape head = phxi_tape_writer(bytes, sizeof bytes);
    phxi_tape_put(&head, length);
    phx_status status = write(user_data, head.data, head.length);
    if (status == PHX_OK) {
        status = write(user_data, data, length);
    }
    if (status == PHX_OK) {
        head.length = 0;
        phxi_tape_put_word(&head, phxi_recording_sum(data, length));
        status = write(user_data, head.data, head.length);
    }
    return status;
}

static phx_status write_head(const phxi_engine *engine, phx_recording_write_fn write,
                             void *user_data)
{
    uint8_t bytes[256];
    phxi_tape tape = phxi_tape_writer(bytes, sizeof bytes);
    phxi_engine_config config = engine->config;
    phxi_checkpoint_config(&tape, &config);
    phx_status status =
        write(user_data, (const uint8_t *)PHXI_RECORDING_MAGIC, PHXI_RECORDING_MAGIC_BYTES);
    return status == PHX_OK ? write_part(write, user_data, tape.data, tape.length) : status;
}

/* The open outcome and the state now are written behind the slot's end, and taken back. */
static phx_status write_last(phxi_engine *engine, phx_recording_write_fn write, void *user_data)
{
    const phxi_recorder *recorder = engine->recorder;
    size_t length = recorder->slots[recorder->current].length;
    phxi_tape tape = recorder->tape;
    if (recorder->is_open) {
        if (recorder->has_step) {
            write_outcome(&tape, recorder);
        }
        length = tape.is_broken ? recorder->step_start : tape.length;
        if (!tape.is_broken && !recorder->is_lost && engine->first_node == NULL &&
            write_checkpoint(engine, &tape, tape.capacity)) {
            length = tape.length;
        }
    }
    return length > 0 ? write_part(write, user_data, tape.data, length) : PHX_OK;
}

phx_status phxi_engine_dump_recording(phxi_engine *engine, phx_recording_write_fn write,
                                      void *user_data)
{
    const phxi_recorder *recorder = engine->recorder;
    if (recorder == NULL) {
        return PHX_ERROR_UNSUPPORTED;
    }
    phx_status status = write_head(engine, write, user_data);
    for (uint32_t i = 1; i < PHXI_RECORDER_SLOTS && status == PHX_OK; i++) {
        const phxi_recorder_slot *slot =
            &recorder->slots[(recorder->current + i) % PHXI_RECORDER_SLOTS];
        if (slot->length > 0) {
            status = write_part(write, user_data, slot->data, slot->length);
        }
    }
    return status == PHX_OK ? write_last(engine, write, user_data) : status;
}
