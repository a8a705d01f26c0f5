#!/usr/bin/env python3
"""Personal data of posts is in the items and nowhere else: not in logs, metrics, answers of the control
socket, what is kept of the state, dead letters, explanations, examples, statistics and errors."""

import http.client
import json
import unittest

from daemon_world import World, until

# What must not be seen, each in posts that match, that do not, and in records that cannot be read.
SECRETS = ("512-555-0142", "tara.smith@mail.example", "4111 1111 1111 1111",
           "DE89 3704 0044 0532 0130 00", "ZX-471199")
# Their parts, as they would be seen where only a part is shown.
PARTS = ("555-0142", "tara.smith", "1111 1111", "3704 0044", "471199")
RULES = """version: 1
rules:
  - {id: signal, owner: tests, match: 'signal OR has:pii', tests: [{text: "no signal", match: true},
      {text: "all is well", match: false}]}
  - {id: watched, state: shadow, owner: tests, match: 'refund'}
policy:
  pii: [{kind: account, shape: 'ZX-999999'}]
  actions: [{line: all, when: '*', action: recover}]
  private: [{when: 'has:pii', channel: dm, why: personal data}]
"""


def records():
    for n, secret in enumerate(SECRETS):
        text = f"no signal, I want a refund, {secret} is mine"
        good = {"id": f"p{n}", "created_at": "2026-01-01T00:00:00Z", "network": "x", "text": text}
        yield json.dumps(good)
        yield json.dumps({**good, "id": f"again{n}"})  # a repeat
        yield json.dumps({**good, "id": f"q{n}", "text": f"lovely day, {secret}"})
        yield json.dumps({**good, "id": f"e{n}", "event": "edit", "text": f"no signal. {secret}"})
        yield json.dumps({**good, "id": f"n{n}", "text": {"no": secret}})
        yield json.dumps(good)[:-9]  # broken
        yield f"plain text with {secret} in it"
        yield json.dumps({**good, "id": f"d{n}", "a": [[[[[[[[[[[[secret]]]]]]]]]]]]})


class Privacy(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        (self.world.dir / "rules.yaml").write_text(RULES)
        (self.world.dir / "posts.ndjson").write_text("".join(r + "\n" for r in records()))

    def clean(self, what, text):
        self.assertTrue(text, what)
        for part in PARTS:
            self.assertNotIn(part, text, what)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.world.metrics_port())
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def test_of_a_daemon_only_items_hold_it(self):
        world = self.world
        config = world.dir / "hydrant.yaml"
        config.write_text(config.read_text() + "log: {level: debug}\nlimits: {depth: 8}\n")
        world.start()
        size = world.bytes_of("posts.ndjson")
        until("everything", lambda: world.committed() == size)
        self.clean("metrics", self.get("/metrics"))
        for command in ("status", "history", "shadowed"):
            self.clean(command, world.run("ctl", command, "--socket", "control.sock").stdout)
            self.clean(command, json.dumps(world.ctl(command)))
        self.clean("ring stat", world.run("ring", "stat", world.ring).stdout)
        items = world.run("tail", world.ring, "--group", "care", "--count", "20").stdout
        for secret in SECRETS:
            self.assertTrue(secret in items)  # the item itself is whole
        for item in map(json.loads, items.splitlines()):
            self.assertTrue(item["pii"])
            self.assertEqual(item["verdict"]["take_private"]["why"], "personal data")
            self.clean("reasons", json.dumps(item["verdict"]))
        self.assertEqual(world.stop(), 0)
        self.clean("log", "".join(world.log))
        kept = [p for p in (world.dir / "state").rglob("*") if p.is_file()]
        self.assertTrue(kept)
        for path in kept:
            if "recording" in path.parts:
                continue  # the mentions themselves, kept for backtests
            self.clean(str(path), "-" + path.read_bytes().decode("latin-1"))

    def test_what_commands_print_beside_items(self):
        run = self.world.run
        done = run("scan", "--rules", "rules.yaml", "--dead-letters", "dead.ndjson", "--stats", "json",
                   "--rule-stats", "--emit", "none", "posts.ndjson")
        self.assertIn('"matched":', done.stdout)
        self.clean("scan", done.stdout + done.stderr)
        self.clean("dead letters", (self.world.dir / "dead.ndjson").read_text())
        text = "no signal: " + ", ".join(SECRETS)
        for options in ((), ("--json", "--all"), ("--emotion",), ("--emotion", "--json")):
            done = run("explain", "--rules", "rules.yaml", *options, "--text", text)
            self.clean(options, done.stdout + done.stderr)
        for record in list(records())[:8]:
            done = run("explain", "-e", "refund", "-", code=None, input=record + "\n")
            self.clean("explain of a record", done.stdout + done.stderr)
        done = run("backtest", "--rules", "rules.yaml", "--samples", "9", "posts.ndjson", code=None)
        self.clean("backtest", done.stdout + done.stderr)
        done = run("score", "posts.ndjson", code=None)
        self.clean("score", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
