/* SPDX-License-Identifier: MIT */
/*
 * A proxy's answer to a CONNECT, as it grows byte by byte: unfinished until its empty line has
 * come, a tunnel only behind exactly "HTTP/1.x 2xx" and nothing more, and a verdict that was given
 * stays one.
 */
#include <ctype.h>

#include "fuzz.h"
#include "lws/proxy_answer.h"

/* The status, if the line begins as it should. */
static int status_of(const char *line)
{
    bool is_http = strncmp(line, "HTTP/1.", 7) == 0 && line[7] != '\0' && line[8] == ' ';
    if (!is_http || !isdigit((unsigned char)line[9]) || !isdigit((unsigned char)line[10]) ||
        !isdigit((unsigned char)line[11])) {
        return 0;
    }
    return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

static void check(const char *answer, size_t length, phxi_proxy_verdict verdict, int http_status)
{
    const char *end = strstr(answer, "\r\n\r\n");
    size_t head = end == NULL ? 0 : (size_t)(end - answer) + 4;
    int expected = end == NULL ? 0 : status_of(answer);
    switch (verdict) {
    case PHXI_PROXY_UNFINISHED:
        FUZZ_CHECK(end == NULL && strlen(answer) == length);
        break;
    case PHXI_PROXY_UP:
        FUZZ_CHECK(expected / 100 == 2 && head == length && http_status == expected);
        break;
    case PHXI_PROXY_REFUSED:
        FUZZ_CHECK(expected >= 100 && expected / 100 != 2 && http_status == expected);
        break;
    case PHXI_PROXY_SAID_MORE:
        FUZZ_CHECK(expected / 100 == 2 && head < length);
        break;
    case PHXI_PROXY_NOT_HTTP:
        FUZZ_CHECK(end == NULL ? strlen(answer) < length : expected < 100);
        break;
    }
    FUZZ_CHECK(verdict == PHXI_PROXY_UP || verdict == PHXI_PROXY_REFUSED || http_status == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t longest = size < 512 ? size : 512;
    phxi_proxy_verdict before = PHXI_PROXY_UNFINISHED;
    for (size_t length = 0; length <= longest; length++) {
        char *answer = fuzz_copy_text(data, length);
        int http_status = -1;
        phxi_proxy_verdict verdict = phxi_proxy_answer_read(answer, length, &http_status);
        check(answer, length, verdict, http_status);
        bool may_change = before == PHXI_PROXY_UNFINISHED ||
                          (before == PHXI_PROXY_UP && verdict == PHXI_PROXY_SAID_MORE);
        FUZZ_CHECK(may_change || verdict == before);
        before = verdict;
        free(answer);
    }
    return 0;
}
