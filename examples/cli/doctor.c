/* SPDX-License-Identifier: MIT */
/*
 * doctor: walks the way to a live feed one step at a time, each ok, failed or skipped, and stops at
 * the first failure: what lies behind it would fail for its sake. The steps from TLS on are read
 * off one attempt of the SDK's own, so they fail exactly as they would fail for `watch`.
 */
#include "commands.h"
#include "doctor_net.h"
#include "explain.h"
#include "session.h"
#include "stdin.h"
#include "text.h"

#include <phx/phx.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct doctor {
    const struct options *options;
    struct out out;
    int exit_code; /* of the step that failed */
    bool is_over;  /* this step's pump can end */
    bool is_token_readable;
    phx_client_state connected;
    phx_channel_state joined;
    phx_error error; /* of the connection or the call; message is `cause` */
    char cause[256];
    size_t posts;
};

static void say(struct doctor *doctor, const char *step, const char *outcome, const char *detail)
{
    out_format(&doctor->out, "%-9s %-8s ", step, outcome);
    (void)text_show(&doctor->out, (phx_slice){detail, strlen(detail)}, SIZE_MAX);
    out_text(&doctor->out, "\n");
    (void)out_flush(&doctor->out);
}

/* Says that a step went well; for a chain of && and returns. */
static bool ok(struct doctor *doctor, const char *step, const char *detail)
{
    say(doctor, step, "ok", detail);
    return true;
}

static bool failed(struct doctor *doctor, const char *step, const phx_error *error)
{
    struct out cause;
    out_init(&cause, -1);
    explain_cause(&cause, error);
    out_bytes(&cause, "", 1);
    say(doctor, step, "failed", cause.data != NULL ? cause.data : "");
    say(doctor, "", "remedy", remedy_of(error));
    out_free(&cause);
    doctor->exit_code = exit_code_of(error->status);
    return false;
}

static void keep_error(struct doctor *doctor, const phx_error *error)
{
    doctor->error = *error;
    (void)snprintf(doctor->cause, sizeof doctor->cause, "%s",
                   error->message != NULL ? error->message : "");
    doctor->error.message = doctor->cause;
}

static bool check_network(struct doctor *doctor, const struct address *address)
{
    char text[512];
    phx_error error = {.message = text};
    if (!address_resolve(address, text, sizeof text)) {
        error.status = PHX_ERROR_NAME_NOT_FOUND;
        return failed(doctor, "name", &error);
    }
    (void)ok(doctor, "name", text);
    if (!address_connect(address, text, sizeof text)) {
        error.status = PHX_ERROR_CONNECTION_REFUSED;
        return failed(doctor, "tcp", &error);
    }
    return ok(doctor, "tcp", text);
}

/* Without a readable token the connection is tried without one, to see whether the rest would do.
 */
static phx_status read_token(struct doctor *doctor, const phx_keychain *keychain)
{
    char token[PHX_MAX_TOKEN_BYTES];
    size_t length = 0;
    phx_status status = keychain->read(keychain->user_data, false, token, sizeof token, &length);
    wipe(token, sizeof token);
    doctor->is_token_readable = status == PHX_OK;
    return status;
}

static void on_client_status(void *user_data, const phx_client_status *status)
{
    struct doctor *doctor = user_data;
    if (status->state == PHX_CLIENT_CONNECTED) {
        doctor->connected = PHX_CLIENT_CONNECTED;
        doctor->is_over |= !doctor->is_token_readable;
    } else if (status->error.status != PHX_OK && !doctor->is_over) {
        keep_error(doctor, &status->error);
        doctor->is_over = true;
    }
}

static void on_channel_state(void *user_data, phx_channel channel, phx_channel_state state,
                             const phx_reply *reply)
{
    struct doctor *doctor = user_data;
    (void)channel;
    if (doctor->is_over || state == PHX_CHANNEL_JOINING) {
        return;
    }
    if (state != PHX_CHANNEL_JOINED && doctor->connected != PHX_CLIENT_CONNECTED) {
        return; /* that there is no connection is reported by the client */
    }
    doctor->joined = state;
    doctor->is_over = true;
    if (state != PHX_CHANNEL_JOINED) {
        keep_error(doctor, &reply->error);
    }
}

static phx_status attempt(struct doctor *doctor, phx_client *client)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_channel_state;
    options.user_data = doctor;
    phx_channel channel;
    phx_status status = phx_channel_join(client, "community:feed", &options, &channel);
    phx_client_connect(client);
    while (status == PHX_OK && !doctor->is_over) {
        status = phx_client_poll(client, 60000);
    }
    return status;
}

/* Connects and joins once; how far that went is in `connected`, `joined` and `error`. */
static bool connect_once(struct doctor *doctor, const phx_keychain *keychain)
{
    struct session session;
    session_init(&session, doctor->options);
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = doctor->options->url;
    config.keychain = doctor->is_token_readable ? keychain : NULL;
    config.tls = &session.tls;
    config.allow_insecure = doctor->options->allow_insecure;
    config.network = &session.network;
    config.loop_config = &session.loop;
    config.on_status = on_client_status;
    config.user_data = doctor;
    if (!doctor->is_token_readable) {
        phx_keychain_release(keychain);
    }
    phx_client *client = NULL;
    phx_status status = phx_client_new(&config, &client);
    if (status == PHX_OK) {
        status = attempt(doctor, client);
        doctor->is_over = true; /* what the release reports is no finding */
        phx_client_release(client);
    }
    if (status != PHX_OK) {
        return failed(doctor, "settings", &(phx_error){.status = status});
    }
    return true;
}

/* Which library takes the messages: no finding, but the first question to whoever has one. */
static void report_transport(struct doctor *doctor)
{
    const phx_network network = {.struct_size = sizeof network,
                                 .transport = doctor->options->transport};
    char name[64];
    phx_platform_transport_name(phx_platform_transport_kind(&network), name, sizeof name);
    (void)ok(doctor, "transport", name);
}

static bool is_refusal(const phx_error *error)
{
    return error->status == PHX_ERROR_UNAUTHORIZED || error->http_status != 0;
}

static bool report_upgrade(struct doctor *doctor, bool is_encrypted)
{
    const phx_error *error = &doctor->error;
    bool is_tls_at_fault = error->status <= PHX_ERROR_TLS && error->status >= PHX_ERROR_TLS_PIN;
    bool is_up = doctor->connected == PHX_CLIENT_CONNECTED;
    if (is_encrypted && is_tls_at_fault) {
        return failed(doctor, "tls", error);
    }
    if (!is_encrypted) {
        say(doctor, "tls", "skipped", "ws:// is not encrypted");
    } else if (is_up || is_refusal(error)) {
        (void)ok(doctor, "tls", "the certificate is trusted");
    }
    if (is_up) {
        return ok(doctor, "upgrade", "the server speaks WebSocket");
    }
    if (error->status == PHX_ERROR_UNAUTHORIZED) {
        return ok(doctor, "upgrade", "the server answers");
    }
    if (is_refusal(error) || !is_encrypted) {
        return failed(doctor, "upgrade", error);
    }
    /* TCP was well, and nothing came back: as a rule a server that does not speak TLS there. */
    phx_error tls = *error;
    tls.status = PHX_ERROR_TLS;
    return failed(doctor, "tls", &tls);
}

static bool report_token(struct doctor *doctor, phx_status read)
{
    if (read != PHX_OK) {
        char text[256];
        (void)snprintf(text, sizeof text, "%.128s: %s", doctor->options->keychain,
                       phx_status_message(read));
        return failed(doctor, "token", &(phx_error){.status = read, .message = text});
    }
    if (doctor->connected != PHX_CLIENT_CONNECTED) {
        return failed(doctor, "token", &doctor->error);
    }
    return ok(doctor, "token", "the server accepts it");
}

static bool report_join(struct doctor *doctor)
{
    if (doctor->joined != PHX_CHANNEL_JOINED) {
        return failed(doctor, "join", &doctor->error);
    }
    return ok(doctor, "join", "community:feed");
}

static void on_posts(void *user_data, const community_result *result)
{
    struct doctor *doctor = user_data;
    keep_error(doctor, &result->error);
    doctor->posts = result->post_count;
    doctor->is_over = true;
}

static bool check_rest(struct doctor *doctor)
{
    if (doctor->options->api == NULL) {
        say(doctor, "rest", "skipped", "there is no --api: watch would show live events only");
        return true;
    }
    struct session session;
    community_config config;
    community_config_init(&config);
    community_client *client = session_open(&session, doctor->options, &config, &doctor->exit_code);
    if (client == NULL) {
        return false;
    }
    doctor->is_over = false;
    phx_status status = community_client_list_posts(client, 1, NULL, on_posts, doctor, NULL);
    while (status == PHX_OK && !doctor->is_over) {
        status = community_client_poll(client, 60000);
    }
    community_client_release(client);
    if (status != PHX_OK) {
        return failed(doctor, "rest", &(phx_error){.status = status});
    }
    if (doctor->error.status != PHX_OK) {
        return failed(doctor, "rest", &doctor->error);
    }
    return ok(doctor, "rest", doctor->posts != 0 ? "the feed can be read" : "the feed is empty");
}

static bool check_connection(struct doctor *doctor, const struct address *address)
{
    const phx_keychain *keychain = session_keychain(doctor->options, &doctor->exit_code);
    if (keychain == NULL) {
        return false;
    }
    phx_status read = read_token(doctor, keychain);
    report_transport(doctor);
    return connect_once(doctor, keychain) && report_upgrade(doctor, address->is_encrypted) &&
           report_token(doctor, read) && report_join(doctor);
}

int command_doctor(const struct options *options)
{
    struct doctor doctor = {.options = options};
    out_init(&doctor.out, STDOUT_FILENO);
    struct address address;
    if (!address_read(options->url, &address)) {
        (void)failed(&doctor, "settings", &(phx_error){.status = PHX_ERROR_INVALID_URL});
    } else if (check_network(&doctor, &address) && check_connection(&doctor, &address)) {
        (void)check_rest(&doctor);
    }
    int written = out_finish(&doctor.out);
    return doctor.exit_code != EXIT_OK ? doctor.exit_code : written;
}
