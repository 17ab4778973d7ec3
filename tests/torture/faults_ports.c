/* SPDX-License-Identifier: MIT */
/*
 * The ports of faults.h. What a failed call leaves is what the port's header says: no connection,
 * no request, nothing changed.
 */
#include "faults.h"
#include "testing.h"

enum {
    READ_BEFORE_FAILURE = 3 /* records */
};

static void use(const fault_set *faults, fault_port port)
{
    if (faults->is_released[port]) {
        fail_msg("port %d is used after its release", (int)port);
    }
}

static void give(fault_set *faults, fault_port port)
{
    faults->is_given[port] = true;
    faults->is_released[port] = false;
}

static void release(fault_set *faults, fault_port port)
{
    use(faults, port);
    faults->is_released[port] = true;
}

static void assert_released(const fault_set *faults, fault_port port)
{
    if (faults->is_given[port] && !faults->is_released[port]) {
        fail_msg("port %d was not released", (int)port);
    }
}

void faults_assert_client_released(const fault_set *faults)
{
    assert_released(faults, PORT_TRANSPORT);
    assert_released(faults, PORT_HTTP);
    assert_released(faults, PORT_KEYCHAIN);
    assert_released(faults, PORT_STORAGE);
}

void faults_assert_loop_released(const fault_set *faults)
{
    assert_released(faults, PORT_POLLER);
}

/* --- transport --- */

static phx_status transport_open(void *user_data, const phx_transport_request *request,
                                 const phx_transport_events *events, phx_connection **out)
{
    fault_set *f = user_data;
    use(f, PORT_TRANSPORT);
    *out = NULL;
    phx_status status = faults_hit(f, FAULT_TRANSPORT_OPEN);
    return status != PHX_OK
               ? status
               : f->inner_transport->open(f->inner_transport->user_data, request, events, out);
}

static phx_status transport_send(void *user_data, phx_connection *connection, phx_frame_kind kind,
                                 const uint8_t *data, size_t length)
{
    fault_set *f = user_data;
    use(f, PORT_TRANSPORT);
    phx_status status = faults_hit(f, FAULT_TRANSPORT_SEND);
    return status != PHX_OK ? status
                            : f->inner_transport->send(f->inner_transport->user_data, connection,
                                                       kind, data, length);
}

static void transport_close(void *user_data, phx_connection *connection, uint16_t code,
                            const char *reason)
{
    fault_set *f = user_data;
    use(f, PORT_TRANSPORT);
    f->inner_transport->close(f->inner_transport->user_data, connection, code, reason);
}

static void transport_release_connection(void *user_data, phx_connection *connection)
{
    fault_set *f = user_data;
    use(f, PORT_TRANSPORT);
    f->inner_transport->release_connection(f->inner_transport->user_data, connection);
}

static void transport_release(void *user_data)
{
    fault_set *f = user_data;
    release(f, PORT_TRANSPORT);
    f->inner_transport->release(f->inner_transport->user_data);
}

const phx_transport *faults_transport(fault_set *faults, const phx_transport *inner)
{
    give(faults, PORT_TRANSPORT);
    faults->inner_transport = inner;
    faults->transport = (phx_transport){.struct_size = (uint32_t)sizeof(phx_transport),
                                        .user_data = faults,
                                        .open = transport_open,
                                        .send = transport_send,
                                        .close = transport_close,
                                        .release_connection = transport_release_connection,
                                        .release = transport_release,
                                        .skips_heartbeat = inner->skips_heartbeat};
    return &faults->transport;
}

static void server_attempt(void *user_data, phx_connection *connection,
                           const phx_transport_request *request)
{
    fault_set *f = user_data;
    phx_error error = {.status = faults_hit(f, FAULT_TRANSPORT_CLOSED), .message = "as told"};
    if (error.status == PHX_OK) {
        f->inner_server.attempt(f->inner_server.user_data, connection, request);
        return;
    }
    error.http_status = error.status == PHX_ERROR_UNAUTHORIZED      ? 403
                        : error.status == PHX_ERROR_UPGRADE_REFUSED ? 503
                                                                    : 0;
    fake_connection_refuse(connection, &error);
}

static void server_frame(void *user_data, phx_connection *connection, phx_frame_kind kind,
                         const uint8_t *data, size_t length)
{
    fault_set *f = user_data;
    const phx_error error = {
        .status = faults_hit(f, FAULT_TRANSPORT_LOST), .close_code = 1006, .message = "as told"};
    if (error.status != PHX_OK) {
        fake_connection_refuse(connection, &error);
    } else {
        f->inner_server.frame(f->inner_server.user_data, connection, kind, data, length);
    }
}

static void server_gone(void *user_data, phx_connection *connection)
{
    const fault_set *f = user_data;
    f->inner_server.gone(f->inner_server.user_data, connection);
}

void faults_server(fault_set *faults, fake_transport *transport)
{
    faults->inner_server = transport->server;
    transport->server = (fake_server_events){
        .user_data = faults, .attempt = server_attempt, .frame = server_frame, .gone = server_gone};
}

/* --- http --- */

static phx_status http_send(void *user_data, const phx_http_request *request, phx_http_done_fn done,
                            void *done_user_data, uint64_t *out_id)
{
    fault_set *f = user_data;
    use(f, PORT_HTTP);
    *out_id = 0;
    phx_status status = faults_hit(f, FAULT_HTTP_SEND);
    return status != PHX_OK ? status
                            : f->inner_http->send(f->inner_http->user_data, request, done,
                                                  done_user_data, out_id);
}

static void http_cancel(void *user_data, uint64_t id)
{
    const fault_set *f = user_data;
    use(f, PORT_HTTP);
    f->inner_http->cancel(f->inner_http->user_data, id);
}

static void http_release(void *user_data)
{
    fault_set *f = user_data;
    release(f, PORT_HTTP);
    f->inner_http->release(f->inner_http->user_data);
}

const phx_http *faults_http(fault_set *faults, const phx_http *inner)
{
    give(faults, PORT_HTTP);
    faults->inner_http = inner;
    faults->http = (phx_http){.struct_size = (uint32_t)sizeof(phx_http),
                              .user_data = faults,
                              .send = http_send,
                              .cancel = http_cancel,
                              .release = http_release};
    return &faults->http;
}

/* Whether the server may have seen a request that failed so. */
static bool is_certainly_unsent(phx_status status)
{
    return status != PHX_ERROR_TIMEOUT && status != PHX_ERROR_NETWORK &&
           status != PHX_ERROR_NO_MEMORY;
}

static void serve(void *user_data, const fake_request *request, fake_response *response)
{
    fault_set *f = user_data;
    phx_status unsent = faults_hit(f, FAULT_HTTP_DONE);
    if (unsent != PHX_OK) {
        response->error.status = unsent;
        response->is_unsent = is_certainly_unsent(unsent);
        return;
    }
    int32_t http_status = faults_hit(f, FAULT_HTTP_STATUS);
    if (http_status != 0) {
        response->error.http_status = http_status;
        response->error.retry_after_ms = http_status == 429 ? 2000 : 0;
        return;
    }
    f->inner_serve(f->inner_serve_user_data, request, response);
    phx_status lost = faults_hit(f, FAULT_HTTP_LOST);
    if (lost != PHX_OK) {
        response->error = (phx_error){.status = lost};
        response->body[0] = '\0';
        response->length = 0;
    }
}

void faults_serve(fault_set *faults, fake_http *http)
{
    faults->inner_serve = http->serve;
    faults->inner_serve_user_data = http->user_data;
    http->serve = serve;
    http->user_data = faults;
}

/* --- keychain --- */

static phx_status keychain_read(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                                size_t *out_length)
{
    fault_set *f = user_data;
    use(f, PORT_KEYCHAIN);
    *out_length = 0;
    phx_status status = faults_hit(f, FAULT_KEYCHAIN_READ);
    return status != PHX_OK ? status
                            : f->inner_keychain->read(f->inner_keychain->user_data, is_refresh,
                                                      buffer, capacity, out_length);
}

static phx_status keychain_write(void *user_data, const char *token, size_t length)
{
    fault_set *f = user_data;
    use(f, PORT_KEYCHAIN);
    phx_status status = faults_hit(f, FAULT_KEYCHAIN_WRITE);
    return status != PHX_OK ? status
                            : f->inner_keychain->write(f->inner_keychain->user_data, token, length);
}

static phx_status keychain_erase(void *user_data)
{
    fault_set *f = user_data;
    use(f, PORT_KEYCHAIN);
    phx_status status = faults_hit(f, FAULT_KEYCHAIN_ERASE);
    return status != PHX_OK ? status : f->inner_keychain->erase(f->inner_keychain->user_data);
}

static void keychain_release(void *user_data)
{
    fault_set *f = user_data;
    release(f, PORT_KEYCHAIN);
    f->inner_keychain->release(f->inner_keychain->user_data);
}

const phx_keychain *faults_keychain(fault_set *faults, const phx_keychain *inner)
{
    give(faults, PORT_KEYCHAIN);
    faults->inner_keychain = inner;
    faults->keychain = (phx_keychain){.struct_size = (uint32_t)sizeof(phx_keychain),
                                      .user_data = faults,
                                      .read = keychain_read,
                                      .write = keychain_write,
                                      .erase = keychain_erase,
                                      .release = keychain_release};
    return &faults->keychain;
}

/* --- storage --- */

static phx_status storage_open(void *user_data, const char *owner, const char **out_note)
{
    fault_set *f = user_data;
    use(f, PORT_STORAGE);
    *out_note = NULL;
    phx_status status = faults_hit(f, FAULT_STORAGE_OPEN);
    if (status == PHX_OK) {
        status = f->inner_storage->open(f->inner_storage->user_data, owner, out_note);
    }
    f->is_storage_open = status == PHX_OK;
    return status;
}

/* A reading that fails half-way, or at its very end. */
typedef struct partial_read {
    community_record_fn each;
    void *each_user_data;
    size_t left;
    phx_status status;
} partial_read;

static phx_status read_some(void *user_data, const community_record *record)
{
    partial_read *partial = user_data;
    return partial->left-- == 0 ? partial->status : partial->each(partial->each_user_data, record);
}

static phx_status storage_read(void *user_data, community_record_fn each, void *each_user_data)
{
    fault_set *f = user_data;
    use(f, PORT_STORAGE);
    assert_true(f->is_storage_open);
    phx_status status = faults_hit(f, FAULT_STORAGE_READ);
    if (status == PHX_OK) {
        return f->inner_storage->read(f->inner_storage->user_data, each, each_user_data);
    }
    size_t before = status == PHX_ERROR_IO ? READ_BEFORE_FAILURE : SIZE_MAX;
    partial_read partial = {each, each_user_data, before, status};
    phx_status read = f->inner_storage->read(f->inner_storage->user_data, read_some, &partial);
    return read != PHX_OK ? read : status;
}

static phx_status storage_change(void *user_data, const community_record *records, size_t count)
{
    fault_set *f = user_data;
    use(f, PORT_STORAGE);
    assert_true(f->is_storage_open);
    phx_status status = faults_hit(f, FAULT_STORAGE_CHANGE);
    return status != PHX_OK ? status
                            : f->inner_storage->change(f->inner_storage->user_data, records, count);
}

/* What it fails at, it leaves; closed all the same. */
static phx_status storage_wipe(void *user_data)
{
    fault_set *f = user_data;
    use(f, PORT_STORAGE);
    f->is_storage_open = false;
    phx_status status = faults_hit(f, FAULT_STORAGE_WIPE);
    return status != PHX_OK ? status : f->inner_storage->wipe(f->inner_storage->user_data);
}

static void storage_release(void *user_data)
{
    fault_set *f = user_data;
    release(f, PORT_STORAGE);
    if (f->inner_storage->release != NULL) {
        f->inner_storage->release(f->inner_storage->user_data);
    }
}

const community_storage *faults_storage(fault_set *faults, const community_storage *inner)
{
    give(faults, PORT_STORAGE);
    faults->inner_storage = inner;
    faults->storage = (community_storage){.struct_size = (uint32_t)sizeof(community_storage),
                                          .user_data = faults,
                                          .open = storage_open,
                                          .read = storage_read,
                                          .change = storage_change,
                                          .wipe = storage_wipe,
                                          .release = storage_release};
    return &faults->storage;
}
