/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake: SHA-1 against FIPS 180-4's examples, the RFC's own exchange, and what
 * servers may and may not answer, byte by byte.
 */
#include "wire/websocket_handshake.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/alloc.h"
#include "wire/sha1.h"

#define ACCEPTED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

/* RFC 6455, 1.3. */
static phxi_websocket_request sample_request(void)
{
    phxi_websocket_request request = {.target = "/chat?a=b",
                                      .authority = "server.example.com:8000",
                                      .headers = "Origin: x\r\n",
                                      .subprotocols = "chat, superchat"};
    phxi_websocket_make_key((const uint8_t *)"the sample nonce", request.key);
    return request;
}

static void expect_sha1(const void *bytes, size_t length, const char *expected)
{
    uint8_t digest[PHXI_SHA1_BYTES];
    char text[2 * PHXI_SHA1_BYTES + 1];
    phxi_sha1(bytes, length, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(text, expected);
}

static void sha1(void **state)
{
    (void)state;
    static char many[1000000];
    memset(many, 'a', sizeof many);
    expect_sha1("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect_sha1("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    expect_sha1(many, sizeof many, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    /* Around the ends of blocks: 55 fit with their length, 56 and 64 do not. */
    expect_sha1(many, 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    expect_sha1(many, 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
    expect_sha1(many, 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

static void request(void **state)
{
    (void)state;
    phxi_websocket_request sample = sample_request();
    phxi_buffer out;
    phxi_buffer_init(&out, &phxi_default_allocator, 1000);
    assert_string_equal(sample.key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_int_equal(phxi_websocket_append_request(&out, &sample), PHX_OK);
    static const char expected[] =
        "GET /chat?a=b HTTP/1.1\r\nHost: server.example.com:8000\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
        "Origin: x\r\n\r\n";
    assert_bytes(out.data, out.length, expected, sizeof expected - 1);
    phxi_buffer_free(&out);
    sample.subprotocols = "";
    assert_int_equal(phxi_websocket_append_request(&out, &sample), PHX_OK);
    assert_null(memmem(out.data, out.length, "Protocol:", 9));
    phxi_buffer_free(&out);
    phxi_buffer_init(&out, &phxi_default_allocator, 100);
    assert_int_equal(phxi_websocket_append_request(&out, &sample), PHX_ERROR_TOO_LARGE);
    phxi_buffer_free(&out);
}

/* Byte by byte, in a block that ends where they do. */
static phx_status read_growing(const char *text, size_t text_length, phxi_websocket_answer *out,
                               size_t *out_read)
{
    phxi_websocket_request sample = sample_request();
    phx_status status = PHX_OK;
    for (size_t length = 0; length <= text_length; length++) {
        char *bytes = malloc(length + 1);
        assert_non_null(bytes);
        memcpy(bytes + 1, text, length); /* aligned to nothing */
        status = phxi_websocket_read_answer(&sample, bytes + 1, length, out);
        free(bytes);
        *out_read = length;
        if (status != PHX_OK || out->head_length > 0) {
            break;
        }
    }
    phx_status whole = phxi_websocket_read_answer(&sample, text, text_length, out);
    assert_int_equal(whole, status);
    return status;
}

static void expect_answer(const char *text, phx_status expected, int http_status)
{
    phxi_websocket_answer answer;
    size_t count = 0;
    phx_status status = read_growing(text, strlen(text), &answer, &count);
    if (status != expected || (status == PHX_OK && answer.http_status != http_status) ||
        (status != PHX_OK) != (answer.fault != NULL)) {
        fail_msg("%s (%s): %s", phx_status_name(status), answer.fault, text);
    }
}

static void accepted(void **state)
{
    (void)state;
    expect_answer(UPGRADED ACCEPTED "\r\n", PHX_OK, 101);
    expect_answer("HTTP/1.1 101\r\nupgrade:WebSocket\r\nconnection: keep-alive , UPGRADE\r\n"
                  "sec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=  \r\n\r\n",
                  PHX_OK, 101);
    expect_answer(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" UPGRADED ACCEPTED
        "\r\n",
        PHX_OK, 101);
    expect_answer(UPGRADED ACCEPTED "Sec-WebSocket-Extensions:\r\n\r\n", PHX_OK, 101);
    phxi_websocket_answer answer;
    size_t count = 0;
    const char with_frames[] =
        UPGRADED ACCEPTED "Sec-WebSocket-Protocol: superchat\r\n\r\n\x81\0\x01";
    assert_int_equal(read_growing(with_frames, sizeof with_frames - 1, &answer, &count), PHX_OK);
    assert_int_equal(answer.head_length, sizeof with_frames - 4);
    assert_int_equal(count, sizeof with_frames - 4); /* as soon as it is whole */
    assert_slice(answer.subprotocol, "superchat");
}

static void refused(void **state)
{
    (void)state;
    phxi_websocket_answer answer;
    size_t count = 0;
    const char text[] = "HTTP/1.0 503 Busy\r\nRetry-After:  120 \r\nContent-Length: 4\r\n\r\nbusy";
    assert_int_equal(read_growing(text, sizeof text - 1, &answer, &count), PHX_OK);
    assert_int_equal(answer.http_status, 503);
    assert_slice(answer.retry_after, "120");
    assert_true(answer.has_body_length);
    assert_int_equal(answer.body_length, 4);
    assert_string_equal(text + answer.head_length, "busy");
    expect_answer("HTTP/1.1 403 Forbidden\r\n\r\n", PHX_OK, 403);
    expect_answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", PHX_OK, 200);
    assert_false(answer.fault != NULL);
}

static void wrong(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        UPGRADED "\r\n",
        UPGRADED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n\r\n",
        UPGRADED "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n\r\n",
        UPGRADED ACCEPTED ACCEPTED "\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPTED "\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: close\r\n" ACCEPTED "\r\n",
        UPGRADED ACCEPTED "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        UPGRADED ACCEPTED "Sec-WebSocket-Protocol: other\r\n\r\n",
        UPGRADED ACCEPTED "Sec-WebSocket-Protocol: Chat\r\n\r\n",
        UPGRADED ACCEPTED "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        UPGRADED ACCEPTED "no header\r\n\r\n",
        UPGRADED ACCEPTED ": empty\r\n\r\n",
        UPGRADED ACCEPTED " folded: line\r\n\r\n",
        UPGRADED ACCEPTED "space : before\r\n\r\n",
        UPGRADED ACCEPTED "bare: line\n\r\n",
        UPGRADED ACCEPTED "bare: re\rturn\r\n\r\n",
        UPGRADED ACCEPTED "control: \x01\r\n\r\n",
        "HTTP/2 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 10 Switching Protocols\r\n\r\n",
        "HTTP/1.1 1010 Switching Protocols\r\n\r\n",
        "http/1.1 101 Switching Protocols\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x15\x03\x01",
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        expect_answer(answers[i], PHX_ERROR_PROTOCOL, 0);
    }
    /* What is no HTTP is seen at its first byte. */
    phxi_websocket_answer answer;
    size_t count = 0;
    assert_int_equal(read_growing("SSH", 3, &answer, &count), PHX_ERROR_PROTOCOL);
    assert_int_equal(count, 1);
}

/* Whatever is cut off or changed in a right answer, nothing is read beyond it. */
static void damaged(void **state)
{
    (void)state;
    static const char right[] = UPGRADED ACCEPTED "\r\n";
    phxi_websocket_request sample = sample_request();
    for (size_t at = 0; at < sizeof right - 1; at++) {
        for (int byte = 0; byte < 256; byte += 5) {
            char *bytes = malloc(sizeof right - 1);
            phxi_websocket_answer answer;
            assert_non_null(bytes);
            memcpy(bytes, right, sizeof right - 1);
            bytes[at] = (char)byte;
            phx_status status =
                phxi_websocket_read_answer(&sample, bytes, sizeof right - 1, &answer);
            assert_true(status == PHX_OK || status == PHX_ERROR_PROTOCOL);
            assert_true(answer.head_length <= sizeof right - 1);
            free(bytes);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1),    cmocka_unit_test(request), cmocka_unit_test(accepted),
        cmocka_unit_test(refused), cmocka_unit_test(wrong),   cmocka_unit_test(damaged),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
