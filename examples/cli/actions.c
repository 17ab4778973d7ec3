/* SPDX-License-Identifier: MIT */
/*
 * The commands that make one REST call: post, edit, delete, like, comment. Each begins the call,
 * pumps the client until it has completed, and shows what came back.
 */
#include "commands.h"
#include "explain.h"
#include "json_out.h"
#include "session.h"
#include "stdin.h"
#include "text.h"

#include <cjson/cJSON.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct call {
    const struct options *options;
    void (*show)(struct call *call, const community_result *result);
    bool is_done;
    int exit_code;
    struct out out;
};

static void done(void *user_data, const community_result *result)
{
    struct call *call = user_data;
    call->is_done = true;
    if (result->error.status == PHX_OK) {
        call->show(call, result);
        return;
    }
    call->exit_code = complain(&result->error);
    if (result->is_outcome_unknown) {
        (void)complain(&(phx_error){.status = result->error.status,
                                    .message = "whether the server did it is unknown: look with "
                                               "`community list` before trying again"});
    }
}

/* body: the text argument, read from stdin if it says so. */
typedef phx_status (*begin_fn)(community_client *client, const struct options *options,
                               const char *body, void *call);

static int perform(struct call *call, community_client *client, begin_fn begin, const char *body)
{
    phx_status status = begin(client, call->options, body, call);
    if (status != PHX_OK) {
        return complain_status(status, call->options->command->name);
    }
    while (!call->is_done && status == PHX_OK) {
        status = community_client_poll(client, 60000);
    }
    return status == PHX_OK ? call->exit_code : complain_status(status, NULL);
}

static int run(const struct options *options, begin_fn begin, const char *text,
               void (*show)(struct call *call, const community_result *result))
{
    char *body = NULL;
    if (text != NULL && strcmp(text, "-") == 0) {
        body = stdin_read_text();
        if (body == NULL) {
            return EXIT_USAGE;
        }
        text = body;
    }
    struct call call = {.options = options, .show = show};
    out_init(&call.out, STDOUT_FILENO);
    struct session session;
    community_config config;
    community_config_init(&config);
    community_client *client = session_open(&session, options, &config, &call.exit_code);
    if (client != NULL) {
        call.exit_code = perform(&call, client, begin, text);
        community_client_release(client);
    }
    free(body);
    int written = out_finish(&call.out);
    return call.exit_code != EXIT_OK ? call.exit_code : written;
}

static void show_post(struct call *call, const community_result *result)
{
    if (result->post == NULL) {
        out_text(&call->out, "done\n"); /* the server said no more than that it did it */
    } else if (call->options->is_json) {
        json_post(&call->out, result->post);
        out_text(&call->out, "\n");
    } else {
        (void)text_show(&call->out, result->post->id, SIZE_MAX);
        out_text(&call->out, "\n");
    }
}

static void show_like(struct call *call, const community_result *result)
{
    if (result->post == NULL || call->options->is_json) {
        show_post(call, result);
        return;
    }
    out_format(&call->out, "%" PRId64 " like%s\n", result->post->likes_count,
               result->post->likes_count == 1 ? "" : "s");
}

static void show_done(struct call *call, const community_result *result)
{
    (void)result;
    out_text(&call->out, call->options->is_json ? "{}\n" : "done\n");
}

/* The id in {"data":{"id":...}}; data NULL: none. An answer with the post has the post's id, not a
 * comment's. */
static phx_slice comment_id(const cJSON *answer, char number[32])
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(data, "id");
    if (cJSON_HasObjectItem(data, "comments_count")) {
        return (phx_slice){NULL, 0};
    }
    if (cJSON_IsString(id)) {
        return (phx_slice){id->valuestring, strlen(id->valuestring)};
    }
    if (!cJSON_IsNumber(id) || !cJSON_PrintPreallocated((cJSON *)(uintptr_t)id, number, 32, 0)) {
        return (phx_slice){NULL, 0};
    }
    return (phx_slice){number, strlen(number)};
}

static void show_comment(struct call *call, const community_result *result)
{
    if (call->options->is_json) {
        json_raw(&call->out, result->body);
        out_text(&call->out, "\n");
        return;
    }
    char number[32];
    cJSON *answer = cJSON_ParseWithLength(result->body.data, result->body.length);
    phx_slice id = comment_id(answer, number);
    if (id.data != NULL) {
        (void)text_show(&call->out, id, SIZE_MAX);
        out_text(&call->out, "\n");
    } else {
        out_text(&call->out, "done\n");
    }
    cJSON_Delete(answer);
}

static phx_status begin_post(community_client *client, const struct options *options,
                             const char *body, void *call)
{
    (void)options;
    return community_client_create_post(client, body, done, call, NULL);
}

static phx_status begin_edit(community_client *client, const struct options *options,
                             const char *body, void *call)
{
    return community_client_edit_post(client, options->arguments[0], body, done, call, NULL);
}

static phx_status begin_delete(community_client *client, const struct options *options,
                               const char *body, void *call)
{
    (void)body;
    return community_client_delete_post(client, options->arguments[0], done, call, NULL);
}

static phx_status begin_like(community_client *client, const struct options *options,
                             const char *body, void *call)
{
    (void)body;
    return community_client_toggle_like(client, options->arguments[0], done, call, NULL);
}

static phx_status begin_comment(community_client *client, const struct options *options,
                                const char *body, void *call)
{
    return community_client_create_comment(client, options->arguments[0], body, done, call, NULL);
}

static phx_status begin_delete_comment(community_client *client, const struct options *options,
                                       const char *body, void *call)
{
    (void)body;
    return community_client_delete_comment(client, options->arguments[0], options->arguments[1],
                                           done, call, NULL);
}

int command_post(const struct options *options)
{
    return run(options, begin_post, options->arguments[0], show_post);
}

int command_edit(const struct options *options)
{
    return run(options, begin_edit, options->arguments[1], show_post);
}

int command_delete(const struct options *options)
{
    return run(options, begin_delete, NULL, show_done);
}

int command_like(const struct options *options)
{
    return run(options, begin_like, NULL, show_like);
}

int command_comment(const struct options *options)
{
    if (options->is_delete) {
        return run(options, begin_delete_comment, NULL, show_done);
    }
    return run(options, begin_comment, options->arguments[1], show_comment);
}
