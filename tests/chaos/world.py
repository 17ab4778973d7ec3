# SPDX-License-Identifier: MIT
"""One server, one link, one client: made, observed, disturbed, compared, taken away."""

import json
import os
import shutil
import subprocess
import tempfile
import time

import actors
from actors import Failure, is_down, is_live, is_retry
from net import NAME, Net

HEARTBEAT_S = 4
ANSWER_S = HEARTBEAT_S / 3  # how long the program waits for a heartbeat's answer
CONNECT_S = 10  # how long one attempt may take
BACKOFF_S = 5  # the first wait after an attempt that found nobody listening, doubled with each failure
BACKOFF_MAX_S = 30
SMOOTH_S = 3  # connecting, joining and a sync, when nothing disturbs them
LOCAL_S = 1  # for what nothing has to be waited for

# The longest silence: a heartbeat's interval and the wait for its answer.
SILENCE_S = HEARTBEAT_S + ANSWER_S

# From the end of any fault until the feed is the server's: the silence, an attempt, the longest wait.
WORST_S = SILENCE_S + CONNECT_S + BACKOFF_MAX_S + SMOOTH_S


class World:
    """programs: a dictionary of community, backend and relay. family: 4 or 6."""

    def __init__(self, programs, family, is_tls, seed):
        self.programs = programs
        self.folder = tempfile.mkdtemp(prefix='phx-chaos-')
        self.net = None
        self.watch = None
        self.seed = seed
        try:
            self.net = Net(family)
            self._start(programs, '127.0.0.1' if family == 4 else '::1', is_tls)
        except BaseException:
            self.close()
            raise

    def _start(self, programs, address, is_tls):
        certificate = self._make_certificate() if is_tls else None
        self.log = open(f'{self.folder}/watch.log', 'a', encoding='utf-8')
        self.backend = actors.Backend(programs['backend'], address, self.folder, certificate)
        self.relay = actors.Relay(programs['relay'], address, self.backend.port, self.seed)
        self.writer = actors.Writer(address, self.backend.port, is_tls, self.seed)
        more = ['--ca', certificate[0]] if is_tls else ['--allow-insecure']
        secure = 's' if is_tls else ''
        authority = f'{NAME}:{self.relay.port}'
        self.arguments = ['--url', f'ws{secure}://{authority}/community', '--api',
                          f'http{secure}://{authority}/api/community', '--keychain', 'env:TOKEN', *more]
        self.environment = {**os.environ, 'TOKEN': 'tok-alice', 'LC_ALL': 'C.UTF-8'}

    def start_watch(self):
        command = [self.programs['community'], 'watch', '--json', '--verbose',
                   '--heartbeat', str(HEARTBEAT_S), *self.arguments]
        self.watch = actors.Watch(self.net.in_client(command), self.environment, self.log)
        self.await_live(60)

    def _make_certificate(self):
        paths = (f'{self.folder}/cert.pem', f'{self.folder}/key.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
                        f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-out', paths[0],
                        '-keyout', paths[1]], check=True, capture_output=True)
        return paths

    def stop_watch(self):
        if self.watch and self.watch.process.poll() is None:
            actors.end(self.watch.process)

    def close(self):
        for name in ('watch', 'relay', 'backend'):
            process = getattr(getattr(self, name, None), 'process', None)
            if process and process.poll() is None:
                actors.end(process)
        if self.net:
            self.net.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def await_live(self, seconds):
        if not self.watch.wait(self.watch.is_live, seconds):
            raise Failure(f'not live within {seconds:.1f} s')

    def await_down(self, since, seconds):
        """When the program said that the connection is lost; None: it did not. It also has said what
        it does next."""
        when = self.watch.wait(lambda: self.watch.first_state(since, is_down), seconds)
        if when:
            self.watch.wait(lambda: self.watch.first_state(since, is_retry), SMOOTH_S)
        return when

    def recovery_limit_s(self, now):
        """How long from now on it may take, by what the program has announced, until it is live on a
        link that is well."""
        when, line = self.watch.states[-1]
        if is_live(line):
            return SMOOTH_S
        next_s = when + line['next_attempt_in_ms'] / 1000 - now
        if next_s > 0:
            return next_s + SMOOTH_S
        # An attempt is under way, and may have begun before the link was well.
        backoff = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(line['attempts'], 10))
        return CONNECT_S + backoff + SMOOTH_S

    def settle(self, seconds):
        """No more writes; waits until the feed is the server's. Returns how many posts are missing or
        different all the same."""
        self.writer.pause()
        self.await_live(seconds)
        server = self.listed()
        until = time.monotonic() + seconds
        while self.difference(server) and time.monotonic() < until:
            self.watch.wait(lambda: not self.difference(server), 0.2)
        missing = self.difference(server)
        self.writer.ids = [post['id'] for post in server if post['author']['name'] == 'Bob']
        return missing

    def listed(self):
        """The server's feed, by the program's own `list --json`."""
        result = subprocess.run(
            self.net.in_client([self.programs['community'], 'list', '--json', *self.arguments]),
            env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        if result.returncode != 0:
            raise Failure(f'list: {result.stderr}')
        return json.loads(result.stdout)['posts']

    def difference(self, server):
        """How many places of the two feeds differ."""
        watched = self.watch.posts
        pairs = zip(watched, server)
        return sum(a != b for a, b in pairs) + abs(len(watched) - len(server))

    def finish(self):
        """Ends the program; its last snapshot has to be the feed, too."""
        server = self.listed()
        self.watch.process.terminate()
        code = self.watch.process.wait(actors.ANSWER_S)
        self.watch.reader.join(actors.ANSWER_S)
        if code != 0:
            raise Failure(f'watch ended with {code}: {self.tail()}')
        if self.watch.snapshot != server:
            raise Failure('the last snapshot is not what the server lists')

    def tail(self):
        self.log.flush()
        with open(self.log.name, encoding='utf-8', errors='replace') as file:
            return ''.join(file.readlines()[-30:])
