/* SPDX-License-Identifier: MIT */
/*
 * Names and messages of statuses, from the one table in phx/status.h.
 */
#include <phx/status.h>

typedef struct status_text {
    phx_status status;
    bool is_retryable;
    const char *name;
    const char *message;
} status_text;

static const status_text texts[] = {
#define STATUS_TEXT(name, number, retryable, message) \
    {number, (retryable) != 0, "PHX_" #name, message},
    PHX_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
};

static const status_text *find(phx_status status)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].status == status) {
            return &texts[i];
        }
    }
    return NULL;
}

const char *phx_status_name(phx_status status)
{
    const status_text *text = find(status);
    return text == NULL ? "PHX_UNKNOWN" : text->name;
}

const char *phx_status_message(phx_status status)
{
    const status_text *text = find(status);
    return text == NULL ? "unknown status" : text->message;
}

bool phx_status_is_retryable(phx_status status)
{
    const status_text *text = find(status);
    return text != NULL && text->is_retryable;
}

const char *phx_version(void)
{
    return PHX_VERSION;
}
