# SPDX-License-Identifier: MIT
"""The faults, each with what the client has to make of it."""

import dataclasses
import signal
import time
import typing

import actors
import world as chaos
from actors import Failure, is_down

STAYS = 'stays'  # the connection lives on
DROPS = 'drops'  # it is noticed that it is gone; live again after the fault is over
THROUGH = 'through'  # it is reset under the fault: live again while that lasts
EITHER = 'either'  # it may be noticed or not


@dataclasses.dataclass
class Scenario:
    name: str
    outcome: str
    begin: typing.Callable
    over: typing.Callable = lambda w: None
    hold_s: float = 2
    detect_s: float = chaos.LOCAL_S  # within which it is to be noticed
    slow_s: float = 0  # by which the link makes a recovery slower
    kills_server: bool = False
    is_quiet: bool = False  # nothing reaches the client: it has next to nothing to compute
    check: typing.Callable = lambda w: None  # that the fault took place


@dataclasses.dataclass
class Result:
    scenario: str
    detected_s: float | None = None
    detect_limit_s: float | None = None
    again_s: float | None = None
    again_limit_s: float | None = None
    writes: int = 0
    missing: int | None = None
    cpu: float | None = None  # share of one core while the fault lasted
    failure: str = ''


def link_fault(rule):
    """Under the rule, the connection is ended once: what then matters is coming back through it."""

    def begin(w):
        w.before = w.relay.tell('stats')
        w.relay.tell(f'set both {rule}')
        w.relay.tell('reset')

    return begin


def every_byte_alone(w):
    now = w.relay.tell('stats')
    for way in ('up', 'down'):
        sent, writes = (now[f'{way}_{what}'] - w.before[f'{way}_{what}'] for what in ('bytes', 'writes'))
        if sent == 0 or writes != sent:
            raise Failure(f'{way}: {writes} writes for {sent} bytes')


def name_was_missed(w):
    errors = [line['error'] for _, line in w.watch.states if line['error']]
    if not any(error['status'] == 'PHX_ERROR_NAME_NOT_FOUND' for error in errors):
        raise Failure('nothing said that the name could not be found')


def set_names(mode):
    def begin(w):
        w.net.names.mode = mode
        w.relay.tell('reset')

    return begin


def names_again(w):
    w.net.names.mode = 'answer'


def pass_all(w):
    w.relay.tell('set both')


def mute_existing(w):
    w.relay.tell('mute both')


def stop_server(w):
    w.backend.signal(signal.SIGSTOP)


def continue_server(w):
    w.backend.signal(signal.SIGCONT)


def kill_server(w):
    w.backend.kill()


def silence(w):
    w.relay.tell('set both silent=1')


def link_down(w):
    w.net.link(False)


def link_up(w):
    w.net.link(True)


ALL = [
    Scenario('delay 300 ms, jitter 100', THROUGH, link_fault('delay=300 jitter=100'), pass_all, hold_s=6,
             slow_s=8),
    Scenario('throttle 6000 bytes/s', THROUGH, link_fault('rate=6000'), pass_all, hold_s=3, slow_s=8),
    Scenario('split at every byte', THROUGH, link_fault('cut=1'), pass_all, hold_s=3, slow_s=8,
             check=every_byte_alone),
    Scenario('split at random', THROUGH, link_fault('cut=40'), pass_all, hold_s=2, slow_s=4),
    Scenario('merge over 250 ms', THROUGH, link_fault('merge=250'), pass_all, hold_s=2, slow_s=6),
    Scenario('reset', DROPS, lambda w: w.relay.tell('reset'), hold_s=0),
    Scenario('half open: silence, no FIN', DROPS, mute_existing, hold_s=0, detect_s=chaos.SILENCE_S,
             is_quiet=True),
    # What the server sends shows that it lives, and keeps the feed live.
    Scenario('half open: nothing reaches the server', EITHER, lambda w: w.relay.tell('mute up'), hold_s=6),
    Scenario('half open: nothing reaches the client', DROPS, lambda w: w.relay.tell('mute down'), hold_s=0,
             detect_s=chaos.SILENCE_S, is_quiet=True),
    Scenario('half open: all is silent', DROPS, silence, pass_all, hold_s=2, detect_s=chaos.SILENCE_S,
             is_quiet=True),
    Scenario('link down, short', EITHER, link_down, link_up, hold_s=0.7),
    Scenario('link down, long', DROPS, link_down, link_up, hold_s=3, detect_s=chaos.SILENCE_S,
             is_quiet=True),
    Scenario('the client\'s address changes', DROPS, lambda w: w.net.move('client'), hold_s=0,
             detect_s=chaos.SILENCE_S),
    Scenario('the server\'s address changes', DROPS, lambda w: w.net.move('server'), hold_s=0,
             detect_s=chaos.SILENCE_S),
    Scenario('the name does not resolve', DROPS, set_names('deny'), names_again, hold_s=3,
             is_quiet=True, check=name_was_missed),
    Scenario('the name service is silent', DROPS, set_names('silent'), names_again, hold_s=3,
             is_quiet=True),
    Scenario('server stopped, short', STAYS, stop_server, continue_server, hold_s=chaos.ANSWER_S / 2),
    Scenario('server stopped, long', DROPS, stop_server, continue_server, hold_s=2,
             detect_s=chaos.SILENCE_S, is_quiet=True),
    Scenario('server killed and restarted', DROPS, kill_server, lambda w: w.backend.start(), hold_s=1,
             kills_server=True),
]

QUIET_CPU = 0.03


def run(w, scenario):
    """With a program of its own, so that no scenario pays for the attempts of another."""
    result = Result(scenario.name)
    writes = w.writer.done
    try:
        w.start_watch()
        w.writer.resume()
        time.sleep(0.3)  # so that the fault hits a feed in use
        began = time.monotonic()
        cpu = actors.cpu_seconds(w.watch.process.pid)
        scenario.begin(w)
        try:
            notice(w, scenario, result, began)
            time.sleep(scenario.hold_s)
            scenario.check(w)
        finally:
            elapsed = time.monotonic() - began
            result.cpu = (actors.cpu_seconds(w.watch.process.pid) - cpu) / elapsed
            scenario.over(w)
            over = time.monotonic()
            limit = w.recovery_limit_s(over)
        come_back(w, scenario, result, over, limit)
        result.missing = w.settle(chaos.SMOOTH_S)
        result.writes = w.writer.done - writes
        judge(w, scenario, result, began)
        w.finish()
    except Failure as failure:
        result.failure = str(failure)
    return result


def notice(w, scenario, result, began):
    if scenario.outcome not in (DROPS, THROUGH):
        return
    result.detect_limit_s = scenario.detect_s + chaos.LOCAL_S
    when = w.await_down(began, result.detect_limit_s)
    if not when:
        raise Failure(f'not noticed within {result.detect_limit_s:.1f} s')
    result.detected_s = when - began
    if scenario.outcome == THROUGH:
        limit = w.recovery_limit_s(began) + scenario.slow_s
        come_back(w, scenario, result, began, limit)


def come_back(w, scenario, result, since, limit):
    if result.again_s is not None:
        return
    w.await_live(limit)
    when = w.watch.states[-1][0]
    result.again_s = max(0, when - since)
    result.again_limit_s = limit


def judge(w, scenario, result, began):
    down = w.watch.first_state(began, is_down)
    if scenario.outcome == EITHER and down:
        result.detected_s = down - began
    if scenario.outcome == STAYS and down:
        raise Failure(f'the connection was given up after {down - began:.1f} s')
    if result.missing:
        raise Failure(f'{result.missing} posts differ from the server\'s list')
    if scenario.is_quiet and result.cpu > QUIET_CPU:
        raise Failure(f'it used {result.cpu:.0%} of a core with nothing to do')
