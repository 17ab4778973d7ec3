/* SPDX-License-Identifier: MIT */
/*
 * A throw-away certificate for 127.0.0.1, signed by its own key, made anew by each run.
 */
#ifndef TEST_BACKEND_CERTIFICATE_H
#define TEST_BACKEND_CERTIFICATE_H

/* Writes both in PEM to files that the caller removes. */
void certificate_write(const char *cert_path, const char *key_path);

#endif
