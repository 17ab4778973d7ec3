/* SPDX-License-Identifier: MIT */
/*
 * The callbacks that the calls of the application give away.
 */
#ifndef SIM_CHANNELS_APP_H
#define SIM_CHANNELS_APP_H

#include "sim.h"

/* user_data: the instance. */
void sim_channels_on_state(void *user_data, phx_channel channel, phx_channel_state state,
                           const phx_reply *reply);
void sim_channels_on_message(void *user_data, const phx_message *message);
void sim_channels_on_over(void *user_data);
/* user_data: the subscription. */
void sim_channels_on_subscribed(void *user_data, const phx_message *message);
void sim_channels_on_subscription_over(void *user_data);
/* user_data: the push. */
void sim_channels_on_reply(void *user_data, const phx_reply *reply);

#endif
