"""Running programs and taking their time: wall clock and CPU (user and system) of each child."""

import json
import os
import re
import subprocess
import tempfile
import time

from suite import console


class Failed(RuntimeError):
    """A part of a run that did not end well; the rest goes on."""


class Run:
    """One finished command: what it printed, and what it took."""

    def __init__(self, code, out, err, wall, cpu, peak_bytes):
        self.code, self.out, self.err = code, out, err
        self.wall, self.cpu, self.peak_bytes = wall, cpu, peak_bytes


def run(command, stdin=None, cores=None, env=None, keep_output=True):
    """Runs command to its end. cores: the CPUs that it may use. Output that is not kept is thrown
    away by the kernel (/dev/null), so that reading it here costs nothing."""
    def before():
        if cores:
            os.sched_setaffinity(0, cores)
    environment = dict(os.environ, **(env or {}))
    with open(stdin or os.devnull, "rb") as source, tempfile.TemporaryFile() as said:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdin=source, stderr=said, env=environment,
                                 stdout=subprocess.PIPE if keep_output else subprocess.DEVNULL,
                                 preexec_fn=before)
        try:
            out = b""
            if child.stdout:
                with child.stdout:
                    out = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
        except KeyboardInterrupt:  # it removes what it made, and ends
            child.terminate()
            child.wait()
            raise
        wall = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        err = said.read()
    return Run(child.returncode, out.decode(errors="replace"), err.decode(errors="replace"), wall,
               usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def must(done, command):
    if done.code != 0:
        raise Failed(f"{' '.join(str(c) for c in command)}: {what_it_said(done)}")
    return done


def what_it_said(done):
    """Why a command did not end well: its last words about it, or how it ended."""
    if done.code < 0:
        return f"ended by signal {-done.code}"
    lines = [line for line in done.err.splitlines() if line.strip() and not line.startswith("{")]
    telling = [line for line in lines if re.search(r"[Ee]rror|[Ww]arning|wrong", line)]
    return ((telling or lines)[-1:] or [f"exit code {done.code}"])[0].strip()[:300]


def rounds(count, things, take):
    """Interleaves: count rounds over the things, every other one backwards; take(thing) gives a
    sample. Returns {thing: [samples]}, sample i of each from the same round."""
    samples = {thing: [None] * count for thing in things}
    order = list(things)
    for r in range(count):
        for thing in order if r % 2 == 0 else reversed(order):
            console.progress(f"round {r + 1} of {count}: {thing}")
            samples[thing][r] = take(thing)
    console.progress_end()
    return samples


def scan(hydrant, corpus, *, parse="fast", workers=1, cores=None, emit="items"):
    """One hydrant scan; (stats, run). Items go to /dev/null. Fails when it does not end well."""
    command = [str(hydrant), "scan", "--rules", str(corpus.rules), "--parse", parse, "--workers", str(workers),
               "--emit", emit, "--stats", "json", str(corpus.posts)]
    done = must(run(command, cores=cores, keep_output=False), command)
    return json.loads(done.err.strip().splitlines()[-1]), done


def pinned(count):
    """That many CPUs of those this process may use."""
    return set(sorted(os.sched_getaffinity(0))[:count])
