/* SPDX-License-Identifier: MIT */
/*
 * What may fail with what, as the headers of the ports say it, and which call it is.
 */
#include "faults.h"
#include "testing.h"

#define STATUSES(...) ((const int32_t[]){__VA_ARGS__})
#define KIND(text, ...)                                              \
    {                                                                \
        text, STATUSES(__VA_ARGS__), COUNT_OF(STATUSES(__VA_ARGS__)) \
    }

static const fault_kind kinds[FAULT_PLACE_COUNT] = {
    [FAULT_ALLOCATION] = KIND("allocation", PHX_ERROR_NO_MEMORY),
    [FAULT_TRANSPORT_OPEN] =
        KIND("transport.open", PHX_ERROR_INVALID_URL, PHX_ERROR_INVALID_ARGUMENT,
             PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM),
    [FAULT_TRANSPORT_SEND] = KIND("transport.send", PHX_ERROR_INVALID_STATE, PHX_ERROR_NO_MEMORY),
    [FAULT_TRANSPORT_CLOSED] =
        KIND("transport.closed", PHX_ERROR_CONNECTION_LOST, PHX_ERROR_UPGRADE_REFUSED,
             PHX_ERROR_UNAUTHORIZED, PHX_ERROR_NAME_NOT_FOUND, PHX_ERROR_CONNECTION_REFUSED,
             PHX_ERROR_UNREACHABLE, PHX_ERROR_PROXY, PHX_ERROR_TIMEOUT, PHX_ERROR_TLS,
             PHX_ERROR_TLS_CERTIFICATE, PHX_ERROR_TLS_PIN, PHX_ERROR_PROTOCOL, PHX_ERROR_NETWORK,
             PHX_ERROR_SYSTEM, PHX_ERROR_QUEUE_FULL, PHX_ERROR_NO_MEMORY),
    [FAULT_TRANSPORT_LOST] =
        KIND("transport.lost", PHX_ERROR_CONNECTION_LOST, PHX_ERROR_FRAME_TOO_LARGE,
             PHX_ERROR_PROTOCOL, PHX_ERROR_MALFORMED_FRAME, PHX_ERROR_NETWORK, PHX_ERROR_SYSTEM,
             PHX_ERROR_TLS, PHX_ERROR_NO_MEMORY),
    [FAULT_HTTP_SEND] =
        KIND("http.send", PHX_ERROR_INVALID_URL, PHX_ERROR_NO_MEMORY, PHX_ERROR_QUEUE_FULL),
    [FAULT_HTTP_DONE] =
        KIND("http.done", PHX_ERROR_NAME_NOT_FOUND, PHX_ERROR_CONNECTION_REFUSED,
             PHX_ERROR_UNREACHABLE, PHX_ERROR_PROXY, PHX_ERROR_TIMEOUT, PHX_ERROR_TLS,
             PHX_ERROR_TLS_CERTIFICATE, PHX_ERROR_TLS_PIN, PHX_ERROR_NETWORK, PHX_ERROR_NO_MEMORY),
    [FAULT_HTTP_LOST] = KIND("http.lost", PHX_ERROR_TIMEOUT, PHX_ERROR_CONNECTION_LOST,
                             PHX_ERROR_TOO_LARGE, PHX_ERROR_PROTOCOL, PHX_ERROR_NO_MEMORY),
    [FAULT_HTTP_STATUS] = KIND("http.status", 401, 429, 500, 503),
    [FAULT_KEYCHAIN_READ] =
        KIND("keychain.read", PHX_ERROR_NO_TOKEN, PHX_ERROR_KEYCHAIN,
             PHX_ERROR_KEYCHAIN_PERMISSIONS, PHX_ERROR_TOO_LARGE, PHX_ERROR_TOKEN_PENDING),
    [FAULT_KEYCHAIN_WRITE] =
        KIND("keychain.write", PHX_ERROR_KEYCHAIN, PHX_ERROR_KEYCHAIN_PERMISSIONS),
    [FAULT_KEYCHAIN_ERASE] =
        KIND("keychain.erase", PHX_ERROR_KEYCHAIN, PHX_ERROR_KEYCHAIN_PERMISSIONS),
    [FAULT_STORAGE_OPEN] =
        KIND("storage.open", PHX_ERROR_IO, PHX_ERROR_NO_MEMORY, PHX_ERROR_UNSUPPORTED),
    [FAULT_STORAGE_READ] = KIND("storage.read", PHX_ERROR_IO, PHX_ERROR_NO_MEMORY),
    [FAULT_STORAGE_CHANGE] = KIND("storage.change", PHX_ERROR_IO, PHX_ERROR_NO_MEMORY),
    [FAULT_STORAGE_WIPE] = KIND("storage.wipe", PHX_ERROR_IO),
    [FAULT_RANDOM_FILL] = KIND("random.fill", PHX_ERROR_SYSTEM),
    [FAULT_CLOCK_MONOTONIC] = KIND("clock.monotonic", PHX_ERROR_TIMEOUT),
    [FAULT_CLOCK_WALL] = KIND("clock.wall", PHX_ERROR_TIMEOUT),
    [FAULT_POLLER_WAIT] = KIND("poller.wait", PHX_ERROR_SYSTEM),
    [FAULT_POLLER_WATCH] = KIND("poller.watch", PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM),
    [FAULT_POLLER_MODIFY] = KIND("poller.modify", PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM),
};

const fault_kind *fault_kind_of(fault_place place)
{
    return &kinds[place];
}

void faults_init(fault_set *faults, const fault_plan *plan)
{
    memset(faults, 0, sizeof *faults);
    faults->plan = *plan;
    failing_allocator_init(&faults->allocator);
}

void faults_arm(fault_set *faults)
{
    bool is_memory = faults->plan.place == FAULT_ALLOCATION;
    failing_allocator_refuse(&faults->allocator, is_memory ? faults->plan.nth : 0,
                             faults->plan.all_after);
    faults->is_armed = true;
}

void faults_disarm(fault_set *faults)
{
    if (faults->is_armed) {
        faults->calls[FAULT_ALLOCATION] = atomic_load(&faults->allocator.requests);
        faults->failed += atomic_load(&faults->allocator.refused);
    }
    faults->is_armed = false;
    failing_allocator_refuse(&faults->allocator, 0, false);
}

size_t faults_failed(const fault_set *faults)
{
    return faults->failed + atomic_load(&faults->allocator.refused);
}

size_t faults_calls(const fault_set *faults, fault_place place)
{
    return faults->calls[place];
}

bool faults_explain(const fault_set *faults, phx_status status)
{
    return faults_failed(faults) > 0 && status == faults->plan.status;
}

bool faults_concern_token(const fault_set *faults)
{
    const fault_plan *plan = &faults->plan;
    return plan->place == FAULT_KEYCHAIN_READ || plan->place == FAULT_KEYCHAIN_WRITE ||
           plan->place == FAULT_KEYCHAIN_ERASE || plan->status == PHX_ERROR_UNAUTHORIZED ||
           plan->status == 401;
}

int32_t faults_hit(fault_set *faults, fault_place place)
{
    if (!faults->is_armed) {
        return PHX_OK;
    }
    const fault_plan *plan = &faults->plan;
    size_t call = ++faults->calls[place];
    bool is_it =
        place == plan->place && (call == plan->nth || (plan->all_after && call > plan->nth));
    faults->failed += is_it ? 1 : 0;
    return is_it ? plan->status : PHX_OK;
}
