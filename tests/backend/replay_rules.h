/* SPDX-License-Identifier: MIT */
/*
 * What a transcript does not say about itself: how the server was brought to do what it does at a
 * certain line, which backend it needs, and where this backend means to differ. Only the tables
 * know transcripts by name.
 */
#ifndef TEST_BACKEND_REPLAY_RULES_H
#define TEST_BACKEND_REPLAY_RULES_H

enum rule_kind {
    RULE_SKIP,    /* the whole transcript; text says why */
    RULE_BACKEND, /* runs on a backend of its own; text is its options, separated by blanks */
    RULE_PACE,    /* the client's frames keep their times, scaled by text percent */
    RULE_TOKEN,   /* the user of an {"ev":"open"} */
    RULE_VSN,     /* the serializer of an {"ev":"open"} */
    RULE_CONTROL, /* before the line: text is "VERB JSON" */
    RULE_SIGNAL,  /* before the line: the backend gets signal TERM or KILL */
    RULE_SEND,    /* before the line: the client sends these bytes (hex) */
    RULE_INSTEAD, /* difference: the line is this record instead */
    RULE_WITHOUT, /* difference: the line is not there */
};

struct rule {
    const char *transcript; /* a pattern for "folder/name" */
    int line;               /* from 1; 0: the transcript as a whole */
    enum rule_kind kind;
    const char *text;
};

extern const struct rule replay_rules[];
extern const int replay_rule_count;

#endif
