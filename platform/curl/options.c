/* SPDX-License-Identifier: MIT */
/*
 * Options and errors of libcurl.
 */
#include "curl/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/alloc.h"
#include "support/buffer.h"

static const char pin_prefix[] = "sha256//";

static phx_status compose_pins(phxi_curl_options *options, const phx_allocator *allocator)
{
    if (options->tls.pin_count == 0) {
        return PHX_OK;
    }
    const size_t one = sizeof pin_prefix - 1 + PHXI_PIN_DIGEST_BYTES + 1;
    phxi_buffer pins;
    phxi_buffer_init(&pins, allocator, options->tls.pin_count * one);
    phx_status status = PHX_OK;
    for (size_t i = 0; i < options->tls.pin_count && status == PHX_OK; i++) {
        bool is_last = i + 1 == options->tls.pin_count;
        status = phxi_buffer_append_text(&pins, pin_prefix);
        status = status == PHX_OK ? phxi_buffer_append_text(&pins, options->tls.pins[i]) : status;
        status = status == PHX_OK ? phxi_buffer_append_byte(&pins, is_last ? 0 : ';') : status;
    }
    options->pins = (char *)pins.data;
    return status;
}

/* In a list of ours, which is wiped: libcurl would keep copies of a user and a password. */
static phx_status compose_proxy_headers(phxi_curl_options *options)
{
    if (options->network.proxy_url == NULL || options->network.authorization[0] == '\0') {
        return PHX_OK;
    }
    options->proxy_headers = curl_slist_append(NULL, options->network.authorization);
    return options->proxy_headers != NULL ? PHX_OK : PHX_ERROR_NO_MEMORY;
}

phx_status phxi_curl_options_init(phxi_curl_options *out, const phx_allocator *allocator,
                                  const phx_tls *tls, const phx_network *network)
{
    *out = (phxi_curl_options){.pins = NULL};
    phx_status status = phxi_tls_options_copy(allocator, tls, &out->tls);
    if (status == PHX_OK) {
        status = compose_pins(out, allocator);
    }
    if (status == PHX_OK) {
        status = phxi_network_options_copy(allocator, network, &out->network);
    }
    if (status == PHX_OK) {
        status = compose_proxy_headers(out);
    }
    if (status == PHX_OK) {
        /* An easy handle sets libcurl up if the program has not; a multi handle does not. */
        CURL *first = curl_easy_init();
        status = first != NULL ? PHX_OK : PHX_ERROR_NO_MEMORY;
        curl_easy_cleanup(first);
    }
    return status;
}

void phxi_curl_headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *line = headers; line != NULL; line = line->next) {
        phxi_wipe(line->data, strlen(line->data));
    }
    curl_slist_free_all(headers);
}

void phxi_curl_options_free(phxi_curl_options *options, const phx_allocator *allocator)
{
    phxi_free(allocator, options->pins);
    phxi_tls_options_free(allocator, &options->tls);
    phxi_curl_headers_free(options->proxy_headers);
    phxi_network_options_free(&options->network);
}

#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code)

CURLcode phxi_curl_options_apply(const phxi_curl_options *options, CURL *easy,
                                 phxi_curl_proxy proxy)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    /* A transfer that ends while its name is looked up must not wait for the thread that does it.
     */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* an attempt follows a change of network, often */
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (proxy == PHXI_CURL_NO_PROXY) {
        SET(CURLOPT_PROXY, "");
    } else if (proxy == PHXI_CURL_GIVEN_PROXY) {
        SET(CURLOPT_PROXY, options->network.proxy_url);
        SET(CURLOPT_PROXYPORT, (long)options->network.proxy_port);
        SET(CURLOPT_NOPROXY, ""); /* the environment's exceptions are those of its own proxy */
        SET(CURLOPT_PROXYHEADER, options->proxy_headers);
        SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    }
    if (options->tls.ca_pem != NULL) {
        struct curl_blob blob = {.data = options->tls.ca_pem,
                                 .len = options->tls.ca_pem_length,
                                 .flags = CURL_BLOB_NOCOPY};
        SET(CURLOPT_CAINFO_BLOB, &blob);
        SET(CURLOPT_CAPATH, NULL); /* else the system's authorities stay trusted */
    }
    if (options->pins != NULL) {
        SET(CURLOPT_PINNEDPUBLICKEY, options->pins);
    }
    return code;
}

#undef SET

static phx_status from_connect_error(int os_code)
{
    switch (os_code) {
    case ECONNREFUSED:
        return PHX_ERROR_CONNECTION_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
        return PHX_ERROR_UNREACHABLE;
    case ETIMEDOUT:
        return PHX_ERROR_TIMEOUT;
    default:
        return PHX_ERROR_NETWORK;
    }
}

phx_status phxi_curl_status(CURLcode code, int os_code)
{
    switch (code) {
    case CURLE_OK:
        return PHX_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return PHX_ERROR_NAME_NOT_FOUND;
    case CURLE_COULDNT_CONNECT:
        return from_connect_error(os_code);
    case CURLE_OPERATION_TIMEDOUT:
        return PHX_ERROR_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
        return PHX_ERROR_TLS_CERTIFICATE;
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return PHX_ERROR_TLS_PIN;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_NOTFOUND:
        return PHX_ERROR_TLS;
    case CURLE_PROXY:
        return PHX_ERROR_PROXY;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return PHX_ERROR_CONNECTION_LOST;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 and what is no HTTP at all */
    case CURLE_BAD_CONTENT_ENCODING:
        return PHX_ERROR_PROTOCOL;
    case CURLE_OUT_OF_MEMORY:
        return PHX_ERROR_NO_MEMORY;
    default:
        return PHX_ERROR_NETWORK;
    }
}

long phxi_curl_proxy_refusal(CURL *easy)
{
    long http_status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &http_status);
    return http_status / 100 == 2 ? 0 : http_status;
}

void phxi_curl_describe(char *out, size_t capacity, const char *host, const char *proxy,
                        phx_status status, const char *curl_text)
{
    bool is_tls = status == PHX_ERROR_TLS || status == PHX_ERROR_TLS_CERTIFICATE;
    bool has_detail = is_tls && curl_text[0] != '\0';
    (void)snprintf(out, capacity, "%s%s%s: %s%s%s", host,
                   proxy[0] != '\0' ? " through the proxy " : "", proxy, phx_status_message(status),
                   has_detail ? ": " : "", has_detail ? curl_text : "");
}
