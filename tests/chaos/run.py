#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Live chaos: the backend and the program in two network namespaces joined by a veth pair, a relay
between them, and every fault in turn, while posts are written. Prints how long each took to be noticed
and to be over, and whether the feed was the server's list in the end. Needs root; without, it ends with
77 and a reason.

  meson test -C build --suite chaos       every fault over IPv4 and over IPv6 with TLS, and random ones
  tests/chaos/run.py --world ipv4-ws --only "link down"
  tests/chaos/run.py --world mixed --mixed 300 --seed 77
  tests/chaos/run.py --soak 1800          random faults, and what the processes hold, sampled

By hand, COMMUNITY, COMMUNITY_BACKEND and CHAOS_RELAY name the programs."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import actors
import net
import scenarios
import soak
from actors import Failure
from world import World

WORLDS = {'ipv4-ws': (4, False), 'ipv6-wss': (6, True)}
MIXED = 'mixed'
SKIPPED = 77


def skip_reason():
    if os.geteuid() != 0:
        return 'network namespaces need root'
    if not shutil.which('ip'):
        return 'there is no ip command (Debian: iproute2)'
    return None


def seconds(value):
    return '-' if value is None else f'{value:.3f}'


def print_table(results):
    head = ('scenario', 'noticed after', 'limit', 'live again after', 'limit', 'writes', 'missing', 'CPU')
    rows = [head] + [
        (r.scenario, seconds(r.detected_s), seconds(r.detect_limit_s), seconds(r.again_s),
         seconds(r.again_limit_s), str(r.writes), '-' if r.missing is None else str(r.missing),
         '-' if r.cpu is None else f'{r.cpu:.1%}') for r in results]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print('  '.join([row[0].ljust(widths[0])]
                        + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]))


def run_scenarios(world, wanted):
    results = []
    for scenario in scenarios.ALL:
        if wanted and not any(word in scenario.name for word in wanted):
            continue
        result = scenarios.run(world, scenario)
        results.append(result)
        if result.failure:
            print(f'FAILED {scenario.name}: {result.failure}')
            for when, line in world.watch.states[-8:]:
                print(f'  {when - time.monotonic():8.2f} {line}')
            print(world.tail(), flush=True)
            world.stop_watch()
    return results


def run_world(name, arguments):
    world = World(programs_of(arguments), *WORLDS[name], arguments.seed)
    try:
        results = run_scenarios(world, arguments.only)
    finally:
        world.close()
    print(f'--- {name}, times in s')
    print_table(results)
    return len(results), len(results), sum(bool(result.failure) for result in results)


def run_mixed(arguments):
    world = World(programs_of(arguments), *WORLDS['ipv6-wss'], arguments.seed)
    try:
        world.start_watch()
        result = soak.mixed(world, arguments.seed, arguments.mixed)
        world.finish()
    finally:
        world.close()
    print(f'--- mixed, ipv6-wss: {result}')
    return 1, result.faults, len(result.failures)


def programs_of(arguments):
    return {'community': arguments.community, 'backend': arguments.backend, 'relay': arguments.relay}


def run_all(arguments):
    """Each world in a process of its own: a namespace is entered for good."""
    children = [actors.start([sys.executable, *sys.argv, '--seed', str(arguments.seed), '--world', name],
                             signal.SIGTERM, stdout=subprocess.PIPE) for name in (*WORLDS, MIXED)]
    total = [0, 0, 0]
    is_skipped = False
    try:
        for child in children:
            output, _ = child.communicate()
            print(output, end='', flush=True)
            counts = re.search(r'^chaos: (\d+) scenarios, (\d+) faults, (\d+) failures', output, re.M)
            if counts:
                total = [a + int(b) for a, b in zip(total, counts.groups())]
            elif child.returncode == SKIPPED:
                is_skipped = True
            else:
                total[2] += 1
    finally:
        for child in children:
            if child.poll() is None:
                child.terminate()
                child.wait()
    return None if is_skipped else total


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--community', default=os.environ.get('COMMUNITY'))
    parser.add_argument('--backend', default=os.environ.get('COMMUNITY_BACKEND'))
    parser.add_argument('--relay', default=os.environ.get('CHAOS_RELAY'))
    parser.add_argument('--world', choices=(*WORLDS, MIXED))
    parser.add_argument('--only', action='append', help='scenarios whose name contains this')
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('--mixed', type=float, default=45, metavar='SECONDS',
                        help='how long the world of random faults takes')
    parser.add_argument('--soak', type=float, metavar='SECONDS',
                        help='only random faults, and the memory sampled')
    arguments = parser.parse_args()
    if not (arguments.community and arguments.backend and arguments.relay):
        parser.error('--community, --backend and --relay, or COMMUNITY, COMMUNITY_BACKEND, CHAOS_RELAY')
    return arguments


def end_on_signal(number, _frame):
    sys.exit(128 + number)


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end_on_signal)
    arguments = read_arguments()
    reason = skip_reason()
    if reason:
        print(f'chaos: skipped: {reason}')
        return SKIPPED
    print(f'seed {arguments.seed}', flush=True)
    try:
        if arguments.soak:
            return soak.main(programs_of(arguments), WORLDS.get(arguments.world, WORLDS['ipv6-wss']), arguments)
        if arguments.world == MIXED:
            counts = run_mixed(arguments)
        elif arguments.world:
            counts = run_world(arguments.world, arguments)
        else:
            counts = run_all(arguments)
    except Failure as failure:
        print(f'FAILED {failure}')
        return 1
    except net.NotAllowed as error:
        print(f'chaos: skipped: no network namespaces: {str(error).strip()}')
        return SKIPPED
    if counts is None:
        return SKIPPED
    print(f'chaos: {counts[0]} scenarios, {counts[1]} faults, {counts[2]} failures, seed {arguments.seed}')
    return 0 if counts[2] == 0 and counts[0] > 0 else 1


if __name__ == '__main__':
    sys.exit(main())
