"""What a person sees while benches run: a line for each thing that is measured, on stderr."""

import os
import sys
import time

COLOUR = sys.stderr.isatty() and os.environ.get("NO_COLOR", "") == "" and os.environ.get("TERM") != "dumb"
STARTED = time.monotonic()


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def bold(text):
    return paint("1", text)


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def step(text):
    """A heading with the time that has passed."""
    say(f"{paint('2', clock())}  {bold(text)}")


def note(text):
    say(f"        {text}")


def warn(text):
    say(f"        {paint('33', 'note: ' + text)}")


def fail(text, code=1):
    say(f"{paint('31', 'bench: ' + text)}")
    sys.exit(code)


def progress(text):
    """Overwritten by the next line; nothing when stderr is no terminal."""
    if COLOUR:
        print(f"\r\033[K        {text}", end="", file=sys.stderr, flush=True)


def progress_end():
    if COLOUR:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def clock():
    seconds = int(time.monotonic() - STARTED)
    return f"{seconds // 60:2d}:{seconds % 60:02d}"


def number(value):
    """Three figures or the whole number: 0.0123, 4.56, 789, 12,345."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 1:
        return f"{value:.2f}"
    return f"{value:.3g}"


def amount(value, unit):
    """(text, unit) for a person: bytes as KiB or MiB where they are many."""
    if unit == "bytes" and abs(value) >= 2**20:
        return number(value / 2**20), "MiB"
    if unit == "bytes" and abs(value) >= 2**10:
        return number(value / 2**10), "KiB"
    return number(value), unit
