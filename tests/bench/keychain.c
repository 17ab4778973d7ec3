/* SPDX-License-Identifier: MIT */
/*
 * The stock keychain of the environment, with one variable for it.
 */
#include "keychain.h"

#include <stdlib.h>

#include "bench.h"

const phx_keychain *bench_keychain(void)
{
    bench_check(setenv("PHX_BENCH_TOKEN", "tok-alice", 1) == 0);
    return phx_keychain_env("PHX_BENCH_TOKEN");
}
