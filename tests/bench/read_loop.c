/* SPDX-License-Identifier: MIT */
/*
 * The floor: a loop of read(2) that looks at nothing, once upgrade and join are done by hand.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "frames.h"
#include "target.h"

enum {
    FRAME_ON_WIRE = 4 + BENCH_FRAME_BYTES
};

static const char upgrade[] = "GET /community/websocket?token=tok-alice&vsn=2.0.0 HTTP/1.1\r\n"
                              "Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
static const char join[] = "[\"1\",\"1\",\"community:feed\",\"phx_join\",{}]";

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bench_check(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* The mask is four zeros, so that the text stays what it is. */
static void send_join(int fd)
{
    unsigned char frame[6 + sizeof join - 1] = {0x81, 0x80 | (sizeof join - 1)};
    memcpy(frame + 6, join, sizeof join - 1);
    bench_check(write(fd, frame, sizeof frame) == (ssize_t)sizeof frame);
}

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 200000);
    static char bytes[65536];
    bench_target target;
    bench_target_start(&target);
    int fd = connect_to(target.port);
    bench_check(write(fd, upgrade, sizeof upgrade - 1) == (ssize_t)sizeof upgrade - 1);
    bench_check(read(fd, bytes, sizeof bytes) > 0);
    send_join(fd);
    bench_check(read(fd, bytes, sizeof bytes) > 0);

    bench_target_blast(&target, events);
    for (uint64_t left = events * FRAME_ON_WIRE; left > 0;) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        bench_check(got > 0 && (uint64_t)got <= left);
        left -= (uint64_t)got;
    }
    bench_target_figures(&target, "read_loop", events);
    (void)close(fd);
    bench_target_stop(&target);
    return 0;
}
