/* SPDX-License-Identifier: MIT */
/*
 * The recorded transcripts of genuine Phoenix servers through the envelope's codecs: what a server
 * sent decodes, and what a 2.0.0 client sent is encoded again to the byte. The program's argument
 * is the folder of the recordings; cJSON reads their lines.
 */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/alloc.h"
#include "testing.h"
#include "wire/envelope.h"
#include "wire/json_reader.h"

static const char *folder;

enum {
    MAX_FRAME = 64 * 1024
};

typedef struct wire_counts {
    size_t files;
    size_t server_text;    /* 2.0.0 text frames decoded */
    size_t server_v1;      /* 1.0.0 frames decoded */
    size_t server_binary;  /* decoded, and encoded again by this test */
    size_t server_refused; /* answers that repeat a bad ref or topic of the client */
    size_t client_text;    /* encoded again */
    size_t client_binary;  /* encoded again */
    size_t client_v1;      /* not for us to encode */
    size_t client_bad;     /* malformed on purpose */
    size_t left_out;       /* clipped, compressed or fragmented in the recording */
} wire_counts;

typedef struct wire_frame {
    const char *file;
    const char *line;
    const uint8_t *data;
    size_t length;
} wire_frame;

static void fail_frame(const wire_frame *frame, const char *what)
{
    fail_msg("%s: %s: %s", frame->file, what, frame->line);
}

/* Members that the envelope has, in the frame as cJSON sees it, are what the codec gave. */
static bool is_same(phx_slice slice, const cJSON *item)
{
    if (cJSON_IsNull(item) || item == NULL) {
        return slice.data == NULL;
    }
    char number[32];
    snprintf(number, sizeof number, "%.0f", cJSON_IsNumber(item) ? item->valuedouble : 0);
    const char *text = cJSON_IsString(item) ? item->valuestring : number;
    return slice.data != NULL && slice.length == strlen(text) &&
           memcmp(slice.data, text, slice.length) == 0;
}

static bool is_same_json(phx_slice raw, const cJSON *item)
{
    cJSON *parsed = cJSON_ParseWithLength(raw.data, raw.length);
    bool is_equal = parsed != NULL && phxi_json_is_valid(raw.data, raw.length) &&
                    cJSON_Compare(parsed, item, true);
    cJSON_Delete(parsed);
    return is_equal;
}

static const cJSON *part(const cJSON *message, int index, const char *name)
{
    return cJSON_IsArray(message) ? cJSON_GetArrayItem(message, index)
                                  : cJSON_GetObjectItemCaseSensitive(message, name);
}

static bool is_same_message(const phxi_envelope *envelope, const cJSON *message)
{
    const cJSON *payload = part(message, 4, "payload");
    if (strcmp(part(message, 3, "event")->valuestring, "phx_reply") == 0) {
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(payload, "status");
        if (!envelope->is_reply || !is_same(envelope->status, status)) {
            return false;
        }
        payload = cJSON_GetObjectItemCaseSensitive(payload, "response");
    }
    return is_same(envelope->join_ref, part(message, 0, "join_ref")) &&
           is_same(envelope->ref, part(message, 1, "ref")) &&
           is_same(envelope->topic, part(message, 2, "topic")) &&
           is_same(envelope->event, part(message, 3, "event")) &&
           is_same_json(envelope->payload, payload);
}

static void check_server_text(const wire_frame *frame, wire_counts *counts)
{
    phxi_buffer scratch;
    phxi_buffer_init(&scratch, &phxi_default_allocator, MAX_FRAME);
    phxi_envelope envelope;
    const char *reason;
    bool is_v1 = frame->length > 0 && frame->data[0] == '{';
    phx_status status =
        is_v1 ? phxi_envelope_decode_v1(frame->data, frame->length, &scratch, &envelope, &reason)
              : phxi_envelope_decode_text(frame->data, frame->length, &scratch, &envelope, &reason);
    cJSON *message = cJSON_ParseWithLength((const char *)frame->data, frame->length);
    assert_non_null(message);
    if (cJSON_IsObject(part(message, 1, "ref")) || !cJSON_IsString(part(message, 2, "topic"))) {
        if (status != PHX_ERROR_MALFORMED_FRAME) {
            fail_frame(frame, "a ref or topic of a wrong type was taken");
        }
        counts->server_refused++;
    } else if (status != PHX_OK) {
        fail_frame(frame, reason);
    } else if (!is_same_message(&envelope, message)) {
        fail_frame(frame, "decoded to something else");
    } else {
        *(is_v1 ? &counts->server_v1 : &counts->server_text) += 1;
    }
    cJSON_Delete(message);
    phxi_buffer_free(&scratch);
}

/* The frame that the server must have sent for the envelope, written down from the layout. */
static size_t server_frame(const phxi_envelope *envelope, uint8_t kind, uint8_t *out)
{
    const phx_slice push[] = {envelope->join_ref, envelope->topic, envelope->event};
    const phx_slice reply[] = {envelope->join_ref, envelope->ref, envelope->topic,
                               envelope->status};
    const phx_slice broadcast[] = {envelope->topic, envelope->event};
    const phx_slice *fields = kind == 0 ? push : kind == 1 ? reply : broadcast;
    size_t count = kind == 0 ? 3 : kind == 1 ? 4 : 2;
    size_t length = 0;
    out[length++] = kind;
    for (size_t i = 0; i < count; i++) {
        out[length++] = (uint8_t)fields[i].length;
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].length > 0) {
            memcpy(out + length, fields[i].data, fields[i].length);
        }
        length += fields[i].length;
    }
    memcpy(out + length, envelope->payload.data, envelope->payload.length);
    return length + envelope->payload.length;
}

static void check_server_binary(const wire_frame *frame, wire_counts *counts)
{
    static uint8_t again[MAX_FRAME + 2048];
    phxi_envelope envelope;
    const char *reason;
    if (phxi_envelope_decode_binary(frame->data, frame->length, &envelope, &reason) != PHX_OK) {
        fail_frame(frame, reason);
    }
    size_t length = server_frame(&envelope, frame->data[0], again);
    if (length != frame->length || memcmp(again, frame->data, length) != 0) {
        fail_frame(frame, "decoded to something else");
    }
    counts->server_binary++;
}

static void check_encoded(const wire_frame *frame, phxi_buffer *out, phx_status status)
{
    if (status != PHX_OK || out->length != frame->length ||
        memcmp(out->data, frame->data, out->length) != 0) {
        fail_frame(frame, "encoded to something else");
    }
}

static void check_client_text(const wire_frame *frame, wire_counts *counts)
{
    if (frame->data[0] == '{') {
        counts->client_v1++;
        return;
    }
    phxi_buffer scratch;
    phxi_buffer out;
    phxi_buffer_init(&scratch, &phxi_default_allocator, MAX_FRAME);
    phxi_buffer_init(&out, &phxi_default_allocator, MAX_FRAME);
    phxi_envelope envelope;
    const char *reason;
    if (phxi_envelope_decode_text(frame->data, frame->length, &scratch, &envelope, &reason) !=
        PHX_OK) {
        fail_frame(frame, reason);
    }
    check_encoded(frame, &out, phxi_envelope_encode_text(&envelope, &out));
    counts->client_text++;
    phxi_buffer_free(&out);
    phxi_buffer_free(&scratch);
}

/* A client's push has a ref, which a server's has not: taken apart here. */
static void check_client_binary(const wire_frame *frame, wire_counts *counts)
{
    assert_true(frame->length >= 5 && frame->data[0] == 0);
    phxi_envelope envelope = {.is_binary = true};
    phx_slice *fields[] = {&envelope.join_ref, &envelope.ref, &envelope.topic, &envelope.event};
    size_t position = 5;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        *fields[i] = (phx_slice){(const char *)frame->data + position, frame->data[1 + i]};
        position += fields[i]->length;
    }
    assert_true(position <= frame->length);
    envelope.payload = (phx_slice){(const char *)frame->data + position, frame->length - position};
    phxi_buffer out;
    phxi_buffer_init(&out, &phxi_default_allocator, MAX_FRAME);
    check_encoded(frame, &out, phxi_envelope_encode_binary(&envelope, &out));
    counts->client_binary++;
    phxi_buffer_free(&out);
}

/* Scenarios whose client breaks the rules on purpose; each only in what it sends. */
static bool is_bad_on_purpose(const wire_frame *frame)
{
    static const char *const scenarios[] = {"bad_",       "odd_refs",  "reserved_events",
                                            "wrong_kind", "truncated", "binary_join"};
    static const char *const good_prefixes[] = {"[\"1\",\"1\",\"echo:",
                                                "[\"1\",\"1\",\"community:"};
    bool is_scenario = false;
    for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
        is_scenario = is_scenario || strstr(frame->file, scenarios[i]) != NULL;
    }
    for (size_t i = 0; i < COUNT_OF(good_prefixes) && is_scenario; i++) {
        size_t length = strlen(good_prefixes[i]);
        if (frame->length >= length && memcmp(frame->data, good_prefixes[i], length) == 0) {
            return false; /* the join before it */
        }
    }
    return is_scenario;
}

static size_t decode_hex(const char *hex, uint8_t *out)
{
    size_t length = strlen(hex) / 2;
    assert_true(length <= MAX_FRAME);
    for (size_t i = 0; i < length; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return length;
}

static void check_frame(wire_frame *frame, const cJSON *record, bool is_text, wire_counts *counts)
{
    static uint8_t bytes[MAX_FRAME];
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(record, "data");
    const cJSON *hex = cJSON_GetObjectItemCaseSensitive(record, "hex");
    const char *direction = cJSON_GetObjectItemCaseSensitive(record, "dir")->valuestring;
    bool is_from_server = strcmp(direction, "s2c") == 0;
    if (is_text && data != NULL) {
        frame->data = (const uint8_t *)data->valuestring;
        frame->length = strlen(data->valuestring);
    } else {
        assert_non_null(hex);
        frame->data = bytes;
        frame->length = decode_hex(hex->valuestring, bytes);
    }
    if (is_from_server) {
        (is_text ? check_server_text : check_server_binary)(frame, counts);
    } else if (is_bad_on_purpose(frame)) {
        counts->client_bad++;
    } else {
        (is_text ? check_client_text : check_client_binary)(frame, counts);
    }
}

static bool has(const cJSON *record, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(record, name) != NULL;
}

static void check_line(const char *file, const char *line, wire_counts *counts)
{
    cJSON *record = cJSON_Parse(line);
    assert_non_null(record);
    const cJSON *opcode = cJSON_GetObjectItemCaseSensitive(record, "opcode");
    const char *name = opcode == NULL ? "" : opcode->valuestring;
    bool is_text = strcmp(name, "text") == 0;
    bool is_message = is_text || strcmp(name, "binary") == 0 || strcmp(name, "continuation") == 0;
    bool is_whole = !has(record, "len") && !has(record, "rsv") && !has(record, "fin") &&
                    strcmp(name, "continuation") != 0;
    if (is_message && is_whole) {
        wire_frame frame = {.file = file, .line = line};
        check_frame(&frame, record, is_text, counts);
    } else if (is_message) {
        counts->left_out++;
    }
    cJSON_Delete(record);
}

static void check_file(const char *directory, const char *name, wire_counts *counts)
{
    static char line[256 * 1024];
    char path[4096];
    assert_true((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) < sizeof path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        check_line(path, line, counts);
    }
    assert_false(ferror(file));
    fclose(file);
    counts->files++;
}

static void check_directory(const char *path, wire_counts *counts)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (strstr(entry->d_name, ".jsonl") != NULL) {
            check_file(path, entry->d_name, counts);
        }
    }
    closedir(directory);
}

static void recorded_frames(void **state)
{
    (void)state;
    assert_non_null(folder);
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    wire_counts counts = {0};
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[4096];
        if (strncmp(entry->d_name, "phoenix-", 8) == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            check_directory(path, &counts);
        }
    }
    closedir(directory);
    print_message("%zu recordings. Decoded: %zu text, %zu of 1.0.0, %zu binary (%zu refused). "
                  "Encoded again: %zu text, %zu binary. "
                  "Left out: %zu of 1.0.0 clients, %zu bad on purpose, %zu not whole.\n",
                  counts.files, counts.server_text, counts.server_v1, counts.server_binary,
                  counts.server_refused, counts.client_text, counts.client_binary, counts.client_v1,
                  counts.client_bad, counts.left_out);
    assert_true(counts.server_text > 500 && counts.server_v1 > 100 && counts.server_binary > 10);
    assert_true(counts.client_text > 500 && counts.client_binary > 10);
    /* A frame that lands in these by mistake is a frame that is not tested. */
    assert_int_equal(counts.server_refused, 8);
    assert_int_equal(counts.client_bad, 88);
    assert_int_equal(counts.left_out, 31);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
