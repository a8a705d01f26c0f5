#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM KAFKA_CLUSTER=PROGRAM run_kafka.py [TEST...]   Sources of Kafka on librdkafka's
mock cluster: several daemons share a group, come, go and are killed. Each test has a ledger."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, World, ids, post, until  # noqa: E402
from kafka_batches import kept, read_batches  # noqa: E402

LONG = os.environ.get("HYDRANT_LONG")
# A member that is killed is missed soon; the mock cluster takes 3 s for a first balance.
SOON = "'session.timeout.ms=6000', 'heartbeat.interval.ms=300', 'fetch.wait.max.ms=50'"


def soon(what, condition):
    """Looks five times a second: a look is a program that is started."""
    until(what, lambda: time.sleep(0.2) or condition())


class Cluster:
    def __init__(self):
        self.process = subprocess.Popen([os.environ["KAFKA_CLUSTER"]], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.brokers = self.process.stdout.readline().strip()

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline().rstrip("\n")
            if line.startswith("ok") or not line:
                return lines, line
            lines.append(line)

    def committed(self, group="care", topic="posts"):
        return int(self.ask("committed", group, topic)[1].split()[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class KafkaTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.close)
        self.assertEqual(self.cluster.ask("topic", "posts", 4), ([], "ok"))

    def world(self, more="", **changes):
        changes = {"bytes": "8MiB", **changes}
        world = World(sources=f"[{{name: kafka, type: kafka, brokers: '{self.cluster.brokers}', "
                              f"topics: [posts], group: care, start: oldest, format: native, "
                              f"settings: [{SOON}]{more}}}]", **changes)
        self.addCleanup(world.close)
        return world

    def source(self, world):
        return world.ctl("status")["sources"][0]

    def collect(self, worlds, wanted, got):
        def look():
            for world in worlds:
                got.extend(world.tail())
            return wanted <= set(got)
        soon(f"{len(wanted)} posts", look)


class Source(KafkaTest):
    def test_once_reads_to_the_ends(self):
        self.cluster.ask("produce", "posts", 0, 1000)
        self.cluster.ask("garbage", "posts")
        world = self.world()
        (world.dir / "hydrant.yaml").write_text(
            (world.dir / "hydrant.yaml").read_text() + "limits: {record: 256KiB}\n")
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0, "".join(world.log))
        got = world.tail()
        self.assertEqual(len(got), 1000)
        self.assertEqual(set(got), ids(range(1000)))
        self.assertEqual(self.cluster.committed(), 1003)

    def test_a_restart_goes_on_where_the_group_is(self):
        world, got = self.world(), []
        self.cluster.ask("produce", "posts", 0, 300)
        world.start()
        self.collect([world], ids(range(300)), got)
        self.assertEqual(world.stop(), 0)
        self.assertEqual(self.cluster.committed(), 300)
        self.cluster.ask("produce", "posts", 300, 400)
        world.start()
        self.collect([world], ids(range(400)), got)
        self.assertEqual(len(got), 400)  # after a drain nothing comes twice

    def test_nothing_is_stored_before_the_ring_has_it(self):
        world = self.world(groups="{care: {start: oldest, when_slow: block}}", bytes="1MiB",
                           chunk="64KiB")
        self.cluster.ask("produce", "posts", 0, 6000)
        world.start()  # nobody reads: the ring fills and the source waits
        def stuck():
            before = world.ctl("status")["ring"]["items"]
            time.sleep(1)
            return before and world.ctl("status")["ring"]["items"] == before
        soon("a ring that is full", stuck)
        time.sleep(1.5)  # an automatic commit
        items, stored = world.ctl("status")["ring"]["items"], self.cluster.committed()
        self.assertLess(items, 6000)
        self.assertLessEqual(stored, items)
        got = []
        self.collect([world], ids(range(6000)), got)

    def test_offsets_may_wait_for_the_groups(self):
        world, got = self.world(", store: groups"), []
        self.cluster.ask("produce", "posts", 0, 200)
        world.start()
        soon("all in the ring", lambda: world.ctl("status")["published"] == 200)
        time.sleep(1.5)
        self.assertEqual(self.cluster.committed(), 0)
        self.collect([world], ids(range(200)), got)
        soon("all stored", lambda: self.cluster.committed() == 200)

    def test_members_come_go_and_are_killed(self):
        seed = int(os.environ.get("HYDRANT_SEED", random.randrange(1 << 30)))
        print(f"HYDRANT_SEED={seed}")
        rng, got, step = random.Random(seed), [], 2000 if LONG else 250
        total = 6 * step
        worlds = [self.world() for _ in range(3)]
        produced = 0

        def more():
            nonlocal produced
            self.cluster.ask("produce", "posts", produced, produced + step)
            produced += step

        worlds[0].start()
        more()
        self.collect(worlds[:1], ids(range(100)) & ids(range(1)), got)
        worlds[1].start()
        more()
        time.sleep(rng.random())
        worlds[2].start()
        more()
        soon("a share for each", lambda: all(self.source(w)["connections"] for w in worlds))
        more()
        time.sleep(rng.random() * 0.3)
        worlds[rng.randrange(2)].kill()
        more()
        worlds[2].stop()
        more()
        for world in worlds:
            if world.daemon.poll() is not None:
                world.start()
        self.collect(worlds, ids(range(total)), got)
        self.assertEqual(produced, total)
        print(f"{total} posts, 3 members, a kill and a leave, {len(got) - len(set(got))} came twice")
        self.assertEqual(set(got), ids(range(total)))
        soon("all stored", lambda: self.cluster.committed() == total)


    def test_what_is_acknowledged_after_a_rebalance_stores_nothing(self):
        """The groups of the first daemon acknowledge what a second one has to deliver by now."""
        first, second = (self.world(", store: groups") for _ in range(2))
        total, got = 400, []
        self.cluster.ask("produce", "posts", 0, total)
        first.start()
        soon("all in a ring", lambda: first.status()["published"] == total)
        second.start()
        soon("two each", lambda: [self.source(w)["connections"] for w in (first, second)] == [2, 2])
        soon("its share", lambda: second.source("kafka")["waiting"] == 0 and
             0 < second.status()["published"] == second.source("kafka")["records"])
        self.assertEqual(self.cluster.committed(), 0)
        share = second.status()["published"]
        self.collect([first], ids(range(total)), got)  # all of it, what it no longer has too
        soon("its own", lambda: self.cluster.committed() >= total - share)
        time.sleep(2.5)  # two automatic commits
        self.assertEqual(self.cluster.committed(), total - share)
        self.assertEqual(len(second.tail()), share)
        soon("all stored", lambda: self.cluster.committed() == total)


class Sink(KafkaTest):
    def sink_world(self, **more):
        self.cluster.ask("topic", "items", 3)
        world = self.world(groups="{care: {start: oldest}, out: {start: oldest}}")
        self.add_sink(world)
        return world

    def add_sink(self, world, more=""):
        with open(world.dir / "hydrant.yaml", "a", encoding="utf-8") as out:
            out.write(f"sinks: [{{name: items, brokers: '{self.cluster.brokers}', topic: items, "
                      f"group: out{more}}}]\n")

    def read(self):
        lines, _ = self.cluster.ask("read", "items")
        return [(key, json.loads(value)) for key, value in (line.split("\t", 1) for line in lines)]

    def test_items_go_to_a_topic(self):
        world = self.sink_world()
        self.cluster.ask("produce", "posts", 0, 500)
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0, "".join(world.log))
        got = self.read()
        self.assertEqual(len(got), 500)
        self.assertEqual({item["id"] for _, item in got}, ids(range(500)))
        for key, item in got:
            self.assertEqual(key, f"c{int(item['id'][1:]) // 3}")
        self.assertEqual(len(world.tail()), 500)  # the other group has its own

    def test_what_its_group_does_not_want_holds_up_nothing(self):
        """Of each batch one item is wanted, the first or the last."""
        self.cluster.ask("topic", "items", 3)
        world = World(groups="{care: {start: oldest}, out: {start: oldest, actions: [thank]}}")
        self.addCleanup(world.close)
        self.add_sink(world)
        world.start()
        for batch in range(6):
            numbers = range(10 * batch, 10 * batch + 10)
            (world.dir / f"posts{batch}.ndjson").write_text("".join(
                post(n, "thank you, the signal is great" if n % 10 == batch % 2 * 9 else None) + "\n"
                for n in numbers))
            wanted = {f"p{10 * b + b % 2 * 9}" for b in range(batch + 1)}
            soon("what is wanted", lambda: self.all_ids() == wanted)
        def lag():
            return next(g for g in world.status()["ring"]["groups"] if g["name"] == "out")["lag"]
        soon("the rest acknowledged", lambda: lag() == 0)
        self.assertEqual(world.stop(), 0)
        self.assertEqual(len(world.tail()), 60)

    def test_kill_minus_9_loses_nothing(self):
        world, total = self.sink_world(), 2000
        self.cluster.ask("produce", "posts", 0, total)
        rng = random.Random(11)
        for _ in range(2):
            world.start()
            time.sleep(3.2 + rng.random())
            world.kill()
        world.start()
        def all_there():
            return ids(range(total)) <= {item["id"] for _, item in self.read()}
        soon("everything in the topic", all_there)
        got = [item["id"] for _, item in self.read()]
        print(f"{total} items, 2 kills, {len(got) - len(set(got))} came twice")
        self.assertEqual(set(got), ids(range(total)))

    PRODUCE, TIMED_OUT, NOT_LEADER, TOO_FEW_REPLICAS, OUT_OF_ORDER, TOO_LARGE = 0, 7, 6, 19, 45, 10

    def all_ids(self):
        return {i for part in self.batches() for b in part for i in b.ids}

    def batches(self):
        return [read_batches(self.cluster.brokers, "items", part) for part in range(3)]

    def test_errors_of_brokers_lose_nothing_and_repeat_nothing(self):
        world = self.sink_world()
        self.cluster.ask("produce", "posts", 0, 500)
        for code in (self.TIMED_OUT, self.NOT_LEADER, self.TOO_FEW_REPLICAS):
            self.cluster.ask("fail", self.PRODUCE, 3, code)
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0, "".join(world.log))
        got = [item["id"] for _, item in self.read()]
        self.assertEqual((len(got), set(got)), (500, ids(range(500))))

    def test_an_answer_that_is_lost_repeats_nothing(self):
        """Brokers take items and their answers come too late: the producer sends them again, under the
        same numbers, so that a broker knows that it has them. (The mock cluster keeps both.)"""
        self.cluster.ask("topic", "items", 3)
        world = self.world(groups="{care: {start: oldest}, out: {start: oldest}}")
        self.add_sink(world, ", settings: ['socket.timeout.ms=1000', 'linger.ms=0']")
        world.start()
        total, twice = 0, 0
        while not twice and total < 1000:  # until it happened
            self.cluster.ask("slow", 2500)
            self.cluster.ask("produce", "posts", total, total + 100)
            total += 100
            time.sleep(4)
            self.cluster.ask("slow", 0)
            soon("all", lambda: ids(range(total)) <= self.all_ids())
            twice = sum(b.count for part in self.batches() for b in part) - total
        self.assertEqual(world.stop(), 0)
        self.assertGreater(twice, 0)
        parts = self.batches()
        for part in parts:
            self.assertTrue(all(b.producer >= 0 for b in part))  # -1: not idempotent
        got = [i for part in parts for b in kept(part) for i in b.ids]
        print(f"{total} items, {twice} were there twice, and known as such")
        self.assertEqual((len(got), set(got)), (total, ids(range(total))))

    def test_a_producer_that_is_at_its_end_begins_anew(self):
        world = self.sink_world()
        self.cluster.ask("produce", "posts", 0, 300)
        self.cluster.ask("fail", self.PRODUCE, 1, self.OUT_OF_ORDER)
        world.start()
        soon("everything", lambda: ids(range(300)) <= self.all_ids())
        self.assertEqual(world.stop(), 0)
        self.assertTrue(world.said("sink=items"), "".join(world.log))

    def dead_letters(self, world):
        page = urllib.request.urlopen(f"http://127.0.0.1:{world.metrics_port()}/metrics",
                                      timeout=PATIENCE).read().decode()
        count = int(re.search(r'hydrant_sink_dead_letters_total\{sink="items"\} (\d+)', page).group(1))
        letters = [json.loads(line) for line in world.run("ring", "dead", world.ring).stdout.splitlines()]
        self.assertEqual({letter["group"] for letter in letters}, {"out"} if letters else set())
        return count, [letter["item"]["id"] for letter in letters]

    def test_an_item_that_is_too_large_is_a_dead_letter(self):
        self.cluster.ask("topic", "items", 3)
        world = World(groups="{care: {start: oldest}, out: {start: oldest}}")
        self.addCleanup(world.close)
        self.add_sink(world, ", settings: ['message.max.bytes=4000']")
        (world.dir / "posts.ndjson").write_text("".join(
            post(n, "no signal, I want a refund " + ("long " * 1000 if n % 10 == 0 else "")) + "\n"
            for n in range(100)))
        world.start()
        soon("the others", lambda: len(self.all_ids()) == 90)
        large = [f"p{n}" for n in range(0, 100, 10)]
        self.assertEqual(self.all_ids(), ids(range(100)) - set(large))
        soon("the large ones", lambda: self.dead_letters(world) == (10, large))
        self.assertEqual(world.stop(), 0)
        self.assertTrue(world.said("larger than message.max.bytes"), "".join(world.log))

    def test_a_batch_that_brokers_find_too_large_loses_nothing(self):
        world = self.sink_world()
        self.cluster.ask("produce", "posts", 0, 300)
        self.cluster.ask("fail", self.PRODUCE, 1, self.TOO_LARGE)
        world.start()
        soon("everything", lambda: ids(range(300)) <= self.all_ids())
        self.assertEqual(self.dead_letters(world), (0, []))
        self.assertEqual(world.stop(), 0)
        self.assertTrue(world.said("a batch is larger"), "".join(world.log))

    def test_an_item_that_brokers_find_too_large_is_a_dead_letter(self):
        self.cluster.ask("topic", "items", 1)
        world = World(groups="{care: {start: oldest}, out: {start: oldest}}")
        self.addCleanup(world.close)
        self.add_sink(world, ", settings: ['linger.ms=500']")
        world.write_posts("posts.ndjson", range(8))
        self.cluster.ask("fail", self.PRODUCE, 2, self.TOO_LARGE)  # all of them, then the first alone
        world.start()
        soon("the others", lambda: self.all_ids() == ids(range(1, 8)))
        soon("the first", lambda: self.dead_letters(world) == (1, ["p0"]))
        self.assertEqual(world.stop(), 0)
        self.assertTrue(world.said("larger than the brokers take"), "".join(world.log))

    def test_a_group_that_nobody_declares_is_a_mistake(self):
        world = self.world()
        self.add_sink(world)
        done = world.run("run", "-c", "hydrant.yaml", "--check", code=1)
        self.assertIn("declares no group out", done.stderr)


class Config(unittest.TestCase):
    def test_mistakes_are_found(self):
        for keys, said in (("topics: [a], group: g", "needs brokers"),
                           ("brokers: b, group: g", "needs topics"),
                           ("brokers: b, topics: [a]", "needs a group"),
                           ("brokers: b, topics: [a], group: g, settings: ['enable.auto.commit=true']",
                            "needs as it is"),
                           ("brokers: b, topics: [a], group: g, settings: ['x']", "name=value")):
            world = World(sources=f"[{{name: k, type: kafka, {keys}}}]")
            self.addCleanup(world.close)
            self.assertIn(said, world.run("run", "-c", "hydrant.yaml", "--check", code=1).stderr)
        world = World()
        self.addCleanup(world.close)
        with open(world.dir / "hydrant.yaml", "a", encoding="utf-8") as out:
            out.write("sinks: [{name: s, brokers: b, topic: t, group: care, "
                      "settings: ['enable.idempotence=false']}]\n")
        self.assertIn("needs as it is",
                      world.run("run", "-c", "hydrant.yaml", "--check", code=1).stderr)

    def test_a_setting_that_is_refused_does_not_show_its_value(self):
        world = World(sources="[{name: k, type: kafka, brokers: b, topics: [a], group: g, "
                              "settings: ['security.protocol=sesame-4711']}]")
        self.addCleanup(world.close)
        world.start(ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        soon("why", lambda: world.said("security.protocol"))
        self.assertFalse(world.said("sesame"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
