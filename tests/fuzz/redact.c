/* SPDX-License-Identifier: MIT */
/*
 * URLs in logs: whatever stands behind '?' or '#', or before an '@' of the authority, is not there
 * any more; what is left is a part of the URL, in order, within its bounds.
 */
#include "support/redact.h"
#include "fuzz.h"

/* Whether `text` is what `url` gives when some of its characters are left out. */
static bool is_subsequence(const char *text, size_t length, const char *url)
{
    for (size_t i = 0; i < length; i++, url++) {
        url = strchr(url, text[i]);
        if (url == NULL) {
            return false;
        }
    }
    return true;
}

static void check(const char *url, size_t capacity, const char *whole)
{
    static const char mark[] = "?...";
    char *out = malloc(capacity);
    FUZZ_CHECK(out != NULL);
    FUZZ_CHECK(phxi_redact_url(url, out, capacity) == out);
    size_t length = strnlen(out, capacity);
    FUZZ_CHECK(length < capacity);
    if (whole != NULL) {
        FUZZ_CHECK(strncmp(out, whole, capacity - 1) == 0);
        free(out);
        return;
    }
    size_t shown = strcspn(url, "?#");
    bool is_marked = url[shown] != '\0';
    size_t marked = is_marked ? sizeof mark - 1 : 0;
    FUZZ_CHECK(length >= marked && length <= shown + marked);
    FUZZ_CHECK(!is_marked || strcmp(out + length - marked, mark) == 0);
    FUZZ_CHECK(is_subsequence(out, length - marked, url));
    FUZZ_CHECK(strcspn(out, "?#") == length - marked);
    /* No user information: in what would be read as an authority is no '@'. */
    const char *authority = strstr(out, "://");
    authority = authority != NULL && authority < out + length - marked ? authority + 3 : out;
    FUZZ_CHECK(memchr(authority, '@', strcspn(authority, "/?#")) == NULL);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length = strnlen((const char *)data, size);
    char *url = fuzz_copy_text(data, length);
    size_t room = length + sizeof "?...";
    char *whole = malloc(room);
    FUZZ_CHECK(whole != NULL);
    check(url, room, NULL);
    (void)phxi_redact_url(url, whole, room);
    check(url, 1, whole);
    check(url, 1 + length / 2, whole);
    free(whole);
    free(url);
    return 0;
}
