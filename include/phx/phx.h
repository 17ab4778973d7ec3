/* SPDX-License-Identifier: MIT */
/*
 * All of libphx.
 */
#ifndef PHX_PHX_H
#define PHX_PHX_H

#include <phx/channel.h>
#include <phx/client.h>
#include <phx/http.h>
#include <phx/keychain.h>
#include <phx/loop.h>
#include <phx/platform.h>
#include <phx/ports.h>
#include <phx/presence.h>
#include <phx/status.h>
#include <phx/transport.h>

#endif
