"""A network on loopback that behaves as badly as real ones do: a server of streams and pages whose
every connection takes the next misdeed of a schedule. It keeps a ledger of what it was asked."""

import gzip
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

from daemon_world import post


def record(number):
    return json.dumps({**json.loads(post(number)), "seq": number})


BOMB = gzip.compress(b"\n" * (70 << 20), 9)  # 1,029 times as much comes out


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        network = self.server.network
        network.asked.append((time.monotonic(), self.path, dict(self.headers)))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        with network.lock:
            misdeed = network.schedule.pop(0) if network.schedule else network.then
        try:
            network.routes[url.path](self, query, misdeed)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.close_connection = True

    do_POST = do_GET

    def refuse(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def open(self, content_type, **headers):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.flush()

    def end(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


class Network:
    """posts: how many there are. schedule: a misdeed for each connection to come; then: for those
    after it. Misdeeds of a stream:

    good          everything from the cursor on, then keep-alives
    cut           a hundred posts, then the connection breaks inside one
    stall         a hundred posts, then not a byte more
    again         a hundred posts that begin thirty before the cursor
    garbage       lines that are no posts, one that is too long, then a hundred posts
    429, 500      no success; 429 asks to wait
    half          a hundred posts in gzip, cut inside
    gzip, zstd    all of it, compressed
    bomb          gzip that expands without end

    Of a page behind the first (each waits for one):

    errors, html, torn, 204, large   what is no page, all of it with a success
    expired                          400, whenever it is asked for
    busy                             500, the same
    """

    BEHIND = ("errors", "html", "torn", "204", "large", "expired", "busy")

    def __init__(self, posts, schedule=(), then="good"):
        self.posts, self.schedule, self.then = posts, list(schedule), then
        self.asked, self.lock, self.ended = [], threading.Lock(), threading.Event()
        self.sweeps, self.refused, self.link_to = 0, {}, ""
        self.routes = {"/lines": self.lines, "/events": self.events, "/pages": self.pages,
                       "/linked": self.linked}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.network = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def write_lines(self, handler, numbers):
        numbers = list(numbers)
        for at in range(0, len(numbers), 50):
            handler.send("".join(record(n) + "\r\n" for n in numbers[at:at + 50]))

    def keep_alive(self, handler, text):
        while not self.ended.wait(0.05):
            handler.send(text)

    def lines(self, handler, query, misdeed):
        first = int(query.get("since", -1)) + 1
        hundred = range(first, min(first + 100, self.posts))
        if misdeed == "429":
            return handler.refuse(429, Retry_After="0.3")
        if misdeed == "500":
            return handler.refuse(500)
        if misdeed in ("gzip", "zstd", "half", "bomb"):
            return self.compressed(handler, range(first, self.posts), misdeed)
        handler.open("application/json")
        if misdeed == "again":
            hundred = range(max(0, first - 30), min(first + 70, self.posts))
        if misdeed == "garbage":
            handler.send("\x00\xff{{{\n[1,2\n<html>no</html>\n" + "x" * 3000000 + "\n")
        if misdeed != "good":
            self.write_lines(handler, hundred)
            if misdeed == "cut":
                handler.send(record(0)[:50])
            while misdeed == "stall" and not self.ended.wait(0.05):
                pass
            return None
        self.write_lines(handler, range(first, self.posts))
        return self.keep_alive(handler, "\r\n")

    def compressed(self, handler, numbers, misdeed):
        if misdeed == "zstd":
            handler.open("application/x-ndjson", Content_Encoding="zstd")
            handler.send(zstd("".join(record(n) + "\n" for n in numbers).encode()))
            return handler.end()
        handler.open("application/x-ndjson", Content_Encoding="gzip")
        if misdeed == "bomb":
            handler.send(BOMB)
            return handler.end()
        text = "".join(record(n) + "\n" for n in (numbers if misdeed == "gzip" else numbers[:100]))
        data = gzip.compress(text.encode())
        handler.send(data if misdeed == "gzip" else data[:len(data) // 2])
        if misdeed == "gzip":
            handler.end()
        return None

    def events(self, handler, query, misdeed):
        first = int(handler.headers.get("Last-Event-ID", -1)) + 1
        handler.open("text/event-stream")
        handler.send(":)\n\n")
        last = self.posts if misdeed == "good" else min(first + 100, self.posts)
        for n in range(first, last):
            handler.send(f"event: update\r\nid: {n}\r\ndata: {record(n)}\r\n\r\n")
        if misdeed == "cut":
            handler.send(f"event: update\nid: {last + 50}\nda")
            return
        while misdeed == "stall" and not self.ended.wait(0.05):
            pass
        self.keep_alive(handler, ":thump\n\n")

    def linked(self, handler, query, misdeed):
        self.pages(handler, query, misdeed, True)

    def pages(self, handler, query, misdeed, link=False):
        """Newest first, ten on a page, "next" leads to older ones: a token, or a link."""
        if misdeed == "429":
            return handler.refuse(429, Retry_After="0.2")
        token = query.get("token")
        with self.lock:
            if misdeed in self.BEHIND and not token:
                self.schedule.insert(0, misdeed)
            self.sweeps += not token
            newest = min(int(token.split("-")[0]) if token else self.posts, self.posts)
            if token and misdeed in ("expired", "busy"):
                self.refused[token] = 400 if misdeed == "expired" else 500
        if token in self.refused:
            return handler.refuse(self.refused[token])
        if token and misdeed in self.BEHIND:
            return self.no_page(handler, misdeed)
        oldest = int(query.get("since_id", -1)) + 1
        numbers = [n for n in range(newest - 1, newest - 11, -1) if n >= oldest]
        page = {"meta": {"newest_id": str(numbers[0])} if numbers else {},
                "data": [json.loads(record(n)) for n in numbers]}
        headers = {}
        if numbers and numbers[-1] > oldest and link:
            headers = {"Link": f'<{self.link_to}?since_id={oldest - 1}&token={numbers[-1]}-{self.sweeps}>; rel="next"',
                       "link": '</help>; rel="help"'}
        elif numbers and numbers[-1] > oldest:
            page["meta"]["next_token"] = f"{numbers[-1]}-{self.sweeps}"
        body = json.dumps(page).encode()
        if misdeed == "half":
            handler.open("application/json", Content_Encoding="gzip")
            handler.send(gzip.compress(body)[:60])
            return None
        handler.open("application/json", **headers)
        handler.send(body[:len(body) // 2] if misdeed == "cut" else body)
        if misdeed != "cut":
            handler.end()
        return None

    def no_page(self, handler, misdeed):
        if misdeed == "204":
            handler.send_response(204)
            return handler.end_headers()
        body = {"errors": '{"errors": [{"message": "over capacity"}]}', "html": "<html>wait</html>",
                "torn": '{"meta": {}, "da', "large": json.dumps({"data": [], "x": "x" * 2000000})}[misdeed]
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        return handler.wfile.write(body.encode())
