# SPDX-License-Identifier: MIT
"""Faults at random for as long as one likes; and the soak, which samples what the processes hold
meanwhile."""

import dataclasses
import random
import statistics
import time

import actors
import world as chaos
from actors import Failure
from scenarios import ALL
from world import World

MOST_HOLD_S = 4
MOST_GAP_S = 3
SETTLE_EVERY_S = 30
SAMPLE_EVERY_S = 10
WARM_UP = 0.1  # of the time
MARGIN_KIB = 1024  # by which the last third's median may be above the first's


@dataclasses.dataclass
class Mixed:
    seed: int
    faults: int = 0
    settles: int = 0
    writes: int = 0
    writes_failed: int = 0
    failures: list = dataclasses.field(default_factory=list)

    def __str__(self):
        return (f'seed {self.seed}: {self.faults} faults, {self.writes} writes ({self.writes_failed} that '
                f'the server did not answer), {self.settles} times compared, {len(self.failures)} failures'
                + ''.join(f'\n  {failure}' for failure in self.failures))


def pause(choice, seconds, on_tick):
    until = time.monotonic() + choice.uniform(0, seconds)
    while True:
        on_tick()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.5))


def settle(world, mixed, on_tick):
    """The last fault may not have been noticed yet, or have hit an attempt."""
    try:
        missing = world.settle(chaos.WORST_S)
        if missing:
            raise Failure(f'{missing} posts differ from the server\'s list')
    except Failure as failure:
        mixed.failures.append(f'after {mixed.faults} faults: {failure}')
        world.await_live(120)
    mixed.settles += 1
    world.writer.resume()
    on_tick()


def mixed(world, seed, seconds, faults=ALL, on_tick=lambda: None):
    result = Mixed(seed)
    choice = random.Random(seed)
    end = time.monotonic() + seconds
    done, failed = world.writer.done, world.writer.failed
    next_settle = time.monotonic() + SETTLE_EVERY_S
    world.writer.resume()
    while time.monotonic() < end:
        scenario = choice.choice(faults)
        scenario.begin(world)
        pause(choice, MOST_HOLD_S, on_tick)
        scenario.over(world)
        result.faults += 1
        pause(choice, MOST_GAP_S, on_tick)
        if time.monotonic() >= next_settle:
            settle(world, result, on_tick)
            next_settle = time.monotonic() + SETTLE_EVERY_S
    settle(world, result, on_tick)
    world.writer.pause()
    result.writes = world.writer.done - done
    result.writes_failed = world.writer.failed - failed
    return result


class Samples:
    """Memory and descriptors of the two programs."""

    def __init__(self, world):
        self.world = world
        self.began = time.monotonic()
        self.next = self.began
        self.rows = []

    def take(self):
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + SAMPLE_EVERY_S
        program, backend = self.world.watch.process.pid, self.world.backend.process.pid
        row = (now - self.began, actors.memory_kib(program), actors.descriptors(program),
               actors.memory_kib(backend), actors.descriptors(backend))
        self.rows.append(row)
        print(f'{row[0]:7.0f} s  program {row[1]} KiB {row[2]} fds  backend {row[3]} KiB {row[4]} fds',
              flush=True)

    def verdict(self, seconds):
        """What is not flat, in words."""
        rows = [row for row in self.rows if row[0] >= seconds * WARM_UP]
        third = len(rows) // 3
        if third == 0:
            return ['too short to say anything']
        wrong = []
        for name, column, margin in (('program KiB', 1, MARGIN_KIB), ('program fds', 2, 1),
                                     ('backend KiB', 3, 2 * MARGIN_KIB), ('backend fds', 4, 2)):
            first, last = (statistics.median(row[column] for row in part)
                           for part in (rows[:third], rows[-third:]))
            slope = statistics.linear_regression([row[0] / 3600 for row in rows],
                                                 [row[column] for row in rows]).slope
            print(f'{name}: median of the first third {first:.0f}, of the last {last:.0f}, '
                  f'slope {slope:+.1f} an hour')
            if last > first + margin:
                wrong.append(f'{name} grew from {first:.0f} to {last:.0f}')
        return wrong


def main(programs, kind, arguments):
    world = World(programs, *kind, arguments.seed)
    try:
        world.start_watch()
        world.writer.gap_s = 0.1
        samples = Samples(world)
        # The backend lives through all of it, so that its memory means something, too.
        faults = [scenario for scenario in ALL if not scenario.kills_server]
        result = mixed(world, arguments.seed, arguments.soak, faults, samples.take)
        cpu = actors.cpu_seconds(world.watch.process.pid)
        world.finish()
        print(f'soak: {result}')
        print(f'stats: {world.watch.stats}')
        print(f'CPU of the program: {cpu:.2f} s of {arguments.soak:.0f} s')
        wrong = result.failures + samples.verdict(arguments.soak)
        for text in wrong:
            print(f'FAILED {text}')
        print(f'chaos: soak of {arguments.soak:.0f} s, {result.faults} faults, {len(wrong)} failures, '
              f'seed {arguments.seed}')
        return 1 if wrong else 0
    finally:
        world.close()
