/* SPDX-License-Identifier: MIT */
#include "fake_keychain.h"

#include <stdio.h>

#include "testing.h"

static phx_status port_read(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                            size_t *out_length)
{
    fake_keychain *keychain = user_data;
    assert_false(keychain->is_released);
    keychain->reads++;
    keychain->refreshes += is_refresh ? 1 : 0;
    *out_length = 0;
    if (keychain->read_status != PHX_OK) {
        return keychain->read_status;
    }
    if (is_refresh && keychain->refreshed[0] != '\0') {
        (void)snprintf(keychain->token, sizeof keychain->token, "%s", keychain->refreshed);
    }
    size_t length = strlen(keychain->token);
    if (length == 0) {
        return PHX_ERROR_NO_TOKEN;
    }
    assert_true(length <= capacity);
    memcpy(buffer, keychain->token, length);
    *out_length = length;
    return PHX_OK;
}

static phx_status port_write(void *user_data, const char *token, size_t length)
{
    fake_keychain *keychain = user_data;
    keychain->writes++;
    if (keychain->write_status == PHX_OK) {
        assert_true(length < sizeof keychain->token);
        memcpy(keychain->token, token, length);
        keychain->token[length] = '\0';
    }
    return keychain->write_status;
}

static phx_status port_erase(void *user_data)
{
    fake_keychain *keychain = user_data;
    keychain->erases++;
    if (keychain->erase_status == PHX_OK) {
        keychain->token[0] = '\0';
    }
    return keychain->erase_status;
}

static void port_release(void *user_data)
{
    fake_keychain *keychain = user_data;
    assert_false(keychain->is_released);
    keychain->is_released = true;
}

void fake_keychain_init(fake_keychain *keychain, const char *token)
{
    *keychain = (fake_keychain){
        .port = {.struct_size = (uint32_t)sizeof(phx_keychain),
                 .user_data = keychain,
                 .read = port_read,
                 .write = port_write,
                 .erase = port_erase,
                 .release = port_release},
    };
    (void)snprintf(keychain->token, sizeof keychain->token, "%s", token);
}
