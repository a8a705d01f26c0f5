#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM sources.py [TEST...]   the sources of `hydrant run` that others push to: what
they deliver, what hostile senders can do to them, and a ledger of what was acknowledged over daemons
that are killed. With io_uring and with epoll; tests that need a daemon of their own take one of them
by turns of the seed, and both with HYDRANT_LONG=1, which also makes them larger."""

import base64
import hmac
import http.client
import json
import os
import pathlib
import random
import resource
import select
import shutil
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, World, post, until  # noqa: E402
from senders import Poster, Sender, signature, tcp, unix  # noqa: E402

BACKENDS = ("uring", "read")
LONG = bool(os.environ.get("HYDRANT_LONG"))
RECORDS, KILLS, CONNECTIONS = (6000, 4, 1200) if LONG else (1500, 2, 200)
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


def ids(numbers):
    return {f"p{n}" for n in numbers}


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
            world.start()

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


def dial(world, name):
    return socket.create_connection(("127.0.0.1", world.port_of(name)), timeout=PATIENCE)


def read_all(connection):
    data = b""
    while part := connection.recv(65536):
        data += part
    return data


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
            time.sleep(0.3)
            connection.settimeout(0.2)
            told = b""
            try:
                while True:
                    told += connection.recv(4096)
            except socket.timeout:
                pass
            told = int((b"0\n" + told).split(b"\n")[-2])
            self.assertLess(told, total)
            connection.settimeout(PATIENCE)
            got = []
            while told < total:
                got += world.tail()
                connection.settimeout(0.5)
                try:
                    told = int((f"{told}\n".encode() + connection.recv(4096)).split(b"\n")[-2])
                except socket.timeout:
                    pass
            got += world.tail()
            connection.close()
            self.assertEqual(set(got), ids(range(total)))


class Journal(SourceTest):
    def test_a_full_disk_pauses_and_says_so(self):
        for world in self.each_backend(
                "{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, journal: true}"):
            with dial(world, "in") as connection:
                connection.sendall((post(1) + "\n").encode())
                self.assertEqual(connection.recv(64), b"1\n")
                before = resource.prlimit(world.daemon.pid, resource.RLIMIT_FSIZE)
                size = next((world.dir / "state/journal/in").glob("*.hyj")).stat().st_size
                resource.prlimit(world.daemon.pid, resource.RLIMIT_FSIZE, (size + 16, before[1]))
                numbers = range(2, 500)
                connection.sendall("".join(post(n, f"post {n}: no signal {random.random()}") + "\n"
                                           for n in numbers).encode())
                until("paused", lambda: "no room" in world.source("in")["paused"])
                until("said", lambda: world.said('msg="source paused" source=in why="no room'))
                connection.settimeout(0.5)
                with self.assertRaises(socket.timeout):  # nothing is told that is not kept
                    connection.recv(64)
                self.assertEqual(world.tail(), ["p1"])
                self.assertIn('hydrant_source_paused{source="in"} 1', self.metrics(world))
                resource.prlimit(world.daemon.pid, resource.RLIMIT_FSIZE, before)
                connection.settimeout(PATIENCE)
                told = b""
                while b"499\n" not in told:
                    told += connection.recv(4096)
                until("it goes on", lambda: world.said('msg="source goes on" source=in'))
                self.assertEqual(world.source("in")["paused"], "")
            until("all of it", lambda: world.source("in")["records"] == 499)
            until("all of it", lambda: world.status()["published"] == 499)
            self.assertEqual(set(world.tail()), ids(numbers))

    def small_disk(self, world, size):
        """Mounts the state folder in a namespace of its own, or skips. Commands run in there."""
        (world.dir / "state").mkdir(mode=0o700)
        holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size={size},mode=700 none state && "
             "echo mounted && exec sleep 1000000"], cwd=world.dir, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        if holder.stdout.readline() != "mounted\n":
            self.skipTest("mounting in a namespace of its own is not permitted")
        world.within = ["nsenter", "-t", str(holder.pid), "-m", "sh", "-c",
                        f'cd {world.dir} && exec "$0" "$@"']
        return lambda *command: subprocess.run([*world.within, *command], check=False,
                                               stderr=subprocess.DEVNULL)

    def test_a_disk_that_is_really_full(self):
        """Full, killed while it is, started on it, and freed: what was acknowledged is there."""
        rng = random.Random(seed_of("full"))
        world = self.world("{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, "
                           "journal: true}", bytes="16MiB")
        there = self.small_disk(world, "8m")
        world.start()
        with dial(world, "in") as connection:
            connection.sendall((post(0) + "\n").encode())
            self.assertEqual(connection.recv(64), b"1\n")
        there("sh", "-c", "cat /dev/zero > state/ballast; truncate -s -900K state/ballast")
        sent = [post(n)[:-1] + f', "padding": "{rng.randbytes(1500).hex()}"}}' for n in range(1, 1000)]
        told, got = 0, []
        for killed in (False, True):
            with dial(world, "in") as connection:
                connection.settimeout(PATIENCE)
                sender = threading.Thread(target=self.push, args=(connection, sent[told:]))
                sender.start()
                until("paused", lambda: "no room" in world.source("in")["paused"])
                self.assertTrue(world.said("No space left on device"))
                self.assertLess(told + self.heard(connection), len(sent))
                if not killed:  # a first group found room
                    told = until("what is kept is told", lambda: self.heard(connection))
                    world.kill()
                    sender.join()
                    got += world.tail()
                    world.start()  # on a disk without room
                    continue
                there("rm", "state/ballast")
                until("all of it", lambda: self.heard(connection) == len(sent) - told)
                sender.join()
            until("it goes on", lambda: world.said('msg="source goes on" source=in'))
        until("all of it", lambda: got.extend(world.tail()) or len(set(got)) == 1000)
        self.assertEqual(world.stop(), 0)
        verified = json.loads(world.run("journal", "verify", "state/journal/in", "--json").stdout)
        self.assertEqual((verified["damaged"], verified["gaps"]), (0, 0))

    @staticmethod
    def push(connection, records):
        try:
            connection.sendall("".join(r + "\n" for r in records).encode())
        except OSError:
            pass

    @staticmethod
    def heard(connection):
        """How many were acknowledged by now."""
        if not select.select([connection], [], [], 0)[0]:
            return 0
        return int((b"0\n" + connection.recv(1 << 20, socket.MSG_PEEK)).split(b"\n")[-2])

    def metrics(self, world):
        with urllib.request.urlopen(f"http://127.0.0.1:{world.metrics_port()}/metrics") as page:
            return page.read().decode()

    def test_what_is_deleted_goes_everywhere(self):
        """Routers hear of it, repeats are forgotten, the recording loses it, the journal in time."""
        world = self.world("{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, "
                           "journal: true, journal_keep: 1s}, {name: more, type: tcp, "
                           "listen: '127.0.0.1:0', acknowledge: true}", dedup="{window: 24h}")
        with open(world.dir / "hydrant.yaml", "a", encoding="utf-8") as config:
            config.write("recording: {keep: 24h, bytes: 16MiB}\n")
        world.start()
        items = []

        def tell(source, *records):
            with dial(world, source) as connection:
                connection.sendall("".join(r + "\n" for r in records).encode())
                self.assertEqual(connection.recv(64), f"{len(records)}\n".encode())

        def come(count):
            until("items", lambda: items.extend(world.items()) or len(items) >= count)
            return items[count - 1]

        def recorded():
            folder = world.dir / "state/recording"
            return "".join(subprocess.run(["zstd", "-dcq", path], capture_output=True, text=True,
                                          check=False).stdout for path in folder.glob("*.zst"))

        tara = "no signal since noon, says Tara, and the refund of last month never came"
        tell("in", post(1, tara), post(2, "no signal, says Bob"))
        come(2)
        until("it is recorded", lambda: "Tara" in recorded() and "Bob" in recorded())
        tell("more", post(3, tara))
        self.assertEqual(come(3)["dup"]["count"], 2)
        gone = json.dumps({"id": "p1", "network": "x", "event": "delete"})
        tell("more", gone, gone)  # the second time nobody knows it any more
        item = come(4)
        self.assertEqual((item["event"], item["id"], item["verdict"]), ("delete", "p1", None))
        self.assertNotIn("text", {k for k, v in item.items() if v})
        tell("more", post(4, tara))  # the group went with its first
        self.assertNotEqual(come(5)["dup"]["first_id"], "p1")
        until("the recording has it no more", lambda: '"p1"' not in recorded())
        self.assertIn("Bob", recorded())
        until("the journal has it no more", lambda:  # nor the others: it is their age
              world.run("journal", "cat", "state/journal/in").stdout == "")
        self.assertEqual(world.stop(), 0)
        world.start()
        tell("in", post(5))
        self.assertEqual(come(6)["id"], "p5")
        self.assertEqual(len(items), 6)
        self.assertEqual(world.stop(), 0)

    def test_a_journal_that_is_gone_takes_no_positions_back(self):
        """The checkpoint and the ring remember numbers that the folder no longer has."""
        for world in self.each_backend(
                "{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, journal: true}"):
            for first, count in ((0, 100), (100, 30), (130, 30)):
                if first:
                    self.assertEqual(world.stop(), 0)
                    shutil.rmtree(world.dir / "state/journal")
                    world.start()
                with dial(world, "in") as connection:
                    numbers = range(first, first + count)
                    connection.sendall("".join(post(n) + "\n" for n in numbers).encode())
                    told = b""
                    while f"{count}\n".encode() not in told:
                        told += connection.recv(4096)
                until("it is in the ring", lambda: world.committed() == first + count + 1)
                self.assertEqual(set(world.tail()), ids(numbers))
            listed = world.run("journal", "ls", "state/journal/in", "--json").stdout.splitlines()
            self.assertEqual([json.loads(line)["first"] for line in listed], [131])

    def test_a_record_larger_than_a_chunk(self):
        for world in self.each_backend(
                "{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, journal: true}"):
            with dial(world, "in") as connection:
                large = json.dumps({"id": "large", "text": "no signal", "x": "y" * 900000})
                data = "".join(f"{large}\n{post(n)}\n" for n in range(3)) + "z" * 2500000 + "\n"
                connection.sendall(data.encode())
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection).split(b"\n")[-2], b"7")
            until("all of it", lambda: world.source("in")["records"] == 7)
            self.assertEqual(set(world.tail()), {"large"} | ids(range(3)))
            self.assertEqual(world.status()["dropped"], {"too_long": 1})
            out = world.run("journal", "cat", "state/journal/in").stdout.splitlines()
            self.assertEqual(len(out), 7)


class Webhook(SourceTest):
    SECRET = "0123456789abcdef-do-not-say"

    def hook(self, more="", **changes):
        meta = ("type: webhook, listen: '127.0.0.1:0', sign: meta, secret: '${file:hook.secret}', "
                "verify_token: '${HOOK_TOKEN}'")
        world = self.world(f"{{name: hook, {meta}{more}}}, {{name: small, {meta}, body: 64KiB}}, "
                           "{name: bearer, type: webhook, listen: '127.0.0.1:0', sign: bearer, "
                           "secret: '${HOOK_SECRET}'}, {name: x, type: webhook, sign: x, "
                           "listen: '127.0.0.1:0', secret: '${HOOK_SECRET}'}", **changes)
        (world.dir / "hook.secret").write_text(self.SECRET + "\n")
        world.env.update(HOOK_TOKEN="the-token", HOOK_SECRET=self.SECRET)
        world.start()
        return world

    def send(self, world, body, path="/v1/mentions", method="POST", to="hook", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", world.port_of(to), timeout=PATIENCE)
        self.addCleanup(connection.close)
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    def signed(self, world, body):
        body = body.encode()
        return self.send(world, body, X_Hub_Signature_256=signature(self.SECRET, body))

    def test_what_it_takes_and_what_it_does_not(self):
        world = self.hook(", connections: 16")
        self.batches_are_posts(world)
        self.who_is_not_believed(world)
        self.bearer_and_x(world)
        self.slow_and_broken_clients(world)
        self.assertEqual(world.stop(), 0)
        self.assertNotIn(self.SECRET, "".join(world.log))
        self.assertNotIn("the-token", "".join(world.log))

    def batches_are_posts(self, world):
        code, text, _ = self.signed(world, post(1) + "\n" + post(2) + "\nno json\n")
        self.assertEqual((code, json.loads(text)), (200, {"accepted": 3}))
        self.assertEqual(set(world.tail()), ids([1, 2]))  # safe means there
        pretty = json.dumps([json.loads(post(n)) for n in (3, 4)], indent=2)
        self.assertEqual(self.signed(world, pretty)[1], '{"accepted":2}\n')
        self.assertEqual(self.signed(world, "")[1], '{"accepted":0}\n')
        comment = {"object": "page", "entry": [{"id": "p", "time": 1767225600, "changes": [
            {"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "c1",
                                        "post_id": "p_1", "from": {"id": "u", "name": "Tara"},
                                        "message": "no signal", "created_time": 1767225600}}]}]}
        self.assertEqual(self.signed(world, json.dumps(comment, indent=1))[0], 200)
        self.assertEqual(set(world.tail()), ids([3, 4]) | {"c1"})
        large = "".join(post(n, "no signal " + "y" * 9000) + "\n" for n in range(10, 300))
        self.assertEqual(self.signed(world, large)[1], '{"accepted":290}\n')  # in several chunks
        self.assertEqual(set(world.tail()), ids(range(10, 300)))

    def who_is_not_believed(self, world):
        before = world.status()["posts"]
        body = post(1).encode()
        good = signature(self.SECRET, body)
        self.assertEqual(self.send(world, body)[0], 401)
        self.assertEqual(self.send(world, body, X_Hub_Signature_256=signature("other", body))[0], 401)
        self.assertEqual(self.send(world, body + b" ", X_Hub_Signature_256=good)[0], 401)
        self.assertEqual(self.send(world, body, "/other")[0], 404)
        self.assertEqual(self.send(world, body, method="PUT")[0], 405)
        self.assertEqual(self.send(world, body, Content_Encoding="gzip")[0], 415)
        self.assertEqual(self.send(world, b"x" * (65 << 10), to="small")[0], 413)
        chunks = (b"x" * 1000 for _ in range(70))  # no length is said before
        self.assertEqual(self.send(world, chunks, to="small")[0], 413)
        self.assertEqual(self.signed(world, "just words")[0], 400)
        self.assertEqual(self.signed(world, "text,id\nno signal,1\n")[0], 400)
        challenge = "/v1/mentions?hub.mode=subscribe&hub.challenge=12345&hub.verify_token="
        self.assertEqual(self.send(world, None, challenge + "the-token", "GET")[:2], (200, "12345"))
        self.assertEqual(self.send(world, None, challenge + "a-token", "GET")[0], 401)
        self.assertEqual(self.send(world, None, method="GET")[0], 401)
        self.assertEqual(world.status()["posts"], before)
        until("all are counted", lambda: world.source("hook")["refused"] >= 9)

    def bearer_and_x(self, world):
        for sign, header, value in (
                ("bearer", "Authorization", lambda body: f"Bearer {self.SECRET}"),
                ("x", "X-Twitter-Webhooks-Signature", lambda body: "sha256=" + base64.b64encode(
                    hmac.new(self.SECRET.encode(), body, "sha256").digest()).decode())):
            body = post(1).encode()
            self.assertEqual(self.send(world, body, to=sign, **{header: value(body)})[0], 200)
            self.assertEqual(self.send(world, body, to=sign, **{header: value(body) + "x"})[0], 401)
            code, text, _ = self.send(world, None, "/v1/mentions?crc_token=abc", "GET", sign)
            self.assertEqual(code, 200 if sign == "x" else 405)
            if sign == "x":
                self.assertEqual(json.loads(text)["response_token"], value(b"abc"))

    def test_secrets_that_are_not_there(self):
        world = self.world("{name: hook, type: webhook, listen: '127.0.0.1:0', sign: bearer, "
                           "secret: '${file:nowhere}'}")
        world.start(ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        world.write_config(sources="[{name: hook, type: webhook, listen: '127.0.0.1:0', sign: x}]")
        world.start(ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        until("why", lambda: world.said("sign and secret go together"))

    def test_under_pressure_it_says_come_again(self):
        world = self.hook(", connections: 8, wait: 500ms", bytes="1MiB",
                          groups="{care: {start: oldest, when_slow: block}}", drain="100s")
        accepted, number, codes = [], 0, []
        while codes.count(429) < 3:  # the ring fills, requests wait, then they are told
            batch = range(number, number + 100)
            code, _, headers = self.signed(world, "".join(post(n) + "\n" for n in batch))
            codes.append(code)
            accepted += batch if code == 200 else []
            if code == 429:
                self.assertEqual(headers["Retry-After"], "1")
            number += 100
            self.assertLess(len(codes), 200)
        self.assertGreater(codes.count(200), 3)
        got = set()
        until("there is room again",
              lambda: got.update(world.tail()) or
              self.signed(world, post(number))[0] == 200)
        got.update(world.tail())
        self.assertFalse(ids(accepted + [number]) - got)
        self.assertEqual(world.stop(), 0)

    def slow_and_broken_clients(self, world):
        rng = random.Random(seed_of("webhook"))
        port = world.port_of("hook")
        slow = []
        for _ in range(100):
            client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            try:
                client.sendall(rng.choice([b"POST /v1/mentions HTTP/1.1\r\nContent-Length: 10",
                                           b"POST /v1/mentions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                           b"POST /v1/mentions HTTP/1.1\r\nHost: a\r\n"
                                           b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\nabc",
                                           b"GET " + b"/" * 40000, rng.randbytes(3000)]))
            except OSError:
                pass
            slow.append(client)
            if len(slow) > 8:
                slow.pop(rng.randrange(len(slow))).close()
        for client in slow:
            client.close()
        until("it still listens", lambda: self.signed(world, post(7))[0] == 200)
        self.assertIn("p7", world.tail())


class LedgerTest(SourceTest):
    """Senders that misbehave against a daemon that is killed: what was acknowledged is in the ring."""

    def ledger(self, world, connect, prefixed, seed, total=RECORDS, **more):
        self.keep(world, [Sender(connect, range(i, total, 6), prefixed, seed + i) for i in range(6)],
                  seed, total, **more)

    def keep(self, world, senders, seed, total, kills=KILLS, reboot=False):
        rng, got = random.Random(seed), []
        world.start()
        for sender in senders:
            sender.start()
        for _ in range(kills):
            time.sleep(0.1 + rng.random() * 0.5)
            world.kill()
            if reboot:  # what was in memory is gone
                got += world.tail("--count", str(rng.randint(1, 400)))
                shutil.rmtree(world.ring)
            world.start()
        for sender in senders:
            sender.join(PATIENCE)
            self.assertFalse(sender.is_alive(), sender.failed)
        acknowledged = set().union(*(sender.acknowledged for sender in senders))
        if reboot:  # what is safe is in the journal, and comes to the ring from there
            until("the journal is read",
                  lambda: got.extend(world.tail()) or set(got) >= ids(acknowledged))
        world.kill()  # what was acknowledged needs no drain
        self.assertEqual(len(acknowledged), total)
        got += world.tail()
        print(f"{total} acknowledged, {kills + 1} kills, {sum(s.cuts for s in senders)} cuts, "
              f"{len(ids(acknowledged) - set(got))} lost, {len(got) - len(set(got))} repeated")
        self.assertFalse(ids(acknowledged) - set(got))
        self.assertTrue(world.run("ring", "verify", world.ring).stdout.startswith("ok: "))


class Ledger(LedgerTest):
    def test_tcp(self):
        seed = seed_of("tcp")
        for backend in backends():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            world = self.world(f"{{name: in, type: tcp, listen: '127.0.0.1:{port}', acknowledge: true}}",
                               backend, bytes="32MiB")
            self.ledger(world, tcp(lambda p=port: p), False, seed)

    def test_tcp_with_a_journal(self):
        """The ring is gone with each kill, too: the journal has what no group acknowledged."""
        seed = seed_of("journal")
        for backend in backends():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            world = self.world(f"{{name: in, type: tcp, listen: '127.0.0.1:{port}', acknowledge: true,"
                               " journal: true}", backend, bytes="32MiB")
            self.ledger(world, tcp(lambda p=port: p), False, seed, reboot=True)
            verified = world.run("journal", "verify", "state/journal/in", "--json")
            self.assertEqual(json.loads(verified.stdout)["damaged"], 0)
            for path in (world.dir / "state" / "journal").rglob("*"):
                mode = 0o700 if path.is_dir() else 0o600
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), mode, path)

    def test_webhook(self):
        seed = seed_of("webhook")
        for journal in ("false", "true") if LONG else (random.choice(("false", "true")),):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            world = self.world("{name: in, type: webhook, listen: '127.0.0.1:%d', sign: meta, "
                               "secret: '${HOOK_SECRET}', journal: %s}" % (port, journal), bytes="32MiB")
            world.env["HOOK_SECRET"] = "the secret"
            posters = [Poster(lambda p=port: p, range(i, RECORDS, 6), "the secret", seed + i)
                       for i in range(6)]
            self.keep(world, posters, seed, RECORDS, reboot=journal == "true")
            print({code: sum(p.codes.get(code, 0) for p in posters) for code in (200, 401, 429, 503)})
            self.assertNotIn("the secret", "".join(world.log))

    def test_a_file_that_is_rotated(self):
        """A program that writes a log, which is rotated in both ways; the daemon is killed."""
        rng = random.Random(seed_of("file"))
        world = self.world("{name: in, type: file, path: posts.ndjson}", bytes="32MiB")
        path, written, log = world.dir / "posts.ndjson", 0, None
        log = open(path, "ab", buffering=0)
        got = []

        def has(count):
            time.sleep(0.2)
            got.extend(world.tail())
            return set(got) >= ids(range(count))

        world.start()
        for step in range(8 if LONG else 4):
            for _ in range(rng.randint(1, 10)):
                count = rng.randint(1, 40)
                data = "".join(post(n) + "\n" for n in range(written, written + count)).encode()
                cut = rng.randrange(len(data))
                log.write(data[:cut])
                log.write(data[cut:])
                written += count
            if step % 4 == 1:
                path.rename(world.dir / f"posts.ndjson.{step}")
                path.touch()
                time.sleep(rng.random() * 0.4)
                late = post(written) + "\n"  # whoever writes has not heard of it yet
                log.write(late.encode())
                written += 1
                log.close()
                log = open(path, "ab", buffering=0)
            elif step % 4 == 3:  # what is not read before it is cut is lost, as it is to tail -F
                until("it is read", lambda: has(written))
                os.truncate(path, 0)
                log.write("".join(post(n) + "\n" for n in range(written, written + 2000)).encode())
                written += 2000  # at once longer than what was read
            else:
                world.kill()
                world.start()
        log.close()
        until("all of it", lambda: has(written))
        self.assertEqual(set(got), ids(range(written)))
        print(f"{written} written, 0 lost, {len(got) - written} repeated")
        self.assertEqual(world.stop(), 0)

    def test_unix_with_length_prefixes(self):
        seed = seed_of("unix")
        for backend in backends():
            world = self.world("{name: in, type: unix, path: in.sock, acknowledge: true, "
                               "records: prefixed}", backend, bytes="32MiB")
            self.ledger(world, unix(str(world.dir / "in.sock")), True, seed)


def paired(number):
    """Two posts share a text, of two authors; no other text is like it."""
    words = random.Random(number // 2).sample(WORDS, 12)
    return post(number, f"no signal: {' '.join(words)}, and I want a refund")


WORDS = """anchor basket candle dragon engine falcon garden hammer island jacket kettle ladder magnet
needle orchid pencil quarry rocket saddle tunnel umbrella violin walnut yellow zipper bridge copper
desert emerald forest glacier harbor insect jungle kitchen lantern meadow napkin ocean palace""".split()


class Redelivery(LedgerTest):
    """What comes again is no copy, and is not lost, whoever sends it again and why."""

    TOTAL = 400

    def counting(self, source, backend="uring"):
        """A daemon whose items are looked at when a ledger reads them."""
        world = self.world(source, backend, bytes="32MiB", dedup="{window: 24h}")
        seen, items = [], world.items
        world.items = lambda *options, **more: seen.append(items(*options, **more)) or seen[-1]
        return world, seen

    def no_copy_is_counted_twice(self, seen):
        items = [item for some in seen for item in some]
        counts = {}
        for item in items:
            counts.setdefault(int(item["id"][1:]) // 2, set()).add(item["dup"]["count"])
            self.assertIn(item["dup"]["kind"], ("none", "exact", "near", "redelivered"))
        self.assertEqual(set().union(*counts.values()) - {1, 2}, set())
        print(f"{len(items)} items of {self.TOTAL} posts; "
              f"{sum(2 in c for c in counts.values())} of {len(counts)} pairs were seen as such")
        self.assertTrue(any(2 in c for c in counts.values()))

    def test_a_webhook_tries_again(self):
        """Its answer was lost on the way, so the network posts the same once more."""
        world, seen = self.counting("{name: hook, type: webhook, listen: '127.0.0.1:0'}")
        world.start()

        def deliver(*numbers):
            connection = http.client.HTTPConnection("127.0.0.1", world.port_of("hook"))
            connection.request("POST", "/v1/mentions", "".join(paired(n) + "\n" for n in numbers))
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()

        deliver(0, 2, 4)
        until("all", lambda: world.status()["published"] == 3)
        for _ in range(3):
            deliver(0, 2, 4)
        until("again", lambda: world.status()["duplicates"]["redelivered"] == 9)
        deliver(1)
        until("the copy", lambda: world.status()["published"] == 4)
        items = {item["id"]: item["dup"] for item in world.items()}
        self.assertEqual(set(items), ids([0, 1, 2, 4]))
        self.assertEqual((items["p1"]["count"], items["p1"]["first_id"]), (2, "p0"))
        self.assertEqual(world.status()["dropped"]["redelivered"], 9)
        self.assertEqual(world.stop(), 0)  # what is known survives a stop, not a kill
        world.start()
        deliver(0, 1)
        until("again", lambda: world.status()["duplicates"]["redelivered"] == 2)
        deliver(3)
        until("the copy", lambda: world.status()["published"] == 1)
        self.assertEqual([(i["id"], i["dup"]["count"]) for i in world.items()], [("p3", 2)])
        self.assertEqual(world.stop(), 0)

    def test_senders_repeat_and_the_daemon_is_killed(self):
        seed = seed_of("repeats")
        for backend in backends():
            world, seen = self.counting("{name: in, type: unix, path: in.sock, acknowledge: true}",
                                        backend)
            connect = unix(str(world.dir / "in.sock"))
            self.keep(world, [Sender(connect, range(i, self.TOTAL, 4), seed=seed + i, write=paired)
                              for i in range(4)], seed, self.TOTAL)
            self.no_copy_is_counted_twice(seen)

    def test_a_webhook_is_killed(self):
        seed = seed_of("hook")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        world, seen = self.counting("{name: in, type: webhook, listen: '127.0.0.1:%d', sign: meta, "
                                    "secret: '${HOOK_SECRET}', journal: true}" % port)
        world.env["HOOK_SECRET"] = "the secret"
        self.keep(world, [Poster(lambda: port, range(i, self.TOTAL, 4), "the secret", seed + i, paired)
                          for i in range(4)], seed, self.TOTAL, reboot=True)
        self.no_copy_is_counted_twice(seen)


if __name__ == "__main__":
    unittest.main(verbosity=1)
