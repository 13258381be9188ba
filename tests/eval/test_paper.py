"""The paper's printed figures, as data of our own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ampo.eval import paper
from ampo.eval.suites import SUITES

AMPO_7B = "SII-Enigma/Qwen2.5-7B-Ins-AMPO"


def test_the_models_row_as_printed() -> None:
    row = paper.row_of(AMPO_7B)
    assert row
    assert row.figures == {
        "aime24": 14.0,
        "aime25": 14.1,
        "amc": 48.0,
        "math500": 80.8,
        "minerva": 39.3,
        "olympiadbench": 45.9,
        "arc_challenge": 92.7,
        "gpqa_diamond": 40.4,
        "mmlu_pro": 59.6,
    }
    assert row.averages == {"math_avg": 40.4, "ood_avg": 64.2}
    assert row.source == "arXiv 2510.02227, Table 1"
    revised = paper.row_of(AMPO_7B, "revision")
    assert revised
    assert revised.figures == pytest.approx(
        dict(zip(SUITES["paper"], (17.4, 17.7, 50.5, 80.2, 39.0, 44.7, 92.3, 39.9, 60.2), strict=True))
    )


def test_notes_are_about_rows_that_exist() -> None:
    assert len(paper.notes()) == 3
    assert paper.notes("revision") == ()
    assert [note[:12] for note in paper.notes(row="Qwen2.5-7B-Ins-AMPO")] == ["gpqa_diamond"]
    assert sum(len(paper.notes(row=row.name)) for row in paper.rows()) == 1 + 2 + 3
    assert paper.notes(row="LUFFY") == ()


@pytest.mark.parametrize("table", ["paper", "revision"])
def test_every_row_has_the_nine_sets_and_the_printed_averages_are_their_means(table: paper.Table) -> None:
    assert len({row.name for row in paper.rows(table)}) == len(paper.rows(table)) == {"paper": 13, "revision": 3}[table]
    for row in paper.rows(table):
        assert tuple(row.figures) == SUITES["paper"]
        means = {"math_avg": SUITES["ampo"], "ood_avg": SUITES["ood"]}
        for average, printed in row.averages.items():
            mean = sum(row.figures[b] for b in means[average]) / len(means[average])
            if (row.name, average, table) == ("Llama3.2-8B-Ins-AMPO", "math_avg", "paper"):
                assert (printed, round(mean, 1)) == (24.5, 26.9)  # as the notes say
            else:
                assert printed == pytest.approx(mean, abs=0.11)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (AMPO_7B, "Qwen2.5-7B-Ins-AMPO"),
        ("sii-enigma/qwen2.5-7b-ins-ampo@main", "Qwen2.5-7B-Ins-AMPO"),
        ("/models/Qwen2.5-7B-Ins-AMPO/", "Qwen2.5-7B-Ins-AMPO"),
        ("./Qwen2.5-7B-Ins-AMPO", "Qwen2.5-7B-Ins-AMPO"),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen2.5-7B-Instruct"),
        ("LUFFY", "LUFFY"),
        ("someone/Qwen2.5-7B-Ins-AMPO", None),
        ("Qwen/Qwen2.5-7B", None),
        ("smollm2-135m", None),
        ("", None),
    ],
)
def test_which_names_mean_which_row(name: str, printed: str | None) -> None:
    row = paper.row_of(name)
    assert (row.name if row else None) == printed


def test_the_data_are_those_of_the_source() -> None:
    folder = os.environ.get("AMPO_DATA_DIR")
    source = Path(folder or ".").parent / "paper" / "table1.json"
    if not folder or not source.is_file():
        pytest.skip("AMPO_DATA_DIR has no ../paper/table1.json")
    tables = json.loads(source.read_text())
    tables_of_ours: tuple[paper.Table, ...] = ("paper", "revision")
    for table in tables_of_ours:
        ours = {row.name: {**row.figures, **row.averages} for row in paper.rows(table)}
        assert ours == {name.rpartition("/")[2]: figures for name, figures in tables[table].items()}
