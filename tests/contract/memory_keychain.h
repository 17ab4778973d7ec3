/* SPDX-License-Identifier: MIT */
/*
 * The simplest keychain that can be written.
 */
#ifndef CONTRACT_MEMORY_KEYCHAIN_H
#define CONTRACT_MEMORY_KEYCHAIN_H

#include <phx/keychain.h>

const phx_keychain *memory_keychain_new(void);

#endif
