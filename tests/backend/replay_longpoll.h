/* SPDX-License-Identifier: MIT */
/*
 * A recorded request to /community/longpoll: sent with this run's session token in place of the
 * recorded one, its answer compared with the recorded one.
 */
#ifndef TEST_BACKEND_REPLAY_LONGPOLL_H
#define TEST_BACKEND_REPLAY_LONGPOLL_H

#include "replay.h"

bool replay_longpoll(struct replay *replay, const cJSON *record);

#endif
