"""The whole pipeline as people run it: hydrant scan on files, everything on, items to /dev/null.

CPU per post is of the whole process (ingest, judging, output; user and system) without what starting
and compiling the rules took, which hydrant counts itself. Each answer is checked: the number of
posts that match must be what the truth of the corpus says."""

import json
import pathlib
import subprocess
import tempfile
import time

from suite import corpora, measure, programs, results


def check(plan, corpus, stats, what):
    """True when the answers are right; without a truth, that no post was lost and all were read."""
    if stats["posts"] != corpus.count:
        plan.fail(what, f"{stats['posts']} of {corpus.count} posts were read")
        return False
    unread = corpora.unread(stats)
    if unread:
        plan.fail(what, f"records that hold no post that can be read: {corpora.reasons(unread)}")
        return False
    if corpus.matched is not None and stats["matched"] != corpus.matched:
        plan.fail(what, f"{stats['matched']} posts match, by the truth {corpus.matched}")
        return False
    return True


def check_both(plan, corpus, what):
    """Without a truth: strict and fast parsing must find the same."""
    found = [measure.scan(plan.hydrant, corpus, parse=parse)[0] for parse in ("strict", "fast")]
    same = all(found[0][key] == found[1][key] for key in ("posts", "matched", "published", "actionable"))
    if not same:
        plan.fail(what, "parse strict and fast differ")
    return same and check(plan, corpus, found[0], what)


def cpu_ns(stats):
    return (stats["cpu_seconds"] - stats["compile_cpu_seconds"]) * 1e9 / stats["posts"]


def add(plan, bench, name, unit, samples, **more):
    row = results.result(bench, name, unit, samples, plan.seed, **more)
    plan.writer.add(row)
    programs.show(row)


def axes(plan):
    """{name: (corpus, options of scan)}: the base, and rows named by what differs from it (see report.py for what else does)."""
    mode = plan.mode
    base = plan.corpus()
    runs = {"pipeline/base": (base, {}), "pipeline/parse-strict": (base, {"parse": "strict"})}
    if plan.own:
        return runs
    for rate in mode.hits:
        if rate != 0.2:
            runs[f"pipeline/hits-{rate * 100:g}%"] = (plan.corpus(hit_rate=rate), {})
    for phrases in mode.phrases:
        if phrases != mode.base_phrases:
            runs[f"pipeline/phrases-{phrases}"] = (plan.corpus(phrases=phrases), {})
    for times in (4, 16):
        runs[f"pipeline/text-{times * 155}"] = (corpora.joined(plan.hydrant, base, times), {})
    runs["pipeline/record-short"] = (plan.corpus(size="short"), {})
    runs["pipeline/record-x"] = (plan.corpus(size="x", posts=mode.big_posts), {})
    return runs


def throughput(plan):
    """CPU per post by hit rate, number of phrases, size of record and parse mode; one worker."""
    runs = axes(plan)
    good = {}
    for name, (corpus, options) in runs.items():
        if corpus.matched is None:
            good[name] = check_both(plan, corpus, name)
        else:
            good[name] = check(plan, corpus, measure.scan(plan.hydrant, corpus, **options)[0], name)
    kept = {}

    def take(name):
        corpus, options = runs[name]
        stats, _ = measure.scan(plan.hydrant, corpus, **options)
        kept.setdefault(name, []).append(stats)
        return cpu_ns(stats)
    for name, samples in measure.rounds(plan.mode.rounds, [n for n in good if good[n]], take).items():
        corpus = runs[name][0]
        stages = {stage: sorted(s["stage_ns"][stage] for s in kept[name])[len(samples) // 2]
                  for stage in kept[name][0]["stage_ns"]}
        stats = kept[name][-1]
        add(plan, "throughput", name, "ns/post", samples, stage_ns=stages, parse=stats["parse"], io=stats["io"],
            posts=stats["posts"], bytes_per_post=round(corpus.bytes / corpus.count), patterns=stats["patterns"],
            matched_share=round(stats["matched"] / stats["posts"], 4), corpus=corpus.made)


def workers(plan):
    """Posts a second with 1, 2, 4 ... workers, the process kept on as many cores: with one, reading
    and judging share a core. Wall clock."""
    count, counts = plan.cores(), []
    step = 1
    while step < count:
        counts.append(step)
        step *= 2
    counts.append(count)
    corpus = plan.corpus()
    for n in counts:
        stats, _ = measure.scan(plan.hydrant, corpus, workers=n, cores=measure.pinned(n))
        if not check(plan, corpus, stats, f"workers {n}"):
            return

    def take(n):
        stats, _ = measure.scan(plan.hydrant, corpus, workers=n, cores=measure.pinned(n))
        return stats["posts"] / stats["seconds"]
    for n, samples in measure.rounds(plan.mode.rounds, counts, take).items():
        add(plan, "workers", f"workers/{n}", "posts/s", samples, workers=n)


def empty(plan):
    path = plan.store.folder / "empty.ndjson" if plan.store else None
    if path:
        path.write_bytes(b"")
    return str(path or "/dev/null")


def startup(plan):
    """From the start of the program to its end on an empty input: reading, checking and compiling rules,
    or taking compiled ones from the cache. And to the first item of one post. Wall clock."""
    with tempfile.TemporaryDirectory() as cache:
        startup_by_rules(plan, cache)
    version = [str(plan.hydrant), "--version"]
    said = measure.must(measure.run(version), version).out
    if not said.startswith("hydrant "):
        plan.fail("startup/version-only", f"hydrant --version says '{said.strip()[:100]}'")
        return
    bare = measure.rounds(plan.mode.rounds, ["version"],
                          lambda _: measure.must(measure.run(version), version).wall * 1e3)
    add(plan, "startup", "startup/version-only", "ms", bare["version"])
    first = measure.rounds(plan.mode.rounds, ["first"], lambda _: first_item(plan) * 1e3)
    if all(sample > 0 for sample in first["first"]):
        add(plan, "startup", "startup/first-item-starter-rules", "ms", first["first"])


def startup_by_rules(plan, cache):
    sets = {f"{n}-phrases": plan.corpus(phrases=n) for n in plan.mode.phrases} if not plan.own else {
        "own-rules": plan.own}
    caches = {f"startup/{name}-cached": pathlib.Path(cache) / name for name in sets}  # one each, to see what is kept
    runs = {f"startup/{name}{how}": (corpus, options) for name, corpus in sets.items()
            for how, options in (("", ["--no-cache"]), ("-cached", ["--cache", f"{cache}/{name}"]))}
    nothing = empty(plan)

    def start(name):
        corpus, options = runs[name]
        command = [str(plan.hydrant), "scan", "--rules", str(corpus.rules), "--emit", "none", "--stats", "json",
                   *options, nothing]
        done = measure.must(measure.run(command), command)
        return done, json.loads(done.err.strip().splitlines()[-1])["patterns"]
    patterns = {name: start(name)[1] for name in runs}  # fills the caches, too
    for name, count in patterns.items():
        if count == 0 and not plan.own or count != patterns[name.removesuffix("-cached")]:
            plan.fail(name, f"{count} patterns, of compiled rules {patterns[name.removesuffix('-cached')]}")
            return
    for name, folder in caches.items():
        if not any(path.is_file() for path in folder.rglob("*")):
            plan.skip(name, "rules that compile so fast are not kept in the cache")
            del runs[name]
    for name, samples in measure.rounds(plan.mode.rounds, list(runs), lambda name: start(name)[0].wall * 1e3).items():
        add(plan, "startup", name, "ms", samples, patterns=patterns[name])


def first_item(plan):
    """Seconds from starting hydrant with the starter rules to its first line of output, input open."""
    post = b'{"id":"1","network":"x","text":"my phone has no signal since yesterday, please help @att"}\n'
    begin = time.monotonic()
    child = subprocess.Popen([str(plan.hydrant), "scan", "--json"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    child.stdin.write(post)
    child.stdin.flush()
    line = child.stdout.readline()
    took = time.monotonic() - begin
    child.stdin.close()
    child.stdout.close()
    child.wait()
    if not line or json.loads(line)["id"] != "1":
        plan.fail("startup/first-item", "the post was not published")
        return -1
    return took


def generator(plan):
    """How fast hydrant gen makes posts, so that it can be seen not to be what limits a bench."""
    posts = max(1000, plan.mode.posts // 2)
    command = [str(plan.hydrant), "gen", "--posts", str(posts), "--seed", str(plan.seed)]
    once = measure.must(measure.run(command), command)
    if once.out.count("\n") != posts:
        plan.fail("gen", f"{once.out.count(chr(10))} of {posts} posts were made")
        return
    def take(threads):
        full = command + ["--threads", threads.removeprefix("threads-")]
        return posts / measure.must(measure.run(full, keep_output=False), full).wall
    names = sorted({"threads-1", f"threads-{plan.cores()}"})
    for name, samples in measure.rounds(plan.mode.rounds, names, take).items():
        add(plan, "gen", f"gen/{name}", "posts/s", samples)
