/* SPDX-License-Identifier: MIT */
/*
 * The simplest poller that can be written: it shows that the contract asks for nothing else.
 */
#ifndef CONTRACT_PLAIN_POLLER_H
#define CONTRACT_PLAIN_POLLER_H

#include <phx/poller.h>

phx_status plain_poller_new(const phx_poller **out);

#endif
