"""What the tests of the bench suite share: made runs, and the suite's own scripts as modules."""

import copy
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

FULL_RUN = pathlib.Path(__file__).with_name("full_run.jsonl")


def full_run():
    """The lines of a full run that stays as it is, whatever the reference is now."""
    return [json.loads(line) for line in FULL_RUN.read_text().splitlines()]


def scaled(rows, start, factor):
    """A copy in which the samples of what begins so are multiplied."""
    rows = copy.deepcopy(rows)
    for row in rows:
        if row.get("name", "").startswith(start):
            row["samples"] = [sample * factor for sample in row["samples"]]
    return rows


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def script(name):
    """A script of bench/ as a module."""
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def run(name, *arguments):
    """(exit code, stdout, stderr) of a script of bench/."""
    done = subprocess.run([str(BENCH / name), *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout, done.stderr
