/* SPDX-License-Identifier: MIT */
/*
 * Runs seeds, each in a process that a failure may end: the next seed gets another. The last line
 * says what was measured.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

enum {
    MAX_JOBS = 64,
    SEED_LIMIT_S = 5,
    PROGRESS_S = 60
};

typedef struct options {
    uint64_t first;
    uint64_t count;
    uint32_t jobs;
    const char *list; /* a file of seeds, one a line, with comments behind # */
    bool is_tracing;
    bool is_twice;
    bool is_covering;
    bool is_self_test;
} options;

/* What a process has done; shared with the parent. */
typedef struct job {
    sim_result sum;
    uint64_t next;    /* index of the seed that is under way, or next */
    bool is_reported; /* a failure said its line */
    pid_t pid;
} job;

static options chosen = {.first = 1, .count = 100, .jobs = 1};
static job *jobs;
static job *own_job;
static uint64_t listed[4096];

static uint64_t seed_at(uint64_t index)
{
    return chosen.list != NULL ? listed[index] : chosen.first + index;
}

static void at_failure(void)
{
    own_job->is_reported = true;
    sim_run_failed();
}

static void run_one(uint64_t seed, sim_result *out)
{
    sim_run(seed, chosen.is_tracing, out);
    if (chosen.is_twice) {
        sim_result again;
        sim_run(seed, false, &again);
        if (again.trace_hash != out->trace_hash) {
            sim_fail("a second run of the seed went another way");
        }
    }
}

static void run_job(job *own)
{
    own_job = own;
    (void)signal(SIGALRM, SIG_DFL);
    sim_current.at_failure = at_failure;
    while (own->next < chosen.count) {
        sim_result result;
        (void)alarm(SEED_LIMIT_S);
        run_one(seed_at(own->next), &result);
        sim_result_add(&own->sum, &result);
        own->next += chosen.jobs;
    }
    (void)fflush(stdout);
    _exit(0);
}

static void start_job(job *own)
{
    (void)fflush(stdout);
    own->is_reported = false;
    pid_t pid = fork();
    if (pid == 0) {
        run_job(own);
    }
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    own->pid = pid;
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add_up(sim_result *sum)
{
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; i < chosen.jobs; i++) {
        sim_result_add(sum, &jobs[i].sum);
    }
}

static void print_figures(double started_s, size_t failures)
{
    sim_result sum;
    add_up(&sum);
    size_t kinds = 0;
    for (size_t i = 0; i < SIM_FAULT_KINDS; i++) {
        kinds += sum.coverage.faults[i] > 0 ? 1 : 0;
    }
    double virtual_s = (double)sum.virtual_ms / 1000;
    (void)printf("sim: %llu seeds, %.1f virtual hours, %llu faults of %zu kinds, %llu invariants "
                 "checked, %zu failures, peak memory %llu KiB, %.0f virtual s per real s\n",
                 (unsigned long long)sum.seeds, virtual_s / 3600,
                 (unsigned long long)sim_coverage_faults(&sum.coverage), kinds,
                 (unsigned long long)sum.checks, failures,
                 (unsigned long long)(sum.peak_bytes / 1024), virtual_s / (now_s() - started_s));
    (void)fflush(stdout);
}

/* The job ended: well, or with the seed that it was at. True: it failed. */
static bool settle(job *own, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        own->pid = 0;
        return false;
    }
    if (!own->is_reported) {
        uint64_t seed = seed_at(own->next);
        (void)fprintf(stderr,
                      "sim: seed %llu failed: signal %d, replay with: %s --seed %llu --trace\n",
                      (unsigned long long)seed, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                      sim_current.program, (unsigned long long)seed);
    }
    own->next += chosen.jobs;
    return true;
}

/* Interrupts the wait, so that the progress is printed. */
static void on_alarm(int signal_number)
{
    (void)signal_number;
}

static void print_progress(double started_s, size_t failures)
{
    sim_result sum;
    add_up(&sum);
    (void)fprintf(stderr, "sim: %llu of %llu seeds, %zu failures, %.0f s\n",
                  (unsigned long long)sum.seeds, (unsigned long long)chosen.count, failures,
                  now_s() - started_s);
}

static size_t run_all(void)
{
    const struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm(PROGRESS_S);
    size_t failures = 0;
    uint32_t running = chosen.jobs;
    double started_s = now_s();
    for (uint32_t i = 0; i < chosen.jobs; i++) {
        jobs[i].next = i;
        start_job(&jobs[i]);
    }
    while (running > 0) {
        int status = 0;
        pid_t pid = wait(&status);
        if (pid < 0) {
            print_progress(started_s, failures);
            (void)alarm(PROGRESS_S);
            continue;
        }
        job *own = jobs;
        while (own->pid != pid) {
            own++;
        }
        bool has_failed = settle(own, status);
        failures += has_failed ? 1 : 0;
        if (has_failed && own->next < chosen.count) {
            start_job(own);
        } else {
            running--;
        }
    }
    sim_result sum;
    add_up(&sum);
    size_t missing = 0;
    if (chosen.is_covering) {
        missing = sim_coverage_print(&sum.coverage, false);
        if (missing > 0) {
            (void)printf("sim: %zu of these were never reached\n", missing);
        }
    }
    print_figures(started_s, failures);
    return failures + missing;
}

static bool read_list(void)
{
    char line[512];
    FILE *file = fopen(chosen.list, "r");
    chosen.count = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (line[0] >= '0' && line[0] <= '9' && chosen.count < COUNT_OF(listed)) {
            listed[chosen.count++] = strtoull(line, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return chosen.count > 0;
}

static uint64_t number(const char *text)
{
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seeds") == 0 && i + 2 < argc) {
            chosen.first = number(argv[i + 1]);
            chosen.count = number(argv[i + 2]);
            i += 2;
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            chosen.first = number(argv[++i]);
            chosen.count = 1;
        } else if (strcmp(argv[i], "--list") == 0 && i + 1 < argc) {
            chosen.list = argv[++i];
        } else if (strcmp(argv[i], "--jobs") == 0 && i + 1 < argc) {
            chosen.jobs = (uint32_t)number(argv[++i]);
        } else if (strcmp(argv[i], "--record") == 0 && i + 1 < argc) {
            sim_recording.path = argv[++i];
        } else if (strcmp(argv[i], "--play") == 0) {
            sim_recording.is_played = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            chosen.is_tracing = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            chosen.is_twice = true;
        } else if (strcmp(argv[i], "--coverage") == 0) {
            chosen.is_covering = true;
        } else if (strcmp(argv[i], "--self-test") == 0) {
            chosen.is_self_test = true;
        } else {
            return false;
        }
    }
    return chosen.jobs > 0 && chosen.jobs <= MAX_JOBS && (chosen.list == NULL || read_list());
}

int main(int argc, char **argv)
{
    sim_current.program = argv[0];
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr,
                      "sim [--seed N | --seeds FROM COUNT | --list FILE] [--jobs N] [--trace] "
                      "[--twice] [--coverage] [--play] [--record FILE] [--self-test]\n"
                      "  --twice     run each seed two times: both must go the same way\n"
                      "  --coverage  print how often each fault and state was reached; one that "
                      "never was is a failure\n"
                      "  --play      play both clients' recordings at the end, bit for bit\n"
                      "  --record    write them to FILE.feed and FILE.rooms, at a failure too\n"
                      "  --self-test feed each check what it is to find\n");
        return 2;
    }
    if (chosen.is_self_test) {
        return sim_self_test() == 0 ? 0 : 1;
    }
    if (chosen.is_tracing) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
    }
    jobs = mmap(NULL, MAX_JOBS * sizeof *jobs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (jobs == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    return run_all() == 0 ? 0 : 1;
}
