/* SPDX-License-Identifier: MIT */
/*
 * The blaster's process, and what is measured of one blast.
 */
#include "target.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum {
    MAX_LINE = 256
};

static void run_blaster(int in, int out)
{
    char own[PATH_MAX];
    char path[PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    bench_check(length > 0);
    own[length] = '\0';
    (void)snprintf(path, sizeof path, "%s/bench_blaster", dirname(own));
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_check(dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0);
    (void)execl(path, path, (char *)NULL);
    bench_fail(path, __FILE__, __LINE__);
}

static void read_line(bench_target *target, char line[MAX_LINE])
{
    bench_check(fgets(line, MAX_LINE, target->reports) != NULL);
}

void bench_target_start(bench_target *target)
{
    int in[2];
    int out[2];
    bench_check(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    target->pid = fork();
    bench_check(target->pid >= 0);
    if (target->pid == 0) {
        run_blaster(in[0], out[1]);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    target->orders = fdopen(in[1], "w");
    target->reports = fdopen(out[0], "r");
    bench_check(target->orders != NULL && target->reports != NULL);
    char line[MAX_LINE];
    unsigned port = 0;
    read_line(target, line);
    bench_check(sscanf(line, "port %u", &port) == 1);
    target->port = (uint16_t)port;
}

void bench_target_stop(bench_target *target)
{
    int status = 0;
    (void)fclose(target->orders);
    bench_check(waitpid(target->pid, &status, 0) == target->pid && status == 0);
    (void)fclose(target->reports);
}

void bench_target_blast(bench_target *target, uint64_t frames)
{
    (void)fprintf(target->orders, "%llu\n", (unsigned long long)frames);
    target->cpu_begin_ns = bench_cpu_ns();
    target->wall_begin_ns = bench_wall_ns();
    (void)fflush(target->orders);
}

void bench_target_figures(bench_target *target, const char *name, uint64_t frames)
{
    uint64_t cpu_ns = bench_cpu_ns() - target->cpu_begin_ns;
    uint64_t wall_ns = bench_wall_ns() - target->wall_begin_ns;
    unsigned long long sent = 0;
    unsigned long long blast_ns = 0;
    unsigned long long waited_ns = 0;
    unsigned long long blaster_cpu_ns = 0;
    char line[MAX_LINE];
    char figure[MAX_LINE];
    read_line(target, line);
    bench_check(
        sscanf(line, "%llu %llu %llu %llu", &sent, &blast_ns, &waited_ns, &blaster_cpu_ns) == 4);
    bench_check(sent == frames);
    (void)snprintf(figure, sizeof figure, "%s.cpu", name);
    bench_figure(figure, (double)cpu_ns / (double)frames, "ns", frames);
    (void)snprintf(figure, sizeof figure, "%s.rate", name);
    bench_figure(figure, (double)frames * 1e9 / (double)wall_ns, "events/s", frames);
    (void)snprintf(figure, sizeof figure, "%s.blaster_waited", name);
    bench_figure(figure, 100 * (double)waited_ns / (double)blast_ns, "%", frames);
    (void)snprintf(figure, sizeof figure, "%s.blaster_cpu", name);
    bench_figure(figure, (double)blaster_cpu_ns / (double)frames, "ns", frames);
}

void bench_target_finish(bench_target *target)
{
    char line[MAX_LINE];
    read_line(target, line);
}
