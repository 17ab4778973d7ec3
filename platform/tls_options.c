/* SPDX-License-Identifier: MIT */
/*
 * Copies of TLS options. A CA file is read once, here: the connections of one client do not change
 * whom they trust because a file changes under them, and a file that cannot be read is an error at
 * once and not an untrusted server later.
 */
#include "tls_options.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "support/alloc.h"
#include "support/buffer.h"
#include "support/config.h"

enum {
    MAX_CA_BYTES = 4 * 1024 * 1024,
    READ_BYTES = 16 * 1024
};

static const char pin_prefix[] = "sha256/";

static phx_status read_file(const char *path, phxi_buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return PHX_ERROR_IO;
    }
    phx_status status = phxi_buffer_reserve(out, READ_BYTES);
    while (status == PHX_OK) {
        ssize_t got = read(fd, out->data + out->length, out->capacity - out->length);
        if (got <= 0) {
            status = got < 0 ? PHX_ERROR_IO : PHX_OK;
            break;
        }
        out->length += (size_t)got;
        status = out->length < out->capacity ? PHX_OK : phxi_buffer_reserve(out, READ_BYTES);
    }
    (void)close(fd);
    return status == PHX_ERROR_TOO_LARGE ? PHX_ERROR_IO : status;
}

static phx_status take_authorities(const phx_allocator *allocator, const phx_tls *tls,
                                   phxi_tls_options *out)
{
    if (tls->ca_pem == NULL && tls->ca_file == NULL) {
        return PHX_OK;
    }
    phxi_buffer pem;
    phxi_buffer_init(&pem, allocator, MAX_CA_BYTES);
    phx_status status = tls->ca_pem != NULL ? phxi_buffer_append_text(&pem, tls->ca_pem)
                                            : read_file(tls->ca_file, &pem);
    if (status == PHX_OK) {
        status = phxi_buffer_append_byte(&pem, 0);
    }
    if (status == PHX_OK && strstr((const char *)pem.data, "CERTIFICATE-----") == NULL) {
        status = PHX_ERROR_INVALID_ARGUMENT;
    }
    if (status != PHX_OK) {
        phxi_buffer_free(&pem);
        return status;
    }
    out->ca_pem = (char *)pem.data;
    out->ca_pem_length = pem.length - 1;
    return PHX_OK;
}

static phx_status take_pins(const phx_allocator *allocator, const phx_tls *tls,
                            phxi_tls_options *out)
{
    if (tls->pin_count == 0) {
        return PHX_OK;
    }
    if (tls->pins == NULL || tls->pin_count > SIZE_MAX / sizeof *out->pins) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    out->pins = phxi_alloc_zero(allocator, tls->pin_count * sizeof *out->pins);
    if (out->pins == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    const size_t prefix = sizeof pin_prefix - 1;
    for (size_t i = 0; i < tls->pin_count; i++) {
        const char *pin = tls->pins[i];
        if (pin == NULL || strncmp(pin, pin_prefix, prefix) != 0 ||
            strlen(pin) != prefix + PHXI_PIN_DIGEST_BYTES) {
            return PHX_ERROR_INVALID_ARGUMENT;
        }
        memcpy(out->pins[i], pin + prefix, PHXI_PIN_DIGEST_BYTES + 1);
    }
    out->pin_count = tls->pin_count;
    return PHX_OK;
}

phx_status phxi_tls_options_copy(const phx_allocator *allocator, const phx_tls *given,
                                 phxi_tls_options *out)
{
    *out = (phxi_tls_options){0};
    phx_tls tls;
    phxi_config_copy(&tls, sizeof tls, given);
    phx_status status = take_authorities(allocator, &tls, out);
    if (status == PHX_OK) {
        status = take_pins(allocator, &tls, out);
    }
    if (status != PHX_OK) {
        phxi_tls_options_free(allocator, out);
    }
    return status;
}

void phxi_tls_options_free(const phx_allocator *allocator, phxi_tls_options *options)
{
    phxi_free(allocator, options->ca_pem);
    phxi_free(allocator, options->pins);
    *options = (phxi_tls_options){0};
}
