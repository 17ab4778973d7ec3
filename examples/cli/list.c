/* SPDX-License-Identifier: MIT */
/*
 * list: the feed as the server has it, page after page to its end.
 */
#include "commands.h"
#include "explain.h"
#include "json_out.h"
#include "lines.h"
#include "session.h"
#include "term.h"

#include <string.h>
#include <unistd.h>

#define PAGE_POSTS 100u

struct list {
    const struct options *options;
    community_client *client;
    const community_post *last; /* of the pages so far */
    size_t count;
    size_t columns;
    struct out posts;
    bool is_done;
    int exit_code;
};

static void show(struct list *list, const community_post *post)
{
    if (list->options->is_json) {
        out_text(&list->posts, list->count != 0 ? "," : "");
        json_post(&list->posts, post);
    } else {
        line_post(&list->posts, post, now_wall_ms(), list->columns);
        out_text(&list->posts, "\n");
    }
    list->count++;
}

static uint32_t missing(const struct list *list)
{
    size_t limit = list->options->limit;
    if (limit == 0) {
        return PAGE_POSTS;
    }
    size_t rest = limit > list->count ? limit - list->count : 0;
    return rest < PAGE_POSTS ? (uint32_t)rest : PAGE_POSTS;
}

static void fail(struct list *list, const phx_error *error)
{
    list->exit_code = complain(error);
    list->is_done = true;
}

static void take_page(void *user_data, const community_result *result);

static void ask_for_page(struct list *list)
{
    const char *before = list->last != NULL ? list->last->id.data : NULL;
    phx_status status =
        community_client_list_posts(list->client, missing(list), before, take_page, list, NULL);
    if (status != PHX_OK) {
        fail(list, &(phx_error){.status = status});
    }
}

static void take_page(void *user_data, const community_result *result)
{
    struct list *list = user_data;
    if (result->error.status != PHX_OK) {
        fail(list, &result->error);
        return;
    }
    uint32_t wanted = missing(list);
    for (size_t i = 0; i < result->post_count && i < wanted; i++) {
        show(list, result->posts[i]);
    }
    if (result->post_count == 0 || missing(list) == 0) {
        list->is_done = true;
        return;
    }
    const community_post *last = result->posts[result->post_count - 1];
    if (list->last != NULL && strcmp(last->id.data, list->last->id.data) == 0) {
        fail(list, &(phx_error){.status = PHX_ERROR_UNEXPECTED_RESPONSE,
                                .message = "the server sends the same page again and again"});
        return;
    }
    community_post_release(list->last);
    list->last = community_post_retain(last);
    ask_for_page(list);
}

static void pump(struct list *list)
{
    phx_status status = PHX_OK;
    ask_for_page(list);
    while (!list->is_done && status == PHX_OK) {
        status = community_client_poll(list->client, 60000);
    }
    if (status != PHX_OK) {
        fail(list, &(phx_error){.status = status});
    }
}

static int print(struct list *list)
{
    if (!list->options->is_json) {
        return out_finish(&list->posts);
    }
    struct out out;
    out_init(&out, STDOUT_FILENO);
    out_format(&out, "{\"type\":\"list\",\"count\":%zu,\"posts\":[", list->count);
    out_bytes(&out, list->posts.data, list->posts.length);
    out_text(&out, "]}\n");
    out.error = list->posts.error;
    return out_finish(&out);
}

int command_list(const struct options *options)
{
    struct list list = {.options = options, .columns = SIZE_MAX};
    struct term_size size;
    if (term_read_size(&size)) {
        list.columns = size.columns;
    }
    out_init(&list.posts, STDOUT_FILENO);
    struct session session;
    community_config config;
    community_config_init(&config);
    list.client = session_open(&session, options, &config, &list.exit_code);
    if (list.client != NULL) {
        pump(&list);
        community_client_release(list.client);
    }
    community_post_release(list.last);
    if (list.client != NULL && list.exit_code == EXIT_OK) {
        list.exit_code = print(&list);
    }
    out_free(&list.posts);
    return list.exit_code;
}
