/* SPDX-License-Identifier: MIT */
/*
 * A file for the recording of a client's connection.
 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include <community/client.h>

#include <stdio.h>

enum {
    RECORD_BYTES = 1024 * 1024
};

/* Opened before there is anything to write, so that a wrong name is known at once. NULL: said. */
FILE *record_open(const char *path);
/* Nothing will come. NULL does nothing. */
void record_discard(FILE *file);
/* Writes what the client recorded. False: it could not be written, which is said. */
bool record_close(FILE *file, community_client *client, const char *path);

#endif
