/* SPDX-License-Identifier: MIT */
/*
 * Presence states one after the other, beyond what phoenix.js's own tests try.
 */
#include <stdio.h>

#include "phx/presence_state.h"
#include "support/alloc.h"
#include "testing.h"

static char joined[128];

static void on_join(void *user_data, const phx_presence_entry *current,
                    const phx_presence_entry *entry)
{
    (void)user_data;
    (void)current;
    size_t length = strlen(joined);
    (void)snprintf(joined + length, sizeof joined - length, "%.*s ", (int)entry->key.length,
                   entry->key.data);
}

static void on_leave(void *user_data, const phx_presence_entry *current,
                     const phx_presence_entry *left)
{
    (void)user_data;
    (void)current;
    (void)left;
}

static void on_sync(void *user_data)
{
    (void)user_data;
}

static void take(phxi_presence_state *state, const char *json)
{
    const phxi_presence_sink sink = {NULL, on_join, on_leave, on_sync};
    joined[0] = '\0';
    phxi_presence_rejoin(state);
    assert_int_equal(phxi_presence_take_state(state, (phx_slice){json, strlen(json)}, &sink),
                     PHX_OK);
}

static void test_several_known_keys_with_new_metas(void **state)
{
    (void)state;
    const uint64_t seed[2] = {1, 2};
    phxi_presence_state presences;
    phxi_presence_init(&presences, &phxi_default_allocator, seed, 100, 1000);
    take(&presences,
         "{\"a\":{\"metas\":[{\"phx_ref\":\"1\"}]},\"b\":{\"metas\":[{\"phx_ref\":\"2\"}]},"
         "\"c\":{\"metas\":[{\"phx_ref\":\"3\"}]}}");
    assert_string_equal(joined, "a b c ");
    take(&presences,
         "{\"a\":{\"metas\":[{\"phx_ref\":\"4\"}]},\"b\":{\"metas\":[{\"phx_ref\":\"2\"}]},"
         "\"c\":{\"metas\":[{\"phx_ref\":\"5\"}]},\"d\":{\"metas\":[{\"phx_ref\":\"6\"}]}}");
    assert_string_equal(joined, "a c d ");
    assert_int_equal(presences.set.meta_count, 4);
    phxi_presence_free(&presences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several_known_keys_with_new_metas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
