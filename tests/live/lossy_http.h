/* SPDX-License-Identifier: MIT */
/*
 * An http port in front of another, as a bad network is: it loses writes on their way, which are
 * then known not to have been sent, and answers to writes, after which nobody knows. GETs pass.
 */
#ifndef LOSSY_HTTP_H
#define LOSSY_HTTP_H

#include <phx/http.h>

enum {
    LOSSY_MAX_EXCHANGES = 64
};

typedef struct lossy_exchange {
    struct lossy_http *http;
    phx_http_done_fn done; /* NULL: a free place */
    void *done_user_data;
    uint64_t id;
    bool is_request_lost;
    bool is_answer_lost;
} lossy_exchange;

typedef struct lossy_http {
    phx_http port;
    const phx_http *real; /* released with the port */
    uint64_t seed;
    uint32_t lost_requests_percent;
    uint32_t lost_answers_percent;
    size_t lost_requests;
    size_t lost_answers;
    lossy_exchange exchanges[LOSSY_MAX_EXCHANGES];
} lossy_http;

void lossy_http_init(lossy_http *http, const phx_http *real, uint64_t seed);

#endif
