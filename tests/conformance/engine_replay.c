/* SPDX-License-Identifier: MIT */
/*
 * The recorded sessions with genuine Phoenix servers through the engine: what the recorded client
 * did is done with the engine, whose frames must be the recorded ones, and what the server said is
 * what the engine hears. Refs are translated, because the engine counts its own. The program's
 * argument is the folder of the recordings.
 */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine_harness.h"
#include "testing.h"

static const char *folder;

enum {
    MAX_LINE = 256 * 1024,
    MAX_REFS = 512,
    MAX_TOPICS = 128
};

typedef struct replay_counts {
    size_t files;
    size_t sent;       /* frames of the recorded client that the engine sent too */
    size_t not_ours;   /* frames that the engine would never send */
    size_t heard;      /* frames of the server that led to something */
    size_t heartbeats; /* answered */
    size_t stale;      /* rightly dropped */
} replay_counts;

/* One recording under way. */
typedef struct session {
    engine_harness harness;
    const char *file;
    char recorded_refs[MAX_REFS][24];
    char our_refs[MAX_REFS][24];
    size_t ref_count;
    char topics[MAX_TOPICS][128];
    uint64_t channels[MAX_TOPICS]; /* the last one of the topic; 0: it is gone */
    size_t topic_count;
    uint64_t next_id;
    bool is_online;
} session;

static session replayed;
static replay_counts counts;

static const char *text_at(const cJSON *message, int index)
{
    const cJSON *item = cJSON_GetArrayItem(message, index);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static const char *our_ref(const session *self, const char *recorded)
{
    for (size_t i = self->ref_count; i > 0; i--) {
        if (recorded != NULL && strcmp(self->recorded_refs[i - 1], recorded) == 0) {
            return self->our_refs[i - 1];
        }
    }
    return recorded == NULL ? NULL : "999999"; /* one that we never used */
}

static size_t topic_index(session *self, const char *topic)
{
    size_t i = 0;
    while (i < self->topic_count && strcmp(self->topics[i], topic) != 0) {
        i++;
    }
    if (i == self->topic_count) {
        assert_true(self->topic_count < MAX_TOPICS);
        (void)snprintf(self->topics[i], sizeof self->topics[i], "%s", topic);
        self->channels[i] = 0;
        self->topic_count++;
    }
    return i;
}

static void go_online(session *self)
{
    if (!self->is_online) {
        harness_go_online(&self->harness);
        self->is_online = true;
    }
}

/* The last frame that the engine sent, parsed; NULL: it sent none. */
static cJSON *last_sent(const engine_harness *harness)
{
    const char *found = NULL;
    for (const char *at = strstr(harness->lines, "> ["); at != NULL; at = strstr(at + 1, "> [")) {
        found = at == harness->lines || at[-1] == '\n' ? at : found;
    }
    return found == NULL
               ? NULL
               : cJSON_ParseWithLength(found + 2, (size_t)(strchr(found, '\n') - found - 2));
}

static void check_sent(session *self, const cJSON *recorded)
{
    cJSON *sent = last_sent(&self->harness);
    if (sent == NULL) {
        counts.not_ours++;
        return;
    }
    for (int i = 2; i < 5; i++) {
        if (!cJSON_Compare(cJSON_GetArrayItem(sent, i), cJSON_GetArrayItem(recorded, i), true)) {
            fail_msg("%s: the engine sent another frame: %s", self->file, self->harness.lines);
        }
    }
    assert_true(self->ref_count < MAX_REFS);
    (void)snprintf(self->recorded_refs[self->ref_count], 24, "%s", text_at(recorded, 1));
    (void)snprintf(self->our_refs[self->ref_count], 24, "%s", text_at(sent, 1));
    self->ref_count++;
    counts.sent++;
    cJSON_Delete(sent);
}

static void do_join(session *self, size_t topic, const char *payload)
{
    engine_harness *harness = &self->harness;
    uint64_t id = self->channels[topic];
    harness->join_payload = payload;
    harness_rejoin(harness, id);
    if (!harness_saw(harness, "phx_join")) {
        self->channels[topic] = self->next_id++;
        assert_int_equal(harness_join(harness, self->channels[topic], self->topics[topic]), PHX_OK);
    }
    harness->join_payload = "{}";
}

/* What the recorded client did. */
static void act(session *self, const cJSON *message)
{
    const char *event = text_at(message, 3);
    char *payload = cJSON_PrintUnformatted(cJSON_GetArrayItem(message, 4));
    size_t topic = topic_index(self, text_at(message, 2));
    if (strcmp(event, "heartbeat") == 0) {
        harness_probe(&self->harness);
    } else if (strcmp(event, "phx_join") == 0) {
        do_join(self, topic, payload);
    } else if (strcmp(event, "phx_leave") == 0) {
        harness_leave(&self->harness, self->channels[topic]);
    } else {
        /* A refused push is a frame that we do not send: not_ours. */
        (void)harness_push(&self->harness, self->next_id++, self->channels[topic], event, payload);
    }
    cJSON_free(payload);
}

/* Frames that a well-behaved client does not send are in the recordings on purpose. */
static bool is_sound(const cJSON *message)
{
    return cJSON_IsArray(message) && cJSON_GetArraySize(message) == 5 &&
           text_at(message, 1) != NULL && text_at(message, 2) != NULL &&
           text_at(message, 3) != NULL && strlen(text_at(message, 1)) < 20;
}

static void client_frame(session *self, const char *data)
{
    cJSON *message = cJSON_Parse(data);
    if (!is_sound(message)) {
        counts.not_ours++;
    } else {
        go_online(self);
        harness_forget(&self->harness);
        act(self, message);
        check_sent(self, message);
    }
    cJSON_Delete(message);
}

static void translate_ref(const session *self, cJSON *message, int index)
{
    const char *recorded = text_at(message, index);
    if (recorded != NULL) {
        cJSON_ReplaceItemInArray(message, index, cJSON_CreateString(our_ref(self, recorded)));
    }
}

static bool is_text_or_null(const cJSON *message, int index)
{
    return text_at(message, index) != NULL || cJSON_IsNull(cJSON_GetArrayItem(message, index));
}

static void server_frame(session *self, const char *data)
{
    cJSON *message = cJSON_Parse(data);
    bool is_message = cJSON_IsArray(message) && is_text_or_null(message, 0) &&
                      is_text_or_null(message, 1) && text_at(message, 2) != NULL &&
                      text_at(message, 3) != NULL;
    if (!is_message) {
        counts.not_ours++; /* 1.0.0, or an answer to what we would not send */
        cJSON_Delete(message);
        return;
    }
    go_online(self);
    translate_ref(self, message, 0);
    translate_ref(self, message, 1);
    char *text = cJSON_PrintUnformatted(message);
    const phx_client_metrics *metrics = phxi_engine_metrics(self->harness.engine);
    phx_client_metrics before = *metrics;
    harness_forget(&self->harness);
    harness_receive(&self->harness, text);
    assert_int_equal(metrics->malformed, before.malformed);
    if (self->harness.length > 0) {
        counts.heard++;
    } else if (metrics->stale > before.stale) {
        counts.stale++;
    } else {
        if (strcmp(text_at(message, 2), "phoenix") != 0) {
            fail_msg("%s: nothing came of %s", self->file, text);
        }
        counts.heartbeats++;
    }
    cJSON_free(text);
    cJSON_Delete(message);
}

static void record_line(session *self, const char *line)
{
    cJSON *record = cJSON_Parse(line);
    assert_non_null(record);
    const cJSON *dir = cJSON_GetObjectItemCaseSensitive(record, "dir");
    const cJSON *opcode = cJSON_GetObjectItemCaseSensitive(record, "opcode");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(record, "data");
    bool is_whole = cJSON_GetObjectItemCaseSensitive(record, "len") == NULL &&
                    cJSON_GetObjectItemCaseSensitive(record, "fin") == NULL;
    if (is_whole && cJSON_IsString(opcode) && strcmp(opcode->valuestring, "text") == 0 &&
        cJSON_IsString(data)) {
        if (strcmp(dir->valuestring, "c2s") == 0) {
            client_frame(self, data->valuestring);
        } else {
            server_frame(self, data->valuestring);
        }
    }
    cJSON_Delete(record);
}

static void replay_file(const char *directory, const char *name)
{
    static char line[MAX_LINE];
    char path[4096];
    assert_true((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) < sizeof path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    memset(&replayed, 0, sizeof replayed);
    replayed.file = path;
    replayed.next_id = 1;
    phxi_engine_config config = harness_config(&replayed.harness);
    config.max_channels = 200;
    config.max_queued_bytes = 8 * 1024 * 1024;
    harness_start(&replayed.harness, &config);
    while (fgets(line, sizeof line, file) != NULL) {
        record_line(&replayed, line);
    }
    fclose(file);
    harness_stop(&replayed.harness);
    counts.files++;
}

/* phoenix.js's own sessions hold several connections; its behaviour is compared elsewhere. */
static bool is_session(const char *name)
{
    return strstr(name, ".jsonl") != NULL && strncmp(name, "v1_", 3) != 0 &&
           strncmp(name, "phoenixjs_", 10) != 0;
}

static void replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (is_session(entry->d_name)) {
            replay_file(path, entry->d_name);
        }
    }
    closedir(directory);
}

static void recorded_sessions(void **state)
{
    (void)state;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[4096];
        if (strncmp(entry->d_name, "phoenix-", 8) == 0) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            replay_directory(path);
        }
    }
    closedir(directory);
    print_message("%zu sessions. Sent as recorded: %zu (%zu would not be sent). Heard: %zu, "
                  "heartbeats: %zu, rightly dropped: %zu.\n",
                  counts.files, counts.sent, counts.not_ours, counts.heard, counts.heartbeats,
                  counts.stale);
    /* A frame that lands on the wrong side is a frame that is not tested. */
    assert_int_equal(counts.sent, 499);
    assert_int_equal(counts.not_ours, 84);
    assert_int_equal(counts.heard, 543);
    assert_int_equal(counts.heartbeats, 20);
    assert_int_equal(counts.stale, 54);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_sessions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
