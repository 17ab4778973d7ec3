/* SPDX-License-Identifier: MIT */
/*
 * watch: one client, one view, and what ends them: a key, a signal, the time, a reader that went
 * away, or a refusal that waiting does not cure.
 */
#include "commands.h"
#include "explain.h"
#include "record.h"
#include "session.h"
#include "term.h"
#include "view.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct watch {
    const struct options *options;
    community_client *client;
    struct view *view;
    bool is_ended;
    bool is_hopeless; /* ended by what the server or the network said */
    bool was_connected;
    bool is_reader_gone; /* nobody is left to tell anything */
    phx_loop_task nudge;
    bool is_nudged;
};

/* What no retry changes, as long as it was like that from the start. */
static bool is_permanent(const phx_error *error)
{
    switch (error->status) {
    case PHX_ERROR_TLS_CERTIFICATE:
    case PHX_ERROR_TLS_PIN:
    case PHX_ERROR_UNSUPPORTED:
        return true;
    case PHX_ERROR_UPGRADE_REFUSED:
        return error->http_status >= 400 && error->http_status < 500 && error->http_status != 408 &&
               error->http_status != 429;
    default:
        return false;
    }
}

static void on_nudge(void *user_data)
{
    ((struct watch *)user_data)->is_nudged = false;
}

/* A poll may call back before it waits: what is to be shown then must not wait with it. */
static void nudge(struct watch *watch)
{
    if (watch->is_nudged) {
        return;
    }
    watch->nudge = (phx_loop_task){.user_data = watch, .run = on_nudge};
    watch->is_nudged = phx_loop_post(community_client_loop(watch->client), &watch->nudge) == PHX_OK;
}

static void on_status(void *user_data, const community_status *status)
{
    struct watch *watch = user_data;
    watch->was_connected |= status->state == COMMUNITY_CONNECTED;
    watch->view->status(watch->view, status);
    nudge(watch);
    if (status->state == COMMUNITY_UNAUTHORIZED ||
        (!watch->was_connected && is_permanent(&status->error))) {
        watch->is_hopeless = true;
        watch->is_ended = true;
    }
}

static void on_change(void *user_data, const community_batch *batch)
{
    struct watch *watch = user_data;
    watch->view->batch(watch->view, batch);
    nudge(watch);
}

static void on_error(void *user_data, const phx_error *error)
{
    struct watch *watch = user_data;
    watch->view->error(watch->view, error);
    nudge(watch);
}

static void on_key(void *user_data, int32_t fd, uint32_t events)
{
    struct watch *watch = user_data;
    char key;
    ssize_t length = read(fd, &key, 1);
    if ((length == 1 && (key == 'q' || key == 'Q')) || length == 0 ||
        (events & PHX_POLL_ERROR) != 0) {
        watch->is_ended = true;
    }
}

static void on_reader_gone(void *user_data, int32_t fd, uint32_t events)
{
    struct watch *watch = user_data;
    (void)fd;
    if ((events & PHX_POLL_ERROR) != 0) {
        watch->is_reader_gone = true;
        watch->is_ended = true;
    }
}

static void on_signal(void *user_data, int32_t fd, uint32_t events)
{
    struct watch *watch = user_data;
    unsigned char number;
    (void)events;
    while (read(fd, &number, 1) == 1) {
        if (number == SIGTSTP) {
            term_suspend();
            /* Nobody knows how long that was: look whether the connection still lives. */
            community_client_set_network(watch->client, true);
        }
        if (number != SIGTSTP && number != SIGWINCH) {
            watch->is_ended = true;
        } else if (watch->view->resize != NULL) {
            watch->view->resize(watch->view);
        }
    }
}

/* A descriptor that cannot be waited on, such as a file, has nothing to say. */
static void listen_to(struct watch *watch, phx_watch **out, int fd, uint32_t events,
                      phx_watch_fn fn)
{
    *out = NULL;
    if (fd >= 0 && phx_loop_watch(community_client_loop(watch->client), fd, events, fn, watch,
                                  out) != PHX_OK) {
        *out = NULL;
    }
}

static uint32_t draw(struct watch *watch, uint64_t now_ms)
{
    uint32_t wait_ms = UINT32_MAX;
    if (watch->view->draw != NULL) {
        wait_ms = watch->view->draw(watch->view, now_ms);
    }
    if (!out_flush(&watch->view->out)) {
        watch->is_reader_gone = true;
        watch->is_ended = true;
    }
    return wait_ms;
}

static phx_status pump(struct watch *watch)
{
    phx_loop *loop = community_client_loop(watch->client);
    uint64_t end_ms = UINT64_MAX;
    if (watch->options->for_ms != 0) {
        end_ms = phx_loop_now_ms(loop) + watch->options->for_ms;
    }
    phx_status status = PHX_OK;
    while (status == PHX_OK && !watch->is_ended) {
        uint64_t now_ms = phx_loop_now_ms(loop);
        uint32_t wait_ms = draw(watch, now_ms);
        if (now_ms >= end_ms || watch->is_ended) {
            break;
        }
        if (end_ms - now_ms < wait_ms) {
            wait_ms = (uint32_t)(end_ms - now_ms);
        }
        status = community_client_poll(watch->client, wait_ms);
    }
    return status;
}

static phx_status show(struct watch *watch)
{
    phx_watch *watches[3];
    bool is_screen = watch->view->draw != NULL;
    listen_to(watch, &watches[0], term_open_signals(is_screen), PHX_POLL_READ, on_signal);
    listen_to(watch, &watches[1], is_screen ? STDIN_FILENO : -1, PHX_POLL_READ, on_key);
    listen_to(watch, &watches[2], is_screen ? -1 : STDOUT_FILENO, 0, on_reader_gone);
    community_client_set_visible(watch->client, true);
    phx_status status = pump(watch);
    for (size_t i = 0; i < sizeof watches / sizeof watches[0]; i++) {
        if (watches[i] != NULL) {
            phx_loop_unwatch(community_client_loop(watch->client), watches[i]);
        }
    }
    return status;
}

/* Whether the end is one that a script must hear of; complains if so. */
static int verdict(const struct watch *watch)
{
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(watch->client, &status);
    bool is_well = status.state == COMMUNITY_CONNECTED &&
                   (status.freshness == COMMUNITY_LIVE || status.freshness == COMMUNITY_UNSYNCED);
    bool is_asked_for = watch->is_ended && !watch->is_hopeless && watch->was_connected;
    if (is_well || is_asked_for || watch->is_reader_gone) {
        return EXIT_OK;
    }
    if (status.error.status == PHX_OK) {
        return complain(&(phx_error){.status = PHX_ERROR_TIMEOUT,
                                     .message = "the feed could not be fetched in that time"});
    }
    return complain(&status.error);
}

static struct view *choose_view(const struct options *options, community_client *client)
{
    if (options->is_json) {
        return view_json(client);
    }
    /* A log on the same terminal would be drawn over. */
    bool is_log_in_the_way = options->is_verbose && isatty(STDERR_FILENO) == 1;
    struct view *view = term_can_draw() && !is_log_in_the_way ? view_screen(client) : NULL;
    return view != NULL ? view : view_lines(client);
}

int command_watch(const struct options *options)
{
    struct watch watch = {.options = options};
    struct session session;
    community_config config;
    community_config_init(&config);
    config.on_status = on_status;
    config.on_change = on_change;
    config.on_error = on_error;
    config.user_data = &watch;
    int exit_code;
    FILE *recording = NULL;
    if (options->record != NULL) {
        recording = record_open(options->record);
        if (recording == NULL) {
            return EXIT_USAGE;
        }
        config.recorder_bytes = RECORD_BYTES;
    }
    watch.client = session_open(&session, options, &config, &exit_code);
    if (watch.client == NULL) {
        record_discard(recording);
        return exit_code;
    }
    watch.view = choose_view(options, watch.client);
    phx_status status = show(&watch);
    watch.view->end(watch.view);
    exit_code = status == PHX_OK ? verdict(&watch) : complain_status(status, NULL);
    struct out out = watch.view->out;
    int written = out_finish(&out);
    if (recording != NULL && !record_close(recording, watch.client, options->record)) {
        written = EXIT_LOCAL;
    }
    out_init(&watch.view->out, -1); /* what the release still has to say is for nobody */
    community_client_release(watch.client);
    out_free(&watch.view->out);
    return exit_code != EXIT_OK ? exit_code : written;
}
