"""The plots of a report, from results. Each returns True when there was something to draw."""

from suite import console, svg

STAGES = ["ingest", "decode", "normalize", "match", "emotion", "dedup", "triage", "publish"]
REST = "rest"  # of the process: reading by the kernel's own threads, starting, output
WIDTH = 760
CUT_AT = 4  # a stacked bar so many times as long as the first one is cut


def value_text(value):
    return console.number(value)


def bar_label(name):
    """A row of the pipeline bench in words."""
    kind, _, value = name.partition("-")
    words = {"hits": f"{value} of posts match".replace("%", " %"), "phrases": f"{int(value):,} phrases"
             if value.isdigit() else value, "text": f"{value} bytes of text", "record": {"short": "200-byte records", "x": "5 KB records"}.get(value),
             "parse": f"parse {value}", "base": "base"}
    return words.get(kind) or name


def bar_order(name):
    """Base first, then each axis from small to large."""
    kind, _, value = name.partition("-")
    digits = value.rstrip("%")
    place = ["base", "parse", "hits", "phrases", "text", "record"].index(kind) if kind in (
        "base", "parse", "hits", "phrases", "text", "record") else 9
    return place, float(digits) if digits.replace(".", "").isdigit() else 0, value


def y_axis(picture, scale, ticks, left, right, unit):
    for tick in ticks:
        y = scale.at(tick)
        picture.line(left, y, right, y)
        picture.text(left - 8, y + 4, svg.short(tick), size=11, colour=svg.SOFT, anchor="end")
    picture.text(left - 8, scale.end - 14, unit, size=11, colour=svg.SOFT, anchor="end")


def throughput_by_rules(rows, path):
    """Posts a second of one core by number of phrases."""
    points = []
    for name, row in rows.items():
        if name.startswith("pipeline/phrases-"):
            points.append((int(name.rpartition("-")[2]), row))
    base = rows.get("pipeline/base")
    if base and points:
        points.append((base_phrases(base), base))
    if len(points) < 2:
        return False
    points.sort(key=lambda point: point[0])
    picture = svg.Picture(WIDTH, 400, "Throughput by number of phrases",
                          "posts a second of one core, everything on; the bar is the range of all runs")
    left, right, top, bottom = 78, WIDTH - 40, 100, 340
    most = max(1e9 / row["min"] for _, row in points)
    ticks = svg.nice_ticks(most)
    y = svg.Scale(0, ticks[-1], bottom, top)
    x = svg.Scale(points[0][0], points[-1][0], left + 40, right - 40, log=True)
    y_axis(picture, y, ticks, left, right, "posts/s")
    picture.path([(x.at(n), y.at(1e9 / row["value"])) for n, row in points], svg.COLOURS[0])
    for n, row in points:
        picture.line(x.at(n), y.at(1e9 / row["max"]), x.at(n), y.at(1e9 / row["min"]), svg.COLOURS[0], 2)
        picture.dot(x.at(n), y.at(1e9 / row["value"]), svg.COLOURS[0], 5, f"{row['value']:.0f} ns/post")
        picture.text(x.at(n), y.at(1e9 / row["min"]) - 12, svg.short(round(1e9 / row["value"], -3)), size=12,
                     anchor="middle", weight="bold")
        picture.text(x.at(n), bottom + 20, f"{n:,}", size=12, colour=svg.SOFT, anchor="middle")
    picture.text((left + right) / 2, bottom + 44, "phrases in the rules", size=12, colour=svg.SOFT, anchor="middle")
    picture.save(path)
    return True


def base_phrases(row):
    words = row.get("corpus", "").split()
    return int(words[words.index("--phrases") + 1]) if "--phrases" in words else row.get("patterns", 0)


def spread(places, apart):
    """Ascending places, moved as little as need be so that they are so far apart."""
    groups = []  # (sum of where its members want to begin, members)
    for i, place in enumerate(places):
        groups.append((place, 1))
        while len(groups) > 1:
            (a, n), (b, m) = groups[-2:]
            if a / n + (n - 1) / 2 * apart + apart <= b / m - (m - 1) / 2 * apart:
                break
            groups[-2:] = [(a + b, n + m)]
    return [total / n + (k - (n - 1) / 2) * apart for total, n in groups for k in range(n)]


def latency(rows, path):
    """Percentiles of latency by rate, with and without reloads."""
    runs = {}
    for name, row in rows.items():
        kind, _, rest = name.partition("/")
        rate, _, share = rest.partition("/")
        if kind in ("latency", "latency-reload") and (share.startswith("p") or share == "max"):
            runs.setdefault((kind, int(rate)), {})[share] = row
    if not runs:
        return False
    shares = ["p50", "p90", "p99", "p99.9", "max"]
    order = sorted(runs)
    height = 420
    picture = svg.Picture(WIDTH, height, "Latency from the intended send time",
                          "source to ring to reader, median and range of the runs; microseconds, logarithmic; lower is better")
    left, right, top, bottom = 78, WIDTH - 190, 100, height - 60
    ends = [row[end] for run in runs.values() for row in run.values() for end in ("min", "max") if row[end] > 0]
    ticks = svg.decades(min(ends), max(ends))
    y = svg.Scale(ticks[0], ticks[-1], bottom, top, log=True)
    x = svg.Scale(0, len(shares) - 1, left + 30, right - 30)
    y_axis(picture, y, ticks, left, right, "µs")
    for i, share in enumerate(shares):
        picture.text(x.at(i), bottom + 20, share, size=12, colour=svg.SOFT, anchor="middle")
    labels = []
    for k, key in enumerate(order):
        colour, dash = svg.COLOURS[k % len(svg.COLOURS)], "6 4" if key[0] == "latency-reload" else None
        points = [(x.at(i), y.at(runs[key][share]["value"])) for i, share in enumerate(shares) if share in runs[key]]
        picture.path(points, colour, dash=dash)
        for i, share in enumerate(shares):
            if share in runs[key]:
                row, px = runs[key][share], x.at(i) + 3 * (k - (len(order) - 1) / 2)
                picture.line(px, y.at(row["min"]), px, y.at(row["max"]), colour, 1.5)
                picture.dot(x.at(i), y.at(row["value"]), colour)
        what = " + reloads" if key[0] == "latency-reload" else ""
        labels.append((points[-1][1], f"{svg.short(key[1])} posts/s{what}", colour))
    last = x.at(len(shares) - 1)
    for (at, label, colour), place in zip(sorted(labels), spread([at for at, _, _ in sorted(labels)], 16)):
        picture.line(last + 8, at, last + 26, place, colour, 1)
        picture.text(last + 30, place + 4, label, size=12, colour=colour, weight="bold")
    picture.save(path)
    return True


def stages(rows, path):
    """Cost per stage as stacked bars: parse fast and strict, NDJSON and ring."""
    bars = []
    for mode in ("strict", "fast", "strict-ring", "fast-ring"):
        costs = {s: rows[f"stage/{mode}/{s}"]["value"] for s in STAGES if f"stage/{mode}/{s}" in rows}
        if costs:
            costs = with_rest(costs, rows.get(f"stage/{mode}/all"))
            kind, _, ring = mode.partition("-")
            bars.append((f"parse {kind}, {'ring' if ring else 'NDJSON'}", costs))
    share = f"; {percent_matched(rows)} of the posts match" if "pipeline/base" in rows else ""
    return stacked(bars, "CPU per post, stage by stage", f"nanoseconds{share}; one thread, and the kernel's", path)


def with_rest(costs, whole):
    """As much as the whole process took: else the bar is shorter than the figure beside it."""
    return {**costs, REST: max(0.0, whole["value"] - sum(costs.values()))} if whole else costs


def percent_matched(rows):
    return f"{rows['pipeline/base']['matched_share'] * 100:.0f} %"


def stages_by_axis(rows, path):
    """The same for the axes of the pipeline bench."""
    bars = sorted(((name.partition("/")[2], with_rest(row["stage_ns"], row)) for name, row in rows.items() if row.get("stage_ns")),
                  key=lambda bar: bar_order(bar[0]))
    base = rows.get("pipeline/base")
    about = f"base: {percent_matched(rows)} match, {base['patterns']:,} patterns, {base['bytes_per_post']}-byte records, " \
            f"parse {base['parse']}; " if base else ""
    return stacked([(bar_label(name), costs) for name, costs in bars], "CPU per post, by what differs",
                   f"nanoseconds; {about}each bar says what differs", path)


PARTS = [*zip(svg.COLOURS, STAGES), (svg.REST, REST)]  # of a stacked bar


def stacked(bars, title, subtitle, path):
    """Bars that are much longer than the first are cut: they show shares, and their length in words."""
    if not bars:
        return False
    height = 130 + 34 * len(bars)
    picture = svg.Picture(WIDTH, height, title, subtitle)
    left, right, top = 170, WIDTH - 130, 104
    totals = [sum(costs.values()) for _, costs in bars]
    ticks = svg.nice_ticks(max(total for total in totals if total <= CUT_AT * totals[0]))
    x = svg.Scale(0, ticks[-1], left, right)
    for tick in ticks:
        picture.line(x.at(tick), top - 4, x.at(tick), height - 34)
        picture.text(x.at(tick), height - 16, svg.short(tick), size=11, colour=svg.SOFT, anchor="middle")
    at = 24
    for colour, stage in PARTS:
        picture.rect(at, 72, 12, 12, colour, radius=2)
        picture.text(at + 17, 82, stage, size=12)
        at += 32 + 7.2 * len(stage)
    for i, ((label, costs), total) in enumerate(zip(bars, totals)):
        y, start, unit = top + 34 * i, 0.0, min(1.0, ticks[-1] / total)
        picture.text(left - 10, y + 16, label, size=12, anchor="end")
        for colour, stage in PARTS:
            cost = costs.get(stage, 0) * unit
            picture.rect(x.at(start), y, x.at(start + cost) - x.at(start), 24, colour,
                         f"{stage}: {costs.get(stage, 0):.0f} ns")
            start += cost
        picture.text(x.at(start) + 8, y + 16, value_text(total) + ("  (cut)" if unit < 1 else ""), size=12, weight="bold")
        if unit < 1:
            picture.path([(x.at(start) - 14, y - 3), (x.at(start) - 8, y + 12), (x.at(start) - 14, y + 27)], svg.PAPER, 4)
    picture.save(path)
    return True


def peers(rows, path):
    """CPU per post beside other tools, logarithmic."""
    bars = sorted((row for name, row in rows.items() if name.startswith("peers/")), key=lambda row: row["value"])
    if len(bars) < 2:
        return False
    height = 118 + 34 * len(bars)
    picture = svg.Picture(WIDTH, height, "CPU per post beside other tools",
                          "nanoseconds, logarithmic, with the range; hydrant does its whole job, the others only look for the phrases")
    left, right, top = 345, WIDTH - 135, 84
    ticks = svg.decades(min(row["value"] for row in bars) / 1.5, max(row["value"] for row in bars))
    x = svg.Scale(ticks[0], ticks[-1], left, right, log=True)
    for tick in ticks:
        picture.line(x.at(tick), top - 6, x.at(tick), height - 34)
        picture.text(x.at(tick), height - 16, svg.short(tick), size=11, colour=svg.SOFT, anchor="middle")
    for i, row in enumerate(bars):
        y = top + 34 * i
        mine = row["name"].startswith("peers/hydrant")
        picture.text(left - 10, y + 16, row["label"], size=12, anchor="end", weight="bold" if mine else "normal")
        colour = svg.COLOURS[0] if mine else svg.SOFT
        picture.line(left, y + 12, right, y + 12)
        picture.line(x.at(row["min"]), y + 12, x.at(row["max"]), y + 12, colour, 3)
        picture.dot(x.at(row["value"]), y + 12, colour, 6, f"{row['value']:.0f} ns")
        times = f"   ×{console.number(row['ratio'])}" if not mine and row.get("ratio") else ""
        picture.text(x.at(max(row["value"], row["max"])) + 10, y + 16, value_text(row["value"]) + times, size=12,
                     weight="bold" if mine else "normal")
    picture.save(path)
    return True


def fit_usl(points):
    """(lambda, sigma, kappa) of X(N) = lambda N / (1 + sigma (N-1) + kappa N (N-1)) by least squares
    over N / X; with two points kappa is taken as 0."""
    n1, x1 = points[0]
    unit = x1 / n1
    rows = [(n, unit * n / x - 1) for n, x in points[1:]]
    if not rows:
        return unit, 0.0, 0.0
    if len(rows) == 1:
        n, y = rows[0]
        return unit, max(0.0, y / (n - 1)), 0.0
    a = sum((n - 1) ** 2 for n, _ in rows)
    b = sum((n - 1) * n * (n - 1) for n, _ in rows)
    d = sum((n * (n - 1)) ** 2 for n, _ in rows)
    p, q = sum((n - 1) * y for n, y in rows), sum(n * (n - 1) * y for n, y in rows)
    determinant = a * d - b * b
    sigma, kappa = ((p * d - q * b) / determinant, (a * q - b * p) / determinant) if determinant else (p / a, 0.0)
    if kappa < 0:
        sigma, kappa = p / a, 0.0
    if sigma < 0:
        sigma, kappa = 0.0, max(0.0, q / d)
    return unit, max(0.0, sigma), kappa


def usl(parameters, n):
    unit, sigma, kappa = parameters
    return unit * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def scaling(rows, path):
    """Posts a second by workers, with the fit of the Universal Scalability Law."""
    points = sorted((row["workers"], row) for name, row in rows.items() if name.startswith("workers/"))
    if len(points) < 2:
        return False
    fit = fit_usl([(n, row["value"]) for n, row in points])
    formula = f"USL: σ = {fit[1]:.3f}, κ = {fit[2]:.5f}" + ("; two points: κ is taken as 0" if len(points) == 2 else "")
    picture = svg.Picture(WIDTH, 400, "Scaling by workers",
                          f"posts a second, wall clock, as many cores as workers; {formula}")
    left, right, top, bottom = 78, WIDTH - 40, 100, 340
    cores = points[-1][0]
    ticks = svg.nice_ticks(max(max(row["max"] for _, row in points), fit[0] * cores))
    y, x = svg.Scale(0, ticks[-1], bottom, top), svg.Scale(0, cores * 1.05, left, right)
    y_axis(picture, y, ticks, left, right, "posts/s")
    steps = [cores * i / 60 for i in range(1, 61)]
    picture.path([(x.at(0), y.at(0)), (x.at(cores), y.at(fit[0] * cores))], svg.SOFT, 1.5, "3 5")
    picture.path([(x.at(n), y.at(usl(fit, n))) for n in steps if n >= 1], svg.COLOURS[0])
    picture.text(x.at(cores) - 8, y.at(fit[0] * cores) - 8, "linear", size=12, colour=svg.SOFT, anchor="end")
    for n, row in points:
        picture.line(x.at(n), y.at(row["min"]), x.at(n), y.at(row["max"]), svg.COLOURS[0], 2)
        picture.dot(x.at(n), y.at(row["value"]), svg.COLOURS[0], 5)
        picture.text(x.at(n) + (12 if n < cores else -12), y.at(row["min"]) + (18 if n < cores else 30),
                     f"{svg.short(round(row['value'], -3))} (×{row['value'] / points[0][1]['value']:.2f})", size=12,
                     weight="bold", anchor="start" if n < cores else "end")
        picture.text(x.at(n), bottom + 20, n, size=12, colour=svg.SOFT, anchor="middle")
    picture.text((left + right) / 2, bottom + 44, "workers", size=12, colour=svg.SOFT, anchor="middle")
    picture.save(path)
    return True


ALL = {"throughput-by-phrases": throughput_by_rules, "stages": stages, "stages-by-axis": stages_by_axis, "peers": peers, "latency": latency,
       "scaling": scaling}


def draw(folder, rows):
    """Draws what there are results for; the names of the files."""
    return [name for name, chart in ALL.items() if chart(rows, folder / f"{name}.svg")]
