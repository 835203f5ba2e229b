"""Draws what Figures has kept: bar charts as SVG, one below the other."""

import html
import math

WIDTH, LABELS, VALUES = 860, 300, 110  # pixels: all, and what lies to the left and to the right of the bars
ROW, HEAD, GAP, MARGIN = 22, 40, 18, 16
BAR = 14

INK, MUTED, GRID = "#1f2328", "#656d76", "#d0d7de"
PLAIN, KEPT, MISSED = "#8c9bab", "#2f7d4f", "#b3392f"


def text(x, y, content, anchor="start", size=12, color=INK, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}" '
            f'font-weight="{weight}">{html.escape(content)}</text>')


def line(x1, y1, x2, y2, color, width=1.0):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"/>'


def number(value):
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def round_up(value):
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))


def draw_row(row, at_least, y, place):
    """A bar up to the median, a whisker over the rounds, a mark at what has to be kept."""
    middle = y + ROW / 2
    median, bar = row["median"], row["bar"]
    color = PLAIN
    if bar is not None:
        color = KEPT if (median >= bar if at_least else median <= bar) else MISSED
    parts = [text(LABELS - 10, middle + 4, row["label"], "end"),
             f'<rect x="{LABELS}" y="{middle - BAR / 2:.1f}" width="{max(place(median) - LABELS, 1):.1f}" '
             f'height="{BAR}" rx="2" fill="{color}"/>']
    if row["most"] > row["least"]:
        low, high = place(row["least"]), place(row["most"])
        parts += [line(low, middle, high, middle, INK, 1.2),
                  *[line(x, middle - 3.5, x, middle + 3.5, INK, 1.2) for x in (low, high)]]
    if bar is not None:
        parts.append(line(place(bar), middle - ROW / 2 + 1, place(bar), middle + ROW / 2 - 1, INK, 2))
    parts.append(text(WIDTH - VALUES + 12, middle + 4,
                      number(median) + (f" ({'≥' if at_least else '≤'} {number(bar)})" if bar is not None else "")))
    return parts


def draw_chart(chart, top):
    """Its parts, and where the next one begins."""
    rows = [row for row in chart["rows"] if math.isfinite(row["median"])]
    finite = [value for row in rows for value in (row["most"], row["median"], row["bar"])
              if value is not None and math.isfinite(value)]
    most = round_up(max(finite)) if finite and max(finite) > 0 else 1

    def place(value):
        return LABELS + min(value / most, 1) * (WIDTH - VALUES - LABELS)

    bottom = top + HEAD + ROW * len(chart["rows"])
    parts = [text(MARGIN, top + 14, f'{chart["title"]} ({chart["unit"]})', size=14, weight="600")]
    for i in range(5):
        x = place(most * i / 4)
        parts += [line(x, top + HEAD - 4, x, bottom, GRID),
                  text(x, top + HEAD - 9, number(most * i / 4), "middle", 10, MUTED)]
    for i, row in enumerate(chart["rows"]):
        y = top + HEAD + ROW * i
        if math.isfinite(row["median"]):
            parts += draw_row(row, chart["at_least"], y, place)
        else:
            parts += [text(LABELS - 10, y + ROW / 2 + 4, row["label"], "end"),
                      text(LABELS + 6, y + ROW / 2 + 4, "some had none", color=MUTED)]
    return parts, bottom + GAP


def draw(table):
    """The SVG of a table's file."""
    parts, y = [], MARGIN
    for chart in table["charts"]:
        drawn, y = draw_chart(chart, y)
        parts += drawn
    parts.append(text(MARGIN, y + 4, "Bars: medians; whiskers: least and most of the rounds; marks: what has to be kept. "
                      + table["run"], size=10, color=MUTED))
    height = y + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="system-ui, sans-serif">',
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>', *parts, "</svg>", ""])
