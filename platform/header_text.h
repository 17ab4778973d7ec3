/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a header that a caller gives: nothing that could end the line and begin
 * another.
 */
#ifndef PHXI_HEADER_TEXT_H
#define PHXI_HEADER_TEXT_H

#include <stdbool.h>

/* A token of RFC 9110, 5.6.2. */
bool phxi_is_header_name(const char *name);
/* No control character but the tab. */
bool phxi_is_header_value(const char *value);

#endif
