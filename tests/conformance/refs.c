/* SPDX-License-Identifier: MIT */
/*
 * Refs, renamed. Frames are cut by hand: the first two elements of a text frame, the counted fields
 * of a binary one.
 */
#include "refs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A ref that no engine reaches in a script. */
static const uint64_t never_used = 900000000000;

enum {
    REF_TEXT = 24,
};

typedef struct ref_pair {
    char join_ref[REF_TEXT]; /* "": null */
    char ref[REF_TEXT];
    bool is_number; /* the first one is written without quotes */
    size_t rest;    /* where the frame goes on */
} ref_pair;

/* One element, null or digits, and the comma behind it. */
static bool cut_element(const char *frame, size_t length, size_t *at, char out[REF_TEXT])
{
    size_t i = *at;
    size_t count = 0;
    out[0] = '\0';
    if (length - i > 5 && memcmp(frame + i, "null,", 5) == 0) {
        *at = i + 5;
        return true;
    }
    size_t quote = i < length && frame[i] == '"';
    for (i += quote; i < length && frame[i] >= '0' && frame[i] <= '9' && count < REF_TEXT - 1;
         i++) {
        out[count++] = frame[i];
    }
    out[count] = '\0';
    if (length - i <= quote || frame[i + quote] != ',' || (quote == 1 && frame[i] != '"')) {
        return false;
    }
    *at = i + quote + 1;
    return count > 0 || quote == 1;
}

static bool cut_text(const char *frame, size_t length, ref_pair *out)
{
    out->rest = 1;
    out->is_number = length > 1 && frame[1] >= '0' && frame[1] <= '9';
    return length > 0 && frame[0] == '[' && cut_element(frame, length, &out->rest, out->join_ref) &&
           cut_element(frame, length, &out->rest, out->ref);
}

static bool bind(conf_refs *refs, const char *theirs_text, const char *ours_text)
{
    if (theirs_text[0] == '\0' || ours_text[0] == '\0') {
        return theirs_text[0] == ours_text[0];
    }
    unsigned long theirs = strtoul(theirs_text, NULL, 10);
    unsigned long ours = strtoul(ours_text, NULL, 10);
    if (theirs >= REFS_MAX || ours >= REFS_MAX) {
        return false;
    }
    if (refs->ours[theirs] == 0 && refs->theirs[ours] == 0) {
        refs->ours[theirs] = (uint32_t)ours;
        refs->theirs[ours] = (uint32_t)theirs;
    }
    return refs->ours[theirs] == ours && refs->theirs[ours] == theirs;
}

bool refs_match_text(conf_refs *refs, const char *theirs, const char *ours, size_t ours_length)
{
    ref_pair a;
    ref_pair b;
    size_t theirs_length = strlen(theirs);
    return cut_text(theirs, theirs_length, &a) && cut_text(ours, ours_length, &b) &&
           theirs_length - a.rest == ours_length - b.rest &&
           memcmp(theirs + a.rest, ours + b.rest, ours_length - b.rest) == 0 &&
           bind(refs, a.ref, b.ref) && bind(refs, a.join_ref, b.join_ref);
}

uint8_t *refs_unhex(const char *hex, size_t *out_length)
{
    size_t length = strlen(hex) / 2;
    uint8_t *out = malloc(length + 1);
    if (out == NULL) {
        abort();
    }
    for (size_t i = 0; i < length; i++) {
        unsigned value = 0;
        (void)sscanf(hex + 2 * i, "%2x", &value);
        out[i] = (uint8_t)value;
    }
    *out_length = length;
    return out;
}

/* A push of a client: kind 0, four lengths, join_ref, ref, and the rest. */
static bool cut_push(const uint8_t *frame, size_t length, ref_pair *out)
{
    if (length < 5 || frame[0] != 0 || frame[1] >= REF_TEXT || frame[2] >= REF_TEXT ||
        length < (size_t)5 + frame[1] + frame[2]) {
        return false;
    }
    memcpy(out->join_ref, frame + 5, frame[1]);
    out->join_ref[frame[1]] = '\0';
    memcpy(out->ref, frame + 5 + frame[1], frame[2]);
    out->ref[frame[2]] = '\0';
    out->rest = (size_t)5 + frame[1] + frame[2];
    return true;
}

bool refs_match_binary(conf_refs *refs, const char *theirs_hex, const uint8_t *ours,
                       size_t ours_length)
{
    ref_pair a;
    ref_pair b;
    size_t length = 0;
    uint8_t *theirs = refs_unhex(theirs_hex, &length);
    bool is_equal = cut_push(theirs, length, &a) && cut_push(ours, ours_length, &b) &&
                    memcmp(theirs + 3, ours + 3, 2) == 0 &&
                    length - a.rest == ours_length - b.rest &&
                    memcmp(theirs + a.rest, ours + b.rest, length - a.rest) == 0 &&
                    bind(refs, a.ref, b.ref) && bind(refs, a.join_ref, b.join_ref);
    free(theirs);
    return is_equal;
}

/* Our ref for theirs, as text. */
static void rename_ref(const conf_refs *refs, char text[REF_TEXT])
{
    unsigned long long theirs = strtoull(text, NULL, 10);
    bool is_large = theirs >= REFS_MAX;
    unsigned long long ours = is_large ? theirs : refs->ours[theirs];
    if (text[0] != '\0') {
        (void)snprintf(text, REF_TEXT, "%llu", ours == 0 ? never_used + theirs : ours);
    }
}

static int write_element(char *out, const char *ref, bool is_number)
{
    if (ref[0] == '\0') {
        return sprintf(out, "null,");
    }
    return is_number ? sprintf(out, "%s,", ref) : sprintf(out, "\"%s\",", ref);
}

char *refs_rewrite_text(const conf_refs *refs, const char *frame, size_t *out_length)
{
    size_t length = strlen(frame);
    char *out = malloc(length + 2 * REF_TEXT + 16);
    ref_pair pair;
    if (out == NULL) {
        abort();
    }
    /* An empty text as a ref stays one: it reads as null here. */
    if (!cut_text(frame, length, &pair) || strncmp(frame, "[\"\"", 3) == 0) {
        memcpy(out, frame, length + 1);
        *out_length = length;
        return out;
    }
    rename_ref(refs, pair.join_ref);
    rename_ref(refs, pair.ref);
    char *at = out;
    *at++ = '[';
    at += write_element(at, pair.join_ref, pair.is_number);
    at += write_element(at, pair.ref, false);
    memcpy(at, frame + pair.rest, length - pair.rest + 1);
    *out_length = (size_t)(at - out) + length - pair.rest;
    return out;
}

/* Copies the field of `count` bytes at `from`, renamed if it is a ref. */
static size_t copy_field(const conf_refs *refs, uint8_t *to, const uint8_t *from, size_t count,
                         bool is_ref)
{
    char text[REF_TEXT];
    if (!is_ref || count >= REF_TEXT) {
        memcpy(to, from, count);
        return count;
    }
    memcpy(text, from, count);
    text[count] = '\0';
    rename_ref(refs, text);
    count = strlen(text);
    memcpy(to, text, count);
    return count;
}

uint8_t *refs_rewrite_binary(const conf_refs *refs, const char *frame_hex, size_t *out_length)
{
    size_t length = 0;
    uint8_t *frame = refs_unhex(frame_hex, &length);
    uint8_t *out = malloc(length + 2 * REF_TEXT);
    if (out == NULL) {
        abort();
    }
    /* Pushes: join_ref, topic, event. Replies: join_ref, ref, topic, status. Broadcasts: topic,
     * event. */
    static const size_t field_counts[] = {3, 4, 2};
    static const size_t ref_counts[] = {1, 2, 0};
    size_t kind = frame[0];
    size_t header = 1 + field_counts[kind];
    size_t from = header;
    size_t to = header;
    memcpy(out, frame, header);
    for (size_t i = 0; i < ref_counts[kind]; i++) {
        size_t count = copy_field(refs, out + to, frame + from, frame[1 + i], true);
        out[1 + i] = (uint8_t)count;
        from += frame[1 + i];
        to += count;
    }
    memcpy(out + to, frame + from, length - from);
    *out_length = to + length - from;
    free(frame);
    return out;
}
