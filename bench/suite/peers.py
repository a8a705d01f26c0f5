"""Side by side with what people would use instead, in the same rounds on the same posts.

hydrant does its whole job (parse, all rules, emotion, dedup, triage); the others look for the same
phrases, as substrings, and count the posts that hold one. Every tool gets all of the posts, or their
first half, quarter ..., whichever it does in the time that a peer is given, as it shows beforehand; a
slow one is given more. In every round it is also run on
the first half of them alone, and that time (starting, building its tables, warming up) is taken off:
what is shown is a post of the second half, where that half takes long enough to be told from noise.
CPU, user and system, the whole process."""

import json
import shutil
import statistics

from suite import corpora, measure, pipeline, programs

JQ = ('[($p | split("\\n")[] | select(. != "") | ascii_downcase)] as $phrases | reduce inputs as $m (0; '
      '($m.text // "" | gsub("[\\n\\r]"; " ") | ascii_downcase) as $t '
      '| . + (if any($phrases[]; . as $x | $t | contains($x)) then 1 else 0 end))')
SLOW_NS = 200000  # a post: such a tool gets more time, and is measured in fewer rounds
SLOW_ROUNDS = 3
TRIES = 4  # to find how many posts a tool does in its time
TOO_FEW = "too few posts"


class TooFew(measure.Failed):
    """What is left when the first half is taken off is no more than noise."""


class Peer:
    """A tool: its command for a file, on what, how to read its count (None: it gives none), and what else
    it says of how it did it."""

    def __init__(self, name, needs, command, on, ns_guess, count=int, label=None, env=None,
                 comparable=True, told=None):
        self.name, self.needs, self.command, self.on, self.env = name, needs, command, on, env
        self.good_codes = (0, 1) if needs in ("grep", "rg") else (0,)  # theirs is 1 where no line matches
        self.ns_guess, self.count, self.about, self.told = ns_guess, count, label or name, told
        self.label = self.about
        self.slow = ns_guess >= SLOW_NS
        self.comparable = comparable and count is not None  # must it count what the reference does?


def peers(files, folder):
    """All peers; ns_guess, a post, only says with how many posts to begin (fitting)."""
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
        Peer("rg-text-i", "rg", ["rg", "-c", "-F", "-i", "-f", phrases], "text", 1000000,
             label="rg -c -F -i -f (cases of Unicode), on extracted texts", comparable=False),
        Peer("node", "node", ["node", str(folder / "aho.js"), phrases], "json", 40000,
             count=lambda out: json.loads(out)["hits"], label="Node.js: JSON.parse, Aho-Corasick"),
        Peer("node-sentiment", "node", ["node", str(folder / "aho.js"), phrases, "--sentiment"], "json", 42000,
             count=lambda out: json.loads(out)["hits"], told=lambda out: json.loads(out)["sentiment"],
             label="Node.js: Aho-Corasick, hits scored: "),
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
    found = json.loads(measure.must(measure.run(command), command).out)
    if found.get("without_text") == found["posts"]:
        raise measure.Failed("other tools cannot be given texts: these posts are in a network's own form")
    return small, files, found["texts_with_a_phrase"]


def first_half(small, files, on):
    """(its posts, the file)"""
    half = small.count // 2
    if on == "json":
        return half, small.head(half).posts
    path = small.beside(f"{half}.texts")
    corpora.cut(files["text"], path, half)
    return half, path


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


def part_of(count, wanted):
    """All posts or their half, quarter ..., as many as are wanted at most: few numbers, so that the files that are cut
    for one tool serve others and later runs."""
    while count > max(20, wanted):
        count //= 2
    return count


def fitting(plan, corpus, peer, folder_cache):
    """Gives the peer as many posts as it does in its time, starting not counted: by a guess, then by what it took."""
    seconds = plan.mode.slow_peer_seconds if peer.slow else plan.mode.peer_seconds
    posts = part_of(corpus.count, seconds * 1e9 / peer.ns_guess)
    for _ in range(TRIES):
        whole = prepare(plan, corpus, peer, posts, folder_cache)
        second_half = whole - once(peer, peer.warm_path).cpu
        took = max(2 * second_half, whole / 4)  # a short half may be noise: never many more posts at once
        better = part_of(corpus.count, posts * seconds / took) if took > 0 else posts
        if better == posts:
            break
        posts = better
    must_take_long(plan, second_half, "the second half of them takes")


def prepare(plan, corpus, peer, posts, folder_cache):
    """The peer's posts and reference, checked; the seconds of CPU that it took for them."""
    if posts not in folder_cache:
        folder_cache[posts] = extract(plan, corpus, posts)
    small, files, reference = folder_cache[posts]
    peer.posts, peer.path = small.count, files[peer.on]
    peer.warm_posts, peer.warm_path = first_half(small, files, peer.on)
    done = once(peer, peer.path)
    counted = count_of(peer, done.out) if peer.count else None
    peer.counted, peer.reference = counted, reference
    peer.label = peer.about + (peer.told(done.out) if peer.told else "")
    peer.checked = peer.comparable
    if peer.checked and counted != reference:
        raise measure.Failed(f"it counts {counted} posts, the reference {reference}")
    if peer.count and counted < reference // 3:
        raise measure.Failed(f"it counts {counted} posts, the reference {reference}: too few to be the same job")
    return done.cpu


def must_take_long(plan, seconds, what):
    """Of some ten milliseconds of CPU a difference can be anything, even negative."""
    least = plan.mode.least_seconds
    if seconds < least:
        raise TooFew(f"{TOO_FEW}: {what} {seconds:.3f} s of CPU, {least:g} are needed")


def leave_out(plan, peer, why):
    plan.skip(f"peer {peer.label}", why, f"peers/{peer.name}")


def able(plan, corpus, files_folder):
    found, folder_cache = [], {}
    small, files, _ = extract(plan, corpus, min(corpus.count, 2000))
    for peer in peers(files, files_folder):
        if not shutil.which(peer.needs):
            leave_out(plan, peer, f"{peer.needs} is not installed")
            continue
        try:
            fitting(plan, corpus, peer, folder_cache)
            found.append(peer)
        except TooFew as problem:
            leave_out(plan, peer, str(problem))
        except measure.Failed as problem:
            plan.fail(f"peer {peer.label}", str(problem))
    return found


def posts_for(plan):
    """More than the pipeline's where that is quick: of what a fast tool takes only half is shown."""
    return plan.corpus(posts=plan.mode.peer_posts)


def run(plan):
    """hydrant, strict and fast, and each peer, interleaved."""
    corpus = posts_for(plan)
    for parse in ("fast", "strict"):
        stats, _ = measure.scan(plan.hydrant, corpus, parse=parse)
        if not pipeline.check(plan, corpus, stats, "peers: hydrant"):
            return
    try:
        must_take_long(plan, pipeline.cpu_ns(stats) * stats["posts"] / 1e9, "hydrant takes for all of them")
    except TooFew as problem:
        plan.skip("peers", str(problem))
        return
    others = {peer.name: peer for peer in able(plan, corpus, programs.FOLDER / "peers")}

    slow = [name for name, peer in others.items() if peer.slow]
    side_by_side(plan, others, [name for name in others if name not in slow], plan.mode.rounds)
    side_by_side(plan, others, slow, min(plan.mode.rounds, SLOW_ROUNDS))


def both_halves(peer):
    """(seconds of CPU for the first half of its posts, for all of them)"""
    return once(peer, peer.warm_path).cpu, once(peer, peer.path).cpu


def ns_a_post(peer, taken):
    """Of the second half of its posts: what the first half took is taken off."""
    warm, whole = taken
    return (whole - warm) * 1e9 / (peer.posts - peer.warm_posts)


def side_by_side(plan, others, names, count):
    """Rounds of hydrant and the peers of these names; hydrant's own result is of the first call. A peer
    whose first half ever took longer than all of it is left out."""
    hydrant, taken = ["hydrant-fast", "hydrant-strict"], {name: [] for name in names}

    def take(name):
        if name in hydrant:
            stats, _ = measure.scan(plan.hydrant, posts_for(plan), parse=name.removeprefix("hydrant-"))
            return pipeline.cpu_ns(stats)
        taken[name].append(both_halves(others[name]))
        return ns_a_post(others[name], taken[name][-1])
    again = "peers/hydrant-fast" in plan.writer.rows
    if again and not names:
        return
    samples = measure.rounds(count, [*hydrant[:1 if again else 2], *names], take)
    for name in samples:
        if min(samples[name]) <= 0:
            leave_out(plan, others[name], f"{TOO_FEW}: the first half of them took longer than all, once or more")
        elif name not in hydrant or not again:
            add(plan, name, samples[name], samples["hydrant-fast"], others.get(name), taken.get(name))


def add(plan, name, samples, ours, peer, taken):
    """ours: of the same rounds; taken: what a peer's samples are made of. All are kept, so that the ratios can be had again."""
    ratios = [theirs / mine for theirs, mine in zip(samples, ours)]
    more = {"label": "hydrant scan, everything on, parse " + name.removeprefix("hydrant-")}
    if peer:
        more = {"label": peer.label, "posts": peer.posts, "warm_posts": peer.warm_posts, "counted": peer.counted,
                "reference": peer.reference, "answers_checked": peer.checked, "input": peer.on,
                "seconds_first_half": [warm for warm, _ in taken], "seconds_all": [whole for _, whole in taken],
                "hydrant_samples": [round(sample, 6) for sample in ours]}
    pipeline.add(plan, "peers", f"peers/{name}", "ns/post", samples, ratio=round(statistics.median(ratios), 2),
                 ratio_min=round(min(ratios), 2), ratio_max=round(max(ratios), 2), **more)
