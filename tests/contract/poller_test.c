/* SPDX-License-Identifier: MIT */
/*
 * The poller port's contract (phx/poller.h), the clock's and the random port's (phx/ports.h): held
 * against every adapter, and against the simplest poller that can be written, on poll(2), which
 * shows that the contract asks for nothing else.
 */
#include "plain_poller.h"

#include "testing.h"

#include <phx/platform.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static phx_status make_epoll(const phx_poller **out)
{
    return phx_platform_epoll_poller(NULL, out);
}

static phx_status make_lws(const phx_poller **out)
{
    return phx_platform_lws_poller(NULL, NULL, out);
}

typedef struct test_world {
    const phx_poller *poller;
    int ends[2]; /* a pair of sockets */
    phx_watch *watch;
    phx_watch *other;
    int calls;
    uint32_t events;
} test_world;

typedef phx_status (*make_poller_fn)(const phx_poller **out);

/* cmocka's state holds the function that makes the poller. */
static void begin(test_world *world, void **state)
{
    make_poller_fn make = *(make_poller_fn *)*state;
    memset(world, 0, sizeof *world);
    assert_int_equal(make(&world->poller), PHX_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, world->ends), 0);
}

static void end(test_world *world)
{
    (void)close(world->ends[0]);
    (void)close(world->ends[1]);
    world->poller->release(world->poller->user_data);
}

static void wait_for(test_world *world, uint32_t timeout_ms)
{
    assert_int_equal(world->poller->wait(world->poller->user_data, timeout_ms), PHX_OK);
}

static void count_call(void *user_data, int32_t fd, uint32_t events)
{
    test_world *world = user_data;
    assert_true(fd >= 0);
    world->calls++;
    world->events = events;
}

static void watch(test_world *world, int fd, uint32_t events, phx_watch_fn fn, phx_watch **out)
{
    assert_int_equal(world->poller->watch(world->poller->user_data, fd, events, fn, world, out),
                     PHX_OK);
    assert_non_null(*out);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void poke(test_world *world)
{
    assert_int_equal(write(world->ends[1], "x", 1), 1);
}

static void test_readiness_is_level_triggered(void **state)
{
    test_world world;
    begin(&world, state);
    watch(&world, world.ends[0], PHX_POLL_READ, count_call, &world.watch);
    wait_for(&world, 0);
    assert_int_equal(world.calls, 0);
    poke(&world);
    wait_for(&world, 5000);
    wait_for(&world, 5000);
    assert_int_equal(world.calls, 2);
    assert_int_equal(world.events, PHX_POLL_READ);
    char byte;
    assert_int_equal(read(world.ends[0], &byte, 1), 1);
    wait_for(&world, 0);
    assert_int_equal(world.calls, 2);
    world.poller->unwatch(world.poller->user_data, world.watch);
    end(&world);
}

static void test_modify(void **state)
{
    test_world world;
    begin(&world, state);
    watch(&world, world.ends[0], 0, count_call, &world.watch);
    poke(&world);
    wait_for(&world, 0);
    assert_int_equal(world.calls, 0);
    assert_int_equal(
        world.poller->modify(world.poller->user_data, world.watch, PHX_POLL_READ | PHX_POLL_WRITE),
        PHX_OK);
    wait_for(&world, 5000);
    assert_int_equal(world.events, PHX_POLL_READ | PHX_POLL_WRITE);
    assert_int_equal(world.poller->modify(world.poller->user_data, world.watch, PHX_POLL_WRITE),
                     PHX_OK);
    wait_for(&world, 5000);
    assert_int_equal(world.events, PHX_POLL_WRITE);
    world.poller->unwatch(world.poller->user_data, world.watch);
    end(&world);
}

static void test_hang_up(void **state)
{
    test_world world;
    begin(&world, state);
    watch(&world, world.ends[0], PHX_POLL_READ, count_call, &world.watch);
    assert_int_equal(shutdown(world.ends[1], SHUT_RDWR), 0);
    wait_for(&world, 5000);
    assert_int_equal(world.calls, 1);
    assert_true((world.events & PHX_POLL_READ) != 0);
    assert_true((world.events & PHX_POLL_ERROR) != 0);
    world.poller->unwatch(world.poller->user_data, world.watch);
    end(&world);
}

static void unwatch_both(void *user_data, int32_t fd, uint32_t events)
{
    test_world *world = user_data;
    (void)fd;
    (void)events;
    world->calls++;
    world->poller->unwatch(world->poller->user_data, world->watch);
    world->poller->unwatch(world->poller->user_data, world->other);
}

/* Both ends are ready at once: whichever comes first, the other must not come after it. */
static void test_unwatch_inside(void **state)
{
    test_world world;
    begin(&world, state);
    watch(&world, world.ends[0], PHX_POLL_WRITE, unwatch_both, &world.watch);
    watch(&world, world.ends[1], PHX_POLL_WRITE, unwatch_both, &world.other);
    wait_for(&world, 5000);
    wait_for(&world, 0);
    assert_int_equal(world.calls, 1);
    end(&world);
}

static void watch_again(void *user_data, int32_t fd, uint32_t events)
{
    test_world *world = user_data;
    (void)events;
    world->poller->unwatch(world->poller->user_data, world->watch);
    watch(world, fd, PHX_POLL_READ, count_call, &world->watch);
}

static void test_watch_and_modify_inside(void **state)
{
    test_world world;
    begin(&world, state);
    watch(&world, world.ends[0], PHX_POLL_WRITE, watch_again, &world.watch);
    wait_for(&world, 5000);
    poke(&world);
    wait_for(&world, 5000);
    assert_int_equal(world.calls, 1);
    assert_int_equal(world.events, PHX_POLL_READ);
    world.poller->unwatch(world.poller->user_data, world.watch);
    end(&world);
}

static void test_timeout(void **state)
{
    test_world world;
    begin(&world, state);
    wait_for(&world, 0); /* a first one may come back early */
    enum {
        ROUNDS = 20,
        ROUND_MS = 10
    };
    uint64_t start_ms = now_ms();
    int waits = 0;
    for (int i = 1; i <= ROUNDS; i++) {
        uint64_t end_ms = start_ms + (uint64_t)i * ROUND_MS;
        for (uint64_t at_ms = now_ms(); at_ms < end_ms; at_ms = now_ms()) {
            wait_for(&world, (uint32_t)(end_ms - at_ms));
            waits++;
        }
    }
    assert_in_range(now_ms() - start_ms, ROUNDS * ROUND_MS, 2000);
    assert_in_range(waits, 1, ROUNDS + 5); /* no spinning towards the end */
    start_ms = now_ms();
    for (int i = 0; i < 100; i++) {
        wait_for(&world, 0);
    }
    assert_true(now_ms() - start_ms < 1000);
    end(&world);
}

static void test_wake_before(void **state)
{
    test_world world;
    begin(&world, state);
    uint64_t start_ms = now_ms();
    for (int i = 0; i < 3; i++) {
        world.poller->wake(world.poller->user_data);
    }
    wait_for(&world, 5000);
    assert_true(now_ms() - start_ms < 2000);
    end(&world);
}

static void *wake_thread(void *argument)
{
    const phx_poller *poller = argument;
    poller->wake(poller->user_data);
    return NULL;
}

static void test_wake_from_a_thread(void **state)
{
    test_world world;
    begin(&world, state);
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        uint64_t start_ms = now_ms();
        phx_poller poller = *world.poller;
        assert_int_equal(pthread_create(&thread, NULL, wake_thread, &poller), 0);
        wait_for(&world, UINT32_MAX);
        assert_true(now_ms() - start_ms < 5000);
        assert_int_equal(pthread_join(thread, NULL), 0);
        wait_for(&world, 0); /* takes in a wake that came after an early return */
    }
    end(&world);
}

static void test_many(void **state)
{
    enum {
        MANY = 12
    };
    test_world world;
    int pairs[MANY][2];
    phx_watch *watches[MANY];
    begin(&world, state);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        watch(&world, pairs[i][0], PHX_POLL_READ, count_call, &watches[i]);
        assert_int_equal(write(pairs[i][1], "x", 1), 1);
    }
    wait_for(&world, 5000);
    assert_int_equal(world.calls, MANY);
    for (int i = 0; i < MANY; i++) {
        world.poller->unwatch(world.poller->user_data, watches[i]);
        (void)close(pairs[i][0]);
        (void)close(pairs[i][1]);
    }
    end(&world);
}

static void test_release_with_watches(void **state)
{
    test_world world;
    begin(&world, state);
    watch(&world, world.ends[0], PHX_POLL_READ, count_call, &world.watch);
    end(&world);
}

static void test_clock(void **state)
{
    (void)state;
    const phx_clock *stock = phx_platform_clock();
    assert_non_null(stock);
    uint64_t before = stock->monotonic_ms(stock->user_data);
    for (int i = 0; i < 1000; i++) {
        uint64_t after = stock->monotonic_ms(stock->user_data);
        assert_true(after >= before);
        before = after;
    }
    int64_t wall_ms = stock->wall_ms(stock->user_data);
    int64_t seconds = (int64_t)time(NULL);
    assert_true(wall_ms / 1000 >= seconds - 2 && wall_ms / 1000 <= seconds + 2);
    struct timespec booted;
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &booted), 0);
    assert_true(before / 1000 + 2 >= (uint64_t)booted.tv_sec);
}

static void test_random(void **state)
{
    (void)state;
    const phx_random *stock = phx_platform_random();
    assert_non_null(stock);
    uint8_t bytes[4][100] = {{0}};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(stock->fill(stock->user_data, bytes[i], sizeof bytes[i]), PHX_OK);
        for (int j = 0; j < i; j++) {
            assert_memory_not_equal(bytes[i], bytes[j], sizeof bytes[i]);
        }
    }
    bool has_last = false; /* the very last byte is filled in too */
    for (int i = 0; i < 64 && !has_last; i++) {
        uint8_t last[65] = {0};
        assert_int_equal(stock->fill(stock->user_data, last, sizeof last), PHX_OK);
        has_last = last[64] != 0;
    }
    assert_true(has_last);
    assert_int_equal(stock->fill(stock->user_data, bytes[0], 0), PHX_OK);
}

/* A transport draws for each frame's mask. Gathering entropy anew each time took 150 us. */
static void test_random_is_cheap(void **state)
{
    (void)state;
    const phx_random *stock = phx_platform_random();
    uint8_t mask[4];
    clock_t begin = clock();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(stock->fill(stock->user_data, mask, sizeof mask), PHX_OK);
    }
    assert_true(clock() - begin < CLOCKS_PER_SEC / 20);
}

static make_poller_fn makers[] = {plain_poller_new, make_epoll, make_lws};

#define POLLER_TESTS(which)                                                       \
    cmocka_unit_test_prestate(test_readiness_is_level_triggered, &makers[which]), \
        cmocka_unit_test_prestate(test_modify, &makers[which]),                   \
        cmocka_unit_test_prestate(test_hang_up, &makers[which]),                  \
        cmocka_unit_test_prestate(test_unwatch_inside, &makers[which]),           \
        cmocka_unit_test_prestate(test_watch_and_modify_inside, &makers[which]),  \
        cmocka_unit_test_prestate(test_timeout, &makers[which]),                  \
        cmocka_unit_test_prestate(test_wake_before, &makers[which]),              \
        cmocka_unit_test_prestate(test_wake_from_a_thread, &makers[which]),       \
        cmocka_unit_test_prestate(test_many, &makers[which]),                     \
        cmocka_unit_test_prestate(test_release_with_watches, &makers[which])

int main(void)
{
    const struct CMUnitTest tests[] = {
        POLLER_TESTS(0),
        POLLER_TESTS(1),
        POLLER_TESTS(2),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_is_cheap),
    };
    phx_platform_set_lws_log_level(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
