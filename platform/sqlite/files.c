/* SPDX-License-Identifier: MIT */
/*
 * The write-ahead log goes before the database: a log that is left alone would be replayed into the
 * next database of this name.
 */
#include "sqlite/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_SET_ASIDE = 3,
    CHUNK_BYTES = 4096,
    OTHERS_ACCESS = S_IRWXG | S_IRWXO
};
static const char *const suffixes[] = {"-wal", "-shm", "-journal", ""};
#define SUFFIX_COUNT (sizeof suffixes / sizeof suffixes[0])

typedef struct file_name {
    char text[PATH_MAX];
} file_name;

/* number 0: of the database in use. False: too long. */
static bool make_name(file_name *out, const char *path, int number, const char *suffix)
{
    int length = number == 0 ? snprintf(out->text, sizeof out->text, "%s%s", path, suffix)
                             : snprintf(out->text, sizeof out->text, "%s.damaged-%d%s", path,
                                        number, suffix);
    return length > 0 && (size_t)length < sizeof out->text;
}

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 || errno != ENOENT;
}

phx_status communityi_files_prepare(const char *path)
{
    struct stat info;
    file_name longest;
    if (!make_name(&longest, path, MAX_SET_ASIDE, "-journal")) {
        return PHX_ERROR_IO;
    }
    if (lstat(path, &info) != 0) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd >= 0 && close(fd) == 0 ? PHX_OK : PHX_ERROR_IO;
    }
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid()) {
        return PHX_ERROR_IO;
    }
    return (info.st_mode & OTHERS_ACCESS) == 0 || chmod(path, 0600) == 0 ? PHX_OK : PHX_ERROR_IO;
}

static bool overwrite(int fd)
{
    static const char zeroes[CHUNK_BYTES];
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    off_t left = info.st_size;
    while (left > 0) {
        ssize_t put = write(fd, zeroes, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        left -= put > 0 ? put : 0;
    }
    return fsync(fd) == 0;
}

static bool erase(const char *path)
{
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return true;
    }
    bool is_done = fd >= 0 && overwrite(fd);
    if (fd >= 0) {
        is_done = close(fd) == 0 && is_done;
    }
    return (unlink(path) == 0 || errno == ENOENT) && is_done;
}

static bool erase_number(const char *path, int number)
{
    bool is_done = true;
    for (size_t i = 0; i < SUFFIX_COUNT; i++) {
        file_name name;
        is_done = make_name(&name, path, number, suffixes[i]) && erase(name.text) && is_done;
    }
    return is_done;
}

static bool rename_all(const char *path, int number)
{
    for (size_t i = 0; i < SUFFIX_COUNT; i++) {
        file_name from;
        file_name to;
        if (!make_name(&from, path, 0, suffixes[i]) || !make_name(&to, path, number, suffixes[i])) {
            return false;
        }
        if (rename(from.text, to.text) != 0 && errno != ENOENT) {
            return false;
        }
    }
    return true;
}

phx_status communityi_files_set_aside(const char *path)
{
    for (int number = 1; number <= MAX_SET_ASIDE; number++) {
        file_name name;
        if (make_name(&name, path, number, "") && !exists(name.text)) {
            return rename_all(path, number) ? PHX_OK : PHX_ERROR_IO;
        }
    }
    return erase_number(path, 0) ? PHX_OK : PHX_ERROR_IO;
}

phx_status communityi_files_erase(const char *path)
{
    bool is_done = true;
    for (int number = MAX_SET_ASIDE; number >= 0; number--) {
        is_done = erase_number(path, number) && is_done;
    }
    return is_done ? PHX_OK : PHX_ERROR_IO;
}
