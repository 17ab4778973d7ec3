/* SPDX-License-Identifier: MIT */
/*
 * Where the backend listens: IPv6, and TLS with a certificate that libcurl verifies; REST and the
 * socket over both.
 */
#include "certificate.h"
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/backend-XXXXXX";
static char cert[64];
static char key[64];

static int make_certificate(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
    (void)snprintf(key, sizeof(key), "%s/key.pem", folder);
    certificate_write(cert, key);
    return 0;
}

static int remove_certificate(void **state)
{
    (void)state;
    (void)unlink(cert);
    (void)unlink(key);
    return rmdir(folder);
}

static size_t count_bytes(char *data, size_t size, size_t count, void *total)
{
    (void)data;
    *(size_t *)total += size * count;
    return size * count;
}

/* A handle for `path` at the backend, authorized as Bob, that trusts the certificate alone. */
static CURL *handle(const char *base, const char *path, size_t *total)
{
    char url[256];
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    (void)snprintf(url, sizeof(url), "%s%s", base, path);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, cert);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WAIT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, "tok-bob");
    (void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, total);
    return curl;
}

static long perform(CURL *curl)
{
    long status = 0;
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        fail_msg("%s", curl_easy_strerror(code));
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return status;
}

static void post_and_list(const char *base)
{
    enum {
        LARGE = 2000000
    };
    size_t total = 0;
    char *body = malloc(LARGE + 1);
    memset(body, 'x', LARGE);
    memcpy(body, "{\"body\":\"", 9);
    memcpy(body + LARGE - 2, "\"}", 3);
    CURL *curl = handle(base, "/api/community/posts", &total);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    assert_int_equal(perform(curl), 201);
    free(body);
    total = 0;
    assert_int_equal(perform(handle(base, "/api/community/posts", &total)), 200);
    assert_true(total > LARGE);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    const int fd = socket(AF_INET6, SOCK_STREAM, 0);
    const bool good = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(fd);
    return good;
}

static void listens_on_ipv6(void **state)
{
    static const char *const args[] = {"--db", ":memory:", "--bind", "::1", NULL};
    char base[64];
    (void)state;
    if (!has_ipv6()) {
        skip();
    }
    struct backend backend = backend_start(args);
    (void)snprintf(base, sizeof(base), "http://[::1]:%d", backend.port);
    post_and_list(base);
    backend_stop(&backend);
}

/* 127.0.0.2 is this machine too: who listens to all addresses can be reached there. */
static void listens_on_loopback_alone(void **state)
{
    static const char *const args[] = {"--db", ":memory:", NULL};
    (void)state;
    struct backend backend = backend_start(args);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)backend.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_not_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
    backend_stop(&backend);
}

static void serves_rest_over_tls(void **state)
{
    const char *const args[] = {"--db", ":memory:", "--cert", cert, "--key", key, NULL};
    char base[64];
    (void)state;
    struct backend backend = backend_start(args);
    (void)snprintf(base, sizeof(base), "https://127.0.0.1:%d", backend.port);
    post_and_list(base);
    backend_stop(&backend);
}

/* Reads over TLS until `what` has come. */
static void await_bytes(CURL *curl, const void *what, size_t len)
{
    char data[4096];
    size_t have = 0;
    curl_socket_t fd = -1;
    (void)curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd);
    while (have < len || memmem(data, have, what, len) == NULL) {
        size_t got = 0;
        const CURLcode code = curl_easy_recv(curl, data + have, sizeof(data) - have, &got);
        if (code == CURLE_AGAIN) {
            struct pollfd ready = {fd, POLLIN, 0};
            assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        } else {
            assert_int_equal(code, CURLE_OK);
            assert_true(got > 0);
        }
        have += got;
    }
}

static void serves_the_socket_over_tls(void **state)
{
    static const char request[] =
        "GET /community/websocket?token=tok-alice&vsn=2.0.0 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        "\x81\xa5\0\0\0\0[null,\"1\",\"phoenix\",\"heartbeat\",null]";
    const char *const args[] = {"--db", ":memory:", "--cert", cert, "--key", key, NULL};
    const char reply[] = "[null,\"1\",\"phoenix\",\"phx_reply\"";
    char base[64];
    size_t total = 0;
    size_t sent = 0;
    (void)state;
    struct backend backend = backend_start(args);
    (void)snprintf(base, sizeof(base), "https://127.0.0.1:%d", backend.port);
    CURL *curl = handle(base, "/", &total);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    assert_int_equal(curl_easy_send(curl, request, sizeof(request) - 1, &sent), CURLE_OK);
    assert_int_equal(sent, sizeof(request) - 1);
    await_bytes(curl, reply, sizeof(reply) - 1);
    (void)kill(backend.pid, SIGTERM);
    await_bytes(curl, "\x88\x02\x03\xf4", 4);
    curl_easy_cleanup(curl);
    int status = 0;
    assert_int_equal(waitpid(backend.pid, &status, 0), backend.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void refuses_options_that_cannot_work(void **state)
{
    static const char *const lines[] = {
        "--port 99999",
        "--port x",
        "--nosuch",
        "extra",
        "--cert /nosuch",
        "--bind 203.0.113.9",
        "--idle-ms -1",
        "--db /nosuch/x.db",
        "--add-user Eve",
        "--add-user :t",
        "--cert /nosuch --key /nosuch",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char command[512];
        (void)snprintf(command, sizeof(command), "%s --port 0 --db :memory: %s >/dev/null 2>&1",
                       getenv("COMMUNITY_BACKEND"), lines[i]);
        const int status = system(command);
        if (!WIFEXITED(status) || WEXITSTATUS(status) < 1 || WEXITSTATUS(status) > 2) {
            fail_msg("%s: %d", lines[i], status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_on_ipv6),
        cmocka_unit_test(listens_on_loopback_alone),
        cmocka_unit_test(serves_rest_over_tls),
        cmocka_unit_test(serves_the_socket_over_tls),
        cmocka_unit_test(refuses_options_that_cannot_work),
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    const int failed = cmocka_run_group_tests(tests, make_certificate, remove_certificate);
    curl_global_cleanup();
    return failed;
}
