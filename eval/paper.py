"""What the paper printed: its Table 1 (arXiv 2510.02227) and the figures of the authors' revised release.

The figures are data, `paper_table1.toml`, in percent as they are printed: aime24, aime25 and amc are avg@32, the other
sets one sample a problem, judged by the authors' scorer (protocol `official`). They are single runs without intervals,
so a difference of a few points from them shows nothing by itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from ampo.eval.suites import SUITES

Table = Literal["paper", "revision"]
AVERAGES = {"math_avg": SUITES["ampo"], "ood_avg": SUITES["ood"]}
"""The printed averages, and the benchmarks that each is over."""


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One printed row.

    table, source: which table it stands in, by name and as a citation.
    name: the model as it is printed. models: its names on the hub, if it has been released.
    figures: benchmark -> percent. averages: the printed `math_avg` and `ood_avg`, where they are printed.
    """

    table: Table
    source: str
    name: str
    models: tuple[str, ...]
    figures: Mapping[str, float]
    averages: Mapping[str, float]


@cache
def rows(table: Table = "paper") -> tuple[PaperRow, ...]:
    """The rows of a table, in the printed order."""
    [found] = [t for t in _data()["tables"] if t["name"] == table]
    return tuple(_row(table, found["source"], row) for row in found["rows"])


def notes(table: Table = "paper", row: str | None = None) -> tuple[str, ...]:
    """What a reader of a table should know: cells that contradict one another. row: only what concerns that one."""
    [found] = [t for t in _data()["tables"] if t["name"] == table]
    return tuple(note["text"] for note in found.get("notes", []) if row is None or row in note["rows"])


def row_of(model: str, table: Table = "paper") -> PaperRow | None:
    """The row of a model: by its hub name (any case, `@revision` ignored), its printed name, or a local folder that is
    named like either. None for a model that is not in the table.
    """
    asked = re.sub(r"@[^/]*$", "", model).rstrip("/").lower()
    for row in rows(table):
        names = {row.name.lower(), *(m.lower() for m in row.models)}
        last = {name.rpartition("/")[2] for name in names}
        if asked in names or (asked.rpartition("/")[2] in last and not _other_owner(asked, names)):
            return row
    return None


def _other_owner(asked: str, names: set[str]) -> bool:
    """Is this "owner/name" of the hub, with an owner that is not the row's? Someone's own model of the same name."""
    is_hub_name = asked.count("/") == 1 and not asked.startswith((".", "/", "~"))
    return is_hub_name and asked not in names


@cache
def _data() -> dict:
    return tomllib.loads(files("ampo.eval").joinpath("paper_table1.toml").read_text(encoding="utf-8"))


def _row(table: Table, source: str, row: Mapping) -> PaperRow:
    numbers = {key: float(value) for key, value in row.items() if key not in ("name", "models")}
    return PaperRow(
        table=table,
        source=source,
        name=row["name"],
        models=tuple(row["models"]),
        figures={key: value for key, value in numbers.items() if key not in AVERAGES},
        averages={key: value for key, value in numbers.items() if key in AVERAGES},
    )
