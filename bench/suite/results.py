"""Results: one dict each, one line of JSON each; the same fields as the bench programs print."""

import json
import math
import pathlib
import statistics


def lower_is_better(unit):
    """True or False; None where neither is better (a count). A share in % or a number of posts is of wrong answers."""
    if unit == "ratio" or unit.endswith("/s"):
        return False
    return True if is_time(unit) or unit.startswith("bytes") or unit in ("%", "posts") else None


def is_time(unit):
    """A duration or a rate: taken twice, it differs."""
    return unit.startswith(("ns", "us", "ms")) or unit == "s" or unit.endswith("/s")


def result(bench, name, unit, samples, seed, **more):
    """A result from samples in the order of the rounds. Whoever calls this has checked the answers."""
    middle = statistics.median(samples)
    line = {
        "bench": bench, "name": name, "unit": unit, "value": middle, "min": min(samples),
        "max": max(samples), "mad": statistics.median(abs(s - middle) for s in samples),
        "n": len(samples), "checked": True, "seed": seed, "samples": [round(s, 6) for s in samples],
    }
    line.update(more)
    return line


def path_of(place):
    """The file of results of a run: itself, or results.jsonl in a folder."""
    path = pathlib.Path(place)
    return path / "results.jsonl" if path.is_dir() else path


def part_of(row):
    """What was run to get it: reload is a part of its own, of the same program as latency."""
    return "latency-reload" if row["name"].startswith("latency-reload") else row.get("bench")


def load(place):
    """(environment, {name: result}, {name of what failed: why}) of a run. Later lines of a name replace
    earlier ones. ValueError says which line is none."""
    environment, found, failed = {}, {}, {}
    for number, line in enumerate(path_of(place).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise ValueError(f"line {number}: {problem}") from None
        bench = row.get("bench") if isinstance(row, dict) else None
        if bench == "environment":
            environment = row
        elif bench == "failed":
            failed[row.get("name")] = row.get("why")
        elif bench == "skipped":
            continue
        elif is_result(row):
            found[row["name"]] = row
        else:
            raise ValueError(f"line {number}: a result has a name, a unit and samples")
    return environment, found, failed


def skipped(place):
    """{name of what was left out: why} of a run that can be loaded; older runs do not say it."""
    lines = path_of(place).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if '"skipped"' in line]
    return {row["name"]: row["why"] for row in rows if row.get("bench") == "skipped"}


def is_result(row):
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not isinstance(row.get("unit"), str):
        return False
    samples = row.get("samples")
    return isinstance(samples, list) and len(samples) > 0 and all(
        isinstance(sample, (int, float)) and not isinstance(sample, bool) and math.isfinite(sample) and sample >= 0
        for sample in samples)


class Writer:
    """Appends results to a file as they come, so that a broken run keeps what it has."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.rows = {}

    def add(self, row):
        self.file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.file.flush()
        if row["bench"] not in ("environment", "failed", "skipped"):
            self.rows[row["name"]] = row

    def close(self):
        self.file.close()
