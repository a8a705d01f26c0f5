"""A daemon in a folder of its own, for the tests of `hydrant run`: its configuration, its posts, and
what came of them. Waits have generous ends and none of them decides what is right."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

HYDRANT = os.environ["HYDRANT"]
PATIENCE = 120  # seconds; only a test that fails waits so long

RULES = """version: 1
rules:
  - id: signal
    match: 'signal OR refund'
    owner: tests
    tests:
      - {text: "no signal here", match: true}
      - {text: "all is well", match: false}
"""


def until(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain: {what}")


def open_fifo(path):
    """For writing, once somebody reads."""
    def attempt():
        try:
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "wb")
        except OSError:
            return None
    return until("somebody reads", attempt)


def post(number, text=None):
    return json.dumps({"id": f"p{number}", "created_at": "2026-01-01T00:00:00Z", "network": "x",
                       "author": {"id": f"a{number % 97}"},
                       "text": text or f"post {number}: no signal, I want a refund " + "x" * 40})


def ids(numbers):
    """Of the posts with these numbers."""
    return {f"p{n}" for n in numbers}


class Daemon(subprocess.Popen):
    """Who waited for its end has all that it said: log holds the lines of its stderr."""

    def __init__(self, command, **more):
        super().__init__(command, stderr=subprocess.PIPE, text=True, **more)
        self.log = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.stderr:
            self.log.append(line)

    def wait(self, timeout=None):
        code = super().wait(timeout)
        self.reader.join(PATIENCE)
        return code


class World:
    def __init__(self, **changes):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hydrant-daemon-"))
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(self.dir)
        self.ring_parent = tempfile.mkdtemp(prefix="hydrant-test-", dir=shm)
        self.ring = f"{self.ring_parent}/main"
        self.daemon, self.log, self.started, self.env = None, [], [], {}
        self.within = []  # a command that runs the daemon's command somewhere
        (self.dir / "rules.yaml").write_text(RULES)
        self.config = {"groups": "{care: {start: oldest}}", "workers": "2", "drain": "60s",
                       "bytes": "4MiB", "chunk": "64KiB", "sources": None, "state_dir": "state",
                       "dedup": "{window: 0}"}
        self.config.update(changes)
        self.write_config()

    def write_config(self, **changes):
        self.config.update(changes)
        c = self.config
        sources = c["sources"] or "[{name: posts, type: file, path: 'posts*.ndjson*'}]"
        (self.dir / "hydrant.yaml").write_text(
            f"state_dir: {c['state_dir']}\nrules: [rules.yaml]\nsources: {sources}\n"
            f"ring: {{path: {self.ring}, bytes: {c['bytes']}, chunk: {c['chunk']}}}\n"
            f"groups: {c['groups']}\nworkers: {c['workers']}\ndedup: {c['dedup']}\n"
            f"drain: {c['drain']}\ncontrol: control.sock\nmetrics: {{listen: 127.0.0.1:0}}\n")

    def write_posts(self, name, numbers, mode="w"):
        with open(self.dir / name, mode, encoding="utf-8") as out:
            out.write("".join(post(n) + "\n" for n in numbers))

    def start(self, *options, ready=True):
        self.daemon = Daemon([*self.within, HYDRANT, "run", "-c", "hydrant.yaml", *options],
                             cwd=self.dir, env={**os.environ, **self.env})
        self.log = self.daemon.log
        self.started.append(self.daemon)
        if ready:
            until("ready", lambda: self.said("msg=ready") or not self.daemon.reader.is_alive())
            assert self.said("msg=ready"), "".join(self.log)
        return self.daemon

    def said(self, text):
        return any(text in line for line in list(self.log))

    def port_of(self, source):
        """Where a source listens, as the log says it."""
        pattern = rf'msg="listening at \S+ port (\d+).*" source={source}$'
        return int(until("listening", lambda: re.search(pattern, "".join(self.log), re.M)).group(1))

    def status(self):
        """What `hydrant ctl status` says, without a process for it."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(str(self.dir / "control.sock"))
            control.sendall(b'{"command":"status"}\n')
            control.shutdown(socket.SHUT_WR)
            return json.loads(control.makefile().read())  # to the end: our place is free by then

    def source(self, name):
        return next(s for s in self.status()["sources"] if s["name"] == name)

    def metrics_port(self):
        return int(re.search(r'msg="metrics served".* port=(\d+)', "".join(self.log)).group(1))

    def stop(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        return self.daemon.wait(PATIENCE)

    def kill(self):
        self.daemon.kill()
        self.daemon.wait(PATIENCE)

    def run(self, *command, code=0, **more):
        done = subprocess.run([*self.within, HYDRANT, *command], cwd=self.dir, capture_output=True, text=True,
                              timeout=PATIENCE, check=False, **more)
        assert code is None or done.returncode == code, (command, done.returncode, done.stderr)
        return done

    def ctl(self, *command, code=0):
        done = self.run("ctl", *command, "--socket", "control.sock", "--json", code=code)
        return json.loads(done.stdout) if done.stdout else {}

    def items(self, *options, group="care"):
        """What a member gets, in order, acknowledged."""
        out = self.run("tail", self.ring, "--group", group, *options).stdout
        return [json.loads(line) for line in out.splitlines()]

    def tail(self, *options, group="care"):
        return [item["id"] for item in self.items(*options, group=group)]

    def committed(self):
        return sum(s["committed"] for s in self.ctl("status")["streams"])

    def bytes_of(self, *names):
        return sum((self.dir / name).stat().st_size for name in names)

    def close(self):
        for daemon in self.started:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()
            if daemon.stderr:
                daemon.stderr.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.ring_parent, ignore_errors=True)


class DaemonTest(unittest.TestCase):
    def world(self, **changes):
        world = World(**changes)
        self.addCleanup(world.close)
        return world
