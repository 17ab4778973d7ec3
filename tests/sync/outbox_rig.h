/* SPDX-License-Identifier: MIT */
/*
 * An app with an outbox in virtual time: a disk that outlives its process, a backend that loses
 * requests and answers on demand and honours idempotency keys or not, and a book of what was
 * executed and told. Writes with a text are known by the number in it: "item 7".
 */
#ifndef OUTBOX_RIG_H
#define OUTBOX_RIG_H

#include "app.h"

enum {
    RIG_ITEMS = 512,
    RIG_RECORDS = 700,
    RIG_VALUE_BYTES = 1024
};

typedef struct rig_record {
    community_record_kind kind;
    size_t key_length;
    size_t value_length;
    char key[64];
    char value[RIG_VALUE_BYTES];
} rig_record;

typedef struct rig_disk {
    community_storage port;
    rig_record records[RIG_RECORDS]; /* sorted */
    size_t count;
    size_t changes;
    bool is_dead; /* the process was killed: nothing is written any more */
    bool is_failing;
    char owner[32];
} rig_disk;

/* What happens to the next requests that write, in this order of chance; of 1000. */
typedef struct rig_faults {
    uint32_t unsent;
    uint32_t lost_before; /* the request was lost on its way, and nobody knows */
    uint32_t lost_after;  /* it was done, and the answer was lost */
    uint32_t failed;      /* 500, before it was done */
    uint32_t limited;     /* 429 */
    uint32_t refused;     /* 422 */
} rig_faults;

typedef struct rig {
    test_app app; /* first: callbacks get its address */
    rig_disk disk;
    bool honours_keys;
    rig_faults faults;
    uint64_t seed;
    /* By the number of the item. */
    uint32_t executed[RIG_ITEMS];
    uint32_t told[RIG_ITEMS];
    community_outcome outcome[RIG_ITEMS];
    uint32_t done[RIG_ITEMS];
    phx_status done_status[RIG_ITEMS];
    uint32_t highest_executed;
    bool is_out_of_order;
    bool is_doubled;        /* a key came a second time where it is not honoured, and the first was
                               executed */
    uint32_t textless_told; /* outcomes of likes and deletions */
    size_t events;          /* of on_outbox */
    size_t most_listed;
    /* Answers by key. */
    struct {
        char key[64];
        int32_t status;
    } keys[4096];
    size_t key_count;
    /* "done", "outcome" or "list": the client is released in this callback; NULL: in none. */
    const char *release_in;
} rig;

void rig_init(rig *world, uint64_t seed, bool honours_keys, size_t posts);
/* The configuration; and the client, made visible. */
void rig_configure(rig *world);
void rig_start(rig *world);
/* A run ends, gently or by a kill; the next begins, with the server as it was. rig_start follows.
 */
void rig_restart(rig *world, bool is_killed);
void rig_stop(rig *world);

phx_status rig_post(rig *world, uint32_t number);
phx_status rig_edit(rig *world, const char *post_id, uint32_t number);
phx_status rig_comment(rig *world, const char *post_id, uint32_t number);
phx_status rig_like(rig *world, const char *post_id);

/* The list: "pending:TEXT sending:TEXT failed:TEXT ", a post's id for what has no text. */
#define rig_expect_list(world, expected) rig_expect_list_at(world, expected, __FILE__, __LINE__)
void rig_expect_list_at(rig *world, const char *expected, const char *file, int line);
/* Exactly one outcome, and this one. */
#define rig_expect_outcome(world, number, expected)           \
    do {                                                      \
        assert_int_equal((world)->told[number], 1);           \
        assert_int_equal((world)->outcome[number], expected); \
    } while (0)
size_t rig_outbox_records(const rig *world);

#endif
