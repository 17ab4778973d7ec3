# SPDX-License-Identifier: MIT
"""The programs that take part: the relay, the backend, whoever writes posts, and the one that watches."""

import ctypes
import http.client
import json
import os
import random
import signal
import ssl
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
ANSWER_S = 20  # for what has to come at once, on a busy machine
MAX_POSTS = 30  # so that a list is small enough for a slow link

libc = ctypes.CDLL(None)


class Failure(Exception):
    """What is tested did not hold."""


def start(command, parting=signal.SIGKILL, **options):
    """parting: the signal that it gets if this process ends before it."""
    return subprocess.Popen(command, text=True, **options,
                            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, parting))


def end(process, number=signal.SIGKILL):
    process.send_signal(number)
    return process.wait(ANSWER_S)


class Relay:
    """The link's tormentor; see relay.c."""

    def __init__(self, program, address, port, seed):
        self.process = start([program, address, str(port), str(seed)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline().split()[1])

    def tell(self, command):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer or answer[0] != 'ok':
            raise Failure(f'relay: {command}: {" ".join(answer)}')
        return {name: int(value) for name, value in (word.split('=') for word in answer[1:])}


class Backend:
    """Keeps its port and its posts when it is killed and started again."""

    def __init__(self, program, address, folder, certificate):
        self.command = [program, '--bind', address, '--db', f'{folder}/feed.db', '--control']
        if certificate:
            self.command += ['--cert', certificate[0], '--key', certificate[1]]
        self.log = open(f'{folder}/backend.log', 'a', encoding='utf-8')
        self.port = 0
        self.start()

    def start(self):
        self.process = start([*self.command, '--port', str(self.port)], stdout=subprocess.PIPE,
                             stderr=self.log)
        line = self.process.stdout.readline()
        if not line.startswith('listening on '):
            raise Failure('the backend did not start')
        self.port = int(line.rsplit(':', 1)[1])

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        end(self.process)


class Writer:
    """Writes through REST at the server's side, as long as it is not paused. What fails because the
    server is stopped or dead is counted; the server's list says in the end what it did."""

    def __init__(self, address, port, is_tls, seed):
        self.address = address
        self.port = port
        self.context = ssl._create_unverified_context() if is_tls else None
        self.random = random.Random(seed)
        self.ids = []
        self.done = 0
        self.failed = 0
        self.gap_s = 0.2
        self.is_wanted = threading.Event()
        self.is_idle = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def resume(self):
        self.is_idle.clear()
        self.is_wanted.set()

    def pause(self):
        self.is_wanted.clear()
        if not self.is_idle.wait(ANSWER_S):
            raise Failure('a write hangs')

    def call(self, method, path, body=None):
        kind = http.client.HTTPSConnection if self.context else http.client.HTTPConnection
        more = {'context': self.context} if self.context else {}
        connection = kind(self.address, self.port, timeout=3, **more)
        try:
            connection.request(method, '/api/community/posts' + path,
                               None if body is None else json.dumps({'body': body}),
                               {'Authorization': 'Bearer tok-bob', 'Content-Type': 'application/json'})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise Failure(f'{method} {path}: HTTP {answer.status}')
            return json.loads(text)['data'] if text else None
        finally:
            connection.close()

    def _work(self):
        while True:
            if not self.is_wanted.is_set():
                self.is_idle.set()
            self.is_wanted.wait()
            try:
                self._write()
                self.done += 1
            except (OSError, http.client.HTTPException, Failure):
                self.failed += 1
            time.sleep(self.random.uniform(0, 2 * self.gap_s))

    def _write(self):
        what = self.random.randrange(10)
        text = f'write {self.done} ' + 'Grüße ☕ ' * self.random.randrange(12)
        if len(self.ids) >= MAX_POSTS:
            post = self.ids.pop(self.random.randrange(MAX_POSTS))
            self.call('DELETE', '/' + post)
        elif what < 5 or not self.ids:
            self.ids.append(self.call('POST', '', text)['id'])
        elif what < 7:
            self.call('PUT', '/' + self.random.choice(self.ids), text)
        elif what < 8:
            self.call('POST', f'/{self.random.choice(self.ids)}/like')
        elif what < 9:
            self.call('POST', f'/{self.random.choice(self.ids)}/comments', text)
        else:
            post = self.ids.pop(self.random.randrange(len(self.ids)))
            self.call('DELETE', '/' + post)


class Watch:
    """`watch --json`, read as it comes: the states with their times, and the feed, replayed change by
    change."""

    def __init__(self, command, environment, log):
        self.process = start(command, stdout=subprocess.PIPE, stderr=log, env=environment)
        self.states = []  # (time, line)
        self.errors = []
        self.posts = []
        self.snapshot = None
        self.stats = None
        self.trouble = None
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for text in self.process.stdout:
            now = time.monotonic()
            with self.changed:
                try:
                    self._take(now, json.loads(text))
                except (ValueError, KeyError, IndexError) as error:
                    self.trouble = f'{error!r} in {text[:200]}'
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def _take(self, now, line):
        kind = line['type']
        if kind == 'state':
            self.states.append((now, line))
        elif kind == 'change':
            self._change(line)
        elif kind == 'error':
            self.errors.append(line)
        elif kind == 'stats':
            self.stats = line
        elif kind == 'snapshot':
            self.snapshot = line['posts']

    def _change(self, line):
        kind = line['kind']
        if kind == 'reset':
            self.posts = line['posts']
        elif kind == 'insert' and line['index'] <= len(self.posts):
            self.posts.insert(line['index'], line['post'])
        elif kind == 'replace':
            self.posts[line['index']] = line['post']
        elif kind == 'remove':
            del self.posts[line['index']]
        else:
            raise ValueError(f'{kind} at {line["index"]} of {len(self.posts)}')

    def wait(self, has_come, seconds):
        """Until has_come() returns something; None: it did not."""
        until = time.monotonic() + seconds
        with self.changed:
            while True:
                if self.trouble:
                    raise Failure(f'the output of watch: {self.trouble}')
                result = has_come()
                left = until - time.monotonic()
                if result or left <= 0:
                    return result or None
                if self.process.poll() is not None:
                    raise Failure(f'watch ended with {self.process.returncode}')
                self.changed.wait(min(left, 1))

    def is_live(self):
        return bool(self.states) and is_live(self.states[-1][1])

    def first_state(self, since, is_wanted):
        """When a state came, after `since`, that is as wanted; None: none did."""
        return next((when for when, line in self.states if when >= since and is_wanted(line)), None)


def is_live(line):
    return line['state'] == 'connected' and line['freshness'] == 'live'


def is_down(line):
    return line['state'] != 'connected'


def is_retry(line):
    return line['next_attempt_in_ms'] > 0 or line['attempts'] > 0


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def memory_kib(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))
