/* SPDX-License-Identifier: MIT */
/*
 * malloc on top of glibc's own, with a table of what is held beside it. Who asked is the file that
 * the return address lies in.
 */
#include "heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum {
    SLOTS = 1 << 22, /* a power of two; more than can ever be held here */
    MAX_LIBRARIES = 64
};

/* What glibc exports beside malloc and its kin for those who replace them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

typedef struct held {
    void *block; /* NULL: a free slot */
    const void *caller;
    size_t size;
} held;

static held slots[SLOTS];
static uint64_t allocations;
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void enter(void)
{
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {
    }
}

static void leave(void)
{
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

static size_t home_of(const void *block)
{
    return (size_t)(((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 20) % SLOTS;
}

static size_t slot_of(const void *block)
{
    size_t slot = home_of(block);
    while (slots[slot].block != NULL && slots[slot].block != block) {
        slot = (slot + 1) % SLOTS;
    }
    return slot;
}

static void *note(void *block, size_t size, const void *caller)
{
    enter();
    allocations++;
    if (block != NULL) {
        slots[slot_of(block)] = (held){block, caller, size};
    }
    leave();
    return block;
}

/* Those behind a slot that became free move up, so that no search ends too early. */
static void forget(const void *block)
{
    enter();
    size_t hole = slot_of(block);
    if (slots[hole].block != NULL) {
        slots[hole].block = NULL;
        for (size_t i = (hole + 1) % SLOTS; slots[i].block != NULL; i = (i + 1) % SLOTS) {
            size_t distance = (i - home_of(slots[i].block)) % SLOTS;
            if (distance >= (i - hole) % SLOTS) {
                slots[hole] = slots[i];
                slots[i].block = NULL;
                hole = i;
            }
        }
    }
    leave();
}

void *malloc(size_t size)
{
    return note(__libc_malloc(size), size, __builtin_return_address(0));
}

void *calloc(size_t count, size_t size)
{
    return note(__libc_calloc(count, size), count * size, __builtin_return_address(0));
}

void *realloc(void *block, size_t size)
{
    /* Forgotten first: once it is free, another thread may be given the same address. */
    size_t old_size = malloc_usable_size(block);
    forget(block);
    void *moved = __libc_realloc(block, size);
    if (moved == NULL && size > 0 && block != NULL) {
        (void)note(block, old_size, __builtin_return_address(0));
        return NULL;
    }
    return note(moved, size, __builtin_return_address(0));
}

void free(void *block)
{
    if (block != NULL) {
        forget(block);
        __libc_free(block);
    }
}

void *memalign(size_t alignment, size_t size)
{
    return note(__libc_memalign(alignment, size), size, __builtin_return_address(0));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return note(__libc_memalign(alignment, size), size, __builtin_return_address(0));
}

int posix_memalign(void **out_block, size_t alignment, size_t size)
{
    *out_block = note(__libc_memalign(alignment, size), size, __builtin_return_address(0));
    return *out_block == NULL ? ENOMEM : 0;
}

uint64_t heap_allocations(void)
{
    return allocations;
}

typedef struct library {
    const char *name;
    uint64_t bytes;
} library;

static const char *library_of(const void *address)
{
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL) {
        return "unknown";
    }
    const char *slash = strrchr(info.dli_fname, '/');
    return slash == NULL ? info.dli_fname : slash + 1;
}

static int by_size(const void *a, const void *b)
{
    uint64_t left = ((const library *)a)->bytes;
    uint64_t right = ((const library *)b)->bytes;
    return (left < right) - (left > right);
}

void heap_each_library(void (*each)(void *context, const char *name, uint64_t bytes), void *context)
{
    library libraries[MAX_LIBRARIES];
    size_t count = 0;
    for (size_t slot = 0; slot < SLOTS; slot++) {
        if (slots[slot].block == NULL) {
            continue;
        }
        const char *name = library_of(slots[slot].caller);
        size_t i = 0;
        while (i < count && strcmp(libraries[i].name, name) != 0) {
            i++;
        }
        bench_check(i < MAX_LIBRARIES);
        if (i == count) {
            libraries[count++] = (library){name, 0};
        }
        libraries[i].bytes += slots[slot].size;
    }
    qsort(libraries, count, sizeof *libraries, by_size);
    for (size_t i = 0; i < count; i++) {
        each(context, libraries[i].name, libraries[i].bytes);
    }
}
