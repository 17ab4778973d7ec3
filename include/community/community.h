/* SPDX-License-Identifier: MIT */
/*
 * All of libcommunity.
 */
#ifndef COMMUNITY_COMMUNITY_H
#define COMMUNITY_COMMUNITY_H

#include <community/client.h>
#include <community/feed.h>
#include <community/outbox.h>
#include <community/post.h>
#include <community/rest.h>
#include <community/sqlite.h>
#include <community/storage.h>

#endif
