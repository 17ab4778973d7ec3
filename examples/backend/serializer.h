/* SPDX-License-Identifier: MIT */
/*
 * Phoenix's serializers 1.0.0 (objects) and 2.0.0 (arrays, and binary frames). Refs, topics and
 * events are kept as the JSON text that they came as, whatever their type: that is how they go
 * back. Knows nothing of channels.
 */
#ifndef BACKEND_SERIALIZER_H
#define BACKEND_SERIALIZER_H

#include "bytes.h"

enum serializer_version {
    SERIALIZER_1,
    SERIALIZER_2
};

#define JSON_NULL SLICE("null")

/* All members but a binary payload are JSON. */
struct message {
    struct slice join_ref;
    struct slice ref;
    struct slice topic;
    struct slice event;
    struct slice payload;
    bool is_binary;
};

enum message_kind {
    MESSAGE_PUSH,
    MESSAGE_REPLY,
    MESSAGE_BROADCAST
};

/* False when `data` is no message of that version. The result borrows from data and scratch. */
bool serializer_decode(enum serializer_version version, bool is_binary, struct slice data,
                       struct bytes *scratch, struct message *out);

/* Of a reply, the event is the status. False when it cannot be encoded: a binary payload in
 * version 1, or a name too long for a binary frame's length byte. */
bool serializer_encode(enum serializer_version version, enum message_kind kind,
                       const struct message *message, struct bytes *out);

/* A copy in one allocation, or NULL. Free with free(). */
struct message *message_copy(const struct message *message);

#endif
