/* SPDX-License-Identifier: MIT */
/*
 * The loop and phx_client on a thread of their own, used from several others at once. Nothing waits
 * for time: threads wait for gates and for each other.
 */
#include <phx/channel.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "failing_allocator.h"
#include "testing.h"
#include "thread_poller.h"

enum {
    THREADS = 4,
    TASKS = 500,
    ROUNDS = 60
};

/* --- the loop --- */

typedef struct numbered {
    phx_loop_task task;
    struct task_poster *poster;
    unsigned number;
} numbered;

typedef struct task_poster {
    pthread_t thread;
    phx_loop *loop;
    numbered tasks[TASKS];
    unsigned next; /* of the loop's thread */
    atomic_uint *left;
    thread_gate *done;
} task_poster;

static void run_numbered(void *user_data)
{
    numbered *task = user_data;
    task_poster *poster = task->poster;
    assert_true(phx_loop_is_current(poster->loop));
    assert_int_equal(task->number, poster->next);
    poster->next++;
    if (atomic_fetch_sub(poster->left, 1) == 1) {
        gate_open(poster->done);
    }
}

static void *post_all(void *argument)
{
    task_poster *poster = argument;
    for (unsigned i = 0; i < TASKS; i++) {
        numbered *task = &poster->tasks[i];
        *task = (numbered){.poster = poster, .number = i};
        task->task = (phx_loop_task){.user_data = task, .run = run_numbered};
        assert_int_equal(phx_loop_post(poster->loop, &task->task), PHX_OK);
        assert_false(phx_loop_is_current(poster->loop));
    }
    return NULL;
}

static void post_from_all(phx_loop *loop, task_poster *posters, atomic_uint *left,
                          thread_gate *done)
{
    atomic_store(left, THREADS * TASKS);
    gate_init(done);
    for (size_t i = 0; i < THREADS; i++) {
        posters[i] = (task_poster){.loop = loop, .left = left, .done = done};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
}

static void join_all(task_poster *posters)
{
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
        assert_int_equal(posters[i].next, TASKS);
    }
}

static void a_loop_with_a_thread_takes_tasks_from_all(void **state)
{
    (void)state;
    static task_poster posters[THREADS];
    static thread_poller poller;
    atomic_uint left;
    thread_gate done;
    thread_poller_init(&poller);
    phx_loop *loop = thread_poller_loop(&poller, NULL);
    assert_int_equal(phx_loop_start(loop), PHX_OK);
    assert_int_equal(phx_loop_start(loop), PHX_ERROR_INVALID_STATE);
    assert_int_equal(phx_loop_poll(loop, 0), PHX_ERROR_INVALID_STATE);
    assert_int_equal(phx_loop_run(loop), PHX_ERROR_INVALID_STATE);
    phx_loop_stop(loop); /* nothing runs that could be stopped */
    post_from_all(loop, posters, &left, &done);
    gate_pass(&done);
    join_all(posters);
    phx_loop_release(loop);
    gate_pass(&poller.released);
}

static void stop_the_loop(void *user_data)
{
    phx_loop_stop(user_data);
}

static void *pump(void *argument)
{
    assert_int_equal(phx_loop_run(argument), PHX_OK);
    return NULL;
}

static void a_loop_that_is_run_is_stopped_from_another_thread(void **state)
{
    (void)state;
    static task_poster posters[THREADS];
    static thread_poller poller;
    atomic_uint left;
    thread_gate done;
    pthread_t pumping;
    thread_poller_init(&poller);
    phx_loop *loop = thread_poller_loop(&poller, NULL);
    assert_int_equal(pthread_create(&pumping, NULL, pump, loop), 0);
    post_from_all(loop, posters, &left, &done);
    gate_pass(&done);
    phx_loop_stop(loop);
    assert_int_equal(pthread_join(pumping, NULL), 0);
    join_all(posters);
    phx_loop_task task = {.user_data = loop, .run = stop_the_loop};
    assert_int_equal(phx_loop_post(loop, &task), PHX_OK);
    assert_int_equal(phx_loop_run(loop), PHX_OK);
    phx_loop_release(loop);
    gate_pass(&poller.released);
}

/* --- a transport that opens, and swallows what is sent --- */

struct phx_connection {
    phx_loop_task task;
    phx_transport_events events;
    bool is_released;
    bool is_told;
};

static void tell_opened(void *user_data)
{
    phx_connection *connection = user_data;
    if (connection->is_released) {
        free(connection);
        return;
    }
    connection->is_told = true;
    connection->events.opened(connection->events.user_data, "");
}

static phx_status port_open(void *user_data, const phx_transport_request *request,
                            const phx_transport_events *events, phx_connection **out)
{
    (void)request;
    phx_connection *connection = calloc(1, sizeof *connection);
    assert_non_null(connection);
    connection->events = *events;
    connection->task = (phx_loop_task){.user_data = connection, .run = tell_opened, .drop = free};
    phx_loop_enqueue(user_data, &connection->task);
    *out = connection;
    return PHX_OK;
}

static phx_status port_send(void *user_data, phx_connection *connection, phx_frame_kind kind,
                            const uint8_t *data, size_t length)
{
    (void)user_data;
    (void)kind;
    assert_true(connection->is_told && length > 0 && data[0] == '[');
    return PHX_OK;
}

static void port_close(void *user_data, phx_connection *connection, uint16_t code,
                       const char *reason)
{
    (void)user_data;
    (void)reason;
    assert_true(connection->is_told && code == 1000);
}

static void port_release_connection(void *user_data, phx_connection *connection)
{
    (void)user_data;
    if (connection->is_told) {
        free(connection);
    } else {
        connection->is_released = true;
    }
}

/* --- the client --- */

typedef struct shared_client {
    phx_client *client;
    phx_loop *loop;
    thread_gate released;
    atomic_uint accepted;
    atomic_uint replied;
    atomic_uint joined;
    atomic_uint ended;
    atomic_uint subscribed;
    atomic_uint unsubscribed;
} shared_client;

static void count_one(void *user_data)
{
    atomic_fetch_add((atomic_uint *)user_data, 1);
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    assert_true(reply->error.status != PHX_OK);
    count_one(user_data);
}

static void on_message(void *user_data, const phx_message *message)
{
    (void)user_data;
    (void)message;
}

static void open_gate(void *user_data)
{
    gate_open(user_data);
}

static void use_once(shared_client *shared, unsigned round)
{
    phx_client *client = shared->client;
    char topic[16];
    (void)snprintf(topic, sizeof topic, "room:%u", round % 7);
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.user_data = &shared->ended;
    options.release_user_data = count_one;
    phx_channel channel;
    assert_int_equal(phx_channel_join(client, topic, &options, &channel), PHX_OK);
    atomic_fetch_add(&shared->joined, 1);
    phx_push push = {.event = "e", .on_reply = on_reply, .user_data = &shared->replied};
    phx_push_id id;
    assert_int_equal(phx_channel_push(client, channel, &push, &id), PHX_OK);
    atomic_fetch_add(&shared->accepted, 1);
    phx_subscribe subscribe = {.on_message = on_message,
                               .user_data = &shared->unsubscribed,
                               .release_user_data = count_one};
    phx_subscription subscription;
    assert_int_equal(phx_channel_subscribe(client, channel, &subscribe, &subscription), PHX_OK);
    atomic_fetch_add(&shared->subscribed, 1);
    if (round % 3 == 0) {
        assert_int_equal(phx_push_cancel(client, id), PHX_OK);
        assert_int_equal(phx_channel_unsubscribe(client, subscription), PHX_OK);
    } else if (round % 3 == 1) {
        assert_int_equal(phx_channel_leave(client, channel), PHX_OK);
    }
}

static void *use(void *argument)
{
    shared_client *shared = argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        use_once(shared, round);
        phx_client_status status = {.struct_size = (uint32_t)offsetof(phx_client_status, error)};
        phx_client_read_status(shared->client, &status);
        phx_client_metrics metrics = {.struct_size = (uint32_t)sizeof metrics};
        phx_client_read_metrics(shared->client, &metrics);
        assert_true(metrics.channels <= 7);
        phx_client_probe(shared->client);
        phx_client_token_changed(shared->client);
        if (round % 11 == 5) {
            phx_client_disconnect(shared->client);
        } else {
            phx_client_connect(shared->client);
        }
    }
    return NULL;
}

static phx_transport port_of(phx_loop *loop)
{
    return (phx_transport){.struct_size = (uint32_t)sizeof(phx_transport),
                           .user_data = loop,
                           .open = port_open,
                           .send = port_send,
                           .close = port_close,
                           .release_connection = port_release_connection};
}

static phx_client *new_client(phx_loop *loop, const phx_transport *transport, thread_gate *released)
{
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = "ws://localhost/socket";
    config.loop = loop;
    config.transport = transport;
    config.user_data = released;
    config.release_user_data = open_gate;
    phx_client *client = NULL;
    assert_int_equal(phx_client_new(&config, &client), PHX_OK);
    return client;
}

/* Clients are made on a loop that runs already, by threads that are not its own. */
static void a_client_is_used_from_all_threads(void **state)
{
    (void)state;
    static thread_poller poller;
    static shared_client shared;
    static failing_allocator allocator;
    pthread_t threads[THREADS];
    failing_allocator_init(&allocator);
    thread_poller_init(&poller);
    phx_loop *loop = thread_poller_loop(&poller, &allocator.port);
    phx_transport transport = port_of(loop);
    thread_gate other_released;
    gate_init(&shared.released);
    gate_init(&other_released);
    phx_client *other = new_client(loop, &transport, &other_released);
    assert_int_equal(phx_client_start(other), PHX_OK);
    phx_client_connect(other);
    shared.client = new_client(loop, &transport, &shared.released);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, &shared), 0);
    }
    for (int i = 0; i < 20; i++) {
        thread_gate released;
        gate_init(&released);
        phx_client *brief = new_client(loop, &transport, &released);
        phx_client_connect(brief);
        phx_client_release(brief);
        gate_pass(&released);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    phx_client_release(shared.client);
    gate_pass(&shared.released);
    phx_client_release(other);
    gate_pass(&other_released);
    phx_loop_release(loop);
    gate_pass(&poller.released);
    assert_int_equal(atomic_load(&shared.accepted), THREADS * ROUNDS);
    assert_int_equal(atomic_load(&shared.replied), THREADS * ROUNDS);
    assert_int_equal(atomic_load(&shared.joined), atomic_load(&shared.ended));
    assert_int_equal(atomic_load(&shared.subscribed), atomic_load(&shared.unsubscribed));
}

static void open_at_first_status(void *user_data, const phx_client_status *status)
{
    (void)status;
    gate_open(user_data);
}

/* Without anybody who pumps. */
static void a_started_client_works_by_itself(void **state)
{
    (void)state;
    static thread_poller poller;
    static failing_allocator allocator;
    static thread_gate seen;
    failing_allocator_init(&allocator);
    thread_poller_init(&poller);
    gate_init(&seen);
    phx_loop *loop = thread_poller_loop(&poller, &allocator.port);
    phx_transport transport = port_of(loop);
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = "ws://localhost/socket";
    config.loop = loop;
    config.transport = &transport;
    config.on_status = open_at_first_status;
    config.user_data = &seen;
    phx_client *client = NULL;
    assert_int_equal(phx_client_new(&config, &client), PHX_OK);
    assert_int_equal(phx_client_start(client), PHX_OK);
    assert_int_equal(phx_client_start(client), PHX_ERROR_INVALID_STATE);
    phx_client_connect(client);
    gate_pass(&seen);
    phx_client_release(client);
    phx_loop_release(loop);
    gate_pass(&poller.released);
}

/* There if the library was built with the thread sanitizer, whose own thread never ends. */
extern void __tsan_init(void) __attribute__((weak));

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_with_a_thread_takes_tasks_from_all),
        cmocka_unit_test(a_loop_that_is_run_is_stopped_from_another_thread),
        cmocka_unit_test(a_client_is_used_from_all_threads),
        cmocka_unit_test(a_started_client_works_by_itself),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed == 0 && __tsan_init == NULL) {
        pthread_exit(NULL); /* a loop's thread may still be on its way out: it is waited for */
    }
    return failed;
}
