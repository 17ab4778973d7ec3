/* SPDX-License-Identifier: MIT */
/*
 * An HTTP proxy whose answer is scripted.
 */
#ifndef CONTRACT_PROXY_H
#define CONTRACT_PROXY_H

#include "server.h"

enum {
    PROXY_HEAD_BYTES = 4096
};

typedef struct test_proxy {
    test_server *server;
    const char *answer;          /* NULL: none, it hangs; "": it hangs up */
    uint16_t origin_port;        /* where the tunnel leads to; 0: nowhere */
    char head[PROXY_HEAD_BYTES]; /* of the last request */
    char url[128];               /* with the credentials "user" and "p@ss:s3cret" */
} test_proxy;

#define PROXY_CONNECTED "HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n"
/* The credentials in it, as the proxy must see them. */
#define PROXY_AUTHORIZATION "\r\nProxy-Authorization: Basic dXNlcjpwQHNzOnMzY3JldA==\r\n"

void proxy_start(test_proxy *proxy, const char *answer, uint16_t origin_port);
void proxy_stop(test_proxy *proxy);

#endif
