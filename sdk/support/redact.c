/* SPDX-License-Identifier: MIT */
/*
 * Redaction of URLs.
 */
#include "support/redact.h"

#include <stdio.h>
#include <string.h>

const char *phxi_redact_url(const char *url, char *out, size_t capacity)
{
    size_t end = strcspn(url, "?#");
    const char *authority = strstr(url, "://");
    size_t prefix =
        authority != NULL && (size_t)(authority - url) < end ? (size_t)(authority - url) + 3 : 0;
    size_t authority_end = prefix + strcspn(url + prefix, "/?#");
    size_t host = prefix;
    for (size_t i = prefix; i < authority_end; i++) {
        if (url[i] == '@') {
            host = i + 1;
        }
    }
    (void)snprintf(out, capacity, "%.*s%.*s%s", (int)prefix, url, (int)(end - host), url + host,
                   url[end] == '\0' ? "" : "?...");
    return out;
}
