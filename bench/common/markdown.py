"""Tables and bars on standard output, messages on standard error."""

import math
import sys


def say(text):
    print(f"bench/run: {text}", file=sys.stderr)


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def multiple(value, form="{:.2f}"):
    """Most by fewest: infinite where some had none."""
    return form.format(value) if math.isfinite(value) else "∞"


def head(title, *cells):
    print(f"\n**{title}**\n")
    row(*cells)
    row("---", *["---:"] * (len(cells) - 1))


class Bars:
    """What was promised, and whether it holds."""

    missed = []

    @classmethod
    def check(cls, what, value, limit, at_most=True, form="{:.2f}"):
        kept = value <= limit if at_most else value >= limit
        if not kept:
            cls.missed.append(what)
        sign = "≤" if at_most else "≥"
        return f"{sign} {form.format(limit)}: {'kept' if kept else '**missed**'}"
