"""What the tests of sources that others push to share. With io_uring and with epoll; tests that need a
daemon of their own take one of them by turns of the seed, and both with HYDRANT_LONG=1, which also
makes them larger."""

import contextlib
import os
import pathlib
import random
import socket
import unittest

from daemon_world import PATIENCE, World

BACKENDS = ("uring", "read")
LONG = bool(os.environ.get("HYDRANT_LONG"))
PORTS = []  # held until the process ends
RECORDS, KILLS, CONNECTIONS = (6000, 4, 1200) if LONG else (1500, 2, 200)


def seed_of(test):
    seed = int(os.environ.get("HYDRANT_SEED", random.randrange(1 << 30)))
    print(f"{test}: HYDRANT_SEED={seed}")
    return seed


def backends():
    return BACKENDS if LONG else (random.choice(BACKENDS),)


class SourceTest(unittest.TestCase):
    def world(self, source, backend="uring", **changes):
        world = World(sources=f"[{source}]", **changes)
        world.env["HYDRANT_IO"] = backend
        self.addCleanup(world.close)
        return world

    def each_backend(self, source, **changes):
        for backend in backends():
            world = self.world(source, backend, **changes)
            world.start()
            yield world
            self.assertEqual(world.stop(), 0, "".join(world.log))


def dial(world, name):
    return socket.create_connection(("127.0.0.1", world.port_of(name)), timeout=PATIENCE)


def own_port():
    """A port for a daemon that is killed and started again: the system gives it to nobody else meanwhile,
    such as the daemon of another test that listens on port 0."""
    given = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port, ours, probe = random.randrange(given // 2, given), socket.socket(socket.AF_UNIX), socket.socket()
        with probe, contextlib.suppress(OSError):
            ours.bind(f"\0hydrant-test-port-{port}")  # other tests ask here
            probe.bind(("127.0.0.1", port))
            PORTS.append(ours)
            return port
        ours.close()


def read_all(connection):
    data = b""
    while part := connection.recv(65536):
        data += part
    return data
