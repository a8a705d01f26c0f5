"""A WebSocket network on loopback that misbehaves on a schedule, as web_server.py does for HTTP."""

import base64
import hashlib
import json
import select
import socketserver
import struct
import threading
import urllib.parse

from web_server import record

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(data, opcode=1, final=True):
    if isinstance(data, str):
        data = data.encode()
    head = bytes([opcode | (0x80 if final else 0)])
    if len(data) < 126:
        return head + bytes([len(data)]) + data
    if len(data) < 65536:
        return head + b"\x7e" + struct.pack(">H", len(data)) + data
    return head + b"\x7f" + struct.pack(">Q", len(data)) + data


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        network = self.server.network
        line = self.rfile.readline().decode()
        headers = {}
        while (header := self.rfile.readline().decode().strip()):
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        path = line.split()[1] if line.split() else ""
        with network.lock:
            misdeed = network.schedule.pop(0) if network.schedule else "good"
        network.asked.append((path, headers))
        try:
            if misdeed in ("429", "500"):
                self.wfile.write(f"HTTP/1.1 {misdeed} No\r\nContent-Length: 0\r\n\r\n".encode())
                return
            if misdeed == "redirect":
                self.wfile.write(f"HTTP/1.1 302 Found\r\nLocation: {network.elsewhere}/stolen\r\n"
                                 "Content-Length: 0\r\n\r\n".encode())
                return
            if misdeed in ("mute", "half"):
                self.wfile.write(b"HTTP/1.1 101 Swi" if misdeed == "half" else b"")
                network.ended.wait(60)
                return
            if misdeed == "busy":
                self.wfile.write(b"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
                return
            key = headers["sec-websocket-key"].encode()
            accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode()
            self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").encode())
            self.serve(network, path, misdeed)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def serve(self, network, path, misdeed):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        first = int(query.get("cursor", -1)) + 1
        if network.wants_subscription:
            network.subscriptions.append(self.read_text())
        if misdeed == "again":
            first = max(0, first - 30)
        last = network.posts if misdeed == "good" else min(first + 100, network.posts)
        if misdeed == "garbage":
            self.wfile.write(frame(b"\x00\xff{{", 2) + frame("") + frame("x" * 3000000))
        for n in range(first, last):
            text = record(n).encode()
            if n % 7 == 0:  # in three parts, with a ping between
                self.wfile.write(frame(text[:10], 1, False) + frame(b"?", 9) +
                                 frame(text[10:20], 0, False) + frame(text[20:], 0))
            else:
                self.wfile.write(frame(text))
        if misdeed == "policy":
            self.wfile.write(frame(struct.pack(">H", 1008) + b"policy: no\x1bcookie", 8))
            self.rfile.read(1)
        elif misdeed == "cut":
            self.wfile.write(frame(record(0))[:40])
        elif misdeed == "nonsense":
            self.wfile.write(b"\xff" * 100)
        while misdeed in ("good", "stall") and not network.ended.wait(0.1):
            if misdeed == "good" and select.select([self.connection], [], [], 0)[0]:
                if not self.connection.recv(4096):
                    return
                self.wfile.write(frame(b"", 10))  # a pong: what else could it have been

    def read_text(self):
        """The first text frame of the client, which is masked."""
        head = self.rfile.read(2)
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.rfile.read(2))[0]
        mask, data = self.rfile.read(4), self.rfile.read(length)
        return json.loads(bytes(c ^ mask[i % 4] for i, c in enumerate(data)))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address = True, True


class WebSocketNetwork:
    """Misdeeds: cut, stall (answers no ping), again, garbage, nonsense (no frames), 429, 500, busy
    (503, for a second), redirect (to elsewhere), mute, half (an answer that never comes, or never ends), policy
    (closes with a reason), good."""

    def __init__(self, posts, schedule=(), wants_subscription=False):
        self.posts, self.schedule, self.wants_subscription = posts, list(schedule), wants_subscription
        self.asked, self.subscriptions, self.elsewhere = [], [], None
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.network = self
        self.url = f"ws://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
