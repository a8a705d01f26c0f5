#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_crashes.py [TEST...]   `hydrant run` is killed, loses its ring, finds its files
damaged; and those who read its ring die. Nothing is lost by that, and what is repeated is bounded."""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import DaemonTest, HYDRANT, PATIENCE, ids, until  # noqa: E402
from damage_item import damage_item  # noqa: E402


class Crashing(DaemonTest):
    def test_kill_minus_9_loses_nothing(self):
        seed = int(os.environ.get("HYDRANT_SEED", random.randrange(1 << 30)))
        print(f"HYDRANT_SEED={seed}")
        rng, world, total = random.Random(seed), self.world(bytes="32MiB"), 24000
        world.write_posts("posts-1.ndjson", range(total // 2))
        world.write_posts("posts-2.ndjson", range(total // 2, total))
        size = world.bytes_of("posts-1.ndjson", "posts-2.ndjson")
        got, repeats, in_flight = set(), 0, 0

        def take():
            """Of what the ring has, no more came before than what was in flight at the kills since."""
            nonlocal repeats, in_flight
            came = world.tail()
            again = len(came) - len(set(came) - got)
            self.assertLessEqual(again, in_flight)
            got.update(came)
            repeats, in_flight = repeats + again, 0

        for workers in (1, 3, 2, 4):
            world.write_config(workers=str(workers))
            world.start()
            time.sleep(rng.random() ** 3 * 0.4)  # a fast build is through soon
            world.kill()
            if rng.random() < 0.5:
                take()
            in_flight += (8 * workers + 1) * 512  # 8 parcels a worker and one being filled
        world.start()
        until("everything", lambda: world.committed() == size)
        world.kill()  # what is committed needs no drain
        take()
        lost = ids(range(total)) - got
        print(f"{total} items, 5 kills, {len(lost)} lost, {repeats} repeated")
        self.assertFalse(lost)
        self.assertTrue(world.run("ring", "verify", world.ring).stdout.startswith("ok: "))

    def test_what_members_die_of_is_a_dead_letter(self):
        world = self.world(bytes="4MiB, deliveries: 1")
        world.write_posts("posts.ndjson", range(1000))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        self.assertEqual(world.run("ring", "dead", world.ring).stdout, "")
        printed = set()
        tail = subprocess.Popen([HYDRANT, "tail", world.ring, "--group", "care"], cwd=world.dir, text=True,
                                stdout=subprocess.PIPE)
        # A pipe that nobody reads keeps it from acknowledging; there is nothing else to wait for.
        until("the pipe is full", lambda: self.sleeps(tail.pid))
        tail.kill()
        for line in tail.communicate()[0].splitlines(keepends=True):
            if line.endswith("\n"):
                printed.add(json.loads(line)["id"])
        rest = set(world.tail())
        dead = [json.loads(line) for line in world.run("ring", "dead", world.ring).stdout.splitlines()]
        print(f"{len(printed)} printed before the kill, {len(rest)} after it, {len(dead)} dead")
        self.assertGreater(len(dead), 0)
        self.assertEqual({letter["group"] for letter in dead}, {"care"})
        self.assertEqual({letter["item"]["seq"] for letter in dead}, {None})
        letters = {letter["item"]["id"] for letter in dead}
        self.assertFalse(letters & rest)
        self.assertEqual(printed | rest | letters, ids(range(1000)))

    def test_what_cannot_be_printed_is_not_acknowledged(self):
        world = self.world(bytes="4MiB, deliveries: 2", workers="1")
        world.write_posts("posts.ndjson", range(5))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        damage_item(world.ring, "p2")
        observed = world.run("tail", world.ring, code=1)
        self.assertEqual([json.loads(line)["id"] for line in observed.stdout.splitlines()], ["p0", "p1"])
        self.assertIn("cannot be read", observed.stderr)
        for printed in (["p0", "p1"], []):  # it comes again, and stops the next one, too
            got = world.run("tail", world.ring, "--group", "care", code=1)
            self.assertEqual([json.loads(line)["id"] for line in got.stdout.splitlines()], printed)
            self.assertIn("cannot be read", got.stderr)
        self.assertEqual(world.tail(), ["p3", "p4"])  # often enough: it is a dead letter
        self.assertGreater((pathlib.Path(world.ring) / "group-care.dead").stat().st_size, 0)

    @staticmethod
    def sleeps(pid):
        """Asleep each time that one looks, for a second?"""
        for _ in range(20):
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
                return False
            time.sleep(0.05)
        return True

    def test_a_ring_that_is_gone_costs_no_unacknowledged_item(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(3000))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        read = world.tail("--count", "1000")
        self.assertEqual(len(read), 1000)
        world.kill()
        shutil.rmtree(world.ring)  # as after a reboot
        world.write_config(workers="3")
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        again = world.tail()
        self.assertFalse(ids(range(3000)) - set(read) - set(again))
        counted = int(re.search(r"again=(\d+)", "".join(world.log)).group(1))  # bytes
        self.assertLessEqual(counted, world.bytes_of("posts.ndjson"))

    def test_a_source_that_was_away_when_the_ring_went_loses_nothing(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(100))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        shutil.rmtree(world.ring)  # nobody has read it
        for sources in ("[{name: other, type: file, path: 'other*.ndjson'}]", None):
            world.write_config(sources=sources)
            world.write_posts("other.ndjson", range(100, 110))
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertEqual(set(world.tail()), ids(range(110)))

    def test_what_every_group_acknowledged_does_not_come_again(self):
        world = self.world(groups="{care: {start: oldest}, desk: {start: oldest}}")
        world.write_posts("posts.ndjson", range(500))
        size = world.bytes_of("posts.ndjson")
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        world.tail()
        time.sleep(0.5)
        acknowledged = world.ctl("status")["streams"][0]["acknowledged"]
        self.assertLess(acknowledged, size)  # desk has not
        world.tail(group="desk")
        until("acknowledged", lambda: world.ctl("status")["streams"][0]["acknowledged"] == size)
        self.assertEqual(world.stop(), 0)
        shutil.rmtree(world.ring)
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertEqual(world.tail(), [])

    def test_a_damaged_spill_segment_is_said_and_counted(self):
        world = self.world(groups="{care: {start: oldest, when_slow: spill}}", bytes="1MiB")
        world.write_posts("posts.ndjson", range(4000))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        group = world.ctl("status")["ring"]["groups"][0]
        self.assertGreater(group["spilled"], 0)
        self.assertEqual(group["lag"], 4000)
        segment = sorted((world.dir / "state" / "spill").iterdir())[1]
        damaged = bytearray(segment.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        segment.write_bytes(damaged)
        # Who finds the damage first is open: a reader who is told of what is lost ends with 1.
        got = world.run("tail", world.ring, "--group", "care", code=None).stdout.splitlines()
        until("all is acknowledged", lambda: world.ctl("status")["streams"][0]["acknowledged"] ==
              world.bytes_of("posts.ndjson"))
        group = world.ctl("status")["ring"]["groups"][0]
        self.assertEqual([group[key] for key in ("lag", "spill_bytes", "dropped")],
                         [0, 0, 4000 - len(got)])
        self.assertGreater(group["dropped"], 0)
        until("said", lambda: world.said("what was spilled for a group is damaged or gone"))

    def test_a_spill_that_cannot_be_written_is_said_once(self):
        world = self.world(groups="{care: {start: oldest, when_slow: spill}}", bytes="1MiB")
        world.start()
        spill, away = world.dir / "state" / "spill", world.dir / "away"
        spill.rename(away)
        world.write_posts("posts.ndjson", range(4000))
        said = 'msg="nothing can be spilled for a group" group=care error="cannot write to '
        until("said", lambda: world.said(said))
        line = next(line for line in world.log if said in line)
        self.assertIn(f"{spill}: No such file or directory", line)
        until("held up", lambda: world.said('msg="a group holds everything up" group=care'))
        away.rename(spill)
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        until("over", lambda: world.said('msg="spilling goes on" group=care'))
        self.assertEqual(sum(said in line for line in world.log), 1)
        self.assertEqual(world.stop(), 0)

    def test_what_was_spilled_for_a_group_outlives_its_declaration(self):
        care, desk = "{care: {start: oldest, when_slow: spill}}", "{desk: {start: newest, when_slow: drop-oldest}}"
        world = self.world(groups=care, bytes="1MiB")
        world.write_posts("posts.ndjson", range(4000))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        self.assertEqual(world.stop(), 0)
        spill = world.dir / "state" / "spill"
        files = sorted(spill.iterdir())
        self.assertTrue(files)
        size = sum(file.stat().st_size for file in files)
        self.assertNotIn("declare", world.run("run", "--check").stderr)
        world.write_config(groups=desk)
        said = world.run("run", "--check").stderr
        self.assertIn("warning: group care: spilled items of a group that is not declared", said)
        self.assertIn(f"{size} bytes in", said)
        for _ in range(2):  # at each start
            world.start()
            self.assertTrue(world.said('msg="spilled items of a group that is not declared" group=care '
                                       f"path={spill}/care-????????????????.spill* files={len(files)} bytes={size}"))
            self.assertEqual(world.stop(), 0)
        self.assertEqual(sorted(spill.iterdir()), files)
        world.write_config(groups=care)
        world.start()
        self.assertEqual(set(world.tail()), ids(range(4000)))
        self.assertFalse(world.said("not declared"))

    def test_what_a_ring_that_is_gone_had_spilled_is_told(self):
        world = self.world(groups="{care: {start: oldest, when_slow: spill}}", bytes="1MiB")
        world.write_posts("posts.ndjson", range(4000))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        self.assertEqual(world.stop(), 0)
        files = [file.stat().st_size for file in (world.dir / "state" / "spill").iterdir()]
        world.start()
        self.assertFalse(world.said("were removed"))
        self.assertEqual(world.stop(), 0)
        shutil.rmtree(world.ring)
        world.start()
        self.assertTrue(world.said('msg="spilled items of a ring that is gone were removed" group=care '
                                   f"files={len(files)} bytes={sum(files)}"))
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        self.assertEqual(set(world.tail()), ids(range(4000)))

    def test_a_damaged_checkpoint_is_not_believed(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        path = world.dir / "state" / "checkpoint"
        path.write_bytes(path.read_bytes().replace(b"posts", b"pests", 1))
        world.start("--once", ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        until("why", lambda: world.said("the checkpoint is damaged; move it away"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
