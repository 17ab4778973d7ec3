/* SPDX-License-Identifier: MIT */
/*
 * The resolver. A look-up is shared by the loop and its thread: whoever lets go last frees it, so
 * neither waits for the other. A thread may therefore outlive the loop and its allocator: what it
 * touches comes from malloc, and the loop only as long as the look-up is not cancelled.
 */
#include "posix/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    STACK_BYTES = 256 * 1024
};

/* Counts threads; outlives the resolver as long as one of them runs. */
typedef struct lookup_count {
    pthread_mutex_t lock;
    unsigned references; /* the resolver and each thread */
} lookup_count;

struct phxi_resolver {
    phx_loop *loop;
    lookup_count *count;
};

struct phxi_lookup {
    phx_loop_task task;
    pthread_mutex_t lock;
    phx_loop *loop; /* under the lock; NULL: cancelled */
    unsigned references;
    lookup_count *count;
    phxi_resolved_fn fn;
    void *user_data;
    int error; /* of getaddrinfo */
    phxi_addresses addresses;
    char host[];
};

static void release_count(lookup_count *count)
{
    pthread_mutex_lock(&count->lock);
    bool is_last = --count->references == 0;
    pthread_mutex_unlock(&count->lock);
    if (is_last) {
        (void)pthread_mutex_destroy(&count->lock);
        free(count);
    }
}

static bool take_count(lookup_count *count)
{
    pthread_mutex_lock(&count->lock);
    bool has_room = count->references <= PHXI_MAX_LOOKUPS;
    count->references += has_room ? 1 : 0;
    pthread_mutex_unlock(&count->lock);
    return has_room;
}

static void release_lookup(phxi_lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    bool is_last = --lookup->references == 0;
    pthread_mutex_unlock(&lookup->lock);
    if (is_last) {
        (void)pthread_mutex_destroy(&lookup->lock);
        free(lookup);
    }
}

static void keep_addresses(phxi_addresses *addresses, const struct addrinfo *found)
{
    for (; found != NULL && addresses->count < PHXI_MAX_ADDRESSES; found = found->ai_next) {
        if (getnameinfo(found->ai_addr, found->ai_addrlen, addresses->text[addresses->count],
                        PHXI_ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) == 0) {
            addresses->count++;
        }
    }
}

static void *look_up(void *argument)
{
    phxi_lookup *lookup = argument;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(lookup->host, NULL, &hints, &found);
    if (error == 0) {
        keep_addresses(&lookup->addresses, found);
        freeaddrinfo(found);
    }
    lookup->error = error;
    pthread_mutex_lock(&lookup->lock);
    /* A full queue loses the answer: the look-up then looks as if it hung, and ends by its owner's
     * time-out. */
    bool is_posted = lookup->loop != NULL && phx_loop_post(lookup->loop, &lookup->task) == PHX_OK;
    lookup->references += is_posted ? 1 : 0;
    pthread_mutex_unlock(&lookup->lock);
    release_count(lookup->count);
    release_lookup(lookup);
    return NULL;
}

static void drop_answer(void *user_data)
{
    release_lookup(user_data);
}

static void hand_over(void *user_data)
{
    phxi_lookup *lookup = user_data;
    pthread_mutex_lock(&lookup->lock);
    bool is_wanted = lookup->loop != NULL;
    lookup->loop = NULL;
    lookup->references -= is_wanted ? 1 : 0; /* the owner's: it may not cancel any more */
    pthread_mutex_unlock(&lookup->lock);
    if (is_wanted) {
        bool is_found = lookup->error == 0 && lookup->addresses.count > 0;
        lookup->fn(lookup->user_data,
                   is_found                      ? PHX_OK
                   : lookup->error == EAI_MEMORY ? PHX_ERROR_NO_MEMORY
                                                 : PHX_ERROR_NAME_NOT_FOUND,
                   &lookup->addresses,
                   lookup->error == 0 ? "it has no address" : gai_strerror(lookup->error));
    }
    release_lookup(lookup);
}

void phxi_lookup_cancel(phxi_lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    lookup->loop = NULL;
    pthread_mutex_unlock(&lookup->lock);
    release_lookup(lookup);
}

/* The signals of the process are the host program's business: none is handled on this thread. */
static int start_detached(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t previous;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &previous);
    error = pthread_create(&thread, &attributes, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &previous, NULL);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

static phxi_lookup *new_lookup(phxi_resolver *resolver, const char *host)
{
    size_t size = strlen(host) + 1;
    phxi_lookup *lookup = calloc(1, sizeof *lookup + size);
    if (lookup == NULL || pthread_mutex_init(&lookup->lock, NULL) != 0) {
        free(lookup);
        return NULL;
    }
    memcpy(lookup->host, host, size);
    lookup->task = (phx_loop_task){.user_data = lookup, .run = hand_over, .drop = drop_answer};
    lookup->loop = resolver->loop;
    lookup->count = resolver->count;
    lookup->references = 2; /* the owner's and the thread's */
    return lookup;
}

phx_status phxi_resolve(phxi_resolver *resolver, const char *host, phxi_resolved_fn fn,
                        void *user_data, phxi_lookup **out_lookup)
{
    *out_lookup = NULL;
    if (!take_count(resolver->count)) {
        return PHX_ERROR_QUEUE_FULL;
    }
    phxi_lookup *lookup = new_lookup(resolver, host);
    if (lookup == NULL) {
        release_count(resolver->count);
        return PHX_ERROR_NO_MEMORY;
    }
    lookup->fn = fn;
    lookup->user_data = user_data;
    if (start_detached(look_up, lookup) != 0) {
        lookup->references = 1;
        release_lookup(lookup);
        release_count(resolver->count);
        return PHX_ERROR_SYSTEM;
    }
    *out_lookup = lookup;
    return PHX_OK;
}

bool phxi_is_numeric_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

phxi_resolver *phxi_resolver_new(phx_loop *loop)
{
    phxi_resolver *resolver = calloc(1, sizeof *resolver);
    lookup_count *count = calloc(1, sizeof *count);
    if (resolver == NULL || count == NULL || pthread_mutex_init(&count->lock, NULL) != 0) {
        free(resolver);
        free(count);
        return NULL;
    }
    count->references = 1;
    resolver->loop = loop;
    resolver->count = count;
    return resolver;
}

void phxi_resolver_free(phxi_resolver *resolver)
{
    if (resolver != NULL) {
        release_count(resolver->count);
        free(resolver);
    }
}
