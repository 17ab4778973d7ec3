/* SPDX-License-Identifier: MIT */
/*
 * REST as the feed's fake serves it, with the faults of the seed before it, and a book of what was
 * executed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

uint32_t sim_write_number(const char *text, size_t length)
{
    const char *at = memmem(text, length, "item ", 5);
    return at == NULL ? 0 : (uint32_t)strtoul(at + 5, NULL, 10) % SIM_WRITES;
}

static void answer(fake_response *response, int32_t http_status, const char *body)
{
    response->error.http_status = http_status;
    (void)snprintf(response->body, sizeof response->body, "%s", body);
}

static void execute(sim_world *world, const fake_request *request, fake_response *response)
{
    sim_feed *feed = &world->feed;
    for (size_t i = 0; i < feed->key_count; i++) {
        if (strcmp(feed->keys[i].key, request->idempotency_key) == 0) {
            sim_check(feed->is_idempotent, "a write was sent again to a server that ignores keys");
            response->error.http_status = feed->keys[i].status;
            return;
        }
    }
    fake_feed_serve(&world->app.server, request, response);
    if (response->error.http_status >= 300) {
        return;
    }
    uint32_t number = sim_write_number(request->body, strlen(request->body));
    if (number != 0) {
        sim_rule_write_told(&feed->writes[number].executed, number, "executed");
    }
    assert_true(feed->key_count < SIM_KEYS);
    (void)snprintf(feed->keys[feed->key_count].key, sizeof feed->keys[0].key, "%s",
                   request->idempotency_key);
    feed->keys[feed->key_count++].status = response->error.http_status;
}

static void serve(sim_world *world, const fake_request *request, fake_response *response)
{
    if (strcmp(request->method, "GET") == 0) {
        fake_feed_serve(&world->app.server, request, response);
    } else {
        execute(world, request, response);
    }
}

/* The request did not get there. */
static bool is_lost(sim_world *world, fake_response *response)
{
    if (world->app.server.is_down || sim_happens(world, SIM_REST_UNSENT)) {
        response->error.status = PHX_ERROR_CONNECTION_REFUSED;
        response->is_unsent = true;
        return true;
    }
    if (sim_happens(world, SIM_REST_LOST_BEFORE)) {
        response->error.status = PHX_ERROR_CONNECTION_LOST;
        return true;
    }
    return false;
}

/* The server says no, for a reason of its own. */
static bool is_refused(sim_world *world, fake_response *response)
{
    static const int32_t refusals[] = {400, 403, 409, 418, 422};
    if (sim_happens(world, SIM_REST_FAILED)) {
        answer(response, 500 + (int32_t)sim_below(world, 5), "<html>");
        return true;
    }
    if (sim_happens(world, SIM_REST_LIMITED)) {
        answer(response, 429, "{\"error\":\"slowly\"}");
        response->error.retry_after_ms = 500 * (uint32_t)(1 + sim_below(world, 20));
        return true;
    }
    if (sim_happens(world, SIM_REST_REFUSED)) {
        answer(response, refusals[sim_below(world, COUNT_OF(refusals))],
               "{\"errors\":{\"body\":[\"no\"]}}");
        return true;
    }
    if (sim_happens(world, SIM_REST_UNAUTHORIZED)) {
        answer(response, 401, "{\"error\":\"who are you\"}");
        return true;
    }
    return false;
}

/* Whether it was executed before under its key: then the key's answer comes, and no other. */
static bool is_known(const sim_feed *feed, const fake_request *request)
{
    for (size_t i = 0; i < feed->key_count && feed->is_idempotent; i++) {
        if (strcmp(feed->keys[i].key, request->idempotency_key) == 0) {
            return true;
        }
    }
    return false;
}

void sim_rest_serve(void *user_data, const fake_request *request, fake_response *response)
{
    sim_world *world = user_data;
    bool is_read = strcmp(request->method, "GET") == 0;
    sim_note_bytes(world, "request", request->url, strlen(request->url));
    sim_rule_text(request->url, "a request's URL");
    sim_rule_text(request->body, "a request's body");
    sim_check(is_read || strlen(request->idempotency_key) == 32, "a write without a key");
    if (is_lost(world, response) ||
        (!is_known(&world->feed, request) && is_refused(world, response))) {
        return;
    }
    serve(world, request, response);
    bool is_good = response->error.http_status < 300;
    if (sim_happens(world, SIM_REST_LOST_AFTER)) {
        response->body[0] = '\0';
        response->error = (phx_error){.status = PHX_ERROR_TIMEOUT};
    } else if (is_good && sim_happens(world, SIM_REST_GARBAGE)) {
        answer(response, 200, "<html>\xff");
    }
}
