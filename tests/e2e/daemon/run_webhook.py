#!/usr/bin/env python3
"""usage: HYDRANT=PROGRAM run_webhook.py [TEST...]   the source `webhook` of `hydrant run`: what it takes, whom it
believes, and what slow and broken clients can do to it."""

import base64
import contextlib
import hmac
import http.client
import json
import pathlib
import random
import socket
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon_world import PATIENCE, ids, post, until  # noqa: E402
from senders import signature  # noqa: E402
from source_world import SourceTest, seed_of  # noqa: E402


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
        objects = post(5).replace(', "', ',\n  "') + post(6) + post(7)
        self.assertEqual(self.signed(world, objects)[1], '{"accepted":3}\n')
        self.assertEqual(set(world.tail()), ids([3, 4, 5, 6, 7]))
        comment = {"object": "page", "entry": [{"id": "p", "time": 1767225600, "changes": [
            {"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "c1",
                                        "post_id": "p_1", "from": {"id": "u", "name": "Tara"},
                                        "message": "no signal", "created_time": 1767225600}}]}]}
        self.assertEqual(self.signed(world, json.dumps(comment, indent=1))[0], 200)
        self.assertEqual(world.tail(), ["c1"])
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

    def test_what_x_asks_for_signs_no_posts(self):
        world = self.hook()

        def have_it_signed(body):  # by the source itself, as anybody can
            token = urllib.parse.quote(body, safe="")
            code, text, _ = self.send(world, None, "/v1/mentions?crc_token=" + token, "GET", "x")
            return json.loads(text)["response_token"] if code == 200 else "sha256="

        for body in (post(1), "[%s]" % post(2), '"word"', "@acme", "acme"):
            code, _, _ = self.send(world, body, to="x",
                                   X_Twitter_Webhooks_Signature=have_it_signed(body))
            self.assertEqual(code, 401, body)
        self.assertEqual(world.stop(), 0)

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
        # The ring fills, requests wait, then they are told. (A slow daemon may tell one earlier.)
        while codes.count(429) < 3 or codes.count(200) <= 3:
            batch = range(number, number + 100)
            code, _, headers = self.signed(world, "".join(post(n) + "\n" for n in batch))
            codes.append(code)
            accepted += batch if code == 200 else []
            if code == 429:
                self.assertEqual(headers["Retry-After"], "1")
            number += 100
            self.assertLess(len(codes), 200)
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

        def is_taken():
            with contextlib.suppress(OSError, http.client.HTTPException):  # they may still be there
                return self.signed(world, post(7))[0] == 200

        until("it still listens", is_taken)
        self.assertIn("p7", world.tail())


if __name__ == "__main__":
    unittest.main(verbosity=1)
