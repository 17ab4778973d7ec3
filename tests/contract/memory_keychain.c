/* SPDX-License-Identifier: MIT */
/*
 * The keychain in memory.
 */
#include "memory_keychain.h"

#include "testing.h"

#include <stdlib.h>

typedef struct memory_keychain {
    phx_keychain port;
    char token[PHX_MAX_TOKEN_BYTES];
    size_t length;
} memory_keychain;

static phx_status memory_read(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                              size_t *out_length)
{
    memory_keychain *keychain = user_data;
    (void)is_refresh;
    *out_length = 0;
    if (keychain->length == 0) {
        return PHX_ERROR_NO_TOKEN;
    }
    if (keychain->length > capacity) {
        return PHX_ERROR_TOO_LARGE;
    }
    memcpy(buffer, keychain->token, keychain->length);
    *out_length = keychain->length;
    return PHX_OK;
}

static phx_status memory_write(void *user_data, const char *token, size_t length)
{
    memory_keychain *keychain = user_data;
    if (length > sizeof keychain->token) {
        return PHX_ERROR_TOO_LARGE;
    }
    memcpy(keychain->token, token, length);
    keychain->length = length;
    return PHX_OK;
}

static phx_status memory_erase(void *user_data)
{
    ((memory_keychain *)user_data)->length = 0;
    return PHX_OK;
}

const phx_keychain *memory_keychain_new(void)
{
    memory_keychain *keychain = calloc(1, sizeof *keychain);
    assert_non_null(keychain);
    keychain->port = (phx_keychain){
        (uint32_t)sizeof(phx_keychain), keychain, memory_read, memory_write, memory_erase, free};
    return &keychain->port;
}
