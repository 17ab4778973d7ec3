/* SPDX-License-Identifier: MIT */
/*
 * What a channel tells the presences that live on it.
 */
#ifndef PHXI_PRESENCE_H
#define PHXI_PRESENCE_H

#include <phx/presence.h>

#include "runtime/client_types.h"

void phxi_presences_message(phxi_channel_record *record, const phx_message *message);
/* The channel joins anew. */
void phxi_presences_rejoin(phxi_channel_record *record);
/* The channel is gone; the presences stay, with what they hold. */
void phxi_presences_end(phxi_channel_record *record);

#endif
