#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The relay does what it is told: each fault, on loopback. Environment: CHAOS_RELAY."""

import os
import socket
import sys
import time
import unittest

sys.dont_write_bytecode = True

import actors

QUIET_S = 0.3
DATA = bytes(range(256)) * 8


class RelayTest(unittest.TestCase):
    def setUp(self):
        self.target = socket.create_server(('127.0.0.1', 0))
        self.target.settimeout(5)
        self.relay = actors.Relay(os.environ['CHAOS_RELAY'], '127.0.0.1', self.target.getsockname()[1], 7)
        self.sockets = [self.target]

    def tearDown(self):
        self.relay.process.stdin.close()
        self.assertEqual(self.relay.process.wait(5), 0)
        self.relay.process.stdout.close()
        for each in self.sockets:
            each.close()

    def pair(self, host='127.0.0.1'):
        client = socket.create_connection((host, self.relay.port), 5)
        server, _ = self.target.accept()
        server.settimeout(5)
        self.sockets += [client, server]
        return client, server

    def receive(self, receiver, length):
        """Everything, and in how many pieces it came."""
        data, pieces = b'', 0
        while len(data) < length:
            piece = receiver.recv(65536)
            self.assertTrue(piece, 'it ended')
            data += piece
            pieces += 1
        return data, pieces

    def passes(self, sender, receiver):
        """How long, and in how many pieces."""
        began = time.monotonic()
        sender.sendall(DATA)
        data, pieces = self.receive(receiver, len(DATA))
        self.assertEqual(data, DATA)
        return time.monotonic() - began, pieces

    def assert_quiet(self, *receivers):
        for receiver in receivers:
            receiver.settimeout(QUIET_S)
            with self.assertRaises(TimeoutError):
                receiver.recv(1)
            receiver.settimeout(5)

    def test_passes_both_ways_and_each_end(self):
        for host in ('127.0.0.1', '::1'):
            client, server = self.pair(host)
            self.passes(client, server)
            self.passes(server, client)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(server.recv(1), b'')
            self.passes(server, client)
            server.close()
            self.assertEqual(client.recv(1), b'')

    def test_delay_is_of_one_way(self):
        client, server = self.pair()
        self.relay.tell('set down delay=400 jitter=50')
        self.assertLess(self.passes(client, server)[0], 0.4)
        self.assertGreaterEqual(self.passes(server, client)[0], 0.4)

    def test_rate(self):
        client, server = self.pair()
        self.relay.tell('set both rate=8000')
        self.assertGreaterEqual(self.passes(client, server)[0], 0.2)

    def test_cut(self):
        client, server = self.pair()
        for cut, least in ((1, len(DATA)), (40, len(DATA) // 40)):
            before = self.relay.tell('stats')
            self.relay.tell(f'set both cut={cut}')
            _, pieces = self.passes(client, server)
            after = self.relay.tell('stats')
            self.assertEqual(after['up_bytes'] - before['up_bytes'], len(DATA))
            self.assertGreaterEqual(after['up_writes'] - before['up_writes'], least)
            self.assertGreater(pieces, 20)

    def test_merge(self):
        client, server = self.pair()
        self.relay.tell('set up merge=500')
        for _ in range(5):
            client.sendall(b'x')
            time.sleep(0.01)
        self.assertEqual(self.receive(server, 5), (b'xxxxx', 1))

    def test_reset(self):
        client, server = self.pair()
        self.relay.tell('reset')
        for side in (client, server):
            with self.assertRaises(ConnectionResetError):
                side.recv(1)
        self.passes(*self.pair())

    def test_mute_is_for_the_connections_of_now(self):
        client, server = self.pair()
        self.relay.tell('mute both')
        client.sendall(b'x')
        server.sendall(b'x')
        self.assert_quiet(client, server)
        server.close()
        self.assert_quiet(client)  # the end is not passed on either
        self.passes(*self.pair())
        client.close()  # and nobody holds what nobody can see any more
        until = time.monotonic() + 5
        while self.relay.tell('stats')['open'] > 1:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)

    def test_mute_one_way(self):
        client, server = self.pair()
        self.relay.tell('mute down')
        self.passes(client, server)
        server.sendall(b'x')
        self.assert_quiet(client)

    def test_silence_goes_over(self):
        client, server = self.pair()
        self.relay.tell('set both silent=1')
        client.sendall(DATA)
        self.assert_quiet(server)
        self.relay.tell('set both')
        self.assertEqual(self.receive(server, len(DATA))[0], DATA)

    def test_absent_target(self):
        self.target.close()
        with self.assertRaises(ConnectionResetError):  # by either call
            with socket.create_connection(('127.0.0.1', self.relay.port), 5) as client:
                client.recv(1)
        self.assertEqual(self.relay.tell('stats')['refused'], 1)

    def test_wrong_commands(self):
        for command in ('dance', 'set', 'set up delay', 'set up colour=1', 'mute', ''):
            with self.assertRaises(actors.Failure):
                self.relay.tell(command)


if __name__ == '__main__':
    unittest.main()
