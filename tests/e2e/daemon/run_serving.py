#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_serving.py [TEST...]   What a daemon that runs tells those who ask: metrics, health,
`ctl`, `top`, the log, systemd; reloads; and clients of its control socket that mean it ill."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import DaemonTest, HYDRANT, PATIENCE, RULES, ids, post, until  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[3]


class Serving(DaemonTest):
    def get(self, world, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{world.metrics_port()}{path}",
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def test_metrics_and_health(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(300))
        with open(world.dir / "posts.ndjson", "a", encoding="utf-8") as out:
            out.write("not json\n")
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        code, text = self.get(world, "/metrics")
        self.assertEqual(code, 200)
        for line in ("hydrant_posts_total 301", "hydrant_published_total 300",
                     'hydrant_dropped_total{reason="not_json"} 1', "hydrant_ready 1",
                     'hydrant_ring_group_lag_items{group="care"} 300'):
            self.assertIn(line + "\n", text)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(self.get(world, "/healthz"), (200, "ok\n"))
        self.assertEqual(self.get(world, "/readyz"), (200, "ready\n"))
        self.assertEqual(self.get(world, "/elsewhere")[0], 404)
        self.assertEqual(self.get(world, "/metrics", "POST")[0], 405)

    def test_the_checkpoint_is_as_old_as_the_last_save_that_succeeded(self):
        def saved_at():
            page = self.get(world, "/metrics")[1]
            return re.search(r"^hydrant_checkpoint_saved_timestamp_seconds (\S+)$", page, re.M).group(1)

        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        (world.dir / "state/checkpoint.new").mkdir()  # where the next one is written
        number = 10
        while world.ctl("status")["checkpoint_failures"] == 0:
            world.write_posts("posts.ndjson", [number], "a")
            number += 1
            time.sleep(0.1)
        before, shown = saved_at(), world.ctl("status")["checkpoint_at"]
        world.write_posts("posts.ndjson", [number], "a")
        until("it fails again", lambda: world.ctl("status")["checkpoint_failures"] > 1)
        self.assertEqual((saved_at(), world.ctl("status")["checkpoint_at"]), (before, shown))
        written = (world.dir / "state/checkpoint").stat().st_mtime
        self.assertLess(float(before), written + 0.5)
        (world.dir / "state/checkpoint.new").rmdir()
        until("it is saved again", lambda: saved_at() != before)
        self.assertEqual(world.stop(), 0)

    def test_every_metric_is_documented(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        documented = (SOURCE / "docs" / "daemon.md").read_text()
        names = {line.split()[2] for line in self.get(world, "/metrics")[1].splitlines()
                 if line.startswith("# TYPE")}
        self.assertGreater(len(names), 20)
        self.assertEqual([name for name in sorted(names) if f"`{name}`" not in documented], [])

    def test_the_example_starts(self):
        world = self.world()
        text = (SOURCE / "docs" / "examples" / "daemon" / "hydrant.yaml").read_text()
        text = text.replace("/dev/shm/hydrant/example", world.ring).replace(":8411", ":0")
        (world.dir / "hydrant.yaml").write_text(text + "rules: [rules.yaml]\n")
        (world.dir / "posts").mkdir()
        world.write_posts("posts/first.ndjson", range(50))
        world.start("--once")
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        self.assertEqual(set(world.tail()), ids(range(50)))

    def test_top_where_there_is_no_terminal(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        out = world.run("top", "--socket", "control.sock", "--count", "2", "--interval", "50").stdout
        self.assertEqual(len(out.splitlines()), 2)
        self.assertIn("generation=1", out)
        world.run("top", "--socket", "nowhere.sock", code=1)

    def test_top_for_programs(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        until("everything", lambda: world.committed() == world.bytes_of("posts.ndjson"))
        top = ("top", "--json", "--socket", "control.sock")
        view = json.loads(world.run(*top).stdout)  # one
        self.assertEqual((view["state"], view["posts"], view["generation"]), ("ready", 10, 1))
        self.assertIsNone(view["posts_per_second"])
        self.assertEqual([source["name"] for source in view["sources"]], ["posts"])
        views = [json.loads(line) for line in
                 world.run(*top, "--count", "3", "--interval", "50").stdout.splitlines()]
        self.assertEqual([view["posts_per_second"] for view in views], [None, 0, 0])
        self.assertEqual([view["published_per_second"] for view in views], [None, 0, 0])
        self.assertEqual(world.stop(), 0)

    def test_the_first_view_of_top_has_no_rates(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(1000))
        world.start()
        until("all", lambda: world.status()["posts"] == world.source("posts")["records"] == 1000)
        command = f"{HYDRANT} top --socket control.sock --count 1"
        out = subprocess.run(["script", "-qec", command, "/dev/null"], cwd=world.dir, check=True,
                             capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
        self.assertRegex(out, r"posts +1,000 +-/s")
        self.assertRegex(out, r"posts +1,000 +- +0 ")

    def test_what_is_not_known_is_no_null_in_top(self):
        world = self.world()
        (world.dir / "posts.ndjson").write_text('{"text":"without a time"}\n')
        world.start()
        until("all", lambda: world.status()["posts"] == 1)
        out = subprocess.run(["script", "-qec", f"{HYDRANT} top --socket control.sock --count 1", "/dev/null"],
                             cwd=world.dir, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
        self.assertRegex(out, r"posts +1 ")
        self.assertNotIn("null", out)

    def test_what_ctl_shows_to_a_person(self):
        world = self.world(groups="{care: {start: oldest}, audit: {start: oldest}}")
        world.write_posts("posts.ndjson", range(10))
        with open(world.dir / "posts.ndjson", "a", encoding="utf-8") as out:
            out.write('{"text": 5}\n' + post(10, "nothing") + "\n")
        world.start()
        until("all", lambda: world.source("posts")["records"] == 12 and world.source("posts")["bad"] == 1)
        status = world.run("ctl", "status", "--socket", "control.sock").stdout
        for line in (r"^dropped +no_match 1, bad_type 1$", r"^  posts +12 +1 +0 +false *$",
                     r"^  care +10 +0 +0 +0$", r"^  audit +10 +0 +0 +0$"):
            self.assertRegex(status, re.compile(line, re.M))
        self.assertNotRegex(status, re.compile("^(behind|shadowed|refused)", re.M))
        rules = world.dir / "rules.yaml"
        rules.write_text(rules.read_text().replace("signal OR refund", "signal OR OR"))
        until("the mistake is refused", lambda: world.ctl("status")["behind"])
        status = world.run("ctl", "status", "--socket", "control.sock").stdout
        self.assertRegex(status, re.compile("^behind +the rules in force are not those of the files$",
                                            re.M))
        self.assertEqual(world.run("ctl", "shadowed", "--socket", "control.sock").stdout, "none\n")

    def test_shadowed_rules_are_named_one_a_line(self):
        world = self.world()
        with socket.socket(socket.AF_UNIX) as at:
            at.bind(str(world.dir / "fake.sock"))
            at.listen()
            asks = subprocess.Popen([HYDRANT, "ctl", "shadowed", "--socket", "fake.sock"],
                                    cwd=world.dir, stdout=subprocess.PIPE, text=True)
            client, _ = at.accept()
            with client:
                client.makefile().readline()
                client.sendall(b'{"ok":true,"rules":["flood","flood-2"]}\n')
                self.assertEqual(asks.communicate(timeout=PATIENCE)[0], "flood\nflood-2\n")
        self.assertEqual(asks.returncode, 0)

    def test_rules_are_reloaded(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        rules = world.dir / "rules.yaml"
        good = rules.read_text()
        self.assertEqual(world.ctl("reload")["generation"], 1)  # nothing has changed
        rules.write_text(good.replace("signal OR refund", "nosuchword OR signal"))
        until("the change is seen", lambda: world.ctl("status")["generation"] == 2)
        rules.write_text(good.replace("signal OR refund", "signal OR OR"))
        until("the mistake is refused", lambda: world.ctl("status")["behind"])
        self.assertEqual(world.ctl("status")["generation"], 2)
        self.assertFalse(world.ctl("reload", code=1)["ok"])
        refused = world.run("ctl", "reload", "--socket", "control.sock", code=1)
        self.assertRegex(refused.stderr, r"^hydrant ctl: rules.yaml:4:\d+: expected a term after OR")
        self.assertRegex(world.ctl("status")["refused"], r"^rules.yaml:4:\d+: expected a term after OR")
        self.assertEqual(world.ctl("rollback")["generation"], 3)
        history = world.ctl("history")["generations"]
        self.assertEqual([g["generation"] for g in history], [3, 2, 1])
        self.assertEqual(history[0]["restored"], 1)
        rules.write_text(good)
        world.daemon.send_signal(signal.SIGHUP)
        until("SIGHUP", lambda: not world.ctl("status")["behind"])
        # Every test that fails is in the log, with its place and reason.
        rules.write_text(good.replace('match: false}', 'match: true}').replace('match: true}', 'match: false}', 1))
        until("the tests fail", lambda: "2 tests failed" in world.ctl("status")["refused"])
        told = [line for line in world.log if "test of rule signal" in line]
        self.assertEqual(len(told), 2, world.log)
        self.assertRegex(told[0], r'at=rules.yaml:7:\d+ problem="test of rule signal: the rule matches, and should not"')
        self.assertRegex(world.ctl("status")["refused"], r"rule signal at rules.yaml:7:\d+: the rule matches")
        self.assertIsNone(world.daemon.poll())

    def test_a_mapping_that_a_source_names_is_not_reloaded_away(self):
        def mapping(fields):
            return RULES + ("mappings:\n  mynet:\n    network: mynet\n    tell: {k: '*', t: '*'}\n"
                            f"    take:\n      - when: {{t: '*'}}\n        fields: {fields}\n")

        def write(numbers):
            with open(world.dir / "posts.ndjson", "a", encoding="utf-8") as out:
                out.write("".join(json.dumps({"k": f"p{n}", "t": "no signal"}) + "\n" for n in numbers))

        world = self.world(sources="[{name: posts, type: file, path: posts.ndjson, format: mynet}]")
        rules = world.dir / "rules.yaml"
        rules.write_text(mapping("{id: k, text: t}"))
        write(range(5))
        world.start()
        until("the first ones", lambda: world.ctl("status")["published"] == 5)
        rules.write_text(RULES)
        until("it is refused", lambda: world.ctl("status")["refused"])
        self.assertRegex(world.ctl("status")["refused"], "source posts: format mynet is none of ")
        self.assertFalse(world.ctl("reload", code=1)["ok"])
        self.assertEqual(world.ctl("status")["generation"], 1)
        write(range(5, 10))
        until("more of them", lambda: world.ctl("status")["published"] == 10)
        rules.write_text(mapping("{id: k, text: t, lang: l}"))
        until("it is another one, but there", lambda: world.ctl("status")["generation"] == 2)
        self.assertEqual(world.stop(), 0)

    def test_clients_that_close_inside_a_request(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(1))
        world.start()
        port = world.metrics_port()
        for _ in range(80):  # more than may be connected at a time
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE) as page:
            self.assertEqual(page.status, 200)


class Supervised(DaemonTest):
    def test_systemd_is_told(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(world.dir / "notify"))
            notify.settimeout(PATIENCE)
            os.environ["NOTIFY_SOCKET"] = str(world.dir / "notify")
            self.addCleanup(os.environ.pop, "NOTIFY_SOCKET", None)
            world.start()
            self.assertIn(b"READY=1", notify.recv(4096).splitlines())
            self.assertEqual(world.stop(), 0)
            self.assertIn(b"STOPPING=1", notify.recv(4096).splitlines())

    def test_signals_are_for_no_thread_of_the_library(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        pid = world.start().pid
        held = []
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                held.append(int(re.search(r"SigBlk:\s*(\w+)", (task / "status").read_text())[1], 16))
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE):
            taking = sum(not mask >> number - 1 & 1 for mask in held)
            self.assertLessEqual(taking, 2, number)  # the program's two
        self.assertEqual(world.stop(), 0)

    def test_logs_as_json(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        with open(world.dir / "hydrant.yaml", "a", encoding="utf-8") as out:
            out.write("log: {format: json, level: info}\n")
        world.start("--once", ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 0)
        until("the last line", lambda: world.said('"drained"'))
        self.assertTrue(all({"ts", "level", "msg"} <= json.loads(line).keys() for line in world.log))


class Attacking(DaemonTest):
    def connect(self, world):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(PATIENCE)
        client.connect(str(world.dir / "control.sock"))
        self.addCleanup(client.close)
        return client

    def ask(self, world, data):
        client = self.connect(world)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer

    def test_hostile_clients(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        for bad in (b"\n", b"{}\n", b"[]\n", b"{\"command\":\"status\",\"x\":1}\n", b"\x00\xff\n",
                    b"{\"command\":{\"a\":1}}\n", b"{\"command\":\"" + b"a" * 300 + b"\"}\n",
                    b"{\"command\":\"rollback\",\"generation\":99999999999999999999}\n",
                    b"{\"command\":\"rollback\",\"generation\":-1}\n", b"{\"command\":\"nothing\"}\n",
                    b"{\"command\":\"status\"}}\n", b"x" * 5000, b"{\"command\":\"rollback\"}\n"):
            answer = self.ask(world, bad)
            self.assertTrue(answer.startswith(b'{"ok":false,'), (bad[:60], answer[:100]))
            json.loads(answer.splitlines()[0])
        self.assertEqual(self.ask(world, b"{\"command\":\"sta"), b"")  # half a request
        crowd = [self.connect(world) for _ in range(15)]  # who say nothing
        self.assertTrue(world.status()["ok"])  # and has no place any more
        more = [self.connect(world) for _ in range(8)]
        until("too many", lambda: any(b"too many clients" in c.recv(4096) for c in more[-2:]))
        for _ in range(10):  # whether it has asked by then or not
            self.assertEqual(world.run("ctl", "status", "--socket", "control.sock", code=1).stderr,
                             "hydrant ctl: too many clients\n")
            self.assertEqual(world.run("ctl", "watch", "--socket", "control.sock", code=1).stderr,
                             "hydrant ctl: too many clients\n")
        for client in crowd + more:  # who sees the end has no place any more
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
        self.assertTrue(world.ctl("status")["ok"])
        silent = self.connect(world)  # asks for much and reads nothing
        silent.sendall(b"{\"command\":\"status\"}\n" * 3000)
        self.assertTrue(world.ctl("status")["ok"])
        self.assertEqual(world.stop(), 0)

    def test_watch_tells_of_events(self):
        world = self.world()
        world.write_posts("posts.ndjson", range(10))
        world.start()
        client = self.connect(world)
        client.sendall(b'{"command":"watch","interval_ms":50}\n')
        lines = map(json.loads, client.makefile())
        self.assertNotIn("event", next(lines))  # the status: it watches
        rules = world.dir / "rules.yaml"
        rules.write_text(rules.read_text().replace("signal OR refund", "signal"))
        event = next(line for line in lines if "event" in line)
        self.assertEqual((event["event"], event["generation"]), ("live", 2))
        self.assertEqual(world.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
