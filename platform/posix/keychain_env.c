/* SPDX-License-Identifier: MIT */
/*
 * A keychain in an environment variable. Read-only: a process cannot change the environment that it
 * will be started with next time.
 */
#include <phx/keychain.h>

#include <stdlib.h>
#include <string.h>

#include "posix/token_text.h"

typedef struct env_keychain {
    phx_keychain port;
    char name[];
} env_keychain;

static phx_status read_variable(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                                size_t *out_length)
{
    const env_keychain *keychain = user_data;
    (void)is_refresh;
    *out_length = 0;
    const char *value = getenv(keychain->name);
    if (value == NULL) {
        return PHX_ERROR_NO_TOKEN;
    }
    return phxi_token_copy(value, strlen(value), buffer, capacity, out_length);
}

const phx_keychain *phx_keychain_env(const char *name)
{
    size_t size = strlen(name) + 1;
    env_keychain *keychain = malloc(sizeof *keychain + size);
    if (keychain == NULL) {
        return NULL;
    }
    keychain->port = (phx_keychain){
        .struct_size = (uint32_t)sizeof(phx_keychain),
        .user_data = keychain,
        .read = read_variable,
        .release = free,
    };
    memcpy(keychain->name, name, size);
    return &keychain->port;
}
