/* SPDX-License-Identifier: MIT */
/*
 * Structs that begin with their `struct_size`: a program built against an older header passes a
 * shorter one, one built against a newer header a longer one.
 */
#ifndef PHXI_CONFIG_H
#define PHXI_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Zeroes the caller's struct_size bytes and sets the field. */
static inline void phxi_config_init(void *config, uint32_t struct_size)
{
    memset(config, 0, struct_size);
    memcpy(config, &struct_size, sizeof struct_size);
}

/* Copies what both sides know; the rest of `copy` is 0. A NULL config gives all zeroes. */
static inline void phxi_config_copy(void *copy, size_t copy_size, const void *config)
{
    uint32_t struct_size = 0;
    memset(copy, 0, copy_size);
    if (config != NULL) {
        memcpy(&struct_size, config, sizeof struct_size);
        memcpy(copy, config, struct_size < copy_size ? struct_size : copy_size);
    }
}

/* Whether whoever filled the struct in knew the member. */
#define PHXI_HAS_MEMBER(pointer, member)                                           \
    ((size_t)((const char *)(&(pointer)->member + 1) - (const char *)(pointer)) <= \
     (pointer)->struct_size)

#endif
