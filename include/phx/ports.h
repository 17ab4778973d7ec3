/* SPDX-License-Identifier: MIT */
/*
 * The small ports: allocator, clock, random, log. A port is a struct of function pointers that the
 * SDK calls; whoever fills one in sets `struct_size` to its sizeof. Every function receives the
 * struct's `user_data` first. The struct and its user_data are borrowed: they outlive the loop or
 * client that they were given to. NULL instead of a port takes the stock one.
 */
#ifndef PHX_PORTS_H
#define PHX_PORTS_H

#include <phx/status.h>

PHX_NONNULL_BEGIN

/* Memory. Called from the threads that call the SDK and from the loop's thread: thread-safe unless
 * the program has only one thread. Blocks are aligned as malloc's are. */
typedef struct phx_allocator {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /* size > 0. NULL: out of memory. */
    void *PHX_NULLABLE (*PHX_NULLABLE allocate)(void *PHX_NULLABLE user_data, size_t size);
    /* As realloc(3); size > 0. NULL: out of memory, and `block` is as it was. */
    void *PHX_NULLABLE (*PHX_NULLABLE reallocate)(void *PHX_NULLABLE user_data,
                                                  void *PHX_NULLABLE block, size_t size);
    /* NULL does nothing. */
    void (*PHX_NULLABLE deallocate)(void *PHX_NULLABLE user_data, void *PHX_NULLABLE block);
} phx_allocator;

/* Time. Called on any thread. */
typedef struct phx_clock {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /* Milliseconds from a fixed but unknown origin; never goes back; goes on while the device
     * sleeps (CLOCK_BOOTTIME, mach_continuous_time). */
    uint64_t (*PHX_NULLABLE monotonic_ms)(void *PHX_NULLABLE user_data);
    /* Milliseconds since 1970-01-01T00:00:00Z. May jump. */
    int64_t (*PHX_NULLABLE wall_ms)(void *PHX_NULLABLE user_data);
} phx_clock;

/* Unpredictable bytes. Called on the loop's thread and from phx_loop_new. */
typedef struct phx_random {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /* Fills all of `bytes` and returns PHX_OK, or returns PHX_ERROR_SYSTEM. */
    phx_status (*PHX_NULLABLE fill)(void *PHX_NULLABLE user_data, uint8_t *bytes, size_t length);
} phx_random;

typedef enum PHX_ENUM(phx_log_level) {
    PHX_LOG_ERROR = 1, /* something that a person has to act on */
    PHX_LOG_WARNING,   /* something was lost or refused, and the SDK goes on */
    PHX_LOG_INFO,      /* connections and joins come and go */
    PHX_LOG_DEBUG,     /* each frame's topic and event; never a payload, never a token */
} PHX_ENUM_NAME(phx_log_level);

/* Log lines. Called on the loop's thread, and rarely on a caller's. */
typedef struct phx_log {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /* Lines above this level are not even composed. 0: as PHX_LOG_WARNING. */
    phx_log_level level;
    /* `component`: "phx", "lws", "http", ...; `message`: one line, no final newline; both borrowed.
     * Secrets are already redacted. */
    void (*PHX_NULLABLE write)(void *PHX_NULLABLE user_data, phx_log_level level,
                               const char *component, const char *message);
} phx_log;

PHX_NONNULL_END

#endif
