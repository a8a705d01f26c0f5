"""Side by side with what people would use instead, in the same rounds on the same posts.

hydrant does its whole job (parse, all rules, emotion, dedup, triage); the others look for the same
phrases, as substrings, and count the posts that hold one. Every tool gets as many of the posts as it
does in about the time that a peer is given, is also run on no posts in every round, and that time
(starting, building its tables) is taken off. CPU per post, user and system, the whole process."""

import json
import shutil
import statistics

from suite import console, measure, pipeline, programs, results

JQ = ('[($p | split("\\n")[] | select(. != "") | ascii_downcase)] as $phrases | reduce inputs as $m (0; '
      '($m.text | gsub("[\\n\\r]"; " ") | ascii_downcase) as $t '
      '| . + (if any($phrases[]; . as $x | $t | contains($x)) then 1 else 0 end))')


class Peer:
    """A tool: its command for a file, on what, and how to read its count (None: it gives none)."""

    def __init__(self, name, needs, command, on, ns_guess, count=int, label=None, env=None,
                 comparable=True):
        self.name, self.needs, self.command, self.on, self.env = name, needs, command, on, env
        self.good_codes = (0, 1) if needs in ("grep", "rg") else (0,)  # theirs is 1 where no line matches
        self.ns_guess, self.count, self.label = ns_guess, count, label or name
        self.comparable = comparable and count is not None  # must it count what the reference does?


def peers(files, folder):
    """All peers; ns_guess only chooses how many posts each gets."""
    phrases = str(files["phrases"])
    c_locale = {"LC_ALL": "C"}
    return [
        Peer("grep-json", "grep", ["grep", "-c", "-F", "-i", "-f", phrases], "json", 9000,
             label="grep -c -F -i -f, on the JSON", env=c_locale, comparable=False),
        Peer("grep-text", "grep", ["grep", "-c", "-F", "-i", "-f", phrases], "text", 2500,
             label="grep -c -F -i -f, on extracted texts", env=c_locale),
        Peer("rg-json", "rg", ["rg", "-c", "-F", "-f", phrases], "json", 9000,
             label="rg -c -F -f (case-sensitive), on the JSON", comparable=False),
        Peer("rg-text", "rg", ["rg", "-c", "-F", "-f", phrases], "text", 3000,
             label="rg -c -F -f (case-sensitive), on extracted texts", comparable=False),
        Peer("rg-text-i", "rg", ["rg", "-c", "-F", "-i", "-f", phrases], "text", 4000000,
             label="rg -c -F -i -f (cases of Unicode), on extracted texts", comparable=False),
        Peer("node", "node", ["node", str(folder / "aho.js"), phrases], "json", 40000,
             count=lambda out: json.loads(out)["hits"], label="Node.js: JSON.parse, Aho-Corasick"),
        Peer("node-sentiment", "node", ["node", str(folder / "aho.js"), phrases, "--sentiment"], "json", 42000,
             count=lambda out: json.loads(out)["hits"],
             label="Node.js: JSON.parse, Aho-Corasick, sentiment of hits"),
        Peer("python", "python3", ["python3", str(folder / "aho.py"), phrases], "json", 25000,
             count=lambda out: json.loads(out)["hits"], label="Python: json, Aho-Corasick"),
        Peer("jq", "jq", ["jq", "-n", "--rawfile", "p", phrases, JQ], "json", 8000000,
             label="jq: any phrase in .text"),
        Peer("jq-text", "jq", ["jq", "-r", ".text"], "json", 20000, count=None,
             label="jq -r .text: only taking the text out"),
    ]


def extract(plan, corpus, posts):
    """Texts and phrases for tools without JSON and rules, and how many texts hold a phrase."""
    small = corpus.head(posts)
    files = {"json": small.posts, "text": small.beside("texts"),
             "phrases": small.beside("phrases")}
    command = [str(plan.program("extract")), "--corpus", str(small.posts), "--rules", str(small.rules),
               str(files["text"]), str(files["phrases"])]
    done = measure.must(measure.run(command), command)
    return small, files, json.loads(done.out)["texts_with_a_phrase"]


def once(peer, path):
    """Runs the peer on a file. What it prints is read, not sent to /dev/null: grep notices that and
    stops at the first line that matches. Only a peer that prints every post writes to /dev/null."""
    done = measure.run(peer.command, stdin=str(path), env=peer.env, keep_output=peer.count is not None)
    if done.code not in peer.good_codes:
        raise measure.Failed(measure.what_it_said(done))
    return done


def count_of(peer, text):
    """ripgrep prints nothing where nothing matches."""
    try:
        return peer.count(text.strip() or "0")
    except (ValueError, KeyError, TypeError):
        raise measure.Failed(f"it prints no count: {text.strip()[:100] or 'nothing'}") from None


def prepare(plan, corpus, peer, folder_cache):
    """The peer's posts and reference, checked; None when it cannot take part."""
    posts = max(20, min(corpus.count, int(plan.mode.peer_seconds * 1e9 / peer.ns_guess)))
    if posts not in folder_cache:
        folder_cache[posts] = extract(plan, corpus, posts)
    small, files, reference = folder_cache[posts]
    peer.posts, peer.path = small.count, files[peer.on]
    peer.empty = small.work / "empty.ndjson"
    peer.empty.write_bytes(b"")
    done = once(peer, peer.path)
    counted = count_of(peer, done.out) if peer.count else None
    peer.counted, peer.reference = counted, reference
    peer.checked = peer.comparable
    if peer.checked and counted != reference:
        raise measure.Failed(f"it counts {counted} posts, the reference {reference}")
    if peer.count and counted < reference // 3:
        raise measure.Failed(f"it counts {counted} posts, the reference {reference}: too few to be the same job")


def able(plan, corpus, files_folder):
    found, folder_cache = [], {}
    small, files, _ = extract(plan, corpus, min(corpus.count, 2000))
    for peer in peers(files, files_folder):
        if not shutil.which(peer.needs):
            plan.skip(f"peer {peer.label}", f"{peer.needs} is not installed")
            continue
        try:
            prepare(plan, corpus, peer, folder_cache)
            found.append(peer)
        except measure.Failed as problem:
            plan.fail(f"peer {peer.label}", str(problem))
    return found


def run(plan):
    """hydrant, strict and fast, and each peer, interleaved."""
    corpus = plan.corpus()
    for parse in ("fast", "strict"):
        stats, _ = measure.scan(plan.hydrant, corpus, parse=parse)
        if not pipeline.check(plan, corpus, stats, "peers: hydrant"):
            return
    others = {peer.name: peer for peer in able(plan, corpus, programs.FOLDER / "peers")}

    def take(name):
        if name.startswith("hydrant-"):
            stats, _ = measure.scan(plan.hydrant, corpus, parse=name.removeprefix("hydrant-"))
            return pipeline.cpu_ns(stats)
        peer = others[name]
        start = once(peer, peer.empty).cpu
        return max(1.0, (once(peer, peer.path).cpu - start) * 1e9 / peer.posts)
    names = ["hydrant-fast", "hydrant-strict", *others]
    samples = measure.rounds(plan.mode.rounds, names, take)
    for name in names:
        ratios = [theirs / ours for theirs, ours in zip(samples[name], samples["hydrant-fast"])]
        more = {"label": "hydrant scan, everything on, parse " + name.removeprefix("hydrant-")}
        if name in others:
            peer = others[name]
            more = {"label": peer.label, "posts": peer.posts, "counted": peer.counted,
                    "reference": peer.reference, "answers_checked": peer.checked, "input": peer.on}
        pipeline.add(plan, "peers", f"peers/{name}", "ns/post", samples[name],
                     ratio=round(statistics.median(ratios), 2), ratio_min=round(min(ratios), 2),
                     ratio_max=round(max(ratios), 2), **more)
