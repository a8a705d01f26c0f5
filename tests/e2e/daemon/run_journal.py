#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_journal.py [TEST...]   sources of `hydrant run` with a journal: full disks, large
records, deletes, a folder that is gone."""

import json
import pathlib
import random
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, ids, post, until  # noqa: E402
from source_world import SourceTest, backends, dial, read_all, seed_of  # noqa: E402


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
            until("all of it", lambda: world.committed() == 500)  # from 1 on
            self.assertEqual(world.source("in")["records"], 499)
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
                until("said", lambda: world.said("No space left on device"))
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
            until("all of it", lambda: world.committed() == 8)  # from 1 on; what is told is in the journal
            self.assertEqual(world.source("in")["records"], 7)
            self.assertEqual(set(world.tail()), {"large"} | ids(range(3)))
            self.assertEqual(world.status()["dropped"], {"too_long": 1})
            out = world.run("journal", "cat", "state/journal/in").stdout.splitlines()
            self.assertEqual(len(out), 7)

    def test_a_record_of_several_lines_is_printed_on_one(self):
        for world in self.each_backend("{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, "
                                       "journal: true, records: prefixed}"):
            posts = [{"id": f"p{n}", "text": "no signal"} for n in range(3)]
            with dial(world, "in") as connection:
                for record in (json.dumps(posts[0], indent=2), json.dumps(posts[1]),
                               json.dumps(posts[2], indent=2) + "\n"):
                    connection.sendall(struct.pack(">I", len(record)) + record.encode())
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection).split(b"\n")[-2], b"3")
            out = world.run("journal", "cat", "state/journal/in").stdout.splitlines()
            self.assertEqual([json.loads(line) for line in out], posts)

    def test_a_record_over_the_largest_limit_is_too_long(self):
        for backend in backends():
            world = self.world("{name: in, type: tcp, listen: '127.0.0.1:0', acknowledge: true, journal: true}",
                               backend)
            config = world.dir / "hydrant.yaml"
            config.write_text(config.read_text() + "limits: {record: 16MiB}\n")
            world.start()
            with dial(world, "in") as connection:
                for size in (16 << 20, (16 << 20) + 1, 17 << 20):
                    head, tail = f'{{"id": "{size}", "text": "no signal", "x": "', '"}'
                    connection.sendall(f"{head}{'y' * (size - len(head) - len(tail))}{tail}\n".encode())
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(connection).split(b"\n")[-2], b"3")
            until("all of it", lambda: world.committed() == 4)
            self.assertEqual(world.tail(), [str(16 << 20)])
            self.assertEqual(world.status()["dropped"], {"too_long": 2})
            self.assertEqual(world.stop(), 0, "".join(world.log))


if __name__ == "__main__":
    unittest.main(verbosity=1)
