"""Senders of posts for the tests of sources that others push to: each has a ledger of what was
acknowledged, repeats what was not, and may misbehave on a schedule."""

import hashlib
import hmac
import http.client
import random
import socket
import struct
import threading
import time

from daemon_world import post


class Sender(threading.Thread):
    """Sends posts over a socket that acknowledges, until all are acknowledged. What it gets wrong is
    drawn from its seed: cuts in the middle of a record, silence, records sent twice, garbage."""

    def __init__(self, connect, numbers, prefixed=False, seed=0, misbehave=True, write=post):
        super().__init__(daemon=True)
        self.write = write
        self.connect, self.prefixed, self.misbehave = connect, prefixed, misbehave
        self.todo, self.acknowledged = list(numbers), set()
        self.rng, self.ends, self.cuts, self.failed = random.Random(seed), False, 0, None

    def frame(self, record):
        data = record.encode()
        return struct.pack(">I", len(data)) + data if self.prefixed else data + b"\n"

    def run(self):
        while self.todo and not self.ends:
            try:
                with self.connect() as connection:
                    self.talk(connection)
            except (OSError, ValueError) as error:
                self.failed = error
                time.sleep(0.02)

    def batch(self):
        """What is sent on one connection: (number or None, bytes)."""
        sent = []
        for number in self.todo[:self.rng.randint(1, 400)]:
            sent.append((number, self.frame(self.write(number))))
            if not self.misbehave:
                continue
            if self.rng.random() < 0.05:
                sent.append((number, self.frame(self.write(number))))  # twice
            if self.rng.random() < 0.05:
                sent.append((None, self.frame(self.rng.choice(["}{", "\x00\x01\xff", "[" * 200]))))
        return sent

    def talk(self, connection):
        sent = self.batch()
        data = b"".join(part for _, part in sent)
        cut = self.misbehave and self.rng.random() < 0.3
        if cut:
            data = data[:self.rng.randrange(len(data))]
            self.cuts += 1
        reader = threading.Thread(target=self.listen, args=(connection, sent), daemon=True)
        reader.start()
        try:
            while data:
                step = self.rng.randint(1, 50000)
                connection.sendall(data[:step])
                data = data[step:]
                if self.misbehave and self.rng.random() < 0.02:
                    time.sleep(0.1)
            if cut:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RD)  # the reader ends before its descriptor does
                reader.join()
                connection.close()  # as when its machine is gone
            else:
                connection.shutdown(socket.SHUT_WR)
        finally:
            reader.join(60)
        safe = {number for number, _ in sent[:self.told] if number is not None}
        self.acknowledged |= safe
        self.todo = [number for number in self.todo if number not in safe]

    def listen(self, connection, sent):
        self.told, rest = 0, b""
        try:
            while data := connection.recv(4096):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    assert self.told < int(line) <= len(sent), (self.told, line, len(sent))
                    self.told = int(line)
        except OSError:
            pass


def signature(secret, body):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Poster(threading.Thread):
    """Posts batches to a webhook, signed, until every one was answered with 200. What it gets wrong
    is drawn from its seed: bodies that are cut, sent twice, garbage, or signed by somebody else."""

    def __init__(self, port_of, numbers, secret, seed=0, write=post):
        super().__init__(daemon=True)
        self.write = write
        self.port_of, self.secret = port_of, secret
        self.todo, self.acknowledged = list(numbers), set()
        self.rng, self.cuts, self.codes, self.failed = random.Random(seed), 0, {}, None

    def run(self):
        while self.todo:
            try:
                self.talk()
            except (OSError, http.client.HTTPException) as error:
                self.failed = error
                time.sleep(0.02)

    def talk(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port_of(), timeout=60)
        try:
            for _ in range(self.rng.randint(1, 5)):
                batch = self.todo[:self.rng.randint(1, 200)]
                if not batch:
                    return
                body = "".join(self.write(n) + "\n" for n in batch).encode()
                if self.rng.random() < 0.1:
                    return self.cut(connection, body)
                forged = self.rng.random() < 0.1
                code = self.send(connection, body, "somebody" if forged else self.secret)
                self.codes[code] = self.codes.get(code, 0) + 1
                assert not (forged and code == 200)
                if code == 200:
                    self.acknowledged |= set(batch)
                    self.todo = self.todo[len(batch):]
                elif code in (429, 503):
                    time.sleep(0.05)
                if self.rng.random() < 0.1:
                    assert self.send(connection, b"}{ no json", self.secret) in (400, 429, 503)
        finally:
            connection.close()

    def send(self, connection, body, secret):
        connection.request("POST", "/v1/mentions", body,
                           {"X-Hub-Signature-256": signature(secret, body)})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def cut(self, connection, body):
        self.cuts += 1
        connection.putrequest("POST", "/v1/mentions")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("X-Hub-Signature-256", signature(self.secret, body))
        connection.endheaders()
        connection.send(body[:self.rng.randrange(len(body))])


def tcp(port_of):
    """port_of: asked each time, since a daemon that was restarted may listen elsewhere."""
    return lambda: socket.create_connection(("127.0.0.1", port_of()), timeout=60)


def unix(path):
    def connect():
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        return connection
    return connect
