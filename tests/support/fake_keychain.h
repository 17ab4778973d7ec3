/* SPDX-License-Identifier: MIT */
/*
 * A keychain in memory that counts what is asked of it and fails when told.
 */
#ifndef FAKE_KEYCHAIN_H
#define FAKE_KEYCHAIN_H

#include <phx/keychain.h>

typedef struct fake_keychain {
    phx_keychain port;
    char token[256];         /* "": none */
    char refreshed[256];     /* what a read with is_refresh makes the token; "": nothing */
    phx_status read_status;  /* what read, write and erase return instead, if not PHX_OK */
    phx_status write_status;
    phx_status erase_status;
    size_t reads;
    size_t refreshes;
    size_t writes;
    size_t erases;
    bool is_released;
} fake_keychain;

void fake_keychain_init(fake_keychain *keychain, const char *token);

#endif
