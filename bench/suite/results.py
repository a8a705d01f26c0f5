"""Results: one dict each, one line of JSON each; the same fields as the bench programs print."""

import json
import pathlib
import statistics


def lower_is_better(unit):
    """True or False; None where neither is better (a count)."""
    if unit == "ratio" or unit.endswith("/s"):
        return False
    return True if is_time(unit) or unit.startswith("bytes") else None


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


def load(place):
    """(environment, {name: result}) of a run. Later lines of a name replace earlier ones."""
    environment, found = {}, {}
    for line in path_of(place).read_text().splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        if row.get("bench") == "environment":
            environment = row
        else:
            found[row["name"]] = row
    return environment, found


class Writer:
    """Appends results to a file as they come, so that a broken run keeps what it has."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.rows = {}

    def add(self, row):
        self.file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.file.flush()
        if row.get("bench") != "environment":
            self.rows[row["name"]] = row

    def close(self):
        self.file.close()
