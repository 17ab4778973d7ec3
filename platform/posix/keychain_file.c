/* SPDX-License-Identifier: MIT */
/*
 * A keychain in a file of its own. Who may read the file is asked of the open descriptor and not of
 * the path, so that nobody can swap the file in between. A new token goes into a temporary file
 * beside it that is renamed over it: at any moment the path holds the whole old token or the whole
 * new one.
 */
#include <phx/keychain.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/token_text.h"
#include "support/alloc.h"

/* Room for white space behind the longest token. */
enum {
    MAX_FILE_BYTES = PHX_MAX_TOKEN_BYTES + 16,
    OTHERS_ACCESS = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH
};

typedef struct file_keychain {
    phx_keychain port;
    char path[];
} file_keychain;

/* PHX_OK and the descriptor, which is then the caller's. O_NONBLOCK: a FIFO must not stop the loop.
 */
static phx_status open_private(const char *path, int *out_fd)
{
    *out_fd = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        bool is_missing = errno == ENOENT || errno == ENOTDIR;
        return is_missing       ? PHX_ERROR_NO_TOKEN
               : errno == ELOOP ? PHX_ERROR_KEYCHAIN_PERMISSIONS
                                : PHX_ERROR_KEYCHAIN;
    }
    struct stat info;
    phx_status status = PHX_OK;
    if (fstat(fd, &info) != 0) {
        status = PHX_ERROR_KEYCHAIN;
    } else if (!S_ISREG(info.st_mode) || (info.st_mode & OTHERS_ACCESS) != 0 ||
               (info.st_uid != geteuid() && info.st_uid != 0)) {
        status = PHX_ERROR_KEYCHAIN_PERMISSIONS;
    } else if (info.st_size > MAX_FILE_BYTES) {
        status = PHX_ERROR_TOO_LARGE;
    }
    if (status != PHX_OK) {
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    return PHX_OK;
}

/* Reads to the end, or until the buffer is full. Negative: it failed. */
static ssize_t read_all(int fd, char *bytes, size_t capacity)
{
    size_t length = 0;
    while (length < capacity) {
        ssize_t got = read(fd, bytes + length, capacity - length);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

static phx_status read_file(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                            size_t *out_length)
{
    const file_keychain *keychain = user_data;
    (void)is_refresh;
    *out_length = 0;
    int fd = -1;
    phx_status status = open_private(keychain->path, &fd);
    if (status != PHX_OK) {
        return status;
    }
    char text[MAX_FILE_BYTES];
    ssize_t length = read_all(fd, text, sizeof text);
    (void)close(fd);
    status = length < 0 ? PHX_ERROR_KEYCHAIN
                        : phxi_token_copy(text, (size_t)length, buffer, capacity, out_length);
    phxi_wipe(text, sizeof text);
    return status;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
        }
    }
    return true;
}

/* Makes a rename or an unlink durable. Its failure is not reported: what it would make durable has
 * happened, and the file system, not the caller, decides whether it survives a power cut. */
static void sync_directory(const char *path)
{
    char *directory = strdup(path);
    if (directory == NULL) {
        return;
    }
    char *slash = strrchr(directory, '/');
    if (slash != NULL) {
        slash[slash == directory ? 1 : 0] = '\0';
    }
    int fd = open(slash != NULL ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(directory);
}

/* mkostemp makes it with mode 0600. */
static bool write_temporary(int fd, const char *token, size_t length)
{
    bool is_written = write_all(fd, token, length) && write_all(fd, "\n", 1) && fsync(fd) == 0;
    return close(fd) == 0 && is_written;
}

static phx_status write_file(void *user_data, const char *token, size_t length)
{
    const file_keychain *keychain = user_data;
    if (length > PHX_MAX_TOKEN_BYTES) {
        return PHX_ERROR_TOO_LARGE;
    }
    if (length == 0 || !phxi_token_is_clean(token, length)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    size_t size = strlen(keychain->path) + sizeof ".XXXXXX";
    char *temporary = malloc(size);
    if (temporary == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    (void)snprintf(temporary, size, "%s.XXXXXX", keychain->path);
    phx_status status = PHX_ERROR_IO;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd >= 0) {
        if (write_temporary(fd, token, length) && rename(temporary, keychain->path) == 0) {
            sync_directory(keychain->path);
            status = PHX_OK;
        } else {
            (void)unlink(temporary);
        }
    }
    free(temporary);
    return status;
}

static phx_status erase_file(void *user_data)
{
    const file_keychain *keychain = user_data;
    if (unlink(keychain->path) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? PHX_OK : PHX_ERROR_IO;
    }
    sync_directory(keychain->path);
    return PHX_OK;
}

const phx_keychain *phx_keychain_file(const char *path)
{
    size_t size = strlen(path) + 1;
    file_keychain *keychain = malloc(sizeof *keychain + size);
    if (keychain == NULL) {
        return NULL;
    }
    keychain->port = (phx_keychain){
        .struct_size = (uint32_t)sizeof(phx_keychain),
        .user_data = keychain,
        .read = read_file,
        .write = write_file,
        .erase = erase_file,
        .release = free,
    };
    memcpy(keychain->path, path, size);
    return &keychain->port;
}
