/* SPDX-License-Identifier: MIT */
/*
 * The scripted proxy.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* False: one side has ended. */
static bool carry(int from, int to)
{
    char bytes[16 * 1024];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);
    for (ssize_t put = 0; put < got;) {
        ssize_t more = send(to, bytes + put, (size_t)(got - put), MSG_NOSIGNAL);
        if (more <= 0) {
            return false;
        }
        put += more;
    }
    return got > 0;
}

static void relay(int near_fd, int far_fd)
{
    struct pollfd both[] = {{.fd = near_fd, .events = POLLIN}, {.fd = far_fd, .events = POLLIN}};
    bool is_up = true;
    while (is_up && poll(both, 2, SERVER_PATIENCE_S * 1000) > 0) {
        is_up = (both[0].revents == 0 || carry(near_fd, far_fd)) &&
                (both[1].revents == 0 || carry(far_fd, near_fd));
    }
}

static void play(test_stream *stream, int index, void *argument)
{
    test_proxy *proxy = argument;
    char head[PROXY_HEAD_BYTES] = "";
    (void)index;
    if (!stream_read_head(stream, head, sizeof head)) {
        return;
    }
    memcpy(proxy->head, head, sizeof head);
    if (proxy->answer == NULL) {
        stream_drain(stream);
        return;
    }
    /* In two pieces, so that a head is seen before its end. */
    size_t half = strlen(proxy->answer) / 2;
    if (!stream_write(stream, proxy->answer, half) ||
        !stream_write(stream, proxy->answer + half, strlen(proxy->answer) - half)) {
        return;
    }
    if (proxy->origin_port != 0) {
        int fd = connect_to(proxy->origin_port);
        if (fd >= 0) {
            relay(stream_descriptor(stream), fd);
            (void)close(fd);
        }
    }
}

void proxy_start(test_proxy *proxy, const char *answer, uint16_t origin_port)
{
    *proxy = (test_proxy){.answer = answer, .origin_port = origin_port};
    proxy->server = server_start(AF_INET, NULL, play, proxy);
    (void)snprintf(proxy->url, sizeof proxy->url, "http://user:p%%40ss:s3cret@localhost:%u",
                   (unsigned)server_port(proxy->server));
}

void proxy_stop(test_proxy *proxy)
{
    server_stop(proxy->server);
}
