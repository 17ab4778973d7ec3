/* SPDX-License-Identifier: MIT */
/*
 * Maps what the SDK reports to what a user needs to hear; see explain.h.
 */
#include "explain.h"

#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int exit_code_of(phx_status status)
{
    switch (status) {
    case PHX_OK:
        return EXIT_OK;
    case PHX_ERROR_UNEXPECTED_RESPONSE:
    case PHX_ERROR_UPGRADE_REFUSED:
        return EXIT_REFUSED;
    case PHX_ERROR_DISCONNECTED:
        return EXIT_UNREACHABLE;
    default:
        break;
    }
    switch (status / 100) {
    case -1:
        return EXIT_USAGE;
    case -3:
    case -4:
        return EXIT_UNREACHABLE;
    case -5:
        return EXIT_UNAUTHORIZED;
    case -6:
        return EXIT_REFUSED;
    default:
        return EXIT_LOCAL;
    }
}

static const struct {
    phx_status status;
    const char *remedy;
} remedies[] = {
    {PHX_ERROR_INVALID_ARGUMENT, "The text must be UTF-8 and not empty."},
    {PHX_ERROR_INVALID_URL,
     "--url takes wss://HOST/community, --api takes https://HOST/api/community."},
    {PHX_ERROR_INSECURE, "Use wss:// and https://; in a network that you trust, --allow-insecure."},
    {PHX_ERROR_UNSUPPORTED,
     "Use a keychain that can be written (file:PATH), and a build with networking."},
    {PHX_ERROR_TOO_LARGE, "Make it shorter."},
    {PHX_ERROR_IO, "Look at the disk's space and the folder's permissions."},
    {PHX_ERROR_NAME_NOT_FOUND, "Look at the host's name in --url and --api, and at the network."},
    {PHX_ERROR_CONNECTION_REFUSED, "Is the server running, and are host and port right?"},
    {PHX_ERROR_UNREACHABLE, "Look at the network of this machine."},
    {PHX_ERROR_TIMEOUT, "The server or the network is slow or down."},
    {PHX_ERROR_TLS, "Does the server speak TLS at that port?"},
    {PHX_ERROR_TLS_CERTIFICATE,
     "If the server's authority is your own, give its certificate with --ca FILE. Also look at the "
     "host's name and at the clock."},
    {PHX_ERROR_UPGRADE_REFUSED,
     "Look at the path in --url: it is the socket's, without /websocket."},
    {PHX_ERROR_UNEXPECTED_RESPONSE, "Look at the path in --api."},
    {PHX_ERROR_UNAUTHORIZED, "Log in again: community login --keychain file:PATH"},
    {PHX_ERROR_NO_TOKEN,
     "Log in: community login --keychain file:PATH, or set the variable that env: names."},
    {PHX_ERROR_KEYCHAIN, "Can the file that --keychain names be read? Log in: community login"},
    {PHX_ERROR_KEYCHAIN_PERMISSIONS, "Make it yours alone: chmod 600 FILE"},
    {PHX_ERROR_FORBIDDEN,
     "Ask for membership of the community, or use the account that owns the post."},
    {PHX_ERROR_JOIN_REFUSED, "Ask for membership of the community, then try again."},
    {PHX_ERROR_NOT_FOUND, "`community list` shows the ids. Also look at the path in --api."},
    {PHX_ERROR_RATE_LIMITED, "Wait a while."},
    {PHX_ERROR_SERVER, "The server's log says more."},
};

const char *remedy_of(const phx_error *error)
{
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (remedies[i].status == error->status) {
            return remedies[i].remedy;
        }
    }
    return phx_status_is_retryable(error->status) ? "Try again." : "`community --help` says more.";
}

void explain_cause(struct out *out, const phx_error *error)
{
    const char *message = error->message;
    if (message == NULL || message[0] == '\0') {
        message = phx_status_message(error->status);
    } else if (error->status == PHX_ERROR_UNAUTHORIZED) {
        out_format(out, "%s: ", phx_status_message(error->status));
    }
    (void)text_show(out, (phx_slice){message, strlen(message)}, SIZE_MAX);
    char number[24];
    (void)snprintf(number, sizeof number, "%d", (int)error->http_status);
    if (error->http_status != 0 && strstr(message, number) == NULL) {
        out_format(out, " (HTTP %s)", number);
    }
}

int complain(const phx_error *error)
{
    struct out out;
    out_init(&out, STDERR_FILENO);
    out_text(&out, "community: ");
    explain_cause(&out, error);
    out_format(&out, "\n  %s\n", remedy_of(error));
    if (exit_code_of(error->status) == EXIT_UNREACHABLE) {
        out_text(&out, "  `community doctor` finds out at which step it fails.\n");
    }
    (void)out_flush(&out);
    out_free(&out);
    return exit_code_of(error->status);
}

int complain_status(phx_status status, const char *detail)
{
    char message[512];
    (void)snprintf(message, sizeof message, "%s%s%s", detail != NULL ? detail : "",
                   detail != NULL ? ": " : "", phx_status_message(status));
    return complain(&(phx_error){.status = status, .message = message});
}
