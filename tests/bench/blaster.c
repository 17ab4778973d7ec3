/* SPDX-License-Identifier: MIT */
/*
 * The server that everything networked is measured against. It speaks as much of Phoenix as a
 * session needs (upgrade, joins, heartbeats, leaves, an empty list over REST), and on the word "N"
 * on its standard input it sends N new_post frames on the connection that joined last, as fast as
 * the client takes them. Says "port P" at first, and after each blast
 *   frames wall_ns waited_ns cpu_ns
 * where waited is the time during which the socket took no more: the client was the slower one.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../contract/websocket.h"
#include "bench.h"
#include "frames.h"

enum {
    CHUNK_FRAMES = 64, /* a write of 59 kB */
    HEAD_BYTES = 4,
    MAX_LINE = 64
};

typedef struct server_state {
    int orders; /* an eventfd that is read by who blasts */
    uint64_t next_number;
    bench_frames frames;
    unsigned char chunk[CHUNK_FRAMES * (HEAD_BYTES + BENCH_FRAME_BYTES)];
} server_state;

static uint64_t thread_cpu_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Returns the time that it had to wait for the client. */
static uint64_t send_all(int fd, const unsigned char *bytes, size_t length)
{
    uint64_t waited_ns = 0;
    while (length > 0) {
        ssize_t put = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
            continue;
        }
        bench_check(put < 0 && errno == EAGAIN);
        struct pollfd writable = {fd, POLLOUT, 0};
        uint64_t begin_ns = bench_wall_ns();
        bench_check(poll(&writable, 1, SERVER_PATIENCE_S * 1000) == 1);
        waited_ns += bench_wall_ns() - begin_ns;
    }
    return waited_ns;
}

static void blast(server_state *state, int fd, uint64_t count)
{
    uint64_t wall_ns = bench_wall_ns();
    uint64_t cpu_ns = thread_cpu_ns();
    uint64_t waited_ns = 0;
    uint64_t left = count;
    while (left > 0) {
        size_t used = 0;
        for (size_t i = 0; i < CHUNK_FRAMES && left > 0; i++, left--) {
            used +=
                ws_compose(state->chunk + used, true, OP_TEXT,
                           bench_frame(&state->frames, state->next_number++), BENCH_FRAME_BYTES);
        }
        waited_ns += send_all(fd, state->chunk, used);
    }
    (void)printf("%llu %llu %llu %llu\n", (unsigned long long)count,
                 (unsigned long long)(bench_wall_ns() - wall_ns), (unsigned long long)waited_ns,
                 (unsigned long long)(thread_cpu_ns() - cpu_ns));
    (void)fflush(stdout);
}

/* False: the session is over. */
static bool answer(test_stream *stream)
{
    test_frame frame;
    char reply[BENCH_MAX_REPLY_BYTES];
    if (!ws_receive(stream, &frame)) {
        return false;
    }
    bool goes_on = frame.opcode != OP_CLOSE;
    if (frame.opcode == OP_TEXT) {
        size_t length = bench_reply((const char *)frame.bytes, frame.length, reply);
        goes_on = length == 0 || ws_send(stream, true, OP_TEXT, reply, length);
    } else if (frame.opcode == OP_PING || frame.opcode == OP_CLOSE) {
        int opcode = frame.opcode == OP_PING ? OP_PONG : OP_CLOSE;
        goes_on = ws_send(stream, true, opcode, frame.bytes, frame.length) && goes_on;
    }
    free(frame.bytes);
    return goes_on;
}

static void talk(server_state *state, test_stream *stream)
{
    int fd = stream_descriptor(stream);
    struct pollfd inputs[] = {{fd, POLLIN, 0}, {state->orders, POLLIN, 0}};
    for (;;) {
        (void)poll(inputs, 2, -1);
        if (inputs[0].revents != 0 && !answer(stream)) {
            return;
        }
        uint64_t count = 0;
        if (inputs[1].revents != 0 &&
            read(state->orders, &count, sizeof count) == (ssize_t)sizeof count) {
            blast(state, fd, count);
        }
    }
}

static void list_nothing(test_stream *stream, char *head)
{
    do {
        if (!stream_print(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                                  "content-length: 11\r\n\r\n{\"data\":[]}")) {
            return;
        }
    } while (stream_read_head(stream, head, REQUEST_BYTES));
}

static void play(test_stream *stream, int index, void *argument)
{
    char answer_head[512];
    char *head = malloc(REQUEST_BYTES);
    (void)index;
    if (head != NULL && stream_read_head(stream, head, REQUEST_BYTES)) {
        size_t length = ws_compose_answer(head, "", answer_head, sizeof answer_head);
        if (length == 0) {
            list_nothing(stream, head);
        } else if (stream_write(stream, answer_head, length)) {
            talk(argument, stream);
        }
    }
    free(head);
}

int main(void)
{
    static server_state state;
    char line[MAX_LINE];
    bench_frames_init(&state.frames, "community:feed");
    state.next_number = 1;
    state.orders = eventfd(0, EFD_NONBLOCK);
    bench_check(state.orders >= 0);
    test_server *server = server_start(AF_INET, NULL, play, &state);
    (void)printf("port %u\n", (unsigned)server_port(server));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint64_t count = strtoull(line, NULL, 10);
        bench_check(write(state.orders, &count, sizeof count) == (ssize_t)sizeof count);
    }
    return 0; /* whoever started it is gone, and needs no connection any more */
}
