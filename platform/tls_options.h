/* SPDX-License-Identifier: MIT */
/*
 * A private copy of a phx_tls: authorities as PEM text whatever they came from, and pins as text.
 * Knows no TLS library.
 */
#ifndef PHXI_TLS_OPTIONS_H
#define PHXI_TLS_OPTIONS_H

#include <phx/transport.h>

enum {
    PHXI_PIN_DIGEST_BYTES = 44
}; /* 32 bytes in base64 */

typedef struct phxi_tls_options {
    char *ca_pem; /* NULL: the system's authorities */
    size_t ca_pem_length;
    size_t pin_count;
    /* The base64 of each pin, terminated. */
    char (*pins)[PHXI_PIN_DIGEST_BYTES + 1];
} phxi_tls_options;

/* PHX_ERROR_IO: ca_file cannot be read. PHX_ERROR_INVALID_ARGUMENT: it holds no certificate, or a
 * pin is not "sha256/" and 44 characters. PHX_ERROR_NO_MEMORY. On failure *out is empty. tls: NULL
 * gives defaults. */
PHX_MUST_CHECK phx_status phxi_tls_options_copy(const phx_allocator *allocator, const phx_tls *tls,
                                                phxi_tls_options *out);
void phxi_tls_options_free(const phx_allocator *allocator, phxi_tls_options *options);

#endif
