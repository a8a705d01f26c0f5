#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_ledger.py [TEST...]   a ledger of what sources of `hydrant run` acknowledged over
daemons that are killed: all of it is in the ring, and what comes again is no copy."""

import http.client
import json
import os
import pathlib
import random
import shutil
import stat
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, ids, post, until  # noqa: E402
from senders import Poster, Sender, tcp, unix  # noqa: E402
from source_world import KILLS, LONG, RECORDS, SourceTest, backends, own_port, seed_of  # noqa: E402


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
            port = own_port()
            world = self.world(f"{{name: in, type: tcp, listen: '127.0.0.1:{port}', acknowledge: true}}",
                               backend, bytes="32MiB")
            self.ledger(world, tcp(lambda p=port: p), False, seed)

    def test_tcp_with_a_journal(self):
        """The ring is gone with each kill, too: the journal has what no group acknowledged."""
        seed = seed_of("journal")
        for backend in backends():
            port = own_port()
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
            port = own_port()
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
        got, too_late = [], set()

        def has(count):
            time.sleep(0.2)
            got.extend(world.tail())
            return set(got) | too_late >= ids(range(count))

        world.start()
        for step in range(8 if LONG else 4):
            for _ in range(rng.randint(1, 10)):
                count = rng.randint(1, 40)
                data = "".join(post(n) + "\n" for n in range(written, written + count)).encode()
                cut = rng.randrange(len(data))
                wrote = time.monotonic()
                log.write(data[:cut])
                log.write(data[cut:])
                written += count
            if step % 4 == 1:
                path.rename(world.dir / f"posts.ndjson.{step}")
                path.touch()
                time.sleep(rng.random() * 0.4)
                late = post(written) + "\n"  # whoever writes has not heard of it yet
                log.write(late.encode())
                if time.monotonic() - wrote > 1.9:  # a file is left after two seconds of silence
                    too_late |= ids([written])
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
        self.assertEqual(set(got) | too_late, ids(range(written)))
        print(f"{written} written, 0 lost, {len(got) - written} repeated")
        self.assertEqual(world.stop(), 0)

    def test_unix_with_length_prefixes(self):
        seed = seed_of("unix")
        for backend in backends():
            world = self.world("{name: in, type: unix, path: in.sock, acknowledge: true, "
                               "records: prefixed}", backend, bytes="32MiB")
            self.ledger(world, unix(str(world.dir / "in.sock")), True, seed)


WORDS = """anchor basket candle dragon engine falcon garden hammer island jacket kettle ladder magnet
needle orchid pencil quarry rocket saddle tunnel umbrella violin walnut yellow zipper bridge copper
desert emerald forest glacier harbor insect jungle kitchen lantern meadow napkin ocean palace""".split()


def paired(number):
    """Two posts share a text, of two authors; no other text is like it."""
    words = random.Random(number // 2).sample(WORDS, 12)
    return post(number, f"no signal: {' '.join(words)}, and I want a refund")


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
        port = own_port()
        world, seen = self.counting("{name: in, type: webhook, listen: '127.0.0.1:%d', sign: meta, "
                                    "secret: '${HOOK_SECRET}', journal: true}" % port)
        world.env["HOOK_SECRET"] = "the secret"
        self.keep(world, [Poster(lambda: port, range(i, self.TOTAL, 4), "the secret", seed + i, paired)
                          for i in range(4)], seed, self.TOTAL, reboot=True)
        self.no_copy_is_counted_twice(seen)


if __name__ == "__main__":
    unittest.main(verbosity=1)
