"""Bench programs in C: bench_X.c is bench-X, found by name and run with --json."""

import json
import pathlib

from suite import console, measure

FOLDER = pathlib.Path(__file__).resolve().parents[1]
# These take posts and rules: those of the suite, so that their figures are of the same posts as the
# others'; latency makes its own where it can, for it needs as many as go by in its time.
TAKE_CORPUS = {"limits", "stages", "latency", "memory"}


def names():
    """Every bench program there is a source of."""
    found = [path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.c")]
    return sorted(name for name in found if "_" not in name)


def corpus_arguments(plan):
    corpus = plan.corpus()
    arguments = ["--corpus", str(corpus.posts), "--rules", str(corpus.rules)]
    return arguments + (["--truth", str(corpus.truth)] if corpus.truth else [])


def arguments_of(plan, name):
    arguments = ["--json", "--seed", str(plan.seed), *plan.mode.program_args]
    if plan.mode.name == "full" and name == "latency":
        arguments += ["--repeats", "9"]
    if plan.mode.name == "full" and name == "dedup":
        arguments += ["--window", "10000000"]
    if name == "latency":
        arguments += [part for rate in plan.mode.rates for part in ("--rate", str(rate))]
    if name in TAKE_CORPUS and (name != "latency" or plan.own or plan.mode.name == "tiny"):
        arguments += corpus_arguments(plan)
    return arguments


def run(plan, name, extra=()):
    """Runs bench-NAME and takes its results over."""
    program = plan.program(name)
    if not program.exists():
        plan.fail(name, f"{program} is not built")
        return
    if name == "latency" and plan.own and plan.own.published == 0:
        plan.skip(" ".join(["latency", *extra]), "the rules publish none of the posts: there is no item to wait for",
                  "latency-reload" if extra else "latency")
        return
    command = [str(program), *arguments_of(plan, name), *extra]
    done = measure.run(command)
    rows = []
    for line in done.out.splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    if done.code != 0:
        plan.fail(name, measure.what_it_said(done))
        console.say(done.err.rstrip())
        return
    for row in rows:
        plan.writer.add(row)
        show(row)
    if not rows:
        plan.fail(name, "it printed no result")


def show(row):
    value, unit = console.amount(row["value"], row["unit"])
    spread = " .. ".join(console.amount(row[end], row["unit"])[0] for end in ("min", "max"))
    console.note(f"{row['name']:<38} {value:>10} {unit:<9} {spread if row['n'] > 1 else ''}".rstrip())
