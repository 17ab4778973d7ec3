/* SPDX-License-Identifier: MIT */
/*
 * How an item of the outbox is kept between runs: a JSON object under a key that sorts as the
 * items' numbers do. Pure; what it reads may be damaged.
 */
#ifndef COMMUNITYI_OUTBOX_RECORD_H
#define COMMUNITYI_OUTBOX_RECORD_H

#include "community/outbox_queue.h"
#include "support/buffer.h"

enum {
    COMMUNITYI_RECORD_KEY_BYTES = 17
};

/* The key of item `number`, NUL-terminated. */
void communityi_outbox_record_key(uint64_t number, char out[COMMUNITYI_RECORD_KEY_BYTES]);

/* Appends the value. PHX_ERROR_NO_MEMORY, PHX_ERROR_TOO_LARGE. */
PHX_MUST_CHECK phx_status communityi_outbox_record_write(const communityi_outbox_item *item,
                                                         const char *key_text, phxi_buffer *out);

/* What a record says. The texts are in `texts`, each followed by a NUL byte. */
typedef struct communityi_outbox_record {
    communityi_call call;
    communityi_outbox_item
        item; /* what communityi_outbox_restore wants filled; `call` is not set */
    char key_text[COMMUNITYI_KEY_TEXT_BYTES];
    char *texts; /* free with phxi_free */
} communityi_outbox_record;

/* PHX_ERROR_INVALID_JSON: damaged. PHX_ERROR_NO_MEMORY. Nothing is to be freed then; item.number is
 * set if the key is good, else 0. */
PHX_MUST_CHECK phx_status communityi_outbox_record_read(const phx_allocator *allocator,
                                                        phx_slice key, phx_slice value,
                                                        communityi_outbox_record *out);

#endif
