/* SPDX-License-Identifier: MIT */
/*
 * Every client's token, which the blaster does not look at.
 */
#ifndef KEYCHAIN_H
#define KEYCHAIN_H

#include <phx/keychain.h>

/* Consumed by the config that it is put into. */
const phx_keychain *bench_keychain(void);

#endif
