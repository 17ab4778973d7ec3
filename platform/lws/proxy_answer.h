/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP proxy answers to a CONNECT, as far as it has come. Pure.
 */
#ifndef PHXI_PROXY_ANSWER_H
#define PHXI_PROXY_ANSWER_H

#include <stddef.h>

typedef enum phxi_proxy_verdict {
    PHXI_PROXY_UNFINISHED, /* more has to come */
    PHXI_PROXY_UP,         /* the tunnel begins here */
    PHXI_PROXY_REFUSED,    /* *out_http_status says how */
    PHXI_PROXY_NOT_HTTP,
    PHXI_PROXY_SAID_MORE, /* bytes behind a good answer: nobody but the client may speak first */
} phxi_proxy_verdict;

/* answer[length], with a NUL behind it. *out_http_status: 0 unless it is PHXI_PROXY_UP or
 * PHXI_PROXY_REFUSED. */
phxi_proxy_verdict phxi_proxy_answer_read(const char *answer, size_t length, int *out_http_status);

#endif
