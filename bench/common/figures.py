"""What a run has measured, kept for the plots: a file a table, which bench/plot draws."""

import json
import statistics


class Figures:
    tables = {}

    @classmethod
    def add(cls, table, title, unit, rows, at_least=False):
        """A chart of a table. A row is its label, its figures (of each round, or one), and the bar that it has to
        keep, or None; a bar is a most unless it is said to be a least."""
        chart = {"title": title.replace("`", ""), "unit": unit, "at_least": at_least, "rows": []}
        for label, values, bar in rows:
            values = list(values) if isinstance(values, (list, tuple)) else [values]
            chart["rows"].append({"label": label.replace("`", ""), "median": statistics.median(values),
                                  "least": min(values), "most": max(values), "rounds": len(values), "bar": bar})
        cls.tables.setdefault(table, []).append(chart)

    @classmethod
    def save(cls, directory, run):
        """`run` says what has been measured, where and when. The files that were written."""
        directory.mkdir(parents=True, exist_ok=True)
        paths = []
        for table, charts in cls.tables.items():
            paths.append(directory / f"{table}.json")
            text = json.dumps({"run": run, "charts": charts}, indent=1, ensure_ascii=False)
            paths[-1].write_text(text + "\n", encoding="utf-8")
        return paths
