/* SPDX-License-Identifier: MIT */
/*
 * See record.h.
 */
#include "record.h"

#include <errno.h>
#include <string.h>

FILE *record_open(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        fprintf(stderr, "community: --record: %s cannot be written: %s\n", path, strerror(errno));
    }
    return file;
}

void record_discard(FILE *file)
{
    if (file != NULL) {
        (void)fclose(file);
    }
}

static phx_status write_part(void *user_data, const uint8_t *data, size_t length)
{
    return fwrite(data, 1, length, user_data) == length ? PHX_OK : PHX_ERROR_SYSTEM;
}

bool record_close(FILE *file, community_client *client, const char *path)
{
    phx_status status = community_client_dump_recording(client, write_part, file);
    if (fclose(file) != 0 && status == PHX_OK) {
        status = PHX_ERROR_SYSTEM;
    }
    if (status != PHX_OK) {
        fprintf(stderr, "community: --record: %s could not be written: %s\n", path,
                status == PHX_ERROR_SYSTEM ? strerror(errno) : phx_status_message(status));
    }
    return status == PHX_OK;
}
