/* SPDX-License-Identifier: MIT */
/*
 * A TCP relay that does to connections what networks do to them.
 *   relay TARGET_ADDRESS TARGET_PORT SEED
 * Listens on a free port of every address, IPv4 and IPv6, and prints "listening PORT". Commands
 * come on stdin, a line each; each is answered with one line, "ok..." or "error...":
 *
 *   set up|down|both [delay=MS] [jitter=MS] [merge=MS] [rate=BYTES] [cut=BYTES] [silent=1]
 *       what happens to the bytes of every connection from now on; what is not named is off
 *   mute up|down|both
 *       the connections that there are now carry nothing that way any more; new ones do
 *   reset
 *       ends every connection with RST on both sides
 *   stats
 *       the counters
 *
 * "up" is towards the target. The end of stdin ends the relay.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "link.h"

enum {
    MAX_LINKS = 64,
    COMMAND_BYTES = 256
};

struct relay {
    struct addrinfo *target;
    int listener;
    struct relay_rules rules;
    struct link *links[MAX_LINKS];
    size_t count;
    char command[COMMAND_BYTES];
    size_t command_length;
    uint64_t accepted;
    uint64_t resets;
    uint64_t now_us;
    bool is_over;
};

static struct relay self;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t clock_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* --- links --- */

static void prepare(int fd)
{
    const int on = 1;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        die("a socket");
    }
}

static int connect_to_target(void)
{
    int fd = socket(self.target->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        die("socket");
    }
    prepare(fd);
    if (connect(fd, self.target->ai_addr, self.target->ai_addrlen) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void accept_link(void)
{
    int client = accept4(self.listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) {
        return;
    }
    prepare(client);
    self.accepted++;
    int target = connect_to_target();
    if (target < 0) {
        self.rules.refused++;
        (void)close(client);
        return;
    }
    self.links[self.count++] = link_new(&self.rules, client, target);
}

static void drop_link(size_t index, bool with_reset)
{
    link_free(self.links[index], with_reset);
    self.count--;
    self.links[index] = self.links[self.count];
}

/* --- commands --- */

/* UP, DOWN, or WAYS for both; -1: it is none. */
static int way_of(const char *name)
{
    static const char *const names[] = {"up", "down", "both"};
    for (int way = UP; way <= WAYS; way++) {
        if (name != NULL && strcmp(name, names[way]) == 0) {
            return way;
        }
    }
    return -1;
}

static bool read_setting(char *word, struct rule *out)
{
    const struct {
        const char *name;
        uint32_t *value;
    } settings[] = {
        {"delay", &out->delay_ms}, {"jitter", &out->jitter_ms}, {"merge", &out->merge_ms},
        {"rate", &out->rate},      {"cut", &out->cut},          {"silent", &out->silent},
    };
    char *value = strchr(word, '=');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(word, settings[i].name) == 0) {
            *settings[i].value = (uint32_t)strtoul(value, NULL, 10);
            return true;
        }
    }
    return false;
}

static const char *set_rules(char **rest)
{
    struct rule rule = {0};
    int way = way_of(strtok_r(NULL, " ", rest));
    char *word;
    while (way >= 0 && (word = strtok_r(NULL, " ", rest)) != NULL) {
        way = read_setting(word, &rule) ? way : -1;
    }
    if (way < 0) {
        return "error: set up|down|both NAME=NUMBER...";
    }
    for (int each = UP; each < WAYS; each++) {
        self.rules.ways[each] = way == each || way == WAYS ? rule : self.rules.ways[each];
    }
    return "ok";
}

static const char *mute(char **rest)
{
    int way = way_of(strtok_r(NULL, " ", rest));
    if (way < 0) {
        return "error: mute up|down|both";
    }
    for (size_t i = 0; i < self.count; i++) {
        for (int each = UP; each < WAYS; each++) {
            self.links[i]->is_muted[each] |= way == each || way == WAYS;
        }
    }
    return "ok";
}

static const char *reset(void)
{
    while (self.count > 0) {
        drop_link(self.count - 1, true);
        self.resets++;
    }
    return "ok";
}

static const char *tell_counters(void)
{
    static char text[COMMAND_BYTES];
    const struct relay_rules *rules = &self.rules;
    (void)snprintf(text, sizeof text,
                   "ok accepted=%llu open=%zu refused=%llu resets=%llu up_bytes=%llu "
                   "up_writes=%llu down_bytes=%llu down_writes=%llu",
                   (unsigned long long)self.accepted, self.count,
                   (unsigned long long)rules->refused, (unsigned long long)self.resets,
                   (unsigned long long)rules->counters[UP].bytes,
                   (unsigned long long)rules->counters[UP].writes,
                   (unsigned long long)rules->counters[DOWN].bytes,
                   (unsigned long long)rules->counters[DOWN].writes);
    return text;
}

static const char *obey(char *line)
{
    char *rest = NULL;
    const char *verb = strtok_r(line, " ", &rest);
    if (verb == NULL) {
        return "error: no command";
    }
    if (strcmp(verb, "set") == 0) {
        return set_rules(&rest);
    }
    if (strcmp(verb, "mute") == 0) {
        return mute(&rest);
    }
    if (strcmp(verb, "reset") == 0) {
        return reset();
    }
    return strcmp(verb, "stats") == 0 ? tell_counters() : "error: set, mute, reset or stats";
}

static void read_commands(void)
{
    char *end = self.command + self.command_length;
    ssize_t length = read(STDIN_FILENO, end, sizeof self.command - 1 - self.command_length);
    if (length <= 0) {
        self.is_over = true;
        return;
    }
    self.command_length += (size_t)length;
    self.command[self.command_length] = '\0';
    while ((end = strchr(self.command, '\n')) != NULL) {
        *end++ = '\0';
        (void)printf("%s\n", obey(self.command));
        (void)fflush(stdout);
        self.command_length -= (size_t)(end - self.command);
        memmove(self.command, end, self.command_length + 1);
    }
}

/* --- the loop --- */

static void wait_for(struct pollfd *polls, size_t count, uint64_t due_us)
{
    uint64_t wait_us = due_us > self.now_us ? due_us - self.now_us : 0;
    const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000),
                                  .tv_nsec = (long)(wait_us % 1000000 * 1000)};
    if (ppoll(polls, count, due_us == UINT64_MAX ? NULL : &wait, NULL) < 0 && errno != EINTR) {
        die("ppoll");
    }
    self.now_us = clock_us();
}

static void turn(void)
{
    struct pollfd polls[2 + WAYS * MAX_LINKS];
    uint64_t due_us = UINT64_MAX;
    const size_t count = self.count;
    int listener = count < MAX_LINKS ? self.listener : -1;
    polls[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    polls[1] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (size_t i = 0; i < count; i++) {
        polls[2 + WAYS * i + UP] = link_poll(self.links[i], UP);
        polls[2 + WAYS * i + DOWN] = link_poll(self.links[i], DOWN);
        uint64_t link_us = link_due_us(self.links[i]);
        due_us = link_us < due_us ? link_us : due_us;
    }
    wait_for(polls, 2 + WAYS * count, due_us);
    for (size_t i = count; i-- > 0;) { /* backwards: the last one takes a dropped one's place */
        enum link_state state = link_serve(self.links[i], polls + 2 + WAYS * i, self.now_us);
        if (state != LINK_UP) {
            drop_link(i, state == LINK_BROKEN);
        }
    }
    if (polls[1].revents != 0) {
        accept_link();
    }
    if (polls[0].revents != 0) {
        read_commands();
    }
}

static void listen_everywhere(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    socklen_t length = sizeof address;
    const int off = 0;
    self.listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self.listener < 0 ||
        setsockopt(self.listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0 ||
        bind(self.listener, (struct sockaddr *)&address, length) != 0 ||
        listen(self.listener, MAX_LINKS) != 0 ||
        getsockname(self.listener, (struct sockaddr *)&address, &length) != 0) {
        die("listen");
    }
    (void)printf("listening %d\n", ntohs(address.sin6_port));
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    if (argc != 4 || getaddrinfo(argv[1], argv[2], &hints, &self.target) != 0) {
        (void)fputs("usage: relay TARGET_ADDRESS TARGET_PORT SEED\n", stderr);
        return 2;
    }
    self.rules.seed = strtoull(argv[3], NULL, 10);
    self.now_us = clock_us();
    listen_everywhere();
    while (!self.is_over) {
        turn();
    }
    (void)reset();
    (void)close(self.listener);
    freeaddrinfo(self.target);
    return 0;
}
