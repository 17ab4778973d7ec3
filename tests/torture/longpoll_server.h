/* SPDX-License-Identifier: MIT */
/*
 * Phoenix's end of long polls behind a fake http port: one session, whose frames are answered as a
 * channel does, with ok.
 */
#ifndef TORTURE_LONGPOLL_SERVER_H
#define TORTURE_LONGPOLL_SERVER_H

#include "fake_http.h"

typedef struct longpoll_server {
    fake_http http;
    char outbox[16384]; /* JSON texts, comma separated, for the next poll */
    uint32_t sessions;
} longpoll_server;

void longpoll_server_init(longpoll_server *server, fake_poller *poller);

#endif
