/* SPDX-License-Identifier: MIT */
/*
 * Throw-away certificates by mbedTLS. The subjectAltName is written by hand: that library has no
 * function for it.
 */
#include "certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>

enum {
    PEM_BYTES = 4096,
    KEY_BYTES = 1024,
    DIGEST_BYTES = 32,
    NAMES_BYTES = 128
};

struct test_certificate {
    mbedtls_pk_context key;
    mbedtls_x509_crt chain;
    char subject[64];
    char pem[PEM_BYTES];
    char pin[64];
};

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;

static void must(int error, const char *what)
{
    if (error != 0) {
        (void)fprintf(stderr, "test certificate: %s: -0x%04x\n", what, (unsigned)-error);
        abort();
    }
}

static void make_key(mbedtls_pk_context *key)
{
    mbedtls_pk_init(key);
    must(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "key");
    must(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), mbedtls_ctr_drbg_random,
                             &random_source),
         "key");
}

static void append_name(unsigned char *names, size_t *length, unsigned char tag, const void *bytes,
                        size_t count)
{
    names[(*length)++] = tag;
    names[(*length)++] = (unsigned char)count;
    memcpy(names + *length, bytes, count);
    *length += count;
}

static void set_names(mbedtls_x509write_cert *writer, const char *name, bool has_loopback)
{
    static const unsigned char four[] = {127, 0, 0, 1};
    static const unsigned char six[16] = {[15] = 1};
    unsigned char names[NAMES_BYTES];
    size_t length = 2;
    if (name != NULL) {
        append_name(names, &length, 0x82, name, strlen(name));
    }
    if (has_loopback) {
        append_name(names, &length, 0x87, four, sizeof four);
        append_name(names, &length, 0x87, six, sizeof six);
    }
    names[0] = 0x30;
    names[1] = (unsigned char)(length - 2);
    must(mbedtls_x509write_crt_set_extension(writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                             MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
                                             names, length),
         "names");
}

static void write_pem(test_certificate *made, const test_certificate *issuer, const char *name,
                      bool has_loopback, bool is_expired)
{
    static int last_serial;
    mbedtls_x509write_cert writer;
    mbedtls_mpi serial;
    mbedtls_x509write_crt_init(&writer);
    mbedtls_mpi_init(&serial);
    must(mbedtls_mpi_lset(&serial, ++last_serial), "serial");
    (void)snprintf(made->subject, sizeof made->subject, "CN=test %d", last_serial);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, &made->key);
    const test_certificate *signer = issuer != NULL ? issuer : made;
    mbedtls_pk_context signer_key = signer->key; /* a view: the writer does not change it */
    mbedtls_x509write_crt_set_issuer_key(&writer, &signer_key);
    must(mbedtls_x509write_crt_set_serial(&writer, &serial), "serial");
    must(mbedtls_x509write_crt_set_subject_name(&writer, made->subject), "subject");
    must(mbedtls_x509write_crt_set_issuer_name(&writer, signer->subject), "issuer");
    must(mbedtls_x509write_crt_set_validity(&writer, "20000101000000",
                                            is_expired ? "20010101000000" : "20490101000000"),
         "validity");
    must(mbedtls_x509write_crt_set_basic_constraints(&writer, issuer == NULL, -1), "constraints");
    if (issuer != NULL) {
        set_names(&writer, name, has_loopback);
    }
    must(mbedtls_x509write_crt_pem(&writer, (unsigned char *)made->pem, PEM_BYTES,
                                   mbedtls_ctr_drbg_random, &random_source),
         "signature");
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&writer);
}

static void compute_pin(test_certificate *made)
{
    unsigned char key[KEY_BYTES];
    unsigned char digest[DIGEST_BYTES];
    size_t length = 0;
    int key_length =
        mbedtls_pk_write_pubkey_der(&made->key, key, sizeof key); /* at the end of it */
    must(key_length > 0 ? 0 : key_length, "public key");
    must(mbedtls_sha256_ret(key + sizeof key - key_length, (size_t)key_length, digest, 0),
         "digest");
    (void)snprintf(made->pin, sizeof made->pin, "sha256/");
    must(mbedtls_base64_encode((unsigned char *)made->pin + 7, sizeof made->pin - 7, &length,
                               digest, sizeof digest),
         "base64");
}

test_certificate *certificate_new(const test_certificate *issuer, const char *name,
                                  bool has_loopback, bool is_expired)
{
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random_source);
    must(mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0), "random");
    test_certificate *made = calloc(1, sizeof *made);
    must(made == NULL, "memory");
    make_key(&made->key);
    write_pem(made, issuer, name, has_loopback, is_expired);
    compute_pin(made);
    mbedtls_x509_crt_init(&made->chain);
    must(mbedtls_x509_crt_parse(&made->chain, (unsigned char *)made->pem, strlen(made->pem) + 1),
         "parse");
    mbedtls_ctr_drbg_free(&random_source);
    mbedtls_entropy_free(&entropy);
    return made;
}

void certificate_free(test_certificate *certificate)
{
    mbedtls_pk_free(&certificate->key);
    mbedtls_x509_crt_free(&certificate->chain);
    free(certificate);
}

const char *certificate_pem(const test_certificate *certificate)
{
    return certificate->pem;
}

const char *certificate_pin(const test_certificate *certificate)
{
    return certificate->pin;
}

mbedtls_x509_crt *certificate_chain(const test_certificate *certificate)
{
    return (mbedtls_x509_crt *)(uintptr_t)&certificate->chain;
}

mbedtls_pk_context *certificate_key(const test_certificate *certificate)
{
    return (mbedtls_pk_context *)(uintptr_t)&certificate->key;
}
