/* SPDX-License-Identifier: MIT */
/*
 * Every check is fed what it is to find, each in a process of its own, which is to end with the
 * verdict. Wrongs of the applications are told to the rules; those that only show at the end are
 * done to a run that was well.
 */
#include "self_test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    /* A run with an outbox, a storage, channels that are joined, presences and pushes. */
    FIRST_SEED = 1,
    SEEDS = 40
};

static sim_instance instance;
static sim_push one_push;

static phx_reply reply_of(phx_status status, const char *text)
{
    return (phx_reply){.error = {.status = status},
                       .status = {text, text == NULL ? 0 : strlen(text)}};
}

/* --- told to the rules --- */

static void join_instance(void)
{
    sim_rule_channel(&instance, PHX_CHANNEL_JOINING);
    sim_rule_channel(&instance, PHX_CHANNEL_JOINED);
}

static void state_behind_the_end(void)
{
    join_instance();
    sim_rule_channel(&instance, PHX_CHANNEL_CLOSED);
    sim_rule_channel(&instance, PHX_CHANNEL_JOINED);
}

static void state_behind_the_release(void)
{
    instance.is_released = true;
    join_instance();
}

static void event_out_of_order(void)
{
    join_instance();
    sim_rule_message(&instance, 2, 0);
    sim_rule_message(&instance, 1, 0);
}

static void event_twice(void)
{
    join_instance();
    sim_rule_message(&instance, 2, 0);
    sim_rule_message(&instance, 2, 0);
}

static void event_left_out(void)
{
    join_instance();
    sim_rule_message(&instance, 2, 0);
    sim_rule_message(&instance, 4, 0);
}

static void event_without_join(void)
{
    join_instance();
    sim_rule_channel(&instance, PHX_CHANNEL_ERRORED);
    sim_rule_message(&instance, 1, 0);
}

static void subscription_first(void)
{
    join_instance();
    instance.subscriptions[0].instance = &instance;
    sim_rule_subscription(&instance.subscriptions[0], 1);
}

static void younger_subscription_first(void)
{
    join_instance();
    instance.subscriptions[0].instance = instance.subscriptions[1].instance = &instance;
    sim_rule_message(&instance, 1, 0);
    sim_rule_subscription(&instance.subscriptions[1], 1);
}

static void subscription_behind_its_end(void)
{
    instance.subscriptions[0] = (sim_subscription){.instance = &instance, .is_over = true};
    sim_rule_subscription(&instance.subscriptions[0], 1);
}

static void skipped_state(void)
{
    const phx_client_status status = {.state = PHX_CLIENT_CONNECTED};
    sim_rule_client_status(PHX_CLIENT_DISCONNECTED, &status, 30000);
}

static void long_backoff(void)
{
    const phx_client_status status = {.state = PHX_CLIENT_WAITING, .next_attempt_in_ms = 30001};
    sim_rule_client_status(PHX_CLIENT_CONNECTING, &status, 30000);
}

static void attempt_of_nobody(void)
{
    const phx_client_status status = {.state = PHX_CLIENT_CONNECTED, .next_attempt_in_ms = 1};
    sim_rule_client_status(PHX_CLIENT_CONNECTING, &status, 30000);
}

static void second_outcome(void)
{
    const phx_reply reply = reply_of(PHX_OK, "ok");
    one_push.state = 1;
    sim_rule_push_done(&one_push, &reply);
    sim_rule_push_done(&one_push, &reply);
}

static void outcome_of_nothing(void)
{
    const phx_reply reply = reply_of(PHX_OK, "ok");
    sim_rule_push_done(&one_push, &reply);
}

static void strange_outcome(void)
{
    const phx_reply reply = reply_of(PHX_ERROR_TLS, NULL);
    one_push.state = 1;
    sim_rule_push_done(&one_push, &reply);
}

static void outcome_without_reply(void)
{
    const phx_reply reply = reply_of(PHX_OK, NULL);
    one_push.state = 1;
    sim_rule_push_done(&one_push, &reply);
}

static void write_twice(void)
{
    uint8_t count = 0;
    sim_rule_write_told(&count, 7, "executed");
    sim_rule_write_told(&count, 7, "executed");
}

static void token_in_a_log(void)
{
    sim_rule_text("connecting to wss://example.org?token=" SIM_TOKEN "12", "a log line");
}

static void assertion_of_a_fake(void)
{
    assert_int_equal(1, 2);
}

/* --- done to a run --- */

static void run_seeds(void (*sabotage)(sim_world *world))
{
    sim_result result;
    sim_sabotage = sabotage;
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        sim_run(seed, false, &result);
    }
}

static void change_unseen(sim_world *world)
{
    if (world->app.server.count > 0) {
        world->app.server.posts[0].comments += 100;
    }
}

static void forget_an_answer(sim_world *world)
{
    world->feed.asked++;
}

static void forget_a_write(sim_world *world)
{
    world->feed.write_count++;
}

static void forget_an_outcome(sim_world *world)
{
    world->channels.pushes[1] = (sim_push){.state = 1, .deadline_ms = UINT64_MAX};
}

static void let_time_out(sim_world *world)
{
    world->channels.pushes[1] = (sim_push){.state = 1, .deadline_ms = 1};
}

static void lose_a_block(sim_world *world)
{
    const phx_allocator *port = &world->memory.port;
    sim_check(port->allocate(port->user_data, 1) != NULL, "no memory");
}

static void fill_the_queue(sim_world *world)
{
    /* Had it been bounded by so little, it would be over it. */
    world->channels.config.max_channels = 1;
    world->channels.config.max_queued_pushes = 1;
}

static void change_a_presence(sim_world *world)
{
    for (size_t i = 0; i < SIM_ROOMS; i++) {
        world->phoenix.rooms[i].members[0] += 1000;
    }
}

static void shrink_the_feed(sim_world *world)
{
    world->app.config.max_posts = 1;
}

static void release_twice(sim_world *world)
{
    world->channels.released++;
}

static void keep_a_token(sim_world *world)
{
    const community_record record = {.struct_size = (uint32_t)sizeof record,
                                     .kind = COMMUNITY_RECORD_META,
                                     .key = {"k", 1},
                                     .value = {SIM_TOKEN "1", sizeof SIM_TOKEN}};
    if (world->feed.has_storage && world->feed.storage.is_open) {
        const community_storage *port = &world->feed.storage.port;
        sim_check(port->change(port->user_data, &record, 1) == PHX_OK, "no storage");
    }
}

#define RUN(sabotage)                \
    static void run_##sabotage(void) \
    {                                \
        run_seeds(sabotage);         \
    }
RUN(change_unseen)
RUN(forget_an_answer)
RUN(forget_a_write)
RUN(forget_an_outcome)
RUN(let_time_out)
RUN(lose_a_block)
RUN(fill_the_queue)
RUN(change_a_presence)
RUN(shrink_the_feed)
RUN(release_twice)
RUN(keep_a_token)
#undef RUN

static const sim_wrong wrongs[] = {
    {"a state behind the end", state_behind_the_end, "went from state 0 to 2"},
    {"a state behind the release", state_behind_the_release, "after its release"},
    {"an event out of order", event_out_of_order, "event 1 came after event 2"},
    {"an event twice", event_twice, "event 2 came after event 2"},
    {"an event left out", event_left_out, "event 4 came right after event 2"},
    {"an event without a join", event_without_join, "a channel that is not joined"},
    {"a subscription first", subscription_first, "out of turn"},
    {"a younger subscription first", younger_subscription_first, "before an older one"},
    {"a subscription behind its end", subscription_behind_its_end, "after its end"},
    {"a skipped state", skipped_state, "went from state 0 to 2"},
    {"a long backoff", long_backoff, "the next attempt is in 30001 ms"},
    {"an attempt of nobody", attempt_of_nobody, "while none waits"},
    {"a second outcome", second_outcome, "a second outcome"},
    {"an outcome of nothing", outcome_of_nothing, "came to an outcome"},
    {"a strange outcome", strange_outcome, "the outcome PHX_ERROR_TLS"},
    {"an outcome without a reply", outcome_without_reply, "does not fit its status"},
    {"a write twice", write_twice, "write 7 was executed twice"},
    {"a token in a log", token_in_a_log, "a token in a log line"},
    {"an assertion of a fake", assertion_of_a_fake, "1 is not 2"},
    {"a change unseen", run_change_unseen, "the feed differs from the server's"},
    {"a call without an answer", run_forget_an_answer, "answers"},
    {"a write without its done", run_forget_a_write, "was done 0 times"},
    {"a push without an outcome", run_forget_an_outcome, "push 1 has no outcome"},
    {"a push behind its time-out", run_let_time_out, "no outcome after its time-out"},
    {"a lost block", run_lose_a_block, "bytes are left"},
    {"a full queue", run_fill_the_queue, " channels at "},
    {"a wrong presence", run_change_a_presence, "presences of channel"},
    {"a feed beyond its capacity", run_shrink_the_feed, "larger than its capacity"},
    {"a second release", run_release_twice, "the client was released 2 times"},
    {"a token in the storage", run_keep_a_token, "a token in the storage"},
};

static bool is_caught(const sim_wrong *wrong)
{
    char said[1024] = "";
    int ends[2];
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        wrong->commit();
        _exit(0);
    }
    (void)close(ends[1]);
    size_t length = 0;
    ssize_t count = 0;
    while (length + 1 < sizeof said &&
           (count = read(ends[0], said + length, sizeof said - 1 - length)) > 0) {
        length += (size_t)count;
    }
    (void)close(ends[0]);
    (void)waitpid(pid, &status, 0);
    bool is_found =
        WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(said, wrong->verdict) != NULL;
    if (!is_found) {
        (void)printf("sim: not caught: %s; said was: %s\n", wrong->name, said);
    }
    return is_found;
}

size_t sim_self_test(void)
{
    size_t missed = 0;
    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        missed += is_caught(&wrongs[i]) ? 0 : 1;
    }
    for (size_t i = 0; i < sim_wire_wrong_count; i++) {
        missed += is_caught(&sim_wire_wrongs[i]) ? 0 : 1;
    }
    (void)printf("sim: %zu wrongs, %zu not caught\n", COUNT_OF(wrongs) + sim_wire_wrong_count,
                 missed);
    return missed;
}
