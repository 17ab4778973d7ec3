/* SPDX-License-Identifier: MIT */
/*
 * Whether the server is the right one: what OpenSSL said about its certificate, and the pins.
 * libwebsockets hands OpenSSL's own struct to its verify callback and forgets the reason. The three
 * functions that read the struct are looked up in the OpenSSL that libwebsockets has loaded, rather
 * than linked: the build does not depend on the TLS library behind libwebsockets, and where there
 * is another one, only the reason is missing.
 */
#include "lws/connection.h"

#include <dlfcn.h>
#include <string.h>

#include "mbedtls/digest.h"

enum {
    MAX_KEY_BYTES = 4096,
    UNKNOWN_ERROR = -1,
    HOST_MISMATCH = 62, /* X509_V_ERR_HOSTNAME_MISMATCH */
    IP_MISMATCH = 64,   /* X509_V_ERR_IP_ADDRESS_MISMATCH */
};

typedef int (*store_int_fn)(void *store_context);
typedef void *(*store_pointer_fn)(void *store_context);
typedef int (*check_address_fn)(void *certificate, const char *address, unsigned int flags);
typedef const char *(*error_text_fn)(long error);

/* POSIX guarantees what ISO C does not: that a data pointer can hold a function's address. */
#define FIND(type, name) __extension__(type) dlsym(RTLD_DEFAULT, name)

static long error_of(void *store_context)
{
    store_int_fn error = FIND(store_int_fn, "X509_STORE_CTX_get_error");
    return error != NULL ? error(store_context) : UNKNOWN_ERROR;
}

/* Only for an IPv6 address in the URL, which libwebsockets cannot compare; see attempt.c. Fails
 * closed. */
static bool is_for_address(void *store_context, const char *address)
{
    store_int_fn depth = FIND(store_int_fn, "X509_STORE_CTX_get_error_depth");
    store_pointer_fn certificate = FIND(store_pointer_fn, "X509_STORE_CTX_get_current_cert");
    check_address_fn check = FIND(check_address_fn, "X509_check_ip_asc");
    if (depth == NULL || certificate == NULL || check == NULL) {
        return false;
    }
    return depth(store_context) > 0 || check(certificate(store_context), address, 0) == 1;
}

int phxi_verify_certificate(phx_connection *connection, void *store_context, bool is_trusted)
{
    if (!is_trusted) {
        if (connection->certificate_error == 0) {
            connection->certificate_error = error_of(store_context);
        }
        return -1;
    }
    if (connection->target.is_ipv6_literal &&
        !is_for_address(store_context, connection->target.host)) {
        connection->certificate_error = IP_MISMATCH;
        return -1;
    }
    return 0;
}

const char *phxi_verify_error_text(long error)
{
    error_text_fn text = FIND(error_text_fn, "X509_verify_cert_error_string");
    if (error == HOST_MISMATCH || error == IP_MISMATCH) {
        return "it is for another host";
    }
    return error != UNKNOWN_ERROR && text != NULL ? text(error) : "it could not be verified";
}

static bool is_pinned(const phxi_tls_options *tls, const char *digest)
{
    for (size_t i = 0; i < tls->pin_count; i++) {
        if (strcmp(tls->pins[i], digest) == 0) {
            return true;
        }
    }
    return false;
}

bool phxi_verify_pins(phx_connection *connection)
{
    const phxi_tls_options *tls = &connection->transport->tls;
    if (tls->pin_count == 0) {
        return true;
    }
    /* The name is the last member of the union's largest struct, with room behind it as the
     * function demands; the key is the SubjectPublicKeyInfo in DER. */
    union {
        union lws_tls_cert_info_results info;
        char room[sizeof(union lws_tls_cert_info_results) + MAX_KEY_BYTES];
    } key;
    char digest[PHXI_DIGEST_TEXT_BYTES];
    if (lws_tls_peer_cert_info(connection->wsi, LWS_TLS_CERT_INFO_OPAQUE_PUBLIC_KEY, &key.info,
                               MAX_KEY_BYTES) != 0 ||
        key.info.ns.len <= 0 || key.info.ns.len > MAX_KEY_BYTES) {
        return false;
    }
    return phxi_digest_text(key.room + offsetof(union lws_tls_cert_info_results, ns.name),
                            (size_t)key.info.ns.len, digest) == PHX_OK &&
           is_pinned(tls, digest);
}
