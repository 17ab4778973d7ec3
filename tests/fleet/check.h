/* SPDX-License-Identifier: MIT */
/*
 * What our policy has to hold, whatever the number of clients.
 */
#ifndef FLEET_CHECK_H
#define FLEET_CHECK_H

#include "fleet.h"

/* Says on stderr what does not hold. */
bool fleet_check(const fleet_options *options, const fleet_result *results);

#endif
