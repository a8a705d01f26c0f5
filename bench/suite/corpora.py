"""Corpora: made by hydrant gen, kept in a cache, and known with their true answers."""

import collections
import hashlib
import json
import os
import pathlib
import subprocess
import time

from suite import console, measure

NO_RULES = b'"rules":[]'  # in a line of the truth: no rule matches
JUDGED = ("no_match", "ignored", "duplicate", "redelivered", "sampled_out")  # drops of what was read and judged


class Corpus:
    """Posts, rules and what the truth says about them (None where nobody knows)."""

    def __init__(self, posts, rules, truth=None, count=0, matched=None, byte_count=0, made="", work=None):
        self.posts, self.rules, self.truth = posts, rules, truth
        self.work = pathlib.Path(work or posts.parent)  # where what is made from it may lie
        self.count, self.matched, self.bytes, self.made = count, matched, byte_count, made

    def head(self, count):
        """The first posts only, as a corpus of its own."""
        if count >= self.count:
            return self
        path = self.beside(f"{count}.ndjson")
        truth = self.beside(f"{count}.truth") if self.truth else None
        cut(self.posts, path, count)
        if truth:
            cut(self.truth, truth, count)
        matched = matched_lines(truth) if truth else None
        return Corpus(path, self.rules, truth, count, matched, path.stat().st_size, self.made,
                      self.work)

    def beside(self, ending):
        return self.work / f"{self.posts.stem}.{ending}"


def joined(hydrant, corpus, times):
    """Posts with longer texts, as many of which match: each has the text and the fields of one post, and
    behind it the texts of times - 1 posts that do not match. Together they match more often than alone,
    so that some of those that match are left out again; hydrant says which they are."""
    path = corpus.beside(f"joined-{times}.ndjson")
    if not path.exists() or path.stat().st_mtime < corpus.posts.stat().st_mtime:
        all_of_them = path.with_suffix(".all")
        with open(all_of_them, "w", encoding="utf-8") as writer:
            for row in joined_rows(corpus, times):
                writer.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        thin_out(hydrant, corpus, all_of_them, path)
        all_of_them.unlink()
    with open(path, "rb") as file:
        count = sum(1 for _ in file)
    return Corpus(path, corpus.rules, None, count, None, path.stat().st_size,
                  f"{corpus.made}, the texts of {times} posts joined", corpus.work)


def thin_out(hydrant, corpus, source, target):
    """Leaves so many of the posts that match, evenly, that their share is that of the corpus."""
    command = [hydrant, "scan", "--rules", corpus.rules, "--emit", "all", source]
    items = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    matches = [bool(item["matches"]) for item in map(json.loads, items) if item["event"] == "mention"]
    share = corpus.matched / corpus.count
    wanted = matches.count(False) * share / (1 - share) / max(1, matches.count(True))
    part, due = target.with_suffix(".part"), 0.0
    with open(source, "rb") as reader, open(part, "wb") as writer:
        for line, match in zip(reader, matches):
            due += wanted * match
            if not match or due >= 1:
                writer.write(line)
                due -= match
    part.rename(target)


def joined_rows(corpus, times):
    """One post in `times` gets a long text; it waits until there are the texts for it."""
    heads, plain = collections.deque(), collections.deque()
    with open(corpus.posts, "rb") as posts, open(corpus.truth, "rb") as truth:
        for i, (line, verdict) in enumerate(zip(posts, truth)):
            if i % times == 0:
                heads.append(json.loads(line))
            elif NO_RULES in verdict:
                plain.append(json.loads(line)["text"])
            while heads and len(plain) >= times - 1:
                head = heads.popleft()
                head["text"] = " ".join([head["text"], *(plain.popleft() for _ in range(times - 1))])
                yield head


def cut(source, target, lines):
    """The first lines of source, cut anew: what lies there may be of other posts of that name."""
    part = target.with_suffix(".part")
    with open(source, "rb") as reader, open(part, "wb") as writer:
        for _, line in zip(range(lines), reader):
            writer.write(line)
    part.rename(target)


def matched_lines(truth):
    with open(truth, "rb") as file:
        return sum(NO_RULES not in line for line in file)


class Store:
    """Makes corpora once; the same options give the same files."""

    def __init__(self, hydrant, seed, folder=None):
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.folder = pathlib.Path(folder or os.path.join(cache, "hydrant-bench"))
        self.hydrant, self.seed = hydrant, seed
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(pathlib.Path(hydrant).read_bytes())
        self.program = digest.hexdigest()[:12]

    def get(self, posts, hit_rate=0.2, phrases=10000, size="normal"):
        options = ["--posts", str(posts), "--seed", str(self.seed), "--hit-rate", str(hit_rate),
                   "--phrases", str(phrases), "--record-bytes", size]
        name = f"s{self.seed}-{posts}-h{hit_rate}-p{phrases}-{size}"
        paths = {kind: self.folder / f"{name}.{kind}" for kind in ("ndjson", "yaml", "truth", "json")}
        if not self.fresh(paths):
            self.make(options, paths)
        about = json.loads(paths["json"].read_text())
        return Corpus(paths["ndjson"], paths["yaml"], paths["truth"], about["posts"], about["matched"],
                      about["bytes"], "hydrant gen " + " ".join(options))

    def fresh(self, paths):
        """Made before, by a generator that gives the same bytes: its first posts say so."""
        if not all(path.exists() for path in paths.values()):
            return False
        about = json.loads(paths["json"].read_text())
        if about["program"] == self.program:
            return True
        options = about["options"]
        options = options[:options.index("--posts")] + options[options.index("--posts") + 2:]
        probe = subprocess.run([self.hydrant, "gen", "--posts", "200", *options, "--rules-out",
                                str(self.folder / "probe.yaml")], capture_output=True, check=True)
        with open(paths["ndjson"], "rb") as file:
            same = file.read(len(probe.stdout)) == probe.stdout[:about["bytes"]]
        same = same and (self.folder / "probe.yaml").read_bytes() == paths["yaml"].read_bytes()
        if same:
            about["program"] = self.program
            paths["json"].write_text(json.dumps(about))
        return same

    def make(self, options, paths):
        console.progress("making posts: hydrant gen " + " ".join(options))
        paths["json"].unlink(missing_ok=True)  # it comes last: without it nothing is whole
        begin = time.monotonic()
        subprocess.run([self.hydrant, "gen", *options, "--threads", str(len(os.sched_getaffinity(0))),
                        "-o", str(paths["ndjson"]), "--rules-out", str(paths["yaml"]),
                        "--truth", str(paths["truth"])], check=True)
        about = {"program": self.program, "options": options, "bytes": paths["ndjson"].stat().st_size,
                 "posts": int(options[options.index("--posts") + 1]),
                 "matched": matched_lines(paths["truth"]), "seconds": time.monotonic() - begin}
        paths["json"].write_text(json.dumps(about))
        console.progress_end()


def unread(stats):
    """{reason: records} that hold no post that can be read, by hydrant's statistics."""
    return {reason: count for reason, count in stats["dropped"].items() if count and reason not in JUDGED}


def own(hydrant, posts, rules, work):
    """The benchmarker's own posts and rules; no truth. Records that hold no post that can be read are left
    out, for they would count as posts that cost little. What is made from the posts goes to work.
    measure.Failed says why they cannot be benched."""
    posts, rules = pathlib.Path(posts), pathlib.Path(rules)
    for path in (posts, rules):
        if not path.exists():
            raise measure.Failed(f"{path}: no such file")
    stats = first_look(hydrant, posts, rules)
    with open(posts, "rb") as file:
        lines, objects, blank = count_lines(file)
    left_out = unread(stats)
    if lines != stats["posts"] or objects + sum(left_out.values()) < lines:
        raise measure.Failed(f"{posts}: {stats['posts']:,} records in {lines:,} lines, {objects:,} of them JSON objects: benches take "
                             "plain NDJSON, a JSON object a line (zstd -d unpacks; jq -c '.[]' takes an array apart)")
    if sum(left_out.values()) == lines:
        raise measure.Failed(f"{posts}: none of its {lines:,} records holds a post that can be read: {reasons(left_out)}")
    count, source = lines - sum(left_out.values()), posts
    if blank or left_out:
        posts = pathlib.Path(work) / f"{posts.stem}.readable.ndjson"
        leave_out(hydrant, source, rules, posts)
    corpus = Corpus(posts, rules, None, count, None, posts.stat().st_size, str(source), work)
    corpus.records, corpus.left_out, corpus.published, corpus.pack = lines, left_out, stats["published"], stats["pack"]
    return corpus


def first_look(hydrant, posts, rules):
    """What hydrant says of the posts; measure.Failed where rules are bad or nothing can be read."""
    command = [str(hydrant), "scan", "--rules", str(rules), "--emit", "none", "--stats", "json", str(posts)]
    done = measure.run(command)
    last = (done.err.strip().splitlines() or [""])[-1]
    if not last.startswith("{"):
        raise measure.Failed(measure.what_it_said(done))
    stats = json.loads(last)
    if stats["posts"] == 0:
        raise measure.Failed(f"{posts}: there are no posts in it ({measure.what_it_said(done)})")
    if done.code != 0 and sum(unread(stats).values()) < stats["posts"]:
        raise measure.Failed(measure.what_it_said(done))
    return stats


def reasons(left_out):
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(left_out.items(), key=lambda item: -item[1]))


def is_record(line):
    """As hydrant cuts lines: a line of spaces is a record, that is no JSON."""
    return line.rstrip(b"\r\n") != b""


def count_lines(file):
    """(records, those of them that begin like a JSON object, blank lines)"""
    records = objects = blank = 0
    for line in file:
        records += is_record(line)
        blank += not is_record(line)
        objects += line.lstrip(b"\xef\xbb\xbf \t\r").startswith(b"{")
    return records, objects, blank


def leave_out(hydrant, source, rules, target):
    """Copies the other records: hydrant says of each, in the order of the file, what became of it."""
    command = [str(hydrant), "scan", "--rules", str(rules), "--emit", "all", str(source)]
    with open(source, "rb") as reader, open(target, "wb") as writer, subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        items = (item for item in map(json.loads, child.stdout) if item["event"] == "mention")
        for line, item in zip(filter(is_record, reader), items):
            if item.get("dropped") in (None, *JUDGED):
                writer.write(line.rstrip(b"\r\n") + b"\n")
