/* SPDX-License-Identifier: MIT */
/*
 * Replays recorded sessions with genuine Phoenix servers against the backend: the client's side is
 * said as recorded, the server's side must come back the same. Prints TAP, one test a transcript.
 * Usage: wire_replay FOLDER…
 */
#include "replay.h"
#include "replay_rules.h"

#include <dirent.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct backend shared_backend;

static const struct rule *find_rule(const char *name, int line, enum rule_kind kind)
{
    for (int i = 0; i < replay_rule_count; i++) {
        const struct rule *rule = &replay_rules[i];
        if (rule->kind == kind && rule->line == line && fnmatch(rule->transcript, name, 0) == 0) {
            return rule;
        }
    }
    return NULL;
}

static const char *rule_text(const char *name, enum rule_kind kind, const char *otherwise)
{
    const struct rule *rule = find_rule(name, 0, kind);
    return rule != NULL ? rule->text : otherwise;
}

static void provoke(struct replay *replay, const char *name, int line)
{
    const struct rule *control = find_rule(name, line, RULE_CONTROL);
    const struct rule *signal_rule = find_rule(name, line, RULE_SIGNAL);
    const struct rule *send = find_rule(name, line, RULE_SEND);
    if (control != NULL) {
        char verb[32];
        const size_t len = strcspn(control->text, " ");
        (void)snprintf(verb, sizeof(verb), "%.*s", (int)len, control->text);
        backend_control(replay->backend, verb, control->text + len + 1);
    }
    if (send != NULL) {
        (void)replay_send_hex(replay, send->text);
    }
    if (signal_rule != NULL) {
        (void)kill(replay->backend->pid,
                   strcmp(signal_rule->text, "TERM") == 0 ? SIGTERM : SIGKILL);
        replay->backend_ended = true;
    }
}

static bool replay_line(struct replay *replay, const char *name, int line, const char *text)
{
    const struct rule *instead = find_rule(name, line, RULE_INSTEAD);
    if (find_rule(name, line, RULE_WITHOUT) != NULL) {
        return true;
    }
    provoke(replay, name, line);
    cJSON *record = cJSON_Parse(instead != NULL ? instead->text : text);
    if (record == NULL) {
        die("%s:%d is not JSON", name, line);
    }
    if (strstr(name, "one_byte") != NULL) {
        (void)cJSON_AddNumberToObject(record, "half", 1);
    }
    const bool good = replay_record(replay, record);
    cJSON_Delete(record);
    return good;
}

/* The backend for a transcript: the shared one, fresh, or one of its own. */
static struct backend start_for(const char *name, bool *out_own)
{
    const char *options = rule_text(name, RULE_BACKEND, NULL);
    const char *args[8] = {"--db", ":memory:", "--control", NULL};
    *out_own = options != NULL;
    if (options == NULL) {
        return shared_backend;
    }
    char *words = strdup(options);
    size_t count = 3;
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        args[count++] = word;
    }
    struct backend backend = backend_start(args);
    free(words);
    return backend;
}

static bool replay_lines(struct replay *replay, const char *name, FILE *file, int *out_line)
{
    char *text = NULL;
    size_t size = 0;
    bool good = true;
    for (*out_line = 1; good && getline(&text, &size, file) > 0; ++*out_line) {
        good = replay_line(replay, name, *out_line, text);
    }
    free(text);
    return good;
}

static bool replay_file(const char *path, const char *name)
{
    int line = 0;
    bool is_own = false;
    struct backend backend = start_for(name, &is_own);
    struct replay replay = {.backend = &backend,
                            .token = rule_text(name, RULE_TOKEN, "tok-alice"),
                            .vsn = rule_text(name, RULE_VSN, "2.0.0"),
                            .percent = atoi(rule_text(name, RULE_PACE, "0"))};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        die("cannot read %s", path);
    }
    if (strstr(name, "bad_token") != NULL) {
        replay.token = "wrong";
    } else if (strstr(name, "unknown_vsn") != NULL) {
        replay.vsn = "9.9.9";
    }
    backend_control(&backend, "reset", "{}");
    const bool is_plain = strncmp(name, "phoenix-1.7.24", 14) == 0;
    backend_control(&backend, "echo", is_plain ? "{\"manners\":\"plain\"}" : "{}");
    const bool good = replay_lines(&replay, name, file, &line);
    if (!good) {
        (void)printf("# line %d: %s\n", line - 1, replay.fault);
    }
    (void)fclose(file);
    replay_end(&replay);
    if (is_own) {
        (void)backend_end(&backend, SIGTERM);
    }
    return good;
}

static int is_transcript(const struct dirent *entry)
{
    return fnmatch("*.jsonl", entry->d_name, 0) == 0;
}

/* Replays a folder's transcripts; returns how many failed. */
static int replay_folder(const char *folder, int *number)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_transcript, alphasort);
    int failed = 0;
    if (count <= 0) {
        die("no transcripts in %s", folder);
    }
    const char *slash = strrchr(folder, '/');
    for (int i = 0; i < count; i++) {
        char name[256];
        char path[1024];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        (void)snprintf(name, sizeof(name), "%s/%.*s", slash != NULL ? slash + 1 : folder,
                       (int)(strlen(entries[i]->d_name) - strlen(".jsonl")), entries[i]->d_name);
        const char *skip = rule_text(name, RULE_SKIP, NULL);
        const bool good = skip != NULL || replay_file(path, name);
        (void)printf("%s %d - %s%s%s\n", good ? "ok" : "not ok", ++*number, name,
                     skip != NULL ? " # SKIP " : "", skip != NULL ? skip : "");
        (void)fflush(stdout);
        failed += good ? 0 : 1;
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    static const char *const args[] = {"--db", ":memory:", "--control", NULL};
    int number = 0;
    int failed = 0;
    shared_backend = backend_start(args);
    for (int i = 1; i < argc; i++) {
        failed += replay_folder(argv[i], &number);
    }
    backend_stop(&shared_backend);
    (void)printf("1..%d\n", number);
    return failed == 0 ? 0 : 1;
}
