/* SPDX-License-Identifier: MIT */
/*
 * Throw-away authorities and server certificates, made in memory.
 */
#ifndef CONTRACT_CERTIFICATES_H
#define CONTRACT_CERTIFICATES_H

#include <stdbool.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "server.h"

/* issuer NULL: an authority. name: the DNS name in it, NULL: none. has_loopback: it is for
 * 127.0.0.1 and ::1 too. is_expired: it was valid until 2001. */
test_certificate *certificate_new(const test_certificate *issuer, const char *name,
                                  bool has_loopback, bool is_expired);
void certificate_free(test_certificate *certificate);

const char *certificate_pem(const test_certificate *certificate);
/* As a phx_tls takes it. */
const char *certificate_pin(const test_certificate *certificate);

/* For the server; both stay the certificate's. */
mbedtls_x509_crt *certificate_chain(const test_certificate *certificate);
mbedtls_pk_context *certificate_key(const test_certificate *certificate);

#endif
