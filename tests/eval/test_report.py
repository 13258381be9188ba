"""Reports as text, and where their figures come from."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ampo.errors import UserError
from ampo.eval import paper
from ampo.eval.report.command import default_page, load_runs, printed_rows
from ampo.eval.report.formats import render
from ampo.eval.report.page import page
from ampo.eval.report.responses import carried, chunks_of, index_of, rows_of
from ampo.eval.report.source import against, load
from ampo.eval.rundir import RunDir
from ampo.types import Problem

SaveRun = Callable[..., RunDir]
MODEL = "SII-Enigma/Qwen2.5-7B-Ins-AMPO"
PROBLEMS = [Problem(f"{b}/{i}", "1 + 1?", "2", b) for b in ("aime24", "arc_challenge") for i in range(3)]


def said(right: int = 3) -> list[dict[str, Any]]:
    """Two samples of each problem; `right` of the first benchmark's six, and none of the second's."""
    rows: list[dict[str, Any]] = []
    for problem in PROBLEMS:
        for sample in range(2):
            good = problem.benchmark == "aime24" and len(rows) < right
            outcomes = {"ampo": "correct" if good else "wrong", "official": "wrong"}
            rows.append({"problem": problem.id, "outcomes": outcomes, "extracted": "2" if good else f"{sample}"})
    return rows


@pytest.fixture
def run(save_run: SaveRun) -> RunDir:
    return save_run("a_run", PROBLEMS, said(), model=MODEL)


def test_markdown(run: RunDir) -> None:
    text = render("md", load([run.path]), {})
    [line] = [line for line in text.splitlines() if line.startswith("| aime24")][:1]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    metrics = run.read_metrics()["benchmarks"]["aime24"]
    assert cells[:2] == ["aime24", "3 × 2"]
    assert cells[2] == f"50.0 [{100 * metrics['ci95'][0]:.1f}, {100 * metrics['ci95'][1]:.1f}]"
    assert text.count("| mean |") == 2, "one table a protocol"
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_markdown_of_two_runs_puts_them_side_by_side(run: RunDir, save_run: SaveRun) -> None:
    other = save_run("b|run", PROBLEMS, said(right=6))
    lines = render("md", load([run.path, other.path]), {}).splitlines()
    assert lines[2] == "| benchmark | a_run | b\\|run |"
    assert re.match(r"\| aime24 \| 50\.0 \[.*\] \| 100\.0 \[.*\] \|", lines[4])


def test_json_holds_the_metrics_as_they_are(run: RunDir) -> None:
    runs = load([run.path])
    rows, _ = against(runs, "paper")
    [entry] = json.loads(render("json", runs, rows))["runs"]
    assert entry["metrics"] == run.read_metrics()
    assert entry["model"] == MODEL
    assert entry["printed"]["benchmarks"]["aime24"] == 0.14


def test_csv_has_a_line_for_each_run_protocol_and_benchmark(run: RunDir) -> None:
    rows = list(csv.DictReader(io.StringIO(render("csv", load([run.path]), {}))))
    assert [(r["protocol"], r["benchmark"]) for r in rows] == [
        (p, b) for p in ("ampo", "official") for b in ("aime24", "arc_challenge")
    ]
    metrics = run.read_metrics()["benchmarks"]["aime24"]
    assert [float(rows[0][c]) for c in ("ci95_low", "ci95_high")] == metrics["ci95"]
    assert float(rows[0]["pass_at_k"]) == metrics["pass_at_k"]["2"]


def test_latex_is_a_table_with_as_many_cells_in_each_row(run: RunDir) -> None:
    runs = load([run.path])
    rows, _ = against(runs, "paper")
    text = render("latex", runs, rows)
    columns = re.search(r"begin\{tabular\}\{(\w+)\}", text)
    assert columns
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) + 1 for line in lines} == {len(columns.group(1))}
    assert r"arc\_challenge" in text
    low, high = run.read_metrics()["benchmarks"]["aime24"]["ci95"]
    assert f"$50.0_{{-{50 - 100 * low:.1f}}}^{{+{100 * high - 50:.1f}}}$" in text
    assert "as printed & 14.0 & 92.7" in text


def test_hub_yaml_is_what_the_hub_reads(run: RunDir) -> None:
    yaml = pytest.importorskip("yaml")
    cards = pytest.importorskip("huggingface_hub.repocard_data")
    [index] = yaml.safe_load(render("hub", load([run.path]), {}))["model-index"]
    name, results = cards.model_index_to_eval_results([index])
    assert name == "Qwen2.5-7B-Ins-AMPO"
    first = next(r for r in results if r.dataset_type == "HuggingFaceH4/aime_2024")
    assert (first.metric_type, first.metric_value) == ("accuracy", 50.0)
    assert "avg@2" in first.metric_name
    assert "3 of 30 problems only" in first.metric_name, "a part of a set is not passed off as the set"
    assert next(r for r in results if r.dataset_type == "allenai/ai2_arc").dataset_config == "ARC-Challenge"


def test_the_papers_row(run: RunDir, save_run: SaveRun) -> None:
    other = save_run("other", PROBLEMS, said(), model="smollm2-135m")
    runs = load([run.path, other.path])
    rows, missing = against(runs, "paper")
    assert list(rows) == ["a_run"]
    assert len(missing) == 1
    assert "smollm2-135m" in missing[0]
    assert "paper:MODEL" in missing[0]
    rows, missing = against(runs, "paper:LUFFY")
    assert rows["other"].figures["aime24"] == 16.4
    assert not missing
    assert against(runs, "revision")[0]["a_run"].figures["aime24"] == 17.4
    with pytest.raises(UserError, match="LUFFY"):
        against(runs, "paper:nobody")
    with pytest.raises(UserError, match="it can be paper"):
        against(runs, "papr")


def test_a_known_model_is_mentioned(run: RunDir) -> None:
    lines: list[str] = []
    assert printed_rows(load([run.path]), None, lines.append) == {}
    assert any("--against paper" in line for line in lines)


def test_the_table_shows_where_the_printed_figure_stands(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    from ampo.eval.report.terminal import show_metrics
    from ampo.terminal import Console

    show_metrics(run.read_metrics(), run.path, Console(width=80, highlight=False), paper.row_of(MODEL))
    out = capsys.readouterr().out
    assert re.search(r"aime24 .* 14\.0 ", out)
    assert re.search(r"arc_challenge .* 92\.7 ↑", out), "92.7 lies above the interval of a score of 0"
    assert max(map(len, out.splitlines())) <= 80


def test_the_papers_averages_stand_beside_ours(save_run: SaveRun, capsys: pytest.CaptureFixture[str]) -> None:
    """Where all of an average's benchmarks are there, in every form: our mean, its interval, and the printed one."""
    from ampo.eval.report.markup import table
    from ampo.eval.report.terminal import show_metrics
    from ampo.terminal import Console

    problems = [Problem(f"{b}/{i}", "1 + 1?", "2", b) for b in paper.AVERAGES["ood_avg"] for i in range(4)]
    said = [{"problem": p.id, "outcomes": {"ampo": "correct" if p.id == "mmlu_pro/0" else "wrong"}} for p in problems]
    runs = load([save_run("ood", problems, said, model=MODEL).path])
    rows, _ = against(runs, "paper")
    found = json.loads(render("json", runs, rows))["runs"][0]["averages"]["ampo"]
    assert list(found) == ["ood_avg"], "the six of mathematics are not there"
    low, high = runs[0].metrics["macro_ci95"]
    assert found["ood_avg"] == {"avg_at_k": pytest.approx(1 / 12), "ci95": [low, high], "printed": 0.642}
    ours = f"8.3 [{100 * low:.1f}, {100 * high:.1f}]"
    [line] = [line for line in render("md", runs, rows).splitlines() if line.startswith("| ood_avg")]
    assert line.startswith(f"| ood_avg |  | {ours} |")
    assert line.endswith("| 64.2 |")
    assert r"mean & ood\_avg" in render("latex", runs, rows)
    assert render("latex", runs, rows).count("& 64.2") == 1
    last = list(csv.DictReader(io.StringIO(render("csv", runs, rows))))[-1]
    assert (last["benchmark"], last["paper"]) == ("ood_avg", "0.642")
    show_metrics(runs[0].metrics, runs[0].path, Console(width=80, highlight=False), rows["ood"])
    assert re.search(r"ood_avg .* 64\.2 ↑", capsys.readouterr().out)
    assert '<th class="left" rowspan="1">ood_avg</th>' in table(runs, "ampo", rows, hidden=False)
    assert "ood_avg" not in render("md", runs, {})


def test_bounds_are_shown_where_a_verdict_was_not(save_run: SaveRun, capsys: pytest.CaptureFixture[str]) -> None:
    from ampo.eval.report.markup import table
    from ampo.eval.report.terminal import show_metrics
    from ampo.terminal import Console

    outcomes = ("correct", "timeout", "wrong", "wrong")
    said = [{"problem": p.id, "outcomes": {"ampo": o}} for p, o in zip(PROBLEMS, outcomes, strict=False)]
    runs = load([save_run("late", PROBLEMS[:4], said).path])
    assert "| 33.3 | 33.3 | 33.3-66.7 | 10 |" in render("md", runs, {})
    assert "<td>33.3-66.7</td>" in table(runs, "ampo", {}, hidden=False)
    show_metrics(runs[0].metrics, runs[0].path, Console(width=80, highlight=False))
    assert "not shown: aime24 33.3 (33.3-66.7)" in capsys.readouterr().out
    in_time = load([save_run("prompt", PROBLEMS[:4], [said[0], *said[2:]]).path])
    assert "| bounds |" not in render("md", in_time, {})
    assert "<th>bounds</th>" not in table(in_time, "ampo", {}, hidden=False)


def test_the_page_tells_lengths_right_against_wrong(run: RunDir) -> None:
    from ampo.eval.report.markup import lengths

    text = lengths(load([run.path]), "ampo", hidden=False)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text)
    assert cells[:9] == ["right", "3", *["10"] * 6, "wrong"]
    assert text.count("<tr>") == 1 + 3, "of the second benchmark there are only wrong ones"


def test_an_unfinished_run_is_reported_as_far_as_it_is(save_run: SaveRun) -> None:
    run = save_run("half", PROBLEMS, said()[:5], wanted=2, metrics=False)
    with run.responses.open("a") as stream:
        stream.write('{"id": "aime24/2#1", "prob')  # the process was killed here, or is still writing
    before = {file.name: file.read_bytes() for file in run.path.iterdir()}
    [shown] = load([run.path])
    assert shown.metrics["benchmarks"]["aime24"]["n_samples"] == 5
    assert shown.protocols["official"]["benchmarks"]["aime24"]["avg_at_k"] == 0
    assert "5 of 12 samples" in shown.notes[0]
    assert len(rows_of([shown])) == 5
    assert {file.name: file.read_bytes() for file in run.path.iterdir()} == before, "reading writes nothing"


def test_old_metrics_are_not_passed_off_as_those_of_more_responses(save_run: SaveRun) -> None:
    old = save_run("old", PROBLEMS, said()[:2])
    run = save_run("grown", PROBLEMS, said(), metrics=False)
    run.metrics.write_bytes(old.metrics.read_bytes())
    assert load([run.path])[0].metrics["benchmarks"]["aime24"]["n_samples"] == 6


def test_responses_without_verdicts(save_run: SaveRun) -> None:
    some = said()
    some[3]["outcomes"] = {}
    [shown] = load([save_run("some", PROBLEMS, some, metrics=False).path])
    assert "1 of 12 responses" in shown.notes[0]
    unjudged = save_run("none", PROBLEMS, [row | {"outcomes": {}} for row in said()], metrics=False)
    with pytest.raises(UserError, match=r"no verdicts yet: `ampo score .*none`"):
        load([unjudged.path])
    with pytest.raises(UserError, match="no responses yet"):
        load([save_run("empty", PROBLEMS, [], metrics=False).path])


def test_results_of_lm_eval(tmp_path: Path) -> None:
    results = {
        "results": {
            "gsm8k": {"alias": "gsm8k", "exact_match,strict-match": 0.25, "exact_match_stderr,strict-match": 0.05}
        },
        "configs": {"gsm8k": {}},
        "higher_is_better": {"gsm8k": {"exact_match": True}},
        "n-samples": {"gsm8k": {"original": 1319, "effective": 80}},
        "model_name": "some/model",
    }
    file = tmp_path / "results_2026-01-01T00-00-00.000000.json"
    file.write_text(json.dumps(results))
    for path in (file, tmp_path):
        runs = load([path])
        assert runs[0].model == "some/model"
        assert "| gsm8k | 80 × 1 | 25.0 [" in render("md", runs, {})
        for form in ("json", "csv", "latex", "hub"):
            assert "25" in render(form, runs, {})


def test_labels_tell_runs_apart(save_run: SaveRun, run: RunDir) -> None:
    one, two = (save_run(f"{folder}/run", PROBLEMS, said()) for folder in ("x", "y"))
    assert [shown.label for shown in load([one.path, two.path])] == ["x/run", "y/run"]
    with pytest.raises(UserError, match="given twice"):
        load([run.path, run.path])


def test_the_page_of_several_runs_leaves_their_own_alone(save_run: SaveRun, run: RunDir) -> None:
    other = save_run("other", PROBLEMS, said())
    assert default_page(load([run.path])) == run.path / "report.html"
    assert default_page(load([run.path, other.path])) == run.path / "report-with-other.html"


def test_options_that_make_no_sense_together(run: RunDir, tmp_path: Path) -> None:
    for form, html, output, message in (
        ("markdwn", False, None, "unknown format 'markdwn': a format can be one of"),
        ("ltex", False, None, "did you mean latex"),
        ("html", False, None, "--html writes the page"),
        ("md", True, None, "give one of them"),
        ("table", False, tmp_path / "x", "--output needs"),
    ):
        with pytest.raises(UserError, match=message):
            load_runs([run.path], form, html, output)


def test_the_command_line(run: RunDir, tmp_path: Path) -> None:
    def ampo(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "ampo", "report", *arguments], capture_output=True, text=True)

    assert "aime24" in ampo(str(run.path)).stdout
    done = ampo(str(run.path), "--format", "json", "--against", "paper")
    assert json.loads(done.stdout)["runs"][0]["printed"]["source"].startswith("arXiv 2510.02227")
    page = tmp_path / "page.html"
    done = ampo(str(run.path), "--html", "--output", str(page))
    assert done.returncode == 0, done.stderr
    assert str(page) in done.stderr
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    done = ampo(str(run.path), "--format", "latx")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["error: unknown format 'latx': did you mean latex?"]
    written = ampo(str(run.path), "--format", "latex", "--output", str(tmp_path / "t.tex"))
    assert written.stdout == ""
    assert r"\toprule" in (tmp_path / "t.tex").read_text()


def test_a_page_has_as_many_texts_as_it_can_bear_and_says_so(save_run: SaveRun) -> None:
    said = [{"problem": p.id, "outcomes": {"ampo": "wrong"}, "text": "x" * 100} for p in PROBLEMS for _ in range(4)]
    run = save_run("large", PROBLEMS, said)
    shown = load([run.path])
    rows = rows_of(shown)
    there = carried(rows, 250 * len(PROBLEMS))
    assert {rows[place].sample for place in there} == {0, 1, 2}
    assert {rows[place].problem.id for place in there if rows[place].sample < 2} == {p.id for p in PROBLEMS}
    texts = [text for chunk in chunks_of(shown, rows, there) for text in chunk]
    assert [place for place, text in enumerate(texts) if text] == sorted(there)
    assert index_of(rows, there, ["ampo"])["texts"] == sorted(there)
    note = f"The texts of {len(there)} of {len(rows)} responses are on this page"
    assert note in page(shown, {}, 250 * len(PROBLEMS))
    assert "responses are on this page" not in page(shown, {})
