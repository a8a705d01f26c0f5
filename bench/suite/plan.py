"""What a run is made of: sizes for each mode, and what benches need of each other."""

import dataclasses
import os
import pathlib

from suite import corpora


@dataclasses.dataclass
class Mode:
    name: str
    posts: int            # of a corpus of the whole pipeline
    big_posts: int        # the same with 5 KB records
    rounds: int
    phrases: list         # the axis of rules
    base_phrases: int
    hits: list
    peer_seconds: float   # of CPU: so long runs each peer at most, and half as long at least where posts last
    slow_peer_seconds: float
    rates: list           # posts a second of paced latency
    program_args: list
    peer_posts: int       # of the posts that peers are measured on
    least_seconds: float  # of CPU: what took less tells too little to be shown beside others, or at the top


MODES = {
    # a test's: everything runs, nothing is measured well
    "tiny": Mode("tiny", 1200, 300, 2, [100, 300], 300, [0.2], 0.02, 0.04, [2000], ["--quick", "--repeats", "2"],
                 1200, 0.0),
    "quick": Mode("quick", 100000, 20000, 5, [100, 1000, 10000, 100000], 10000, [0.01, 0.05, 0.2, 1.0], 0.8, 3.0,
                  [10000, 100000], ["--quick"], 240000, 0.1),
    "full": Mode("full", 400000, 100000, 11, [100, 1000, 10000, 100000], 10000, [0.01, 0.05, 0.2, 1.0], 1.5, 12.0,
                 [10000, 100000, 500000], [], 400000, 0.1),
}


class Plan:
    """One run of the suite."""

    def __init__(self, mode, build, seed, writer, own=None, cache=None):
        self.mode, self.build, self.seed, self.writer, self.own = mode, pathlib.Path(build), seed, writer, own
        self.hydrant = self.build / "tools" / "hydrant"
        self.store = None if own else corpora.Store(self.hydrant, seed, cache)
        self.skipped = []  # (what, why)
        self.failed = []   # (what, why)

    def corpus(self, **options):
        """The corpus with these properties; the benchmarker's own has only its own."""
        if self.own:
            return self.own
        options.setdefault("phrases", self.mode.base_phrases)
        options.setdefault("posts", self.mode.posts)
        return self.store.get(**options)

    def program(self, name):
        return self.build / "bench" / f"bench-{name}"

    def cores(self):
        return len(os.sched_getaffinity(0))

    def skip(self, what, why, name=None):
        """name: of the results that there are none of, or what they begin with; what: for a person."""
        self.skipped.append((what, why))
        self.writer.add({"bench": "skipped", "name": name or what, "why": why})

    def fail(self, what, why):
        self.failed.append((what, why))
        self.writer.add({"bench": "failed", "name": what, "why": why})
