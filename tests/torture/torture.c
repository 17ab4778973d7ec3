/* SPDX-License-Identifier: MIT */
/*
 * The driver. torture [--all]: every scenario, with every place where something can fail, at every
 * call (without --all: at so many that it takes seconds). torture SCENARIO: those of one scenario.
 * torture SCENARIO [PLACE[:STATUS]] N MODE: one run. Each scenario runs in a process of its own, so
 * that one that crashes is one failure.
 */
#include "torture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE_S = 20 /* for one run */
};

static const char *const mode_names[] = {"alone", "on", "end"};

/* Shared with the processes of the scenarios. */
typedef struct figures {
    size_t scenarios;
    size_t runs;
    size_t failed[FAULT_PLACE_COUNT]; /* calls, by place */
    size_t leaks;
    size_t failures;
} figures;

static figures *total;
/* What a failure prints: which run it is ("" between runs), why, and how to repeat it. */
static char run_name[256];
static char reason[512];
static char repeat_with[256];
static const char *program;

static const torture_scenario *const lists[] = {
    torture_phx_scenarios,
    torture_feed_scenarios,
    torture_outbox_scenarios,
    torture_network_scenarios,
};

/* --- failing --- */

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

/* Also called when the program is crashing: write() only. */
static void say_how_to_repeat(void)
{
    if (run_name[0] != '\0') {
        say(run_name);
        say(reason[0] != '\0' ? reason : "see above");
        say(repeat_with);
        run_name[0] = '\0';
    }
}

static void on_crash(int number)
{
    say_how_to_repeat();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void torture_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    exit(1); /* it is said there */
}

/* Sanitizers end the program past atexit. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch_for_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        (void)signal(signals[i], on_crash);
    }
    (void)atexit(say_how_to_repeat);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(say_how_to_repeat);
    }
}

void torture_check_status(const torture_run *run, phx_status status, const char *call)
{
    torture_check(status == PHX_OK || faults_explain(&run->faults, status), "%s returned %s", call,
                  phx_status_name(status));
}

void torture_pass(torture_run *run, fake_poller *poller, phx_loop *loop, uint32_t ms)
{
    uint64_t end_ms = poller->now_ms + ms;
    do {
        phx_status status = phx_loop_poll(loop, (uint32_t)(end_ms - poller->now_ms));
        torture_check_status(run, status, "phx_loop_poll");
        run->failed_polls += status != PHX_OK ? 1 : 0;
        poller->now_ms += status != PHX_OK ? 10 : 0;
    } while (poller->now_ms < end_ms);
}

/* --- one run --- */

static void describe(const torture_scenario *scenario, const fault_plan *plan, torture_mode mode)
{
    const char *name = plan->place == FAULT_NOWHERE ? "" : fault_kind_of(plan->place)->name;
    char which[128] = "";
    char what[160] = "nothing failing";
    if (plan->place != FAULT_NOWHERE) {
        (void)snprintf(which, sizeof which, " %s:%d %zu %s", name, (int)plan->status, plan->nth,
                       mode_names[mode]);
        (void)snprintf(what, sizeof what, "%s %zu %s", name, plan->nth, mode_names[mode]);
    }
    if (plan->place == FAULT_ALLOCATION) {
        (void)snprintf(which, sizeof which, " %zu %s", plan->nth, mode_names[mode]);
    }
    (void)snprintf(run_name, sizeof run_name, "torture: scenario %s, %s: ", scenario->name, what);
    (void)snprintf(repeat_with, sizeof repeat_with, "; repeat with: %s %s%s\n", program,
                   scenario->name, which);
}

static void play(const torture_scenario *scenario, const fault_plan *plan, torture_mode mode,
                 torture_run *run)
{
    describe(scenario, plan, mode);
    faults_init(&run->faults, plan);
    run->mode = mode;
    run->failed_polls = 0;
    (void)alarm(PATIENCE_S);
    scenario->play(run, scenario->script);
    (void)alarm(0);
    faults_disarm(&run->faults);
    size_t left = atomic_load(&run->faults.allocator.live_blocks);
    total->runs++;
    total->failed[plan->place] += run->faults.failed;
    if (left != 0) {
        total->leaks++;
        torture_fail("%zu blocks left", left);
    }
    faults_assert_client_released(&run->faults);
    faults_assert_loop_released(&run->faults);
    run_name[0] = '\0';
}

/* --- all runs of a scenario --- */

/* So many of the calls are made to fail, spread over all. */
static size_t runs_of(const torture_scenario *scenario, fault_place place, bool is_whole)
{
    if (is_whole) {
        return scenario->is_slow ? 150 : SIZE_MAX;
    }
    if (place == FAULT_ALLOCATION) {
        return scenario->is_slow ? 8 : 120;
    }
    return scenario->is_slow ? 2 : 6;
}

static void play_place(const torture_scenario *scenario, fault_place place, size_t calls,
                       size_t most)
{
    static torture_run run;
    const fault_kind *kind = fault_kind_of(place);
    size_t stride = calls > most ? (calls + most - 1) / most : 1;
    for (size_t i = 0; i < kind->count; i++) {
        /* Each status and mode begins elsewhere, so that together they meet more of the calls. */
        for (int mode = 0; mode < TORTURE_MODE_COUNT; mode++) {
            for (size_t nth = 1 + (i + (size_t)mode) % stride; nth <= calls; nth += stride) {
                const fault_plan plan = {.place = place,
                                         .status = kind->statuses[i],
                                         .nth = nth,
                                         .all_after = mode != TORTURE_ALONE};
                play(scenario, &plan, (torture_mode)mode, &run);
            }
        }
    }
}

static void play_scenario(const torture_scenario *scenario, bool is_whole)
{
    static torture_run good;
    const fault_plan nothing = {.place = FAULT_NOWHERE};
    play(scenario, &nothing, TORTURE_ALONE, &good);
    size_t calls[FAULT_PLACE_COUNT];
    memcpy(calls, good.faults.calls, sizeof calls);
    torture_check(calls[FAULT_ALLOCATION] > 0, "scenario %s asks for no memory", scenario->name);
    for (int place = FAULT_ALLOCATION; place < FAULT_PLACE_COUNT; place++) {
        play_place(scenario, (fault_place)place, calls[place],
                   runs_of(scenario, (fault_place)place, is_whole));
    }
}

/* In a process of its own. */
static void run_scenario(const torture_scenario *scenario, bool is_whole)
{
    size_t runs_before = total->runs;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        watch_for_crashes();
        play_scenario(scenario, is_whole);
        exit(0);
    }
    int status = -1;
    bool is_waited = child > 0 && waitpid(child, &status, 0) == child;
    bool is_good = is_waited && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    total->scenarios++;
    total->failures += is_good ? 0 : 1;
    printf("%s %s, %zu runs\n", is_good ? "ok" : "FAILED", scenario->name,
           total->runs - runs_before);
}

static int sum_up(void)
{
    size_t ports_failed = 0;
    for (int place = FAULT_ALLOCATION + 1; place < FAULT_PLACE_COUNT; place++) {
        ports_failed += total->failed[place];
    }
    printf("torture: %zu scenarios, %zu runs (%zu allocations failed, %zu port failures), "
           "%zu leaks, %zu failures\n",
           total->scenarios, total->runs, total->failed[FAULT_ALLOCATION], ports_failed,
           total->leaks, total->failures);
    return total->failures == 0 && total->runs > total->scenarios ? 0 : 1;
}

static int run_all(bool is_whole)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (const torture_scenario *each = lists[i]; each->name != NULL; each++) {
            run_scenario(each, is_whole);
        }
    }
    for (int place = FAULT_ALLOCATION; place < FAULT_PLACE_COUNT; place++) {
        if (total->failed[place] == 0) {
            printf("FAILED: no scenario made %s fail\n", fault_kind_of((fault_place)place)->name);
            total->failures++;
        }
    }
    return sum_up();
}

/* --- one run by hand --- */

static const torture_scenario *find_scenario(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (const torture_scenario *each = lists[i]; each->name != NULL; each++) {
            if (strcmp(each->name, name) == 0) {
                return each;
            }
        }
    }
    return NULL;
}

/* "transport.open:-202" */
static bool parse_place(const char *text, fault_plan *plan)
{
    size_t length = strcspn(text, ":");
    for (int place = FAULT_ALLOCATION; place < FAULT_PLACE_COUNT; place++) {
        const fault_kind *kind = fault_kind_of((fault_place)place);
        if (strlen(kind->name) == length && strncmp(kind->name, text, length) == 0) {
            plan->place = (fault_place)place;
            plan->status = text[length] == ':' ? (int32_t)strtol(text + length + 1, NULL, 10)
                                               : kind->statuses[0];
            return true;
        }
    }
    return false;
}

static int run_one(int count, char **words)
{
    static torture_run run;
    const torture_scenario *scenario = find_scenario(words[0]);
    fault_plan plan = {.place = FAULT_NOWHERE};
    torture_mode mode = TORTURE_ALONE;
    if (scenario != NULL && count == 1) {
        run_scenario(scenario, false);
        return sum_up();
    }
    bool is_understood = scenario != NULL && (count == 3 || count == 4) &&
                         parse_place(count == 4 ? words[1] : "allocation", &plan);
    if (is_understood) {
        plan.nth = strtoul(words[count - 2], NULL, 10);
        while (mode < TORTURE_MODE_COUNT && strcmp(mode_names[mode], words[count - 1]) != 0) {
            mode++;
        }
        plan.all_after = mode != TORTURE_ALONE;
    }
    if (!is_understood || plan.nth == 0 || mode == TORTURE_MODE_COUNT) {
        fprintf(stderr, "torture [--all] | SCENARIO [[PLACE[:STATUS]] N alone|on|end]\n");
        return 2;
    }
    watch_for_crashes();
    play(scenario, &plan, mode, &run);
    printf("torture: scenario %s is fine, %zu calls failed\n", scenario->name, run.faults.failed);
    return 0;
}

int main(int argc, char **argv)
{
    program = argv[0];
    total = mmap(NULL, sizeof *total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (total == MAP_FAILED) {
        perror("torture: mmap");
        return 1;
    }
    bool is_whole = argc > 1 && strcmp(argv[1], "--all") == 0;
    return argc > 1 && !is_whole ? run_one(argc - 1, argv + 1) : run_all(is_whole);
}
