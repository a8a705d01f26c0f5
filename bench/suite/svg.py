"""A small SVG writer: shapes and text with a font, colours that are told apart by most eyes, and the
axes that charts share."""

import html
import math

INK, SOFT, GRID, PAPER = "#1d2733", "#5d6b7a", "#e3e8ee", "#ffffff"
# Okabe and Ito's colours, which people with colour-blindness can tell apart, slightly calmed.
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a900", "#7a7a7a"]
REST = "#cfd6de"  # what belongs to none of them
FONT = "font-family=\"'Inter','Helvetica Neue',Arial,'DejaVu Sans',sans-serif\""


class Picture:
    """An SVG of width x height; add shapes, then save."""

    def __init__(self, width, height, title, subtitle=""):
        self.width, self.height = width, height
        self.parts = [f'<rect width="{width}" height="{height}" fill="{PAPER}"/>']
        self.text(24, 34, title, size=18, weight="bold")
        if subtitle:
            self.text(24, 55, subtitle, size=12, colour=SOFT)

    def rect(self, x, y, width, height, colour, title=None, radius=0):
        hover = f"<title>{html.escape(title)}</title>" if title else ""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0, width):.1f}" height="{height:.1f}" '
                          f'rx="{radius}" fill="{colour}">{hover}</rect>')

    def line(self, x1, y1, x2, y2, colour=GRID, width=1.0, dash=None):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"{dashes}/>')

    def path(self, points, colour, width=2.5, dash=None):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        data = " ".join(f"{'M' if i == 0 else 'L'}{x:.1f},{y:.1f}" for i, (x, y) in enumerate(points))
        self.parts.append(f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width}" '
                          f'stroke-linejoin="round" stroke-linecap="round"{dashes}/>')

    def area(self, points, colour):
        data = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{data}" fill="{colour}" opacity="0.15"/>')

    def dot(self, x, y, colour, radius=4.0, title=None):
        hover = f"<title>{html.escape(title)}</title>" if title else ""
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" stroke="{PAPER}" '
                          f'stroke-width="1.5">{hover}</circle>')

    def text(self, x, y, text, size=12, colour=INK, anchor="start", weight="normal", turn=None):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn is not None else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
                          f'text-anchor="{anchor}" font-weight="{weight}" {FONT}{turned}>{html.escape(str(text))}'
                          f'</text>')

    def save(self, path):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                f'viewBox="0 0 {self.width} {self.height}">')
        path.write_text(head + "\n" + "\n".join(self.parts) + "\n</svg>\n", encoding="utf-8")


def nice_ticks(most, count=5):
    """0 and round steps up to at least most."""
    if most <= 0:
        return [0, 1]
    rough = most / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough * 0.999)
    ticks = [0.0]
    while ticks[-1] < most * 0.999:
        ticks.append(round(ticks[-1] + step, 12))
    return ticks


def decades(least, most):
    """Powers of ten around least and most."""
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most) - 1e-9)
    return [10.0 ** power for power in range(low, max(high, low + 1) + 1)]


class Scale:
    """From a value to a place on the picture."""

    def __init__(self, least, most, start, end, log=False):
        self.start, self.end, self.log = start, end, log
        self.least, self.most = (math.log10(least), math.log10(most)) if log else (least, most)

    def at(self, value):
        if self.log:
            value = math.log10(max(value, 1e-12))
        share = (value - self.least) / (self.most - self.least) if self.most > self.least else 0.5
        return self.start + share * (self.end - self.start)


def short(value):
    """1200000 as 1.2M, for axes."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{letter}"
    return f"{value:g}"
