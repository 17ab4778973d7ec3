/* SPDX-License-Identifier: MIT */
/*
 * The Retry-After header (RFC 9110, 10.2.3).
 */
#ifndef PHXI_RETRY_AFTER_H
#define PHXI_RETRY_AFTER_H

#include <stdint.h>

/*
 * The wait that `value` asks for: seconds, or a date as servers must write it ("Sun, 06 Nov 1994
 * 08:49:37 GMT") against wall_ms. 0: it says nothing that can be understood, or the time is past.
 * At most a day, so that a server's mistake does not keep a client away for good.
 */
uint32_t phxi_retry_after_ms(const char *value, int64_t wall_ms);

#endif
