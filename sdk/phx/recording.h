/* SPDX-License-Identifier: MIT */
/*
 * The form of a recording: what the recorder writes, and the player in sdk/replay reads.
 *
 *   file    = "PHXREC" 1 0x0a  config  segment*
 *   config  = varint length, the engine's limits and times as varints, without its seeds; sum
 *   segment = varint length, checkpoint step* [checkpoint]; sum
 *   sum     = 4 bytes, little-endian: phxi_recording_sum of the bytes behind the length
 *
 *   checkpoint = 0, varint of steps before it, 4 bytes length, the engine's state (checkpoint.h)
 *   step       = input outcome
 *   input      = kind, zigzag varint of now_ms against the step before (the first: against 0), then
 *                by kind what phxi_recorder's functions say
 *   outcome    = varint: actions popped << 4 | answers << 1 | is_lost; the answers as varints; if
 *                there were actions, 4 bytes of their hash
 *
 * Answers are what functions of the application said: the delay of a custom backoff, the verdict on
 * a refused join. is_lost: memory ran out in this step, so that nobody can compute it again; the
 * next segment goes on from its checkpoint. Names are a varint length and the bytes; of one that is
 * longer than 255 bytes, which no channel can have, the length only.
 *
 * Payloads are never in it, only their lengths: the engine does not look at them.
 */
#ifndef PHXI_RECORDING_H
#define PHXI_RECORDING_H

#include <phx/base.h>

#define PHXI_RECORDING_MAGIC "PHXREC\x01\n"

enum {
    PHXI_RECORDING_MAGIC_BYTES = 8,
    PHXI_RECORDING_MAX_NAME_BYTES = 255,
    PHXI_RECORDING_MAX_ANSWERS = 4,
};

typedef enum phxi_input {
    PHXI_INPUT_CHECKPOINT = 0,
    PHXI_INPUT_CONNECT,
    PHXI_INPUT_DISCONNECT,
    PHXI_INPUT_PROBE,
    PHXI_INPUT_TOKEN_CHANGED,
    PHXI_INPUT_JOIN,      /* id, timeout_ms, overflow, topic */
    PHXI_INPUT_SEND_JOIN, /* channel, payload's length */
    PHXI_INPUT_LEAVE,     /* channel */
    PHXI_INPUT_REJOIN,    /* channel */
    PHXI_INPUT_PUSH,      /* id, channel, timeout_ms, is_binary, event, payload's length */
    PHXI_INPUT_CANCEL,    /* id */
    PHXI_INPUT_SHUT_DOWN,
    PHXI_INPUT_SKIP_HEARTBEATS, /* is_skipping */
    PHXI_INPUT_OPENED,          /* epoch */
    PHXI_INPUT_CLOSED,  /* epoch, status, http_status, close_code, os_code, retry_after_ms */
    PHXI_INPUT_MESSAGE, /* epoch, length, bits (PHXI_MESSAGE_*); if decoded join_ref, ref, topic,
                         * event and the payload's length */
    PHXI_INPUT_WRITTEN, /* epoch, length */
    PHXI_INPUT_ADVANCE,
    PHXI_INPUT_COUNT,
} phxi_input;

/* Of a message. What was not decoded was malformed, or came while closing. */
enum {
    PHXI_MESSAGE_BINARY = 1,
    PHXI_MESSAGE_DECODED = 2,
    PHXI_MESSAGE_REPLY = 4,
    PHXI_MESSAGE_OK = 8, /* of a reply: its status is "ok" */
};

/* Refs: absent, or a text that is no ref, or this and a second varint. */
enum {
    PHXI_REF_ABSENT = 0,
    PHXI_REF_OTHER = 1,
    PHXI_REF_NUMBER = 2,
};

/*
 * Bytes that are written or read, in bounds: one that is full or short stays so, and reads zeros.
 * What both the recorder and the player visit is written once, as a function of a tape.
 */
typedef struct phxi_tape {
    uint8_t *data;
    size_t length; /* in use; reading: all there is */
    size_t capacity;
    size_t position; /* of the next read */
    bool is_reading;
    bool is_broken; /* full; reading: short, or no varint */
} phxi_tape;

phxi_tape phxi_tape_writer(uint8_t *data, size_t capacity);
phxi_tape phxi_tape_reader(const uint8_t *data, size_t length);
void phxi_tape_varint(phxi_tape *tape, uint64_t *value);
void phxi_tape_put(phxi_tape *tape, uint64_t value);
uint64_t phxi_tape_get(phxi_tape *tape);
void phxi_tape_put_bytes(phxi_tape *tape, const void *bytes, size_t length);
/* Four bytes, little-endian. */
void phxi_tape_put_word(phxi_tape *tape, uint32_t word);
uint32_t phxi_tape_get_word(phxi_tape *tape);
/* In the tape. data NULL: too long to have been kept, or none is there. */
phx_slice phxi_tape_get_bytes(phxi_tape *tape, size_t length);
void phxi_tape_put_name(phxi_tape *tape, phx_slice name);
phx_slice phxi_tape_get_name(phxi_tape *tape);

/* Writes or reads a field of any integer type. */
#define PHXI_TAPE(tape, field)                   \
    do {                                         \
        uint64_t tape_value = (uint64_t)(field); \
        phxi_tape_varint(tape, &tape_value);     \
        (field) = (__typeof__(field))tape_value; \
    } while (0)

uint64_t phxi_zigzag(uint64_t difference);
uint64_t phxi_unzigzag(uint64_t value);
uint32_t phxi_recording_sum(const uint8_t *data, size_t length);

#endif
