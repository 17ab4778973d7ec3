/* SPDX-License-Identifier: MIT */
/*
 * The policies that are compared, and what the server does to them.
 *
 * A browser and URLSession show a page or SwiftPhoenixClient no HTTP status of a refused upgrade.
 * How long an attempt may take: ours 10 s; a page waits for the system's TCP, with Linux's six
 * repeated SYNs 127 s; URLSession 60 s unless told otherwise. Both peers' heartbeats wait an
 * interval for their answer.
 */
#include "fleet.h"

const fleet_policy fleet_policies[] = {
    {.name = "phx", .heartbeat_timeout_ms = 10000, .connect_timeout_ms = 10000, .reads_http = true},
    {.name = "phoenix.js",
     .is_stepped = true,
     .heartbeat_timeout_ms = 30000,
     .final_close_code = 1000,
     .connect_timeout_ms = 127000},
    {.name = "SwiftPhoenixClient",
     .is_stepped = true,
     .heartbeat_timeout_ms = 30000,
     .final_close_code = 1000,
     .connect_timeout_ms = 60000},
};
const uint32_t fleet_policy_count = sizeof fleet_policies / sizeof fleet_policies[0];

const fleet_scenario fleet_scenarios[] = {
    {.name = "deploy",
     .title = "deploy: all closed with 1012, down for 10 s",
     .nodes = 1,
     .step_count = 2,
     .steps = {{0, -1, FLEET_REFUSING, 1012, 0, 0}, {10000, -1, FLEET_UP, 0, 0, 0}}},
    {.name = "crash",
     .title = "crash: all dropped without a close code, down for 10 s",
     .nodes = 1,
     .step_count = 2,
     .steps = {{0, -1, FLEET_REFUSING, 1006, 0, 0}, {10000, -1, FLEET_UP, 0, 0, 0}}},
    {.name = "rolling",
     .title = "rolling: four nodes drained with 1012, one after the other, each down for 10 s",
     .nodes = 4,
     .step_count = 8,
     .steps = {{0, 0, FLEET_REFUSING, 1012, 10, 0},
               {10000, 0, FLEET_UP, 0, 0, 0},
               {30000, 1, FLEET_REFUSING, 1012, 10, 0},
               {40000, 1, FLEET_UP, 0, 0, 0},
               {60000, 2, FLEET_REFUSING, 1012, 10, 0},
               {70000, 2, FLEET_UP, 0, 0, 0},
               {90000, 3, FLEET_REFUSING, 1012, 10, 0},
               {100000, 3, FLEET_UP, 0, 0, 0}}},
    {.name = "warming",
     .title = "warming up: 1012, down for 5 s, then 503 with Retry-After: 20 for 25 s",
     .nodes = 1,
     .step_count = 3,
     .steps = {{0, -1, FLEET_REFUSING, 1012, 0, 0},
               {5000, -1, FLEET_WARMING, 0, 0, 20000},
               {30000, -1, FLEET_UP, 0, 0, 0}}},
    {.name = "overload",
     .title = "overload: crash, down for 10 s, and a full backlog drops SYNs",
     .nodes = 1,
     .drops_syns = true,
     .step_count = 2,
     .steps = {{0, -1, FLEET_REFUSING, 1006, 0, 0}, {10000, -1, FLEET_UP, 0, 0, 0}}},
    {.name = "blackout",
     .title = "blackout: the host is gone without a word for 60 s",
     .nodes = 1,
     .drops_syns = true,
     .step_count = 2,
     .steps = {{0, -1, FLEET_SILENT, 0, 0, 0}, {60000, -1, FLEET_UP, 0, 0, 0}}},
};
const uint32_t fleet_scenario_count = sizeof fleet_scenarios / sizeof fleet_scenarios[0];
