/* SPDX-License-Identifier: MIT */
/*
 * login and logout: the token into the keychain, and out of it. No server is asked.
 */
#include "commands.h"
#include "explain.h"
#include "session.h"
#include "stdin.h"

#include <stdio.h>

static const phx_error read_only = {.status = PHX_ERROR_UNSUPPORTED,
                                    .message = "this keychain can only be read"};

static int report(const struct options *options, phx_status status, const char *done)
{
    if (status != PHX_OK) {
        return complain_status(status, options->keychain);
    }
    return puts(done) < 0 || fflush(stdout) != 0 ? EXIT_LOCAL : EXIT_OK;
}

int command_login(const struct options *options)
{
    int exit_code;
    const phx_keychain *keychain = session_keychain(options, &exit_code);
    if (keychain == NULL) {
        return exit_code;
    }
    char token[PHX_MAX_TOKEN_BYTES + 1];
    size_t length;
    if (keychain->write == NULL) {
        exit_code = complain(&read_only);
    } else if (!stdin_read_token(token, sizeof token, &length)) {
        exit_code = EXIT_USAGE;
    } else {
        exit_code =
            report(options, keychain->write(keychain->user_data, token, length), "logged in");
    }
    wipe(token, sizeof token);
    phx_keychain_release(keychain);
    return exit_code;
}

int command_logout(const struct options *options)
{
    int exit_code;
    const phx_keychain *keychain = session_keychain(options, &exit_code);
    if (keychain == NULL) {
        return exit_code;
    }
    exit_code = keychain->erase == NULL
                    ? complain(&read_only)
                    : report(options, keychain->erase(keychain->user_data), "logged out");
    phx_keychain_release(keychain);
    return exit_code;
}
