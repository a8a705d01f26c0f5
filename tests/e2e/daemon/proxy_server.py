"""An HTTP proxy on loopback that remembers what it was asked for. Names that end in .invalid are hosts
of this machine."""

import socket
import socketserver
import threading
import urllib.parse


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Handler(socketserver.StreamRequestHandler):
    rbufsize = 0  # what follows the head is the tunnel's

    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(1)
            if not piece:
                return
            head += piece
        lines = head.decode().split("\r\n")
        method, target, _ = lines[0].split()
        self.server.asked.append((method, target, lines[1:]))
        if self.server.refuses:
            self.request.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        address = target if method == "CONNECT" else urllib.parse.urlsplit(target).netloc
        host, _, port = address.rpartition(":")
        host = "127.0.0.1" if host.endswith(".invalid") else host
        with socket.create_connection((host, int(port)), timeout=60) as there:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                path = urllib.parse.urlsplit(target)._replace(scheme="", netloc="").geturl()
                lines[0] = f"{method} {path} HTTP/1.1"
                there.sendall("\r\n".join(lines).encode())
            back = threading.Thread(target=pump, args=(there, self.request), daemon=True)
            back.start()
            pump(self.request, there)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address = True, True

    def handle_error(self, request, client_address):
        pass  # connections break when daemons are stopped


class Proxy:
    def __init__(self, refuses=False):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.asked = self.server.asked = []
        self.server.refuses = refuses
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def targets(self):
        return [(method, target) for method, target, _ in self.asked]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
