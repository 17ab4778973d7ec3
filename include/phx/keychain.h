/* SPDX-License-Identifier: MIT */
/*
 * The keychain port: one secret, the API token. Read at every connection attempt and for every
 * request, so a token that was replaced is picked up without a restart.
 */
#ifndef PHX_KEYCHAIN_H
#define PHX_KEYCHAIN_H

#include <phx/status.h>

PHX_NONNULL_BEGIN

/* Longest token, in bytes. */
#define PHX_MAX_TOKEN_BYTES 8192

typedef struct phx_keychain {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /*
     * Copies the token, without a final NUL, into buffer[capacity] and its length into *out_length.
     * `is_refresh`: the server has just refused the token that was read before; a provider that can
     * obtain a new one does so now. Returns without waiting for the network:
     * PHX_ERROR_TOKEN_PENDING says that a token is on its way and that phx_client_token_changed()
     * will be called. PHX_ERROR_NO_TOKEN, PHX_ERROR_KEYCHAIN, PHX_ERROR_KEYCHAIN_PERMISSIONS,
     * PHX_ERROR_TOO_LARGE. Whatever it returns, the SDK wipes the buffer when it is done with it.
     * Threads: loop only.
     */
    phx_status (*PHX_NULLABLE read)(void *PHX_NULLABLE user_data, bool is_refresh, char *buffer,
                                    size_t capacity, size_t *out_length);
    /* Replaces the token, durably and all at once: after a failure the old one is still there.
     * NULL: this keychain is read-only (PHX_ERROR_UNSUPPORTED). */
    phx_status (*PHX_NULLABLE write)(void *PHX_NULLABLE user_data, const char *token,
                                     size_t length);
    /* Forgets the token; PHX_OK too when there was none. NULL: read-only. */
    phx_status (*PHX_NULLABLE erase)(void *PHX_NULLABLE user_data);
    /* Last call. NULL: nothing to free. */
    void (*PHX_NULLABLE release)(void *PHX_NULLABLE user_data);
} phx_keychain;

/*
 * A keychain that reads the environment variable `name` (copied) each time. Read-only.
 * Returned: consumed by the config that it is put into, or free with phx_keychain_release. NULL:
 * out of memory.
 */
PHX_API const phx_keychain *PHX_NULLABLE phx_keychain_env(const char *name);

/*
 * A keychain in the file `path` (copied): the token on one line, trailing white space ignored. A
 * file that group or others may read or write, or that is not a regular file of this user (or
 * root's), is refused with PHX_ERROR_KEYCHAIN_PERMISSIONS. Written with mode 0600 by way of a
 * temporary file beside it, fsync and rename. Ownership as phx_keychain_env.
 */
PHX_API const phx_keychain *PHX_NULLABLE phx_keychain_file(const char *path);

/* Calls keychain->release, if any. For one that no config consumed. NULL does nothing. */
PHX_API void phx_keychain_release(const phx_keychain *PHX_NULLABLE keychain);

PHX_NONNULL_END

#endif
