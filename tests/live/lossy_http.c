/* SPDX-License-Identifier: MIT */
#include "lossy_http.h"

#include "testing.h"

static void on_done(void *user_data, const phx_http_response *response)
{
    lossy_exchange *exchange = user_data;
    phx_http_response answer = *response;
    if (exchange->is_request_lost || exchange->is_answer_lost) {
        answer.error = (phx_error){.struct_size = (uint32_t)sizeof answer.error,
                                   .status = PHX_ERROR_CONNECTION_LOST,
                                   .message = "lost by the test"};
        answer.was_sent = exchange->is_answer_lost;
        answer.body_length = 0;
    }
    phx_http_done_fn done = exchange->done;
    exchange->done = NULL;
    done(exchange->done_user_data, &answer);
}

static void decide(lossy_http *http, lossy_exchange *exchange)
{
    size_t chance = random_below(&http->seed, 100);
    if (chance < http->lost_requests_percent) {
        exchange->is_request_lost = true;
        http->lost_requests++;
    } else if (chance < http->lost_requests_percent + http->lost_answers_percent) {
        exchange->is_answer_lost = true;
        http->lost_answers++;
    }
}

static phx_status port_send(void *user_data, const phx_http_request *request, phx_http_done_fn done,
                            void *done_user_data, uint64_t *out_id)
{
    lossy_http *http = user_data;
    lossy_exchange *exchange = http->exchanges;
    while (exchange->done != NULL) {
        exchange++;
        assert_true(exchange < http->exchanges + LOSSY_MAX_EXCHANGES);
    }
    *exchange = (lossy_exchange){.http = http, .done = done, .done_user_data = done_user_data};
    phx_http_request sent = *request;
    if (strcmp(request->method, "GET") != 0) {
        decide(http, exchange);
    }
    if (exchange->is_request_lost) {
        sent.method = "GET"; /* changes nothing, and takes as long */
        sent.body_length = 0;
    }
    phx_status status =
        http->real->send(http->real->user_data, &sent, on_done, exchange, &exchange->id);
    if (status != PHX_OK) {
        exchange->done = NULL;
    }
    *out_id = exchange->id;
    return status;
}

static void port_cancel(void *user_data, uint64_t id)
{
    lossy_http *http = user_data;
    for (size_t i = 0; i < LOSSY_MAX_EXCHANGES; i++) {
        if (http->exchanges[i].done != NULL && http->exchanges[i].id == id) {
            http->exchanges[i].done = NULL;
            http->real->cancel(http->real->user_data, id);
        }
    }
}

static void port_release(void *user_data)
{
    lossy_http *http = user_data;
    http->real->release(http->real->user_data);
}

void lossy_http_init(lossy_http *http, const phx_http *real, uint64_t seed)
{
    *http = (lossy_http){.real = real, .seed = seed};
    http->port = (phx_http){.struct_size = (uint32_t)sizeof http->port,
                            .user_data = http,
                            .send = port_send,
                            .cancel = port_cancel,
                            .release = port_release};
}
