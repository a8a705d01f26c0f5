"""The report of a run for a person: Markdown, with the plots beside it."""

from suite import charts, console, corpora, machine

TITLES = {
    "peers": "Beside other tools", "throughput": "The whole pipeline", "stages": "Stage by stage",
    "workers": "Scaling by workers", "latency": "Latency", "limits": "What bounds any engine",
    "startup": "Starting", "memory": "Memory", "gen": "The generator of posts", "ring": "The ring alone",
    "rules": "The number of rules", "dedup": "Deduplication alone", "emotion": "Emotion and personal data alone",
}
PLOTS = {"peers": ["peers"], "throughput": ["throughput-by-phrases", "stages-by-axis"], "stages": ["stages"],
         "workers": ["scaling"], "latency": ["latency"]}
ORDER = ["peers", "throughput", "stages", "workers", "latency", "limits", "rules", "dedup", "emotion", "ring",
         "startup", "memory", "gen"]
NOTES = {
    "peers": "hydrant does its whole job: parsing, rules with boolean logic, emotion, near-duplicates, triage. The "
             "others look for the same phrases as substrings and count posts. Each gets as many posts as it does in some "
             "time; what is shown is a post of the second half of them: starting, building tables and the first half is "
             "taken off. `rg -i` builds its automaton from the texts as they come, and over tens of thousands of them: with "
             "more of them it takes less a post. Of hydrant only starting and compiling rules is taken off. `×` is CPU "
             "against `hydrant scan --parse fast`, the median of the ratios "
             "round by round, with their range. *checked*: the count equals the reference, worked out by "
             "Hyperscan on the same texts; the tools that see raw JSON, or tell cases apart, do another job, and "
             "their count is shown instead.",
    "throughput": "CPU per post of `hydrant scan` on a file in the page cache, one worker, items to /dev/null: user and "
                  "system, the whole process, reading included, without starting and compiling rules. *base* is "
                  "`--parse fast` and, of made posts, 20 % hits, 10,000 phrases, 780-byte records; each row "
                  "is named by what differs. Two differ in more: the records of *record-short* have shorter texts, too, and where texts or "
                  "records are longer there are fewer posts, so that what a run costs once weighs more on each. Longer texts (their bytes "
                  "are in the name) are those of several posts joined, chosen so that as many match. Fast parsing saves as much as there are posts that nobody wants, for one that "
                  "matches is parsed in full.",
    "stages": "The same work on one thread, as hydrant counts it itself between stages; the first tenth of the posts, "
              "which touch new memory, is left out. *ring*: items go into a ring in shared memory instead of being "
              "rendered as NDJSON. *all* is the CPU time of the whole process.",
    "rules": "*post*: a whole mention through decoding, matching and emotion. More and more rules whose words are common "
             "in the posts, and which match none of them.",
    "dedup": "A window that is full. *window-N*: CPU per mention with N in it. *recall-N*: the share of variants of a "
             "message that are linked to it there. Templates: the same words with another city, name or number, "
             "which must not be linked.",
    "emotion": "*score*: 28 emotions, sentiment and speech acts of one text, in memory; *pii*: looking for personal data "
               "in it.",
    "ring": "One writer. *memcpy* and *bare ring* (one writer, one reader, nothing else) are what bounds it. A reader that "
            "spins needs a core of its own: three of them and the writer on fewer cores than that take turns with each "
            "other's time slices.",
    "startup": "Wall clock, from the start of the program to its end on an empty input. *cached*: compiled rules are "
               "taken from the cache, where they are kept there: what compiles fast is not. *version-only*: `hydrant --version`, which reads no rules.",
    "workers": "N workers on N cores; with one, reading and judging share that core. Wall clock.",
    "latency": "From the moment at which a post was to be sent (start + n / rate) to its item in the hands of a "
               "reader of the ring; through a pipe, one worker, every stage on. A post that waits because an earlier one stalled counts its wait. "
               "`latency-lag` is how late the sender was, which is part of the latency, and `latency-blocked` for how long it "
               "waited because the pipe was full, which is the engine's. `latency-reload`: with other rules every 100 ms.",
    "limits": "In memory, one thread. Hyperscan gets the phrases as literals, without word boundaries.",
    "memory": "Growth of the resident set at each step.",
}
KEPT = 0.99  # of a rate: with less it is another one that was measured
KERNEL_THREADS = ("It is more than the sum of the stages (*rest* in the plot) by what the kernel's own threads take to read the "
                  "file, which lies in memory, by io_uring; `HYDRANT_IO=read` has no such threads.")
NOT_MEASURED = """\
- Disks and networks: posts come from the page cache or a pipe.
- Other rules than phrase lists with boolean conditions, unless you give your own with `--corpus` and `--rules`.
- The posts are made up. Their statistics (Zipf's law of brands, near misses, several scripts) are those of
  `docs/gen.md`, not those of your traffic.
- Accuracy: see `docs/accuracy.md`.
- Anything with a clock of its own on a shared or virtual machine is as steady as that machine."""


def group(row):
    if row["name"].startswith(("latency", "latency-")):
        return "latency"
    return row["bench"]


def sent_instead(rows):
    """{(kind, rate): posts a second} of the rates of latency that were not kept."""
    found = {}
    for row in rows:
        kind, _, rate = row["name"].partition("-sent/")
        if rate and row["value"] < KEPT * float(rate):
            found[kind, rate] = row["value"]
    return found


def name_text(row, sent):
    """latency/500000/p50 with what is to be known of it."""
    kind, _, rest = row["name"].partition("/")
    for of, rate in sent:
        if rest.partition("/")[0] == rate and kind.removesuffix("-lag").removesuffix("-sent").removesuffix("-blocked") == of:
            return f"{row['name']} (rate not kept: {console.number(sent[of, rate])} posts/s were sent)"
    return row["name"]


def table(rows):
    if any("ratio" in row for row in rows):
        return peers_table(rows)
    if any("bytes_per_post" in row for row in rows):
        return throughput_table(rows)
    sent = sent_instead(rows)
    lines = ["| | median | | least .. most | n |", "|---|--:|---|--:|--:|"]
    for row in rows:
        value, unit = console.amount(row["value"], row["unit"])
        spread = " .. ".join(console.amount(row[end], row["unit"])[0] for end in ("min", "max"))
        lines.append(f"| {name_text(row, sent)} | {value} | {unit} | {spread if row['n'] > 1 else ''} | {row['n']} |")
    return lines


def throughput_table(rows):
    lines = ["| | ns/post | least .. most | posts | bytes each | n |", "|---|--:|---|--:|--:|--:|"]
    for row in rows:
        lines.append(f"| {row['name']} | {console.number(row['value'])} | {console.number(row['min'])} .. {console.number(row['max'])} "
                     f"| {row['posts']:,} | {row['bytes_per_post']:,} | {row['n']} |")
    return lines


def checked_text(row):
    if row.get("answers_checked") or row["name"].startswith("peers/hydrant"):
        return "checked"
    if row.get("counted") is None:
        return "prints, does not count"
    return f"{row['counted']:,} (reference {row['reference']:,})"


def peers_table(rows):
    lines = ["| | ns/post | × | range of × | posts | answers |", "|---|--:|--:|--:|--:|---|"]
    for row in sorted(rows, key=lambda row: row["value"]):
        span = f"{console.number(row['ratio_min'])} .. {console.number(row['ratio_max'])}"
        posts = f"{row['posts'] - row['warm_posts']:,} after {row['warm_posts']:,}" if "warm_posts" in row else "all"
        lines.append(f"| {row['label']} | {console.number(row['value'])} | {console.number(row['ratio'])} | {span} "
                     f"| {posts} | {checked_text(row)} |")
    return lines


def environment_lines(environment):
    cpu, compiler = environment["cpu"], environment["compiler"]
    return [
        f"- {cpu['model']} (family and model {cpu['family'] or 'unknown'}), {cpu['cores']} cores ({' '.join(cpu['flags'])}), "
        f"{environment['memory_bytes'] / 2**30:.0f} GiB, caches {', '.join(f'{k} {v}' for k, v in cpu['caches'].items())}",
        f"- {environment['distribution']}, Linux {environment['kernel']}, {environment['libc']}",
        f"- {compiler['c']}, {compiler['build']} `{compiler['flags']}`"
        + (f", **sanitizers: {compiler['sanitizers']}**" if compiler["sanitizers"] else ""),
        f"- {', '.join(f'{k} {v}' for k, v in environment['libraries'].items())}",
        f"- {'; '.join(environment['tools'].values())}",
        f"- {environment.get('version') or 'hydrant'} at commit {environment['commit'] or 'unknown'}; these scripts at "
        f"{environment.get('suite_commit') or 'unknown'}",
        f"- files are read by {environment.get('io') or 'unknown'}; transparent huge pages: "
        f"{environment.get('transparent_huge_pages') or 'unknown'}; governor: {cpu.get('governor') or 'unknown'}; {settings(environment)}",
        f"- posts: {posts_text(environment)}; seed {environment['seed']}; "
        f"{environment['busy_cores_at_start']} cores busy when it began, {environment['stolen_percent']} % of the cores' time "
        "taken by the host meanwhile",
    ]


def settings(environment):
    """What was set in the environment and changes what is measured."""
    found = [f"{name}={environment[name.lower()]}" for name in machine.SETTINGS if environment.get(name.lower())]
    return ", ".join(found) or f"none of {', '.join(machine.SETTINGS)} is set"


def posts_text(environment):
    if "corpus_sha256" not in environment:
        return environment["corpus"]
    return (f"{environment['corpus']} ({environment['corpus_bytes']:,} bytes, sha256 {environment['corpus_sha256'][:16]}), rules: "
            f"{environment['rules']} (pack {environment['rules_pack']})")


def note(name, environment, rows):
    """What a person must know of these figures."""
    text = NOTES.get(name, "")
    if name == "latency":
        return " ".join([text, *sender_text(rows)])
    return f"{text} {KERNEL_THREADS}" if name == "stages" and environment.get("io") != "read" else text


def sender_text(rows):
    """How the sender waited; older runs do not say it, and spun."""
    pauses = [row["value"] for row in rows if row["name"].endswith("-sender/pause")]
    if not pauses:
        return []
    if max(pauses) == 0:
        return ["The sender spun until the next post was due."]
    return [f"With so few cores the sender slept {max(pauses):.0f} µs or more between two writes, so as not to take a core from the "
            "engine: what came due meanwhile was sent together, and counts as late."]


def left_out(own):
    """What of somebody's own posts no figure is of."""
    return (f"no post can be read in {sum(own.left_out.values()):,} of the {own.records:,} records of {own.made} "
            f"({corpora.reasons(own.left_out)}): every figure leaves them out")


def about_posts(own):
    lines = [f"- **Of your own posts, {left_out(own)}.**"] if own and own.left_out else []
    if own and own.published == 0:
        lines.append("- **The rules publish none of the posts**: emotion, duplicates, triage and items cost nothing here.")
    return lines


def headline(environment, rows, least_seconds):
    """What took less CPU than that is no headline."""
    lines = []
    if environment["mode"] == "tiny":
        return ["*A tiny run shows that everything works. Its figures mean nothing.*"]
    base, strict = rows.get("pipeline/base"), rows.get("pipeline/parse-strict")
    seconds = base["posts"] * base["value"] / 1e9 if base else 0
    if base and seconds < least_seconds:
        lines.append(f"- {base['posts']:,} posts are too few for a figure here: they take {seconds:.3f} s of CPU, {least_seconds:g} are needed")
    elif base:
        lines.append(f"- **{console.number(base['value'])} ns of CPU a post** with everything on (about "
                     f"{console.number(float(format(1e9 / base['value'], '.3g')))} posts a second of one core), "
                     f"{base['matched_share'] * 100:.0f} % of posts match, {base['patterns']:,} patterns"
                     + (f"; {console.number(strict['value'])} with `--parse strict`" if strict else ""))
    grep, on_texts = rows.get("peers/grep-json"), rows.get("peers/grep-text")
    if grep:
        lines.append(f"- **{console.number(grep['ratio'])} times less CPU than `LC_ALL=C grep -c -F -i -f`** with "
                     f"the same phrases on the same posts "
                     f"({console.number(grep['ratio_min'])} to {console.number(grep['ratio_max'])} over the rounds)"
                     + (f"; {console.number(on_texts['ratio'])} times where somebody else has taken the texts out of "
                        "the JSON for grep" if on_texts else ""))
    for rate in ("500000", "100000", "10000"):
        p50, p99 = rows.get(f"latency/{rate}/p50"), rows.get(f"latency/{rate}/p99")
        if p50 and p99:
            sent = sent_instead(rows.values()).get(("latency", rate))
            less = f" (not kept: {console.number(sent)} were sent)" if sent else ""
            lines.append(f"- at {int(rate):,} posts a second{less}, {console.number(p50['value'])} µs to an item "
                         f"(median), {console.number(p99['value'])} µs for 99 %")
    return lines


def write(folder, environment, rows, suite):
    """Draws the plots and writes report.md; its path."""
    plots = charts.draw(folder, rows)
    groups = {}
    for row in rows.values():
        groups.setdefault(group(row), []).append(row)
    lines = [f"# hydrant bench, {environment['mode']}", "", *about_posts(suite.own), *headline(environment, rows, suite.mode.least_seconds), ""]
    if environment["mode"] == "quick":
        lines += ["*A quick run is for a look. Figures to compare or to quote come from `bench/run full` on an idle "
                  "machine.*", ""]
    if suite.failed:
        lines += ["**Failed, and therefore not shown:**", "", *[f"- {what}: {why}" for what, why in suite.failed], ""]
    for name in ORDER + sorted(set(groups) - set(ORDER)):
        if name not in groups:
            continue
        lines += [f"## {TITLES.get(name, name)}", ""]
        about = note(name, environment, groups[name])
        if about:
            lines += [about, ""]
        for plot in PLOTS.get(name, []):
            if plot in plots:
                lines += [f"![{TITLES[name]}]({plot}.svg)", ""]
        lines += [*table(groups[name]), ""]
    lines += ["## Where and with what", "", *environment_lines(environment), ""]
    if suite.skipped:
        lines += ["Left out:", "", *[f"- {what}: {why}" for what, why in suite.skipped], ""]
    lines += ["## What is not measured", "", NOT_MEASURED, "",
              "Every figure is the median of n samples; samples of what is compared were taken in turns. The answers of "
              "every bench were checked before it was timed. All samples are in `results.jsonl`; `bench/compare A B` tells two "
              "runs apart.", ""]
    path = folder / "report.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
