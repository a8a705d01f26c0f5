"""Certificates for tests, made by openssl when they are asked for: none lies in the tree."""

import pathlib
import ssl
import subprocess

# Who they are for, and since how many days they are over (-1: for a day yet).
CERTIFICATES = {"good": ("DNS:localhost,IP:127.0.0.1", -1), "expired": ("IP:127.0.0.1", 1),
                "other": ("DNS:other.example", -1), "invalid": ("DNS:posts.invalid", -1)}
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(folder, *command):
    subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)


class TlsFiles:
    """Of one authority: ca, and contexts of servers by the name of what they show."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.ca = str(self.folder / "ca.pem")
        openssl(folder, "req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem",
                "-subj", "/CN=An authority of tests", "-days", "2")

    def server(self, name):
        names, over = CERTIFICATES[name]
        openssl(self.folder, "req", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", "/CN=a server", "-addext", f"subjectAltName={names}")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-days", str(-over), "-copy_extensions", "copy", "-out", f"{name}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def wrap(server, context):
    """The connections of a server of socketserver are TLS from now on; handshakes that fail are
    not told."""
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    server.handle_error = lambda request, address: None
