#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run.py [TEST...]   `hydrant run` as an operator meets it: starting, reading, waiting,
stopping, refusing to start. Each test has a ledger of what must come out. Being killed is run_crashes.py's, being asked
run_serving.py's."""

import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import DaemonTest, HYDRANT, PATIENCE, ids, open_fifo, post, until  # noqa: E402


class Reading(DaemonTest):
    def test_once_publishes_what_scan_finds(self):
        world = self.world()
        world.write_posts("posts-a.ndjson", range(1500))
        subprocess.run(["zstd", "-q", "posts-a.ndjson", "-o", "posts-b.ndjson.zst"], cwd=world.dir,
                       check=True)
        (world.dir / "posts-b.ndjson.zst").rename(world.dir / "unread")
        world.write_posts("more.ndjson", range(1500, 2000))
        subprocess.run(["zstd", "-q", "more.ndjson", "-o", "posts-b.ndjson.zst"], cwd=world.dir,
                       check=True)
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0, "".join(world.log))
        got = world.tail()
        self.assertEqual(len(got), 2000)
        self.assertEqual(set(got), ids(range(2000)))
        stat_ = json.loads(world.run("ring", "stat", world.ring, "--json").stdout)
        self.assertTrue(stat_["ended"])
        self.assertEqual([g["lag"] for g in stat_["groups"]], [0])
        self.assertTrue(world.run("ring", "verify", world.ring).stdout.startswith("ok: "))

    def test_once_fails_where_nothing_of_a_source_could_be_read(self):
        world = self.world()
        for name, data, says in (("none", None, "No such file"), ("folder", "", "Is a directory"),
                                 ("bad", b"{not json\n{neither\n", "no record could be read"),
                                 ("bad.zst", b"\x28\xb5\x2f\xfd damaged, all of it", "damaged zstd")):
            if data == "":
                (world.dir / name).mkdir()
            elif data:
                (world.dir / name).write_bytes(data)
            world.write_config(sources="[{name: %s, type: file, path: %s, format: native}]"
                               % (name.replace(".", "-"), name))
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 1, name)
            self.assertTrue(world.said(says), "".join(world.log))
        world.write_posts("posts.ndjson", range(10))
        world.write_config(sources="[{name: posts, type: file, path: posts.ndjson}]")
        for _ in range(2):  # the second time there is nothing new
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 0, "".join(world.log))

    def test_what_is_compressed_otherwise_is_an_error(self):
        world = self.world()
        world.write_posts("posts-a.ndjson", range(10))
        subprocess.run(["gzip", "-k", "posts-a.ndjson"], cwd=world.dir, check=True)
        world.write_posts("posts-b.ndjson", range(10, 20))
        world.start("--once")
        world.daemon.wait(PATIENCE)
        self.assertTrue(world.said("posts-a.ndjson.gz"))
        self.assertTrue(world.said("this is gzip, and only zstd is read"))
        self.assertEqual(set(world.tail()), ids(range(20)))

    def test_files_are_followed(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        until("the first ones", lambda: world.ctl("status")["published"] == 10)
        with open(world.dir / "posts.ndjson", "a", encoding="utf-8") as out:
            out.write(post(10))  # no newline: it is not whole
            out.flush()
            time.sleep(0.3)
            self.assertEqual(world.ctl("status")["published"], 10)
            out.write("\n" + post(11) + "\n")
        until("a line when it is whole", lambda: world.ctl("status")["published"] == 12)
        (world.dir / "posts.ndjson").rename(world.dir / "rotated")
        world.write_posts("posts.ndjson", range(12, 20))
        until("the file that took its place", lambda: world.ctl("status")["published"] == 20)
        world.write_posts("posts-2.ndjson", range(20, 30))
        until("a new file", lambda: world.ctl("status")["published"] == 30)
        self.assertEqual(world.stop(), 0)
        self.assertEqual(sorted(world.tail()), sorted(ids(range(30))))

    def test_a_restart_goes_on_where_it_was(self):
        world = self.world()
        world.write_posts("posts-1.ndjson", range(700))
        world.start()
        until("all of it", lambda: world.ctl("status")["published"] == 700)
        self.assertEqual(world.stop(), 0)
        world.write_posts("posts-1.ndjson", range(700, 800), "a")
        world.write_posts("posts-2.ndjson", range(800, 900))
        world.write_config(workers="1")
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        got = world.tail()
        self.assertEqual(len(got), 900)  # after a drain nothing comes twice
        self.assertEqual(set(got), ids(range(900)))

    def test_a_newline_in_a_name_stops_no_start(self):
        world = self.world()
        world.write_posts("posts-a\n.ndjson", range(10))
        world.write_posts("posts-b.ndjson", range(10, 20))
        world.start()
        until("the other", lambda: world.ctl("status")["published"] == 10)
        until("a word about it", lambda: world.said("newline in its name"))
        time.sleep(1.5)  # so that the pattern is looked at again
        world.write_posts("posts-b.ndjson", range(20, 25), "a")
        until("what was added", lambda: world.ctl("status")["published"] == 15)
        self.assertEqual(world.stop(), 0)
        world.write_posts("posts-c.ndjson", range(25, 30))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertEqual(world.tail(), [f"p{n}" for n in range(10, 30)])

    def test_repeats_are_known_over_a_restart(self):
        world = self.world(dedup="{window: 24h, entries: 1000}")
        texts = ["no signal since noon in Austin", "a refund for my broken router please"]
        (world.dir / "posts-1.ndjson").write_text(post(0, texts[0]) + "\n" + post(1, texts[1]) + "\n")
        world.start()
        until("both", lambda: world.ctl("status")["published"] == 2)
        self.assertEqual(world.stop(), 0)
        (world.dir / "posts-2.ndjson").write_text(post(1, texts[1]) + "\n")
        world.start()
        until("the repeat", lambda: world.ctl("status")["posts"] == 1)
        self.assertEqual(world.ctl("status")["duplicates"]["redelivered"], 1)
        self.assertEqual(world.stop(), 0)
        shutil.rmtree(world.ring)  # nobody has acknowledged: both are new again
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertEqual(set(world.tail()), ids(range(2)))


class Failing(DaemonTest):
    def test_without_a_checkpoint_everything_is_read_again(self):
        for reboot in (False, True):
            world = self.world(dedup="{window: 24h, entries: 1000}")
            world.write_posts("posts.ndjson", range(10))
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 0)
            self.assertTrue(world.said('msg="ring made"'))
            self.assertFalse(world.said("forgotten"))  # there is nothing to forget
            self.assertEqual(world.tail(), [f"p{n}" for n in range(10)])
            (world.dir / "state/checkpoint").rename(world.dir / "damaged")
            if reboot:
                shutil.rmtree(world.ring)
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 0)
            self.assertTrue(world.said("repeats and conversations are forgotten"))
            self.assertTrue(world.said('msg="ring %s"' % ("made" if reboot else "taken over")))
            self.assertEqual(world.tail(), [f"p{n}" for n in range(10)])

    def test_what_stays_wrong_is_no_flood_of_the_log(self):
        world = self.world()
        world.write_posts("posts-1.ndjson", range(10))
        world.start()
        until("the first", lambda: world.ctl("status")["published"] == 10)
        began = time.monotonic()
        (world.dir / "state" / "checkpoint.new").mkdir()  # no checkpoint can be written
        world.write_posts("posts-2.ndjson", range(10, 20))
        until("a word about it", lambda: world.said("cannot write the checkpoint"))
        time.sleep(3)
        lines = [line for line in world.log if "cannot write the checkpoint" in line]
        seconds = time.monotonic() - began
        self.assertLess(len(lines), 10 * seconds)  # a few a second, of source and checkpoint
        self.assertEqual(world.ctl("status")["published"], 10)
        (world.dir / "state" / "checkpoint.new").rmdir()
        until("it goes on", lambda: world.ctl("status")["published"] == 20)
        self.assertEqual(world.stop(), 0)
        self.assertEqual(world.tail(), [f"p{n}" for n in range(20)])

    def test_each_file_that_cannot_be_read_is_told(self):
        world = self.world()
        for number in range(50):
            (world.dir / f"posts-{number}.ndjson").mkdir()
        world.write_posts("posts-a.ndjson", range(10))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        until("all", lambda: sum("cannot open" in line for line in world.log) == 50)
        self.assertEqual(world.tail(), [f"p{n}" for n in range(10)])


class Waiting(DaemonTest):
    """Items that are held: time passes where no posts come, and over restarts."""

    def holding(self, seconds):
        world = self.world()
        with open(world.dir / "rules.yaml", "a", encoding="utf-8") as out:
            out.write(f"""policy:
  actions:
    - {{line: rest, when: '*', action: recover}}
  hold:
    - {{when: 'action:recover', for: {seconds}s, why: wait}}
  respond: {{must: 2h, may: 24h}}
""")
        return world

    def held(self, number):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return json.dumps({"id": f"p{number}", "created_at": now, "network": "x",
                           "author": {"id": "a"}, "text": f"{number}: I want a refund"}) + "\n"

    def come(self, world, count):
        """So many items, when they are there: counters of the daemon are ahead of the ring."""
        items = []
        until("items", lambda: items.extend(world.items()) or len(items) >= count)
        return [(i["id"], i["event"], i["verdict"]["hold_until"] is not None) for i in items]

    def test_the_time_of_a_hold_is_over(self):
        world = self.holding(2)
        (world.dir / "posts.ndjson").write_text(self.held(1))
        world.start()
        self.assertEqual(self.come(world, 2), [("p1", "mention", True), ("p1", "update", False)])
        self.assertEqual(world.stop(), 0)

    def test_a_hold_is_known_over_a_restart(self):
        for reboot in (False, True):  # with the ring gone, and all acknowledged
            with self.subTest(reboot=reboot):
                world = self.holding(86400)
                (world.dir / "posts.ndjson").write_text(self.held(1))
                world.start()
                self.assertEqual(self.come(world, 1), [("p1", "mention", True)])
                until("acknowledged", lambda: world.ctl("status")["streams"][0]["acknowledged"])
                self.assertEqual(world.stop(), 0)
                if reboot:
                    shutil.rmtree(world.ring)
                answer = {"id": "p2", "in_reply_to": "p1", "network": "x", "author": {"id": "b"},
                          "text": "it works well, thank you"}
                (world.dir / "posts-2.ndjson").write_text(json.dumps(answer) + "\n")
                world.start()
                self.assertEqual(self.come(world, 1), [("p1", "update", False)])  # another answered
                self.assertEqual(world.stop(), 0)


class Draining(DaemonTest):
    def follow(self, world):
        """Somebody who makes room in the ring."""
        with open(world.dir / "rest", "w", encoding="utf-8") as rest:
            reader = subprocess.Popen([HYDRANT, "tail", world.ring, "-g", "care", "-f"], stdout=rest)
        world.started.append(reader)
        return reader

    def rest(self, world):
        """What comes until everything has been read, and the daemon ends well."""
        reader = self.follow(world)
        until("the rest", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        self.assertEqual(world.stop(), 0)
        reader.terminate()
        self.assertEqual(reader.wait(PATIENCE), 0)
        lines = (world.dir / "rest").read_text().splitlines()
        return [json.loads(line)["id"] for line in lines] + world.tail()

    def test_a_drain_is_bounded_when_a_group_blocks(self):
        world = self.world(groups="{care: {start: oldest, when_slow: block}}", bytes="1MiB",
                           drain="500ms")
        world.write_posts("posts.ndjson", range(4000))
        world.start()
        until("the ring is full and everything waits",
              lambda: world.ctl("status")["published"] >= 1024)  # it has room for fewer
        begin = time.monotonic()
        self.assertEqual(world.stop(), 1)
        self.assertLess(time.monotonic() - begin, 60)
        until("said", lambda: world.said("the time for a drain was up"))
        got = world.tail()
        world.write_config(drain="60s")
        world.start()
        got += self.rest(world)
        self.assertFalse(ids(range(4000)) - set(got))

    def test_beside_a_worker_that_waits_for_room_others_do_not_go_too_far(self):
        """A ring that is nearly full, and then one item in 130 batches of posts that nobody wants: when
        one worker waits for room, the other has much that needs none."""
        world = self.world(groups="{care: {start: oldest, when_slow: block}}", bytes="1MiB",
                           drain="500ms")
        unwanted = '{"text":"all is well"}\n' * 130 * 64
        with open(world.dir / "posts.ndjson", "w", encoding="utf-8") as out:
            for n in range(460):
                out.write(post(n, "a refund! " + "x" * (1500 if n < 410 else 8000)) + "\n")
                out.write("" if n < 410 else unwanted)
        for _ in range(2):  # the second time with a ring that is full from the start
            world.start()
            until("the ring is full", lambda: world.daemon.poll() is not None
                  or world.said('msg="a group holds everything up" group=care'))
            self.assertIsNone(world.daemon.poll(), "".join(world.log))
            self.assertEqual(world.stop(), 1, "".join(world.log))
        world.write_config(drain="60s")
        world.start()
        self.assertEqual(set(self.rest(world)), ids(range(460)))

    def test_who_holds_everything_up_is_said(self):
        world = self.world(groups="{care: {start: oldest, when_slow: block}}", bytes="1MiB", workers="1")
        world.write_posts("posts.ndjson", range(20000))
        world.start()
        until("said", lambda: world.said('msg="a group holds everything up" group=care'))
        held = until("shown", lambda: world.status()["held_up"])
        self.assertRegex(held, r"^group care holds everything up since \d+ s$")
        status = world.status()
        self.assertGreater(status["sources"][0]["records"], status["posts"])  # some wait
        url = f"http://127.0.0.1:{world.metrics_port()}/readyz"
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=PATIENCE)
        self.assertEqual(refused.exception.code, 503)
        self.assertIn(b"group care holds everything up", refused.exception.read())
        self.assertIn("holds everything up since",
                      world.run("ctl", "status", "--socket", "control.sock").stdout)
        self.follow(world)
        until("over", lambda: world.said('msg="a group holds nothing up any more" group=care'))
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        until("shown", lambda: world.status()["held_up"] == "")  # for good: nothing is left to hold
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            self.assertEqual((answer.status, answer.read()), (200, b"ready\n"))
        self.assertEqual(world.stop(), 0)

    def test_signals_while_it_starts(self):
        first = ["unshare", "--pid", "--fork", "--kill-child"]  # as in a container
        alone = subprocess.run([*first, "true"], capture_output=True, check=False).returncode == 0
        for within in [[], first] if alone else [[]]:
            world = self.world()
            world.within = within
            (world.dir / "rules.yaml").unlink()
            os.mkfifo(world.dir / "rules.yaml")  # a start that does not come to an end
            world.start(ready=False)
            with open_fifo(world.dir / "rules.yaml"):  # it reads
                pid = world.daemon.pid
                if within:
                    pid = int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text())
                os.kill(pid, signal.SIGHUP)
                with self.assertRaises(subprocess.TimeoutExpired):
                    world.daemon.wait(0.5)
                os.kill(pid, signal.SIGTERM)
                code = world.daemon.wait(PATIENCE)
            self.assertEqual(code, 128 + signal.SIGTERM if within else -signal.SIGTERM)

    def test_ctl_drain_ends_the_daemon(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(100))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        self.assertTrue(world.ctl("drain")["ok"])
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertFalse((world.dir / "control.sock").exists())


class Refusing(DaemonTest):
    def refused(self, world, text, *options):
        world.start(*options, ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1, "".join(world.log))
        until(text, lambda: world.said(text), 10)

    def test_two_daemons_on_one_state_dir(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        first = world.start()
        self.refused(world, "another daemon uses state_dir")
        self.assertIsNone(first.poll())

    def test_two_daemons_on_one_ring(self):
        world, other = self.world(), self.world()
        world.write_posts("posts.ndjson", range(10))
        other.ring = world.ring
        other.write_config()
        world.start()
        self.refused(other, f"{world.ring}: the ring cannot be opened: ")
        self.assertEqual(other.log[-1].count(world.ring), 1)

    def test_permissions(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        for name, mode in (("control.sock", 0o600), ("state", 0o710), ("state/checkpoint", 0o600),
                           ("state/spill", 0o750)):
            self.assertEqual(stat.S_IMODE((world.dir / name).stat().st_mode), mode, name)
        world.stop()
        (world.dir / "state").chmod(0o777)
        self.refused(world, "nobody else may write to it")

    def test_a_control_socket_where_others_write(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.dir.chmod(0o777)
        self.refused(world, "others may write to")
        world.dir.chmod(0o700)

    def test_configurations_that_cannot_be_used(self):
        world = self.world()
        (world.dir / "hydrant.yaml").write_text("sources:\n  - {name: a, type: file, pth: x}\n")
        self.refused(world, "there is no key \"pth\" here")
        self.refused(world, "needs a path")
        (world.dir / "hydrant.yaml").write_text("workers: 2\n")
        self.refused(world, "no sources")
        (world.dir / "hydrant.yaml").unlink()
        self.refused(world, "cannot read the configuration")
        world.run("run", "-c", "hydrant.yaml", "--check", code=1)
        world.run("run", "nonsense", code=2)

    def test_check_says_what_a_start_would_refuse(self):
        world = self.world()

        def check(code):
            return world.run("run", "--check", code=code).stderr

        self.assertNotIn("error", check(0))
        self.assertFalse((world.dir / "state").exists())  # nothing is made
        world.write_config(sources="[{name: hook, type: webhook, listen: 127.0.0.1:0, sign: x,"
                                   " secret: '${HYDRANT_NOPE}', format: nope}]", bytes="60GiB",
                           chunk="256KiB")
        rules = (world.dir / "rules.yaml").read_text()
        (world.dir / "rules.yaml").write_text("version: 1\nrules: [{id: a, match: 'b AND ('}]\n")
        said = check(1)
        for text in ("source hook: ${HYDRANT_NOPE}: the environment has no such variable", "rules.yaml:2:",
                     "ring: a ring has ", "hydrant.yaml: it cannot run: 3 problems"):
            self.assertIn(text, said)
        (world.dir / "rules.yaml").write_text(rules)
        (world.dir / "empty").write_text("\n")
        world.write_config(bytes="4MiB", sources=world.config["sources"].replace("HYDRANT_NOPE", "file:empty"))
        self.assertIn("source hook: its secret is empty", check(1))
        self.assertIn("source hook: format nope is none of", check(1))
        (world.dir / "rules.yaml").unlink()
        self.assertIn("rules: ", check(1))
        state = world.dir / "state"
        self.assertNotIn("state_dir", check(1))
        state.write_text("")
        self.assertIn("error: state_dir: cannot open state_dir", check(1))
        state.unlink()
        state.mkdir(0o777)
        state.chmod(0o777)
        self.assertIn("must be ours, and nobody else may write to it", check(1))
        state.chmod(0o700)
        (state / "checkpoint").write_text("hydrant checkpoint 1\n")
        self.assertIn("state_dir: the checkpoint is damaged", check(1))
        (state / "checkpoint").unlink()
        self.assertNotIn("state_dir", check(1))
        self.assertEqual(list(state.iterdir()), [])
        state.rmdir()
        world.write_config(state_dir="state/")
        self.assertNotIn("state_dir", check(1))
        world.write_config(state_dir="no/such")
        self.assertIn("state_dir: cannot make ", check(1))
        (world.dir / "note").write_text("")
        world.write_config(state_dir="state", sources="""[
            {name: a, type: tcp, listen: 127.0.0.1:18601}, {name: b, type: webhook, listen: 0.0.0.0:18601, sign: none},
            {name: c, type: unix, path: p.sock}, {name: d, type: unix, path: ./p.sock},
            {name: e, type: unix, path: control.sock}, {name: f, type: unix, path: note},
            {name: g, type: tcp, listen: 127.0.0.1:0}, {name: h, type: tcp, listen: 127.0.0.1:0}]""")
        said = check(1)
        for text in ("source b: it listens where source a does", "source d: it listens where source c does",
                     "source e: it listens where control does", "source f: note is there and is no socket",
                     "it cannot run: 5 problems"):  # and the rules
            self.assertIn(text, said)
        (world.dir / "hydrant.yaml").write_text("workers: 2\n")
        self.assertIn("no sources", check(1))

    def test_a_start_that_fails_leaves_no_ring(self):
        world = self.world(sources="[{name: hook, type: webhook, listen: 127.0.0.1:0, sign: x,"
                                   " secret: '${HYDRANT_NOPE}'}]")
        self.refused(world, "source hook: ${HYDRANT_NOPE}")
        self.assertFalse(pathlib.Path(world.ring).exists())
        world.write_config(sources=None)
        world.write_posts("posts.ndjson", range(10))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        world.write_config(sources="[{name: hook, type: webhook, listen: 127.0.0.1:0, sign: x,"
                                   " secret: '${HYDRANT_NOPE}'}]")
        self.refused(world, "source hook: ${HYDRANT_NOPE}")
        self.assertEqual(world.tail(), [f"p{n}" for n in range(10)])  # that is not its own

    def test_a_start_that_fails_ends_no_group(self):
        world = self.world(groups="{care: {}}")
        world.write_posts("posts.ndjson", range(10))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        world.write_config(groups="{desk: {}}")  # a new name for it, and a mistake beside it
        config = world.dir / "hydrant.yaml"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            config.write_text(config.read_text().replace("127.0.0.1:0", "127.0.0.1:%d" % taken.getsockname()[1]))
            self.refused(world, "Address already in use")
        world.write_config(groups="{care: {}}")
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertEqual(world.tail(), [f"p{n}" for n in range(10)])
        world.write_config(groups="{desk: {}}")
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        groups = json.loads(world.run("ring", "stat", world.ring, "--json").stdout)["groups"]
        self.assertEqual([g["name"] for g in groups], ["desk"])

    def test_a_ring_on_a_disk_is_warned_of(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        if subprocess.run(["stat", "-fc", "%T", world.dir], capture_output=True, text=True,
                          check=True).stdout.strip() in ("tmpfs", "ramfs"):
            self.skipTest("the folder is in memory")
        world.ring = str(world.dir / "ring")
        world.write_config()
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        until("a warning", lambda: world.said("ring.path is not in a tmpfs"))

    def test_a_ring_keeps_its_size_and_that_is_said(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        for changes, says in (({}, False), ({"bytes": "8MiB"}, True), ({"chunk": "128KiB"}, True),
                              ({"bytes": "4195000", "chunk": "64KiB"}, False)):  # whole chunks count
            world.write_config(**changes)
            check = world.run("run", "--check").stderr
            self.assertEqual("ring.bytes" in check, says, check)
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 0)
            self.assertEqual(world.said("ring.bytes"), says, "".join(world.log))
        self.assertTrue(world.said(f"bytes={4 << 20}"))

    def test_a_ring_without_room(self):
        world = self.world(bytes="64GiB")
        world.write_posts("posts.ndjson", range(10))
        free = shutil.disk_usage(world.ring_parent).free
        if free > 64 << 30:
            self.skipTest("there is room for it")
        self.refused(world, "ring ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
