/* SPDX-License-Identifier: MIT */
/*
 * A server's answer to a WebSocket upgrade: the verdict on it does not depend on how much of what
 * follows its head is there, a verdict once given stays, and only an answer with the right proof is
 * a WebSocket.
 */
#include "fuzz.h"
#include "wire/websocket_handshake.h"

static const char proof[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    phxi_websocket_request request = {
        .target = "/", .authority = "h", .headers = "", .subprotocols = "chat, superchat"};
    phxi_websocket_answer whole;
    phxi_websocket_make_key((const uint8_t *)"the sample nonce", request.key);
    uint8_t *bytes = fuzz_copy(data, size);
    phx_status status = phxi_websocket_read_answer(&request, bytes, size, &whole);
    FUZZ_CHECK(status == PHX_OK || status == PHX_ERROR_PROTOCOL);
    FUZZ_CHECK((whole.fault != NULL) == (status != PHX_OK));
    FUZZ_CHECK(whole.head_length <= size);
    FUZZ_CHECK(fuzz_is_within(whole.subprotocol, bytes, size));
    FUZZ_CHECK(fuzz_is_within(whole.retry_after, bytes, size));
    if (status == PHX_OK && whole.head_length > 0 && whole.http_status == 101) {
        FUZZ_CHECK(memmem(bytes, whole.head_length, proof, sizeof proof - 1) != NULL);
        FUZZ_CHECK(whole.subprotocol.length == 0 || whole.subprotocol.length == 4 ||
                   whole.subprotocol.length == 9);
    }
    bool is_judged = false;
    for (size_t length = 0; length <= size && size < 2000; length++) {
        phxi_websocket_answer part;
        uint8_t *start = fuzz_copy(data, length);
        phx_status said = phxi_websocket_read_answer(&request, start, length, &part);
        bool is_final = said != PHX_OK || part.head_length > 0;
        FUZZ_CHECK(!is_judged || is_final);
        FUZZ_CHECK(!is_final || said == status);
        FUZZ_CHECK(
            !is_final || said != PHX_OK ||
            (part.head_length == whole.head_length && part.http_status == whole.http_status));
        is_judged = is_final;
        free(start);
    }
    free(bytes);
    return 0;
}
