/* SPDX-License-Identifier: MIT */
/*
 * Tapes: the bytes of a recording. Knows nothing of what they mean.
 */
#include "phx/recording.h"

#include <string.h>

phxi_tape phxi_tape_writer(uint8_t *data, size_t capacity)
{
    return (phxi_tape){.data = data, .capacity = capacity};
}

phxi_tape phxi_tape_reader(const uint8_t *data, size_t length)
{
    /* Never written through: is_reading. */
    return (phxi_tape){.data = (uint8_t *)(uintptr_t)data, .length = length, .is_reading = true};
}

void phxi_tape_put_bytes(phxi_tape *tape, const void *bytes, size_t length)
{
    if (tape->is_broken || length > tape->capacity - tape->length) {
        tape->is_broken = true;
    } else if (length > 0) {
        memcpy(tape->data + tape->length, bytes, length);
        tape->length += length;
    }
}

void phxi_tape_put(phxi_tape *tape, uint64_t value)
{
    uint8_t bytes[10];
    size_t length = 0;
    while (value > 0x7f) {
        bytes[length++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[length++] = (uint8_t)value;
    phxi_tape_put_bytes(tape, bytes, length);
}

uint64_t phxi_tape_get(phxi_tape *tape)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !tape->is_broken; shift += 7) {
        if (tape->position == tape->length) {
            break;
        }
        uint8_t byte = tape->data[tape->position++];
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    tape->is_broken = true;
    return 0;
}

void phxi_tape_varint(phxi_tape *tape, uint64_t *value)
{
    if (tape->is_reading) {
        *value = phxi_tape_get(tape);
    } else {
        phxi_tape_put(tape, *value);
    }
}

void phxi_tape_put_word(phxi_tape *tape, uint32_t word)
{
    uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                        (uint8_t)(word >> 24)};
    phxi_tape_put_bytes(tape, bytes, sizeof bytes);
}

phx_slice phxi_tape_get_bytes(phxi_tape *tape, size_t length)
{
    if (tape->is_broken || length > tape->length - tape->position) {
        tape->is_broken = true;
        return (phx_slice){NULL, 0};
    }
    phx_slice bytes = {(const char *)tape->data + tape->position, length};
    tape->position += length;
    return bytes;
}

uint32_t phxi_tape_get_word(phxi_tape *tape)
{
    phx_slice bytes = phxi_tape_get_bytes(tape, 4);
    uint32_t word = 0;
    for (size_t i = 0; i < bytes.length; i++) {
        word |= (uint32_t)(uint8_t)bytes.data[i] << (8 * i);
    }
    return word;
}

void phxi_tape_put_name(phxi_tape *tape, phx_slice name)
{
    phxi_tape_put(tape, name.length);
    if (name.length <= PHXI_RECORDING_MAX_NAME_BYTES) {
        phxi_tape_put_bytes(tape, name.data, name.length);
    }
}

phx_slice phxi_tape_get_name(phxi_tape *tape)
{
    uint64_t length = phxi_tape_get(tape);
    if (length > PHXI_RECORDING_MAX_NAME_BYTES) {
        return (phx_slice){NULL, 0};
    }
    return phxi_tape_get_bytes(tape, (size_t)length);
}

uint64_t phxi_zigzag(uint64_t difference)
{
    return (difference << 1) ^ (0 - (difference >> 63));
}

uint64_t phxi_unzigzag(uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

/* FNV-1a: against a file that was cut or damaged on its way, not against a forger. */
uint32_t phxi_recording_sum(const uint8_t *data, size_t length)
{
    uint32_t sum = 0x811c9dc5u;
    for (size_t i = 0; i < length; i++) {
        sum = (sum ^ data[i]) * 0x01000193u;
    }
    return sum;
}
