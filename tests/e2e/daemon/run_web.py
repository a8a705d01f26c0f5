#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_web.py [TEST...]   Sources of HTTP against servers that misbehave. Each test
has a ledger: every post that the server has is in the ring at least once, whatever happened."""

import os
import pathlib
import random
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, World, ids, until  # noqa: E402
from proxy_server import Proxy  # noqa: E402
from tls_files import TlsFiles, wrap  # noqa: E402
from web_server import Network  # noqa: E402
from websocket_server import WebSocketNetwork  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[3]

LONG = os.environ.get("HYDRANT_LONG")
FAST = ("retry: {connection: 5ms, connection_max: 20ms, status: 10ms, status_max: 40ms, "
        "limited: 10ms, limited_max: 40ms}")


def soon(what, condition):
    """Looks five times a second: a look is a program that is started."""
    until(what, lambda: time.sleep(0.2) or condition())


class WebTest(unittest.TestCase):
    def network(self, *args, **more):
        network = Network(*args, **more)
        self.addCleanup(network.close)
        return network

    def world(self, source, **changes):
        changes = {"bytes": "16MiB", **changes}
        world = World(sources=f"[{{name: net, {FAST}, {source}}}]", **changes)
        self.addCleanup(world.close)
        return world

    def source(self, world):
        return world.ctl("status")["sources"][0]

    def drain_until(self, world, wanted, got):
        """Acknowledges until all that is wanted was seen."""
        def look():
            got.extend(world.tail())
            return wanted <= set(got)
        soon(f"{len(wanted)} posts", look)


class Streams(WebTest):
    def lines(self, network, more="", silence="400ms"):
        return (f"type: stream, format: native, url: '{network.url}/lines', cursor: seq, "
                f"resume: 'since={{cursor}}', silence: {silence}{more}")

    def test_every_misdeed_and_nothing_is_lost(self):
        deeds = ["cut", "429", "stall", "garbage", "500", "half", "again", "cut"]
        network = self.network(900, deeds)
        # A deed that is counted is done once: a server that gets no processor is not silent yet.
        world, got = self.world(self.lines(network, silence="5s")), []
        world.start()
        self.drain_until(world, ids(range(900)), got)
        soon("all reconnects", lambda: self.source(world)["reconnects"] >= len(deeds))
        status = world.ctl("status")
        self.assertGreaterEqual(self.source(world)["errors"], len(deeds))
        self.assertEqual(status["dropped"]["too_long"], 1)
        self.assertEqual(status["dropped"]["not_json"], 3)
        self.assertEqual(set(got), ids(range(900)))
        self.assertEqual(world.stop(), 0)

    def test_kill_minus_9_loses_nothing(self):
        seed = int(os.environ.get("HYDRANT_SEED", random.randrange(1 << 30)))
        print(f"HYDRANT_SEED={seed}")
        rng, got, total = random.Random(seed), [], 20000 if LONG else 1500
        deeds = [rng.choice(["cut", "stall", "again", "half", "429", "good"]) for _ in range(40)]
        network = self.network(total, deeds)
        world = self.world(self.lines(network))
        for _ in range(8 if LONG else 2):
            world.start()
            time.sleep(rng.random() * 1.2)
            world.kill()
            if rng.random() < 0.5:
                got += world.tail()
        with network.lock:
            network.schedule[:0] = ["cut", "cut"]  # so that there is something to resume
        world.start()
        self.drain_until(world, ids(range(total)), got)
        print(f"{total} posts, {len(network.asked)} connections, "
              f"{len(got) - len(set(got))} came twice")
        resumed = [path for _, path, _ in network.asked if "since=" in path]
        self.assertTrue(resumed)

    def test_what_a_backfill_brings_again_is_no_copy(self):
        network = self.network(400, ["again", "cut", "again", "again"])
        source = self.lines(network, silence="20s")  # no server is silent
        world, items = self.world(source, dedup="{window: 24h}"), []
        world.start()
        soon("all of it", lambda: items.extend(world.items()) or
             {item["id"] for item in items} >= ids(range(400)))
        soon("all that came", lambda: world.status()["posts"] == self.source(world)["records"])
        soon("it is in the ring", lambda: world.status()["parcels_in_flight"] == 0)
        status = world.status()
        items += world.items()
        again = status["duplicates"]["redelivered"]
        self.assertEqual(status["posts"] - status["dropped"].get("keep_alive", 0) - again, 400)
        self.assertGreaterEqual(again, 60)
        self.assertEqual({item["dup"]["count"] for item in items}, {1})
        self.assertEqual(len(items) - 400, again - status["dropped"]["redelivered"])
        self.assertEqual(world.stop(), 0)

    def test_a_ring_that_is_gone_is_filled_again(self):
        network = self.network(500)
        world, got = self.world(self.lines(network)), []
        world.start()
        soon("all of it", lambda: world.ctl("status")["published"] == 500)
        self.assertEqual(world.stop(), 0)
        import shutil
        shutil.rmtree(world.ring)  # nobody has acknowledged
        world.start()
        self.drain_until(world, ids(range(500)), got)

    def test_compressed_bodies(self):
        for coding in ("gzip", "zstd"):
            network = self.network(1500, then=coding)
            world = self.world(self.lines(network))
            world.start("--once")
            self.assertEqual(world.daemon.wait(PATIENCE), 0, "".join(world.log))
            self.assertEqual(set(world.tail()), ids(range(1500)))

    def test_a_bomb_is_let_go(self):
        network = self.network(10, ["bomb"])
        world, got = self.world(self.lines(network)), []
        world.start()
        self.drain_until(world, ids(range(10)), got)
        soon("a word about it", lambda: world.said("expands too many times"))

    def test_events_go_on_behind_their_last_id(self):
        network = self.network(700, ["cut", "cut", "stall"])
        world, got = self.world(f"type: stream, format: mastodon, url: '{network.url}/events', "
                                "silence: 400ms"), []
        (world.dir / "rules.yaml").write_text(
            (world.dir / "rules.yaml").read_text() +
            "mappings:\n  mastodon:\n    network: m\n    tell: [{id: '*', text: '*'}]\n"
            "    take: [{when: {text: '*'}}]\n    fields: {id: id, text: text}\n")
        world.start()
        self.drain_until(world, ids(range(700)), got)
        later = [int(headers.get("Last-Event-ID", -1)) for _, _, headers in network.asked]
        self.assertEqual(later[:2], [-1, 99])
        self.assertEqual(later, sorted(later))
        self.assertEqual(world.stop(), 0)


class Waiting(WebTest):
    def waits(self, network):
        times = [at for at, _, _ in network.asked]
        return [b - a for a, b in zip(times, times[1:])]

    def run_against(self, misdeed, count, retry):
        network = self.network(1, then=misdeed)
        world = World(sources=f"[{{name: net, type: stream, url: '{network.url}/lines', "
                              f"format: native, retry: {{{retry}}}}}]")
        self.addCleanup(world.close)
        world.start()
        soon("asked again", lambda: len(network.asked) > count)
        return self.waits(network), world

    def test_a_status_doubles_the_wait(self):
        waits, _ = self.run_against("500", 4, "status: 50ms, status_max: 200ms")
        for wait, least in zip(waits, (0.05, 0.1, 0.2, 0.2)):
            self.assertGreaterEqual(wait, least)

    def test_a_lost_connection_waits_a_little_longer_each_time(self):
        network = self.network(0, then="cut")  # nothing is delivered: failures in a row
        world = World(sources=f"[{{name: net, type: stream, url: '{network.url}/lines', "
                              "format: native, retry: {connection: 40ms, connection_max: 100ms}}]")
        self.addCleanup(world.close)
        world.start()
        soon("asked again", lambda: len(network.asked) > 4)
        for wait, least in zip(self.waits(network), (0.04, 0.08, 0.1, 0.1)):
            self.assertGreaterEqual(wait, least)

    def test_429_waits_as_long_as_it_says(self):
        waits, world = self.run_against("429", 2, "limited: 1ms")
        self.assertGreaterEqual(min(waits), 0.3)
        soon("a word about it", lambda: world.said("source paused"))


class Polls(WebTest):
    MAPPING = ("mappings:\n  pages:\n    network: m\n    tell: [{data: '*'}]\n    items: 'data[]'\n"
               "    take: [{when: {text: '*'}}]\n    fields: {id: id, text: text}\n")

    TOKEN = "next: meta.next_token, page: 'token={next}'"

    def poll_world(self, network, more="", path="pages", next_page=TOKEN):
        world = self.world(f"type: poll, format: pages, url: '{network.url}/{path}', interval: 20ms, "
                           "cursor: meta.newest_id, resume: 'since_id={cursor}', " + next_page + more)
        with open(world.dir / "rules.yaml", "a", encoding="utf-8") as out:
            out.write(self.MAPPING)
        return world

    def test_pages_are_swept_from_the_cursor_on(self):
        network = self.network(5)
        world, got = self.poll_world(network), []
        world.start()
        self.drain_until(world, ids(range(5)), got)
        network.schedule = ["429", "cut", "half"]
        network.posts = 73
        self.drain_until(world, ids(range(73)), got)
        self.assertEqual(set(got), ids(range(73)))
        soon("the new cursor", lambda: any("since_id=72" in path for _, path, _ in network.asked))
        self.assertEqual(world.stop(), 0)
        asked = len(network.asked)
        network.posts = 90
        world.start()
        self.drain_until(world, ids(range(90)), got)
        self.assertIn("since_id=72", network.asked[asked][1])

    def test_what_is_no_page_ends_no_sweep(self):
        deeds = Network.BEHIND
        for path, next_page in (("pages", self.TOKEN), ("linked", "next: link, ids: 'data[].id'")):
            network = self.network(5)
            world, got = self.poll_world(network, path=path, next_page=next_page), []
            world.start()
            self.drain_until(world, ids(range(5)), got)
            for deed in deeds:
                with network.lock:
                    network.schedule = [deed]
                    network.posts += 33
                self.drain_until(world, ids(range(network.posts)), got)
                self.assertEqual(network.schedule, [])
            self.assertGreaterEqual(self.source(world)["errors"], len(deeds))
            for said in ("cannot be read", "something else", "holds errors", "is empty", "limits.record", "says 400", "says 500"):
                self.assertTrue(world.said(said), said)
            self.assertEqual(world.stop(), 0)

    def test_a_next_page_at_another_server_is_not_asked_for(self):
        """Nor is the source stopped by it."""
        network, other = self.network(5), self.network(5)
        network.link_to = other.url + "/pages"
        world, got = self.poll_world(network, path="linked", next_page="next: link"), []
        world.start()
        self.drain_until(world, ids(range(5)), got)
        for posts in (30, 60):
            network.posts = posts
            self.drain_until(world, ids(range(posts - 10, posts)), got)  # its first page
        self.assertTrue(world.said("the next page is at another server"))
        self.assertEqual((other.asked, world.stop()), ([], 0))

    def test_a_link_to_the_next_page_is_relative(self):
        network = self.network(5)
        world, got = self.poll_world(network, path="linked", next_page="next: link"), []
        world.start()
        self.drain_until(world, ids(range(5)), got)
        network.posts = 73
        self.drain_until(world, ids(range(73)), got)
        self.assertEqual(world.stop(), 0)

    def test_a_token_without_a_place_is_said(self):
        network = self.network(5)
        world, got = self.poll_world(network, next_page="next: meta.next_token"), []
        world.start()
        self.drain_until(world, ids(range(5)), got)
        network.posts = 73
        soon("a word about it", lambda: world.said("what `next` names is no URL"))
        self.drain_until(world, ids(range(63, 73)), got)  # its first page
        self.assertEqual(world.stop(), 0)

    def test_kill_minus_9_in_a_sweep_loses_nothing(self):
        network = self.network(1)
        world, got = self.poll_world(network, ", pages: 1000"), []
        world.start()
        self.drain_until(world, ids(range(1)), got)
        soon("a checkpoint", lambda: world.committed() > 0 and world.ctl("status")["sources"])
        rng = random.Random(7)
        for _ in range(10 if LONG else 2):
            network.posts += 100
            time.sleep(rng.random() * 0.5)
            world.kill()
            world.start()
        self.drain_until(world, ids(range(network.posts)), got)


class WebSockets(WebTest):
    def ws_world(self, posts, schedule, more="", **changes):
        network = WebSocketNetwork(posts, schedule, **changes)
        self.addCleanup(network.close)
        world = self.world(f"type: websocket, format: native, url: '{network.url}/subscribe?a=b', "
                           f"silence: 2s{more}")
        return network, world

    CURSOR = ", cursor: seq, resume: 'cursor={cursor}'"

    def test_every_misdeed_and_nothing_is_lost(self):
        deeds = ["cut", "429", "garbage", "nonsense", "500", "again", "stall"]
        network, world = self.ws_world(900, deeds, self.CURSOR)
        got = []
        world.start()
        self.drain_until(world, ids(range(900)), got)
        self.assertEqual(set(got), ids(range(900)))
        soon("all reconnects", lambda: self.source(world)["reconnects"] >= len(deeds))
        dropped = world.ctl("status")["dropped"]
        self.assertEqual((dropped["too_long"], sum(dropped.values())), (1, 2))
        self.assertEqual(world.stop(), 0)
        self.assertTrue(world.said("says 500"))

    def test_kill_minus_9_loses_nothing(self):
        seed = int(os.environ.get("HYDRANT_SEED", random.randrange(1 << 30)))
        print(f"HYDRANT_SEED={seed}")
        rng, got, total = random.Random(seed), [], 20000 if LONG else 1500
        deeds = [rng.choice(["cut", "again", "nonsense", "500", "good"]) for _ in range(40)]
        network, world = self.ws_world(total, deeds, self.CURSOR)
        for _ in range(8 if LONG else 2):
            world.start()
            time.sleep(rng.random() * 1.2)
            world.kill()
        world.start()
        self.drain_until(world, ids(range(total)), got)
        print(f"{total} posts, {len(network.asked)} connections, "
              f"{len(got) - len(set(got))} came twice")

    def test_who_does_not_answer_is_let_go(self):
        network, world = self.ws_world(3, ["mute", "half"])
        got = []
        world.start()
        self.drain_until(world, ids(range(3)), got)
        self.assertEqual(len(network.asked), 3)
        self.assertEqual("".join(world.log).count("nothing came for too long"), 2)
        self.assertEqual(world.stop(), 0)

    def test_what_the_server_says_is_told(self):
        network, world = self.ws_world(3, ["busy", "policy"])
        got, began = [], time.monotonic()
        world.start()
        self.drain_until(world, ids(range(3)), got)
        soon("its reason", lambda: world.said("code 1008: policy: no?cookie"))
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.assertTrue(re.search("says 503; again in 1[01][0-9][0-9] ms", "".join(world.log)))
        self.assertEqual(world.stop(), 0)

    def test_a_url_is_sent_as_it_is(self):
        """Without a path, with a port, and up to its limit."""
        network = WebSocketNetwork(3)
        self.addCleanup(network.close)
        port = network.server.server_address[1]
        world, got = self.world(f"type: websocket, format: native, url: 'ws://localhost:{port}?a=b/c#d'"
                                + self.CURSOR), []
        world.start()
        self.drain_until(world, ids(range(3)), got)
        self.assertEqual(world.stop(), 0)
        world.start()
        soon("again", lambda: len(network.asked) == 2)
        self.assertEqual([path for path, _ in network.asked], ["/?a=b/c", "/?a=b/c&cursor=2"])
        self.assertEqual({headers["host"] for _, headers in network.asked}, {f"localhost:{port}"})
        self.assertEqual(world.stop(), 0)
        for rest, code in (("x" * 1900, 0), ("x" * 2100, 1)):
            world.write_config(sources=f"[{{name: net, type: websocket, url: '{network.url}/?{rest}'"
                                       f"{self.CURSOR}}}]")
            done = world.run("run", "-c", "hydrant.yaml", "--check", code=code)
        self.assertIn("at most 2,000 bytes", done.stderr)
        world.write_config(sources=f"[{{name: net, type: websocket, url: '{network.url}/?{'x' * 1900}'"
                                   f"{self.CURSOR}}}]")
        world.start()
        soon("the long one", lambda: len(network.asked) == 3)
        self.assertEqual(network.asked[2][0], "/?" + "x" * 1900 + "&cursor=2")

    def test_a_full_inbox_stops_reading(self):
        network, world = self.ws_world(9000, [], self.CURSOR)
        world.write_config(groups="{care: {start: oldest, when_slow: block}}", bytes="1MiB")
        got = []
        world.start()  # nobody reads
        soon("a ring that is full", lambda: world.ctl("status")["ring"]["items"] > 1000)
        self.drain_until(world, ids(range(9000)), got)
        self.assertEqual(len(network.asked), 1, "".join(world.log))

    def test_a_subscription_is_sent_first(self):
        network, world = self.ws_world(3, ["cut"], ", send: '[\"REQ\",{\"since\":{time}}]'",
                                       wants_subscription=True)
        got, began = [], int(time.time())
        world.start()
        self.drain_until(world, ids(range(3)), got)
        soon("again", lambda: len(network.subscriptions) > 1)
        for sent in network.subscriptions[:2]:
            self.assertEqual(sent[0], "REQ")
            self.assertGreaterEqual(sent[1]["since"], began)


class Documents(WebTest):
    def test_the_configurations_of_the_documents_are_right(self):
        blocks = []
        for name in ("networks.md", "web.md", "kafka.md"):
            text = (SOURCE / "docs/sources" / name).read_text()
            blocks += re.findall(r"```yaml\n(.*?)```", text, re.S)
        self.assertGreaterEqual(len(blocks), 10)
        world = self.world("type: poll, url: 'http://127.0.0.1/'")
        (world.dir / "secret").write_text("sesame\n")
        for block in blocks:
            block = re.sub(r"\$\{file:[^}]*\}", "${file:secret}", block)
            names = set(re.findall(r"\$\{(\w+)\}", block))
            if "sources:" not in block:
                block += "sources: [{name: posts, type: file, path: posts.ndjson}]\n"
            (world.dir / "hydrant.yaml").write_text(block)
            world.run("run", "-c", "hydrant.yaml", "--check",
                      env={**os.environ, **{name: "sesame" for name in names}})


class Secrets(WebTest):
    def test_they_are_sent_and_never_said(self):
        network = self.network(3)
        os.environ["HYDRANT_TEST_TOKEN"] = "sesame-4711"
        self.addCleanup(os.environ.pop, "HYDRANT_TEST_TOKEN")
        world = self.world(f"type: stream, format: native, url: '{network.url}/lines?key=${{file:key}}',"
                           " headers: ['Authorization: Bearer ${HYDRANT_TEST_TOKEN}'], silence: 400ms")
        (world.dir / "key").write_text("open-0815\n")
        got = []
        network.schedule = ["500", "good"]
        world.start()
        self.drain_until(world, ids(range(3)), got)
        _, path, headers = network.asked[-1]
        self.assertIn("key=open-0815", path)
        self.assertEqual(headers["Authorization"], "Bearer sesame-4711")
        said = world.run("ctl", "status", "--socket", "control.sock").stdout
        self.assertEqual(world.stop(), 0)
        self.assertTrue(world.said("says 500"))
        said += "".join(world.log)
        said += "".join(p.read_text(errors="replace") for p in (world.dir / "state").rglob("check*"))
        self.assertNotIn("sesame", said)
        self.assertNotIn("0815", said)

    def test_a_redirect_of_a_websocket_gets_none(self):
        networks = [WebSocketNetwork(3, deeds) for deeds in (["redirect", "redirect"], [])]
        for network in networks:
            self.addCleanup(network.close)
        asked, other = networks
        asked.elsewhere = other.url.replace("ws:", "http:")
        os.environ["HYDRANT_TEST_TOKEN"] = "sesame-4711"
        self.addCleanup(os.environ.pop, "HYDRANT_TEST_TOKEN")
        world, got = self.world(f"type: websocket, format: native, url: '{asked.url}/all', "
                                "headers: ['Authorization: Bearer ${HYDRANT_TEST_TOKEN}']"), []
        world.start()
        self.drain_until(world, ids(range(3)), got)
        self.assertEqual(other.asked, [])
        self.assertEqual([headers["authorization"] for _, headers in asked.asked],
                         ["Bearer sesame-4711"] * 3)
        self.assertTrue(world.said("says 302"))
        self.assertEqual(world.stop(), 0)

    def test_a_missing_one_is_found_at_the_start(self):
        world = self.world("type: stream, url: 'https://x.example/', headers: ['A: ${NOT_THERE_X}']")
        world.start(ready=False)
        self.assertEqual(world.daemon.wait(PATIENCE), 1)
        soon("why", lambda: world.said("NOT_THERE_X"))

    def test_not_over_plain_http(self):
        world = self.world("type: stream, url: 'http://x.example/', headers: ['A: ${HOME}']")
        done = world.run("run", "-c", "hydrant.yaml", "--check", code=1)
        self.assertIn("secrets are not sent over http://", done.stderr)
        world.write_config(sources="[{name: n, type: stream, url: 'wss://x.example/'}]")
        done = world.run("run", "-c", "hydrant.yaml", "--check", code=1)
        self.assertIn("type: websocket takes this one", done.stderr)


class Networks(WebTest):
    """One daemon and many networks."""

    def setUp(self):
        self.networks, self.sources = {}, []
        self.world = World()
        self.addCleanup(self.world.close)
        self.world.env["HYDRANT_TEST_TOKEN"] = "sesame-4711"
        # libwebsockets frees what TLS needs of the newest of several contexts only, at the end.
        (self.world.dir / "lsan").write_text("leak:libwebsockets\nleak:libcrypto\nleak:libssl\n")
        self.world.env["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=lsan"
        with open(self.world.dir / "rules.yaml", "a", encoding="utf-8") as out:
            out.write(Polls.MAPPING)

    def add(self, name, kind, more="", tls=None, host="127.0.0.1"):
        """kind: stream, poll or websocket."""
        network = (WebSocketNetwork if kind == "websocket" else Network)(3)
        self.addCleanup(network.close)
        if tls:
            wrap(network.server, tls)
        scheme = ("ws" if kind == "websocket" else "http") + ("s" if tls else "")
        port = network.server.server_address[1]
        path = {"stream": "lines", "poll": "pages", "websocket": "all"}[kind]
        token = ", headers: ['Authorization: Bearer ${HYDRANT_TEST_TOKEN}']" if tls else ""
        self.sources.append(
            f"{{name: {name}, type: {kind}, url: '{scheme}://{host}:{port}/{path}', {FAST}, format: "
            f"{'pages' if kind == 'poll' else 'native'}, silence: 20s{token}{more}}}")
        self.networks[name] = network
        return network

    def start(self):
        self.world.write_config(sources=f"[{', '.join(self.sources)}]")
        self.world.start()

    def came(self):
        status = self.world.status()
        return {s["name"] for s in status["sources"] if s["records"] >= 1}

    def problem(self, name):
        """What the daemon says of a source."""
        return "".join(line for line in list(self.world.log) if f"msg=source source={name} " in line)


class Tls(Networks):
    def test_who_is_not_who_he_says_is_told_nothing(self):
        files = TlsFiles(self.world.dir / "tls")
        another = TlsFiles(self.world.dir / "another")
        good, bad = [], []
        for kind in ("stream", "poll", "websocket"):
            for name, server, ca, host in (
                    ("good", "good", files.ca, "127.0.0.1"), ("named", "good", files.ca, "localhost"),
                    ("authority", "good", another.ca, "127.0.0.1"), ("system", "good", None, "127.0.0.1"),
                    ("expired", "expired", files.ca, "127.0.0.1"),
                    ("other", "other", files.ca, "127.0.0.1")):
                self.add(f"{kind}-{name}", kind, f", ca: '{ca}'" if ca else "", files.server(server),
                         host)
                (good if name in ("good", "named") else bad).append(f"{kind}-{name}")
        self.start()
        soon("the good ones", lambda: self.came() >= set(good))
        soon("a word of the others", lambda: all(self.problem(name) for name in bad))
        self.assertEqual(self.came(), set(good))
        for name in good:
            headers = self.networks[name].asked[0][-1]
            sent = {key.lower(): value for key, value in headers.items()}
            self.assertEqual(sent["authorization"], "Bearer sesame-4711")
        for name in bad:
            self.assertEqual(self.networks[name].asked, [], name)
            self.assertIn("certificate", self.problem(name))
        for why, name in (("has expired", "stream-expired"), ("subject name", "poll-other")):
            self.assertIn(why, self.problem(name))
        self.assertNotIn("sesame", "".join(self.world.log))
        self.assertEqual(self.world.stop(), 0, "".join(self.world.log))

    def test_only_the_authority_that_is_named_is_trusted(self):
        """What the system trusts is not trusted in addition."""
        files = TlsFiles(self.world.dir / "tls")
        another = TlsFiles(self.world.dir / "another")
        self.world.env["SSL_CERT_FILE"] = files.ca
        for kind in ("stream", "websocket"):
            self.add(kind, kind, f", ca: '{another.ca}'", files.server("good"))
        self.start()
        soon("a word", lambda: all(self.problem(name) for name in self.networks))
        for network in self.networks.values():
            self.assertEqual(network.asked, [])

    def test_certificates_that_are_not_there(self):
        for kind in ("stream", "websocket"):
            self.sources = []
            self.add(kind, kind, ", ca: nowhere.pem")
            self.world.write_config(sources=f"[{', '.join(self.sources)}]")
            self.world.start(ready=False)
            self.assertEqual(self.world.daemon.wait(PATIENCE), 1)
            soon("why", lambda: self.world.said("cannot read the certificates to trust"))


class Proxies(Networks):
    def proxy(self, **more):
        proxy = Proxy(**more)
        self.addCleanup(proxy.close)
        return proxy

    def target(self, name):
        return f"posts.invalid:{self.networks[name].server.server_address[1]}"

    def all_come_through(self, proxy, names):
        self.start()
        soon("what is behind the proxy", lambda: self.came() >= set(names))
        asked = proxy.targets()
        for name in names:
            if name == "stream":
                self.assertIn(("GET", f"http://{self.target(name)}/lines"), asked)
            else:
                self.assertIn(("CONNECT", self.target(name)), asked)
        self.assertEqual(self.world.stop(), 0, "".join(self.world.log))

    def test_the_one_of_the_configuration(self):
        proxy, files = self.proxy(), TlsFiles(self.world.dir / "tls")
        host, names = "posts.invalid", ("stream", "websocket", "tls", "wss")
        self.add("stream", "stream", f", proxy: 'http://{proxy.address}'", host=host)
        self.add("websocket", "websocket", f", proxy: '{proxy.address}'", host=host)
        tls = files.server("invalid")
        self.add("tls", "stream", f", proxy: 'http://{proxy.address}', ca: '{files.ca}'", tls, host)
        self.add("wss", "websocket", f", proxy: '{proxy.address}', ca: '{files.ca}'", tls, host)
        self.all_come_through(proxy, names)
        self.assertNotIn("sesame", str(proxy.asked))  # it is for the server only

    def test_the_one_of_the_environment(self):
        proxy, files = self.proxy(), TlsFiles(self.world.dir / "tls")
        for name in ("http_proxy", "https_proxy"):
            self.world.env[name] = f"http://{proxy.address}"
        self.world.env["no_proxy"] = "127.0.0.1"
        self.add("stream", "stream", host="posts.invalid")
        self.add("tls", "poll", f", ca: '{files.ca}'", files.server("invalid"), "posts.invalid")
        self.add("websocket", "websocket", host="posts.invalid")
        near = self.add("near", "stream")
        self.all_come_through(proxy, ("stream", "tls", "websocket"))
        self.assertTrue(near.asked)  # not by the proxy
        self.assertFalse([t for _, t in proxy.targets() if "127.0.0.1" in t])

    def test_secrets_in_plain_text_pass_it_by(self):
        proxy = self.proxy()
        self.world.env["http_proxy"] = f"http://{proxy.address}"
        secret = ", headers: ['Authorization: Bearer ${HYDRANT_TEST_TOKEN}']"
        kinds = ("stream", "poll", "websocket")
        for kind in kinds:
            self.add(kind, kind, secret)
        self.start()
        soon("all of them", lambda: self.came() >= set(kinds))
        self.assertEqual(proxy.asked, [])
        self.assertEqual(self.world.stop(), 0)
        for kind in kinds:
            self.sources = []
            self.add(kind, kind, secret + f", proxy: '{proxy.address}'")
            self.world.write_config(sources=f"[{', '.join(self.sources)}]")
            done = self.world.run("run", "-c", "hydrant.yaml", "--check", code=1)
            self.assertIn("through a proxy", done.stderr)

    def test_no_proxy_is_for_websockets_too(self):
        proxy = self.proxy()
        self.world.env["http_proxy"] = f"http://{proxy.address}"
        self.world.env["no_proxy"] = "other.invalid, .0.0.1"
        self.add("near", "websocket")
        self.add("far", "websocket", host="posts.invalid")
        self.start()
        soon("both", lambda: self.came() >= {"near", "far"})
        self.assertEqual(proxy.targets(), [("CONNECT", self.target("far"))])

    def test_one_that_refuses_is_told(self):
        proxy = self.proxy(refuses=True)
        self.add("stream", "stream", f", proxy: 'http://{proxy.address}'", host="posts.invalid")
        self.add("websocket", "websocket", f", proxy: '{proxy.address}'", host="posts.invalid")
        self.start()
        soon("a word", lambda: self.problem("stream") and self.problem("websocket"))
        self.assertIn("407", self.problem("stream"))
        self.assertEqual([n.asked for n in self.networks.values()], [[], []])


if __name__ == "__main__":
    unittest.main(verbosity=2)
