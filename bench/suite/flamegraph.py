"""Flame graphs: stacks of perf script folded and drawn as SVG. Width is the share of samples; the
bottom row is the whole, callees stand on their callers, alphabetically; hover tells the rest."""

import re
import zlib

from suite import svg

ROW, LEFT, TOP = 18, 12, 76
LEAST_WIDTH = 0.8  # narrower boxes are left out


class Frame:
    """A function in its place: samples in it and below."""

    def __init__(self, name, kind=""):
        self.name, self.kind, self.samples, self.children = name, kind, 0, {}

    def add(self, stack):
        self.samples += 1
        at = self
        for name, kind in stack:
            at = at.children.setdefault(name, Frame(name, kind))
            at.samples += 1

    def depth(self, least):
        """Rows of boxes that have at least so many samples."""
        return 1 + max((child.depth(least) for child in self.children.values() if child.samples >= least), default=0)


def clean(name):
    """Without offsets and what compilers append."""
    name = re.sub(r"\+0x[0-9a-f]+$", "", name)
    name = re.sub(r"\.(isra|part|constprop|cold)\.?\d*", "", name)
    return "[unknown]" if name in ("", "[unknown]") else name


def kind_of(place):
    """Whose code it is, by the file it is in."""
    if place.startswith("[") or place.endswith(".ko"):
        return "kernel"
    return "hydrant" if "hydrant" in place.rpartition("/")[2] or "/bench-" in place else "library"


def stacks(text):
    """Each sample of perf script as [(function, kind)] from the outermost caller inwards, thread name
    first."""
    thread, frames = None, []
    for line in text.splitlines():
        if not line.strip():
            if thread is not None:
                yield [(thread, ""), *reversed(frames)]
            thread, frames = None, []
        elif line[0] not in " \t":
            thread = line.split()[0]
        else:
            found = re.match(r"\s+[0-9a-f]+ (.+?)(?: \((.*)\))?$", line)
            if found:
                frames.append((clean(found.group(1)), kind_of(found.group(2) or "")))
    if thread is not None:
        yield [(thread, ""), *reversed(frames)]


def fold(text):
    root = Frame("all")
    for stack in stacks(text):
        root.add([frame for i, frame in enumerate(stack) if frame[0] != "[unknown]" or i + 1 == len(stack)])
    return root


def colour(frame):
    """The same for the same name: hydrant's own orange, the kernel grey, libraries blue."""
    shade = zlib.crc32(frame.name.encode()) % 40
    if frame.kind == "hydrant":
        return f"rgb({225 + shade // 2},{120 + shade},{60 + shade})"
    if frame.kind == "library":
        return f"rgb({110 + shade},{165 + shade},{210 + shade // 2})"
    return f"rgb({185 + shade // 2},{188 + shade // 2},{192 + shade // 2})"


def draw(root, path, title, subtitle, width=1200):
    scale = (width - 2 * LEFT) / max(1, root.samples)
    height = TOP + ROW * root.depth(LEAST_WIDTH / scale) + 24
    picture = svg.Picture(width, height, title, subtitle)

    def box(frame, x, level):
        wide = frame.samples * scale
        if wide < LEAST_WIDTH:
            return
        y = height - 24 - ROW * (level + 1)
        share = 100 * frame.samples / root.samples
        picture.rect(x, y, wide - 0.5, ROW - 1, colour(frame), f"{frame.name}: {share:.1f} %", radius=1)
        letters = int((wide - 6) / 6.4)
        if letters >= 3:
            name = frame.name if len(frame.name) <= letters else frame.name[:letters - 1] + "…"
            picture.text(x + 3, y + 12.5, name, size=11)
        for name in sorted(frame.children):
            child = frame.children[name]
            box(child, x, level + 1)
            x += child.samples * scale
    box(root, LEFT, 0)
    picture.save(path)
