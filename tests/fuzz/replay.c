/* SPDX-License-Identifier: MIT */
/*
 * The main function of a fuzz target where libFuzzer is not linked: runs every file that it is
 * given, and every file of every folder. Its last line is "N inputs". A file that fails is named
 * before the process dies.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t run_count;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        perror(path);
        exit(1);
    }
    size_t length = (size_t)status.st_size;
    /* Of exactly its size. */
    uint8_t *data = malloc(length > 0 ? length : 1);
    if (data == NULL || fread(data, 1, length, file) != length) {
        perror(path);
        exit(1);
    }
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, length);
    free(data);
    run_count++;
}

static void run_folder(const char *path, DIR *folder)
{
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char inner[4096];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof inner) {
            run_file(inner);
        }
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            run_file(argv[i]);
        } else {
            run_folder(argv[i], folder);
            closedir(folder);
        }
    }
    printf("%zu inputs\n", run_count);
    return 0;
}
