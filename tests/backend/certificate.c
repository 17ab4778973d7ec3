/* SPDX-License-Identifier: MIT */
/*
 * The certificate of certificate.h, made with mbedTLS.
 */
#include "certificate.h"

#include "process.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include <stdio.h>
#include <string.h>

/* subjectAltName: IP 127.0.0.1, DNS localhost. */
static const char san_oid[] = {0x55, 0x1d, 0x11};
static const unsigned char san_value[] = {0x30, 0x11, 0x87, 0x04, 127, 0,   0,   1,   0x82, 0x09,
                                          'l',  'o',  'c',  'a',  'l', 'h', 'o', 's', 't'};

static void check(int result)
{
    if (result != 0) {
        die("cannot make a certificate: -0x%04x", (unsigned)-result);
    }
}

static void write_file(const char *path, const unsigned char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs((const char *)text, file) < 0 || fclose(file) != 0) {
        die("cannot write %s", path);
    }
}

static void write_pem(const char *cert_path, const char *key_path, mbedtls_pk_context *key,
                      mbedtls_ctr_drbg_context *random)
{
    unsigned char pem[8192];
    mbedtls_mpi serial;
    mbedtls_x509write_cert cert;
    mbedtls_mpi_init(&serial);
    mbedtls_x509write_crt_init(&cert);
    mbedtls_x509write_crt_set_version(&cert, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&cert, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&cert, key);
    mbedtls_x509write_crt_set_issuer_key(&cert, key);
    check(mbedtls_mpi_lset(&serial, 1));
    check(mbedtls_x509write_crt_set_serial(&cert, &serial));
    check(mbedtls_x509write_crt_set_subject_name(&cert, "CN=127.0.0.1"));
    check(mbedtls_x509write_crt_set_issuer_name(&cert, "CN=127.0.0.1"));
    check(mbedtls_x509write_crt_set_validity(&cert, "20200101000000", "20991231235959"));
    check(mbedtls_x509write_crt_set_basic_constraints(&cert, 1, 0));
    check(mbedtls_x509write_crt_set_extension(&cert, san_oid, sizeof(san_oid), 0, san_value,
                                              sizeof(san_value)));
    check(mbedtls_x509write_crt_pem(&cert, pem, sizeof(pem), mbedtls_ctr_drbg_random, random));
    write_file(cert_path, pem);
    check(mbedtls_pk_write_key_pem(key, pem, sizeof(pem)));
    write_file(key_path, pem);
    mbedtls_x509write_crt_free(&cert);
    mbedtls_mpi_free(&serial);
}

void certificate_write(const char *cert_path, const char *key_path)
{
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_pk_context key;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_pk_init(&key);
    check(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0));
    check(mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)));
    check(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), mbedtls_ctr_drbg_random,
                              &random));
    write_pem(cert_path, key_path, &key, &random);
    mbedtls_pk_free(&key);
    mbedtls_ctr_drbg_free(&random);
    mbedtls_entropy_free(&entropy);
}
