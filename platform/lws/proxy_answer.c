/* SPDX-License-Identifier: MIT */
/*
 * Reading the status line of a proxy's answer, and where the answer ends.
 */
#include "lws/proxy_answer.h"

#include <stdbool.h>
#include <string.h>

enum {
    STATUS_LINE_BYTES = 12 /* "HTTP/1.1 200" */
};

/* 0: there is none. */
static int read_status(const char *head)
{
    int http_status = 0;
    if (strncmp(head, "HTTP/1.", 7) == 0 && head[8] == ' ') {
        for (const char *at = head + 9; at < head + STATUS_LINE_BYTES && *at >= '0' && *at <= '9';
             at++) {
            http_status = http_status * 10 + (*at - '0');
        }
    }
    return http_status < 100 ? 0 : http_status;
}

phxi_proxy_verdict phxi_proxy_answer_read(const char *answer, size_t length, int *out_http_status)
{
    *out_http_status = 0;
    const char *end = strstr(answer, "\r\n\r\n");
    if (end == NULL) {
        return strlen(answer) == length ? PHXI_PROXY_UNFINISHED : PHXI_PROXY_NOT_HTTP;
    }
    int http_status = read_status(answer);
    if (http_status == 0) {
        return PHXI_PROXY_NOT_HTTP;
    }
    bool is_good = http_status / 100 == 2;
    if (is_good && end + 4 != answer + length) {
        return PHXI_PROXY_SAID_MORE;
    }
    *out_http_status = http_status;
    return is_good ? PHXI_PROXY_UP : PHXI_PROXY_REFUSED;
}
