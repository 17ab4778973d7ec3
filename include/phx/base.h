/* SPDX-License-Identifier: MIT */
/*
 * What every public header needs: linkage, nullability, enums that Swift can import, version.
 * No function of the library may be called before reading its "Threads" line; there is no global
 * set-up and no global tear-down.
 */
#ifndef PHX_BASE_H
#define PHX_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PHX_VERSION_MAJOR 0
#define PHX_VERSION_MINOR 1
#define PHX_VERSION_PATCH 0
#define PHX_VERSION "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define PHX_API __attribute__((visibility("default")))
#define PHX_MUST_CHECK __attribute__((warn_unused_result))
#else
#define PHX_API
#define PHX_MUST_CHECK
#endif

#ifdef __cplusplus
#define PHX_EXTERN_C_BEGIN extern "C" {
#define PHX_EXTERN_C_END }
#else
#define PHX_EXTERN_C_BEGIN
#define PHX_EXTERN_C_END
#endif

/* Between these two, a pointer is not NULL unless it says PHX_NULLABLE. */
#if defined(__clang__)
#define PHX_NONNULL_BEGIN                                                  \
    _Pragma("clang diagnostic push")                                       \
        _Pragma("clang diagnostic ignored \"-Wnullability-extension\"")    \
            _Pragma("clang diagnostic ignored \"-Wfixed-enum-extension\"") \
                _Pragma("clang assume_nonnull begin") PHX_EXTERN_C_BEGIN
#define PHX_NONNULL_END \
    PHX_EXTERN_C_END _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop")
#define PHX_NULLABLE _Nullable
#define PHX_NONNULL _Nonnull
#else
#define PHX_NONNULL_BEGIN PHX_EXTERN_C_BEGIN
#define PHX_NONNULL_END PHX_EXTERN_C_END
#define PHX_NULLABLE
#define PHX_NONNULL
#endif

/*
 * typedef enum PHX_ENUM(name) { A, B, ... } PHX_ENUM_NAME(name); declares a type that is an int32_t
 * everywhere. Where the compiler can say so, the enum is open: a value that this header does not
 * know yet is legal, and does not trap in Swift.
 */
#if defined(__clang__)
#define PHX_ENUM(name) __attribute__((enum_extensibility(open))) name : int32_t
#define PHX_ENUM_NAME(name) name
#elif defined(__cplusplus)
#define PHX_ENUM(name) \
    name:              \
    int32_t
#define PHX_ENUM_NAME(name) name
#else
#define PHX_ENUM(name) name##_values
#define PHX_ENUM_NAME(name) \
    name##_values;          \
    typedef int32_t name
#endif

/* A callback that the SDK calls on its loop's thread, whatever thread gave it. */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(swift_attr)
#define PHX_SENDABLE __attribute__((swift_attr("@Sendable")))
#endif
#endif
#ifndef PHX_SENDABLE
#define PHX_SENDABLE
#endif

PHX_NONNULL_BEGIN

/*
 * Bytes that somebody else owns: `length` of them at `data`, not terminated by NUL.
 * An absent text has `data` NULL; an empty one has a `data` that is not NULL and `length` 0.
 */
typedef struct phx_slice {
    const char *PHX_NULLABLE data;
    size_t length;
} phx_slice;

/* The version of the library that is linked, as "MAJOR.MINOR.PATCH". Static text. Threads: any. */
PHX_API const char *phx_version(void);

PHX_NONNULL_END

#endif
