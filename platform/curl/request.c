/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request: its options, and the translation of what libcurl makes of it. Knows nothing of
 * the loop.
 */
#include "curl/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "header_text.h"
#include "retry_after.h"
#include "support/alloc.h"
#include "wire/url.h"

enum {
    MAX_HEADER_BYTES = 64 * 1024,
    MAX_LINE_BYTES = 16 * 1024
};

static size_t on_body(char *data, size_t size, size_t count, void *user_data)
{
    curl_request *request = user_data;
    request->failure = phxi_buffer_append(&request->body, data, size * count);
    return request->failure == PHX_OK ? size * count : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *user_data)
{
    curl_request *request = user_data;
    (void)data;
    request->header_bytes += size * count;
    if (request->header_bytes > MAX_HEADER_BYTES) {
        request->failure = PHX_ERROR_TOO_LARGE;
        return 0;
    }
    return size * count;
}

/*
 * Called before each time that the request is sent. libcurl sends it again by itself when a kept
 * connection turns out to be dead, although the server may have acted on the first one: of a write,
 * that is not ours to decide.
 */
static int on_begin(void *user_data, char *server_address, char *own_address, int server_port,
                    int own_port)
{
    curl_request *request = user_data;
    (void)server_address;
    (void)own_address;
    (void)server_port;
    (void)own_port;
    if (request->was_begun && !request->is_idempotent) {
        request->failure = PHX_ERROR_CONNECTION_LOST;
        return CURL_PREREQFUNC_ABORT;
    }
    request->was_begun = true;
    return CURL_PREREQFUNC_OK;
}

static bool add_line(curl_request *request, const char *line)
{
    struct curl_slist *headers = curl_slist_append(request->headers, line);
    request->headers = headers != NULL ? headers : request->headers;
    return headers != NULL;
}

static phx_status add_header(curl_request *request, const phx_header *header)
{
    char line[MAX_LINE_BYTES];
    if (!phxi_is_header_name(header->name) || !phxi_is_header_value(header->value)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    /* libcurl's way of writing a header without a value. */
    bool is_empty = header->value[0] == '\0';
    int length =
        snprintf(line, sizeof line, "%s%s%s", header->name, is_empty ? ";" : ": ", header->value);
    phx_status status = PHX_OK;
    if (length < 0 || (size_t)length >= sizeof line) {
        status = PHX_ERROR_TOO_LARGE;
    } else if (!add_line(request, line)) {
        status = PHX_ERROR_NO_MEMORY;
    }
    phxi_wipe(line, strlen(line));
    return status;
}

/* Without the headers that libcurl would add to a body by itself. */
static phx_status add_headers(curl_request *request, const phx_http_request *given)
{
    bool has_type = false;
    for (size_t i = 0; i < given->header_count; i++) {
        phx_status status = add_header(request, &given->headers[i]);
        if (status != PHX_OK) {
            return status;
        }
        has_type = has_type || strcasecmp(given->headers[i].name, "Content-Type") == 0;
    }
    if (!add_line(request, "Expect:") || (!has_type && !add_line(request, "Content-Type:"))) {
        return PHX_ERROR_NO_MEMORY;
    }
    return PHX_OK;
}

#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code)

static CURLcode set_exchange(curl_request *request, const phx_http_request *given)
{
    CURL *easy = request->easy;
    CURLcode code = CURLE_OK;
    bool is_get = strcmp(given->method, "GET") == 0;
    bool has_body = given->body_length > 0 || strcmp(given->method, "POST") == 0 ||
                    strcmp(given->method, "PUT") == 0;
    SET(CURLOPT_URL, given->url);
    if (has_body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)given->body_length);
        SET(CURLOPT_COPYPOSTFIELDS, given->body_length > 0 ? (const void *)given->body : "");
    }
    if (!is_get) {
        SET(CURLOPT_CUSTOMREQUEST, given->method);
    }
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_MAXAGE_CONN, (long)PHXI_CURL_MAX_IDLE_S);
    SET(CURLOPT_HTTPHEADER, request->headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, request);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, request);
    SET(CURLOPT_PREREQFUNCTION, on_begin);
    SET(CURLOPT_PREREQDATA, request);
    SET(CURLOPT_ERRORBUFFER, request->curl_text);
    SET(CURLOPT_PRIVATE, request);
    return code;
}

#undef SET

static phx_status set_up(curl_request *request, const phx_http_request *given, const phxi_url *url)
{
    request->easy = curl_easy_init();
    phx_status status = request->easy != NULL ? add_headers(request, given) : PHX_ERROR_NO_MEMORY;
    if (status != PHX_OK) {
        return status;
    }
    const phxi_curl_options *options = &request->http->options;
    phxi_curl_proxy proxy = phxi_url_is_loopback(url)            ? PHXI_CURL_NO_PROXY
                            : options->network.proxy_url != NULL ? PHXI_CURL_GIVEN_PROXY
                                                                 : PHXI_CURL_ENVIRONMENT_PROXY;
    request->is_proxied = proxy == PHXI_CURL_GIVEN_PROXY;
    CURLcode code = set_exchange(request, given);
    if (code == CURLE_OK) {
        code = phxi_curl_options_apply(options, request->easy, proxy);
    }
    return code == CURLE_OK              ? PHX_OK
           : code == CURLE_OUT_OF_MEMORY ? PHX_ERROR_NO_MEMORY
                                         : PHX_ERROR_UNSUPPORTED;
}

curl_request *phxi_curl_request_new(curl_http *http, const phx_http_request *given,
                                    phx_status *out_status)
{
    phxi_url url;
    const char *reason = NULL;
    if (phxi_url_parse(given->url, &url, &reason) != PHX_OK || url.is_websocket) {
        *out_status = PHX_ERROR_INVALID_URL;
        return NULL;
    }
    curl_request *request = phxi_alloc_zero(&http->allocator, sizeof *request);
    if (request == NULL) {
        *out_status = PHX_ERROR_NO_MEMORY;
        return NULL;
    }
    request->http = http;
    request->sent_body_length = given->body_length;
    request->is_idempotent = strcmp(given->method, "GET") == 0;
    (void)snprintf(request->host, sizeof request->host, "%.*s", (int)url.authority.length,
                   url.authority.data);
    phxi_buffer_init(&request->body, &http->allocator, given->max_response_bytes);
    *out_status = set_up(request, given, &url);
    if (*out_status != PHX_OK) {
        phxi_curl_request_free(request);
        return NULL;
    }
    return request;
}

void phxi_curl_request_free(curl_request *request)
{
    if (request->easy != NULL) {
        curl_easy_cleanup(request->easy);
    }
    phxi_curl_headers_free(request->headers);
    phxi_buffer_free(&request->body);
    phxi_free(&request->http->allocator, request);
}

static bool was_sent(const curl_request *request)
{
    long request_bytes = 0;
    curl_off_t body_bytes = 0;
    (void)curl_easy_getinfo(request->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    (void)curl_easy_getinfo(request->easy, CURLINFO_SIZE_UPLOAD_T, &body_bytes);
    return request->was_begun && request_bytes > 0 &&
           (uint64_t)body_bytes >= (uint64_t)request->sent_body_length;
}

static uint32_t retry_after_ms(const curl_request *request)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(request->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return 0;
    }
    return phxi_retry_after_ms(header->value, phx_loop_wall_ms(request->http->loop));
}

static void fill(curl_request *request, phx_status status, long os_code, phx_http_response *out)
{
    long http_status = 0;
    (void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &http_status);
    if (status == PHX_ERROR_PROXY) {
        http_status = phxi_curl_proxy_refusal(request->easy);
    }
    phxi_curl_describe(request->error_text, sizeof request->error_text, request->host,
                       request->is_proxied ? request->http->options.network.proxy_name : "", status,
                       request->curl_text);
    *out = (phx_http_response){
        .struct_size = (uint32_t)sizeof *out,
        .error = {.struct_size = (uint32_t)sizeof(phx_error),
                  .status = status,
                  .http_status = (int32_t)http_status,
                  .os_code = (int32_t)os_code,
                  .retry_after_ms = retry_after_ms(request),
                  .message = request->error_text},
        .was_sent = was_sent(request),
        .body = request->body.data != NULL ? request->body.data : (const uint8_t *)"",
        .body_length = request->body.length,
    };
}

void phxi_curl_request_result(curl_request *request, CURLcode code, phx_http_response *out)
{
    long os_code = 0;
    (void)curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &os_code);
    phx_status status =
        request->failure != PHX_OK ? request->failure : phxi_curl_status(code, (int)os_code);
    if (status != PHX_OK && request->failure == PHX_OK &&
        phxi_curl_proxy_refusal(request->easy) != 0) {
        status = PHX_ERROR_PROXY;
    }
    fill(request, status, status == PHX_OK ? 0 : os_code, out);
    /* Sent once, and stopped before it was sent again: the counters are those of the second time.
     */
    out->was_sent = out->was_sent || (request->was_begun && code == CURLE_ABORTED_BY_CALLBACK);
}

void phxi_curl_request_give_up(curl_request *request, phx_status status, phx_http_response *out)
{
    fill(request, status, 0, out);
}
