# SPDX-License-Identifier: MIT
"""Two network namespaces joined by a veth pair, and the name service of the client's one.

The process that makes the net moves into the server's namespace; what is to run in the client's is
started with Net.in_client. Everything is removed by close()."""

import ctypes
import os
import re
import shutil
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
NAME = 'feed.test'
A, AAAA = 1, 28


class NotAllowed(Exception):
    """This machine gives no namespaces."""


def ip(*words):
    subprocess.run(['ip', *words], check=True, capture_output=True, text=True)


class NameService:
    """A DNS server for the one name: answers, denies it, or says nothing."""

    def __init__(self, family, address):
        self.family = family
        self.address = None
        self.mode = 'answer'  # or 'deny', 'silent'
        self.queries = 0
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, sender = self.socket.recvfrom(512)
            self.queries += 1
            if self.mode != 'silent':
                self.socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        end = query.index(b'\0', 12) + 5  # of the question: name, type, class
        labels = b''.join(bytes([len(label)]) + label.encode() for label in NAME.split('.'))
        is_known = self.mode == 'answer' and query[12:end - 4] == labels + b'\0'
        has_address = is_known and query[end - 3] == (A if self.family == socket.AF_INET else AAAA)
        flags = 0x8580 if is_known else 0x8583
        answer = query[:2] + struct.pack('>5H', flags, 1, int(has_address), 0, 0) + query[12:end]
        if has_address:
            data = socket.inet_pton(self.family, self.address)
            answer += b'\xc0\x0c' + query[end - 4:end] + struct.pack('>IH', 0, len(data)) + data
        return answer


class Net:
    """family: 4 or 6."""

    def __init__(self, family):
        self.family = family
        self.server = f'phx-chaos-{os.getpid()}-s'
        self.client = f'phx-chaos-{os.getpid()}-c'
        self.hosts = {'server': 1, 'client': 2}  # the last part of their addresses
        self.is_link_up = True
        remove_stale()
        try:
            ip('netns', 'add', self.server)
            ip('netns', 'add', self.client)
            ip('-n', self.server, 'link', 'add', 'link-s', 'type', 'veth', 'peer', 'name', 'link-c',
               'netns', self.client)
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise NotAllowed(getattr(error, 'stderr', None) or str(error)) from error
        for name in (self.server, self.client):
            ip('-n', name, 'link', 'set', 'lo', 'up')
        # The first address stays: it is the resolver's, and the others of the link hang on it.
        self._address('server', 'add', 53)
        self.link(True)
        self._write_resolver_files()
        self._enter_server()
        self.names = NameService(socket.AF_INET if family == 4 else socket.AF_INET6,
                                 self.address_of(53))
        self.names.address = self.address_of(self.hosts['server'])

    def close(self):
        remove(self.server)
        remove(self.client)

    def address_of(self, host):
        return f'10.77.0.{host}' if self.family == 4 else f'fd77::{host}'

    def in_client(self, command):
        return ['ip', 'netns', 'exec', self.client, *command]

    def link(self, is_up):
        """Neither end is told more than that the carrier is lost."""
        ip('-n', self.client, 'link', 'set', 'link-c', 'up' if is_up else 'down')
        if is_up:
            ip('-n', self.server, 'link', 'set', 'link-s', 'up')
            for side, host in self.hosts.items():  # IPv6 loses them with the link
                self._address(side, 'replace', host)

    def move(self, side):
        """Its address goes, another one comes; the name follows the server."""
        self._address(side, 'del', self.hosts[side])
        self.hosts[side] ^= 8  # and back the next time
        self._address(side, 'add', self.hosts[side])
        self.names.address = self.address_of(self.hosts['server'])

    def _address(self, side, verb, host):
        names = {'server': (self.server, 'link-s'), 'client': (self.client, 'link-c')}
        name, link = names[side]
        length = 24 if self.family == 4 else 64
        no_dad = ['nodad'] if self.family == 6 and verb != 'del' else []
        ip('-n', name, 'addr', verb, f'{self.address_of(host)}/{length}', 'dev', link, *no_dad)

    def _write_resolver_files(self):
        folder = f'/etc/netns/{self.client}'  # what `ip netns exec` shows as /etc
        os.makedirs(folder)
        files = {
            'resolv.conf': f'nameserver {self.address_of(53)}\noptions timeout:1 attempts:1\n',
            'nsswitch.conf': 'hosts: files dns\n',
            'hosts': '127.0.0.1 localhost\n',
        }
        for name, text in files.items():
            with open(f'{folder}/{name}', 'w', encoding='utf-8') as file:
                file.write(text)

    def _enter_server(self):
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(f'/run/netns/{self.server}', os.O_RDONLY)
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), 'setns')
        os.close(fd)


def remove(name):
    subprocess.run(['ip', 'netns', 'del', name], capture_output=True, check=False)
    shutil.rmtree(f'/etc/netns/{name}', ignore_errors=True)
    try:
        os.rmdir('/etc/netns')
    except OSError:
        pass  # not there, or another's


def remove_stale():
    """What a run left that was killed."""
    names = os.listdir('/run/netns') if os.path.isdir('/run/netns') else []
    for name in names:
        match = re.fullmatch(r'phx-chaos-(\d+)-[sc]', name)
        if match and not os.path.exists(f'/proc/{match[1]}'):
            remove(name)
