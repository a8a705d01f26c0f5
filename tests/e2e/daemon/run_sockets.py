#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_sockets.py [TEST...]   the sources `tcp` and `unix` of `hydrant run`: what they
deliver, and what hostile senders can do to them."""

import contextlib
import json
import pathlib
import random
import resource
import select
import socket
import stat
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, World, ids, post, until  # noqa: E402
from senders import unix  # noqa: E402
from source_world import BACKENDS, CONNECTIONS, SourceTest, dial, read_all, seed_of  # noqa: E402

# Of the daemon that most tests share: each has a source of its own.
SOURCES = {
    "lines": "type: tcp, acknowledge: true",
    "prefixed": "type: tcp, records: prefixed, acknowledge: true",
    "limit": "type: tcp, acknowledge: true",
    "auto": "type: tcp, acknowledge: true",
    "mastodon": "type: tcp, acknowledge: true, format: mastodon",
    "many": "type: tcp, acknowledge: true",
    "few": "type: tcp, acknowledge: true, connections: 8",
    "address": "type: tcp, connections: 8, per_address: 2",
    "stall": "type: tcp, stall: 300ms",
    "idle": "type: tcp, idle: 300ms",
    "unfinished": "type: tcp, unfinished: 1MiB, acknowledge: true",
    "deaf": "type: tcp, acknowledge: true",
    "garbage": "type: tcp",
    "garbage-prefixed": "type: tcp, records: prefixed",
}


class SharedTest(unittest.TestCase):
    """Tests of sources of two daemons, one with io_uring and one with epoll, for all of them."""

    worlds = []

    @classmethod
    def setUpClass(cls):
        if cls.worlds:
            return
        sources = ", ".join("{name: %s, %s, listen: '127.0.0.1:0'}" % pair
                            for pair in SOURCES.items())
        for backend in BACKENDS:
            world = World(sources=f"[{sources}]", bytes="16MiB")
            unittest.addModuleCleanup(world.close)
            world.env["HYDRANT_IO"] = backend
            world.came = {}
            cls.worlds.append(world)
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))  # of what starts here
            world.start()
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    def has(self, world, wanted, source):
        """Waits for items of these ids; they are all that came from the source."""
        def look():
            for item in world.items():
                world.came.setdefault(item["source"], {})[item["id"]] = item
            return set(world.came.get(source, ())) >= wanted
        until("the posts", look)
        self.assertEqual(set(world.came.get(source, ())), wanted)


def tearDownModule():
    for world in SharedTest.worlds:
        assert world.stop() == 0, "".join(world.log)


class Tcp(SharedTest):
    def test_lines_are_posts_and_acknowledged(self):
        for world in self.worlds:
            with dial(world, "lines") as connection:
                connection.sendall((post(1) + "\n").encode())
                self.assertEqual(connection.recv(64), b"1\n")
                connection.sendall((post(2) + "\n\n\r\nno json\n" + post(3)).encode())  # no newline
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection).split(b"\n")[-2:], [b"4", b""])
            self.has(world, ids([1, 2, 3]), "lines")
            until("they are counted", lambda: [world.source("lines")[key] for key in
                                               ("records", "bad", "connects")] == [4, 1, 1])
            self.assertTrue(world.said("by io_uring") != world.said("by epoll"))

    def test_length_prefixes(self):
        for world in self.worlds:
            pretty = json.dumps(json.loads(post(1)), indent=1).encode()
            with dial(world, "prefixed") as connection:
                for byte in struct.pack(">I", len(pretty)) + pretty + struct.pack(">I", 0):
                    connection.sendall(bytes([byte]))
                self.assertEqual(connection.recv(64), b"1\n")
                connection.sendall(struct.pack(">I", 100) + b"{")  # ends inside: no record
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection), b"")
            self.has(world, {"p1"}, "prefixed")
            until("it is counted", lambda: world.source("prefixed")["records"] == 1)

    def test_records_over_the_limit_are_drops(self):
        for world in self.worlds:
            with dial(world, "limit") as connection:
                connection.sendall(b"x" * (3 << 20) + b"\n" + post(1).encode() + b"\n")
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection).split(b"\n")[-2], b"2")
            self.has(world, {"p1"}, "limit")
            self.assertEqual(world.status()["dropped"]["too_long"], 1)

    def test_a_network_on_a_socket(self):
        status_ = {"id": "1", "created_at": "2026-01-01T00:00:00Z", "content": "<p>no signal</p>",
                   "account": {"id": "7", "acct": "tara"}, "uri": "https://m.example/1", "url": None}
        for world in self.worlds:
            for format_, wanted in (("auto", {"1": "mastodon", "p5": "x"}),
                                    ("mastodon", {"1": "mastodon"})):
                with dial(world, format_) as connection:
                    connection.sendall((json.dumps(status_) + "\n" + post(5) + "\n").encode())
                    connection.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(connection).split(b"\n")[-2], b"2")
                self.has(world, set(wanted), format_)
                self.assertEqual({k: v["network"] for k, v in world.came[format_].items()}, wanted)

    def test_thousands_of_connections(self):
        count = CONNECTIONS
        for world in self.worlds:
            connections = [dial(world, "many") for _ in range(count)]
            try:
                for number, connection in enumerate(connections):
                    connection.sendall((post(number) + "\n").encode())
                for connection in connections:
                    self.assertEqual(connection.recv(64), b"1\n")
                until("all are seen", lambda: world.source("many")["connections"] == count)
            finally:
                for connection in connections:
                    connection.close()
            until("all are gone", lambda: not world.source("many")["connections"])
            self.has(world, ids(range(count)), "many")


    def test_open_files_suffice_for_all_sources(self):
        needed = sum(8 if "connections: 8" in text else 4096 for text in SOURCES.values())
        for world in self.worlds:
            soft, hard = resource.prlimit(world.daemon.pid, resource.RLIMIT_NOFILE)
            self.assertGreaterEqual(soft, min(hard, needed))


class Hostile(SharedTest):
    def closed(self, connection):
        try:
            while connection.recv(4096):
                pass
        except ConnectionResetError:
            pass

    def test_more_connections_than_allowed(self):
        for world in self.worlds:
            held = [dial(world, "few") for _ in range(8)]
            until("all are in", lambda: world.source("few")["connections"] == 8)
            with dial(world, "few") as more:
                self.closed(more)
            until("it is counted", lambda: world.source("few")["refused"] == 1)
            held.pop().close()
            until("room again", lambda: world.source("few")["connections"] == 7)
            with dial(world, "few") as more:
                more.sendall((post(1) + "\n").encode())
                self.assertEqual(more.recv(64), b"1\n")
            for connection in held:
                connection.close()

    def test_one_address_may_have_fewer(self):
        for world in self.worlds:
            held = [dial(world, "address") for _ in range(2)]
            until("both are in", lambda: world.source("address")["connections"] == 2)
            with dial(world, "address") as more:
                self.closed(more)
            for connection in held:
                connection.close()

    def test_records_that_take_too_long(self):
        for world in self.worlds:
            with dial(world, "stall") as slow, dial(world, "stall") as silent:
                slow.sendall(b'{"text": "')
                self.closed(slow)
                until("it is counted", lambda: world.source("stall")["refused"] == 1)
                silent.sendall((post(1) + "\n").encode())  # silence between records is fine
                self.has(world, {"p1"}, "stall")

    def test_silence(self):
        for world in self.worlds:
            with dial(world, "idle") as silent:
                self.closed(silent)

    def test_unfinished_records_are_bounded(self):
        for world in self.worlds:
            hogs = [dial(world, "unfinished") for _ in range(8)]
            with dial(world, "unfinished") as small:
                small.sendall(b'{"id": "small", "text": "no ')
                for hog in hogs:
                    try:
                        hog.sendall(b"x" * (400 << 10))
                    except (ConnectionResetError, BrokenPipeError):
                        pass
                until("hogs are cut off", lambda: world.source("unfinished")["refused"] >= 4)
                small.sendall(b'signal"}\n')  # who needs little is not
                self.assertEqual(small.recv(64), b"1\n")
            for hog in hogs:
                hog.close()

    def test_senders_that_do_not_read_acknowledgements(self):
        for world in self.worlds:
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect(("127.0.0.1", world.port_of("deaf")))
                for _ in range(100):
                    deaf.sendall(("{}\n" * 500).encode())
                until("all of it", lambda: world.source("deaf")["records"] == 50000)
                deaf.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(deaf).split(b"\n")[-2], b"50000")

    def test_garbage(self):
        rng = random.Random(seed_of("garbage"))
        for world in self.worlds:
            for name in ("garbage", "garbage-prefixed"):
                for _ in range(30):
                    with dial(world, name) as connection:
                        try:
                            connection.sendall(rng.randbytes(rng.randint(1, 100000)))
                            if rng.random() < 0.5:
                                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                      struct.pack("ii", 1, 0))
                        except OSError:
                            pass
                until("all are gone", lambda: not world.source(name)["connections"])
                self.assertEqual(set(world.came.get(name, ())), set())


class Refusing(SourceTest):
    def test_a_format_that_is_no_mapping(self):
        world = self.world("{name: in, type: tcp, listen: '127.0.0.1:0', format: nosuch}")
        world.start(ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        until("why", lambda: world.said("format nosuch is none of auto, native, csv, text, "))

    @unittest.skipUnless(pathlib.Path("/proc/sys/net/ipv6").exists(), "no IPv6 here")
    def test_one_address_has_its_limit_behind_a_listener_of_ipv6(self):
        source = "{name: in, type: tcp, listen: '[::]:0', per_address: 1, acknowledge: true}"
        for world in self.each_backend(source):
            for refused, host in enumerate(("127.0.0.1", "127.0.0.2", "::1"), 1):
                where = (host, world.port_of("in"))
                with socket.create_connection(where, timeout=PATIENCE) as first:
                    first.sendall((post(1) + "\n").encode())
                    self.assertEqual(first.recv(64), b"1\n")
                    with socket.create_connection(where, timeout=PATIENCE) as second:
                        with contextlib.suppress(ConnectionResetError):
                            self.assertEqual(second.recv(64), b"")
                until("both are gone", lambda: [world.source("in")[key] for key in
                                                ("connections", "refused")] == [0, refused])

    def test_a_unix_socket_that_was_left_behind(self):
        world = self.world("{name: in, type: unix, path: in.sock, acknowledge: true}")
        path = world.dir / "in.sock"
        world.start()
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        world.kill()
        self.assertTrue(path.exists())
        world.start()  # over the socket that was left behind
        with unix(str(path))() as connection:
            connection.sendall((post(2) + "\n").encode())
            self.assertEqual(connection.recv(64), b"1\n")
        self.assertEqual(world.stop(), 0)
        self.assertFalse(path.exists())
        path.write_text("precious")
        world.start(ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        self.assertEqual(path.read_text(), "precious")


class Pressure(SourceTest):
    @staticmethod
    def told(connection, heard):
        """How many are acknowledged by now; heard grows by what says so."""
        while select.select([connection], [], [], 0)[0] and (part := connection.recv(4096)):
            heard += part
        return int(heard.split(b"\n")[-2])

    def test_nothing_is_acknowledged_that_has_no_place(self):
        for world in self.each_backend(
                "{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true}", bytes="1MiB",
                groups="{care: {start: oldest, when_slow: block}}", drain="100s"):
            total = 4000
            connection = dial(world, "in")
            data = "".join(post(n) + "\n" for n in range(total)).encode()
            sending = threading.Thread(target=connection.sendall, args=(data,), daemon=True)
            sending.start()
            until("the ring is full", lambda: world.status()["published"] >= 1024)
            time.sleep(0.5)
            got, heard = [], bytearray(b"0\n")
            self.assertLess(self.told(connection, heard), total)
            until("all is acknowledged",
                  lambda: got.extend(world.tail()) or self.told(connection, heard) == total)
            got += world.tail()
            connection.close()
            self.assertEqual(set(got), ids(range(total)))


if __name__ == "__main__":
    unittest.main(verbosity=1)
