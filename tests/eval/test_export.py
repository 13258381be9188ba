"""A run in the files of other tools, read back by what reads such files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.eval.export import FORMS, export
from ampo.eval.report.source import load
from ampo.eval.rundir import RunDir
from ampo.types import Problem

PROBLEMS = [Problem("b/1", "1+1?", "2", "b"), Problem("b/2", "Half?", "1/2", "b"), Problem("c/1", "A or B?", "B", "c")]


@pytest.fixture
def run(save_run: Callable[..., RunDir]) -> RunDir:
    said = [
        {
            "problem": "b/1",
            "outcomes": {"ampo": "correct", "official": "wrong"},
            "extracted": "2",
            "text": "so \ud800 \ud83d\ude00",
        },
        {"problem": "b/1", "outcomes": {"ampo": "wrong", "official": "wrong"}, "extracted": "3"},
        {"problem": "b/2", "outcomes": {"ampo": "no_answer", "official": "correct"}},
        {"problem": "b/2", "outcomes": {}},
        {"problem": "c/1", "outcomes": {"ampo": "correct"}, "extracted": "B"},
    ]
    return save_run("run", PROBLEMS, said)


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_is_written_and_says_what_is_left_out(run: RunDir, form: str, tmp_path: Path) -> None:
    found = export(run, form, tmp_path / form)
    assert found.left_out == 1
    assert len(found.files) == (1 if form == "parquet" else 2)
    assert all(file.stat().st_size for file in found.files)


def test_parquet_has_a_row_a_sample_and_both_protocols(run: RunDir, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    (file,) = export(run, "parquet", tmp_path).files
    rows = parquet.read_table(file).to_pylist()
    assert [(r["problem"], r["sample"], r["ampo_outcome"], r["official_outcome"]) for r in rows] == [
        ("b/1", 0, "correct", "wrong"),
        ("b/1", 1, "wrong", "wrong"),
        ("b/2", 0, "no_answer", "correct"),
        ("c/1", 0, "correct", None),
    ]
    assert rows[0]["response"] == "so \ufffd \U0001f600"  # half a character, and one in halves


def test_lm_evals_samples_are_a_line_a_problem(run: RunDir, tmp_path: Path) -> None:
    file = next(file for file in export(run, "lm-eval-samples", tmp_path).files if "samples_b_" in file.name)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["target"], row["avg_at_k"], len(row["resps"][0])) for row in rows] == [("2", 0.5, 2), ("1/2", 0.0, 1)]


def test_a_log_of_inspect_ai_has_an_epoch_a_sample(run: RunDir, tmp_path: Path) -> None:
    log = json.loads((export(run, "inspect-log", tmp_path).files[0]).read_text())
    assert log["eval"]["config"] == {"epochs": 2}
    assert [(s["id"], s["epoch"], s["scores"]["ampo"]["value"]) for s in log["samples"]] == [
        ("b/1", 1, "C"),
        ("b/1", 2, "I"),
        ("b/2", 1, "N"),
    ]
    assert log["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 0.25


@pytest.mark.parametrize("form", ["hub-details", "inspect-log"])
@pytest.mark.parametrize("model", ["owner/model", "/a/folder"])
def test_what_is_exported_is_reported_with_the_same_figures(
    save_run: Callable[..., RunDir], form: str, model: str, tmp_path: Path
) -> None:
    if form == "hub-details":
        pytest.importorskip("pyarrow")
    said = [
        {"problem": p.id, "outcomes": {"ampo": outcome}, "tokens": tokens}
        for p in PROBLEMS
        for outcome, tokens in (("correct", 10), ("wrong" if p.id == "b/1" else "correct", 40), ("no_answer", 100))
    ]
    saved = save_run("whole", PROBLEMS, said, model=model)
    export(saved, form, tmp_path / "out")
    [ours], [theirs] = load([saved.path]), load([tmp_path / "out"])
    assert theirs.model == (model if form == "inspect-log" or model[0] != "/" else "__a__folder")
    told = ["n_problems", "n_samples", "samples_per_problem", "avg_at_k", "ci95", "stderr", "mean_completion_tokens"]
    told += ["pass_at_k", "no_answer_rate", "truncated_rate"] if form == "inspect-log" else []
    for name, figures in ours.metrics["benchmarks"].items():
        found = theirs.metrics["benchmarks"][name]
        for key in told:
            assert found[key] == pytest.approx(figures[key]), key
    assert theirs.metrics["macro_avg"] == pytest.approx(ours.metrics["macro_avg"])


def test_what_cannot_be_exported_is_said(run: RunDir, save_run: Callable[..., RunDir], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean parquet"):
        export(run, "parqet", tmp_path)
    with pytest.raises(UserError, match="no verdicts yet"):
        export(save_run("bare", PROBLEMS, [{"problem": "b/1", "outcomes": {}}], metrics=False), "parquet", tmp_path)


class _Hub:
    """What `--push-to` calls of huggingface_hub, and with what."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []

    def create_repo(self, name: str, **more: object) -> None:
        self.calls.append((name, more))

    def upload_folder(self, **more: object) -> None:
        self.calls.append(("", more))


@pytest.mark.parametrize(
    ("reachable", "dry", "said"),
    [
        (True, True, "not pushed (--dry-run): 2 files"),
        (False, False, "not pushed (the hub cannot be reached): 2 files"),
        (True, False, "pushed 2 files"),
    ],
)
def test_a_push_goes_to_a_private_data_set_or_says_what_it_would_put_there(
    run: RunDir,
    reachable: bool,
    dry: bool,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ampo.cli.export import export as command

    hub = pytest.importorskip("huggingface_hub")
    fake = _Hub()
    monkeypatch.setattr(hub, "create_repo", fake.create_repo)
    monkeypatch.setattr(hub, "upload_folder", fake.upload_folder)
    monkeypatch.setattr("ampo.models.hub_reachable", lambda: reachable)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "samples_mine.jsonl").write_text("not for the hub")
    command(run.path, "lm-eval-samples", folder, "me/runs", dry)
    assert said in capsys.readouterr().err
    if not reachable or dry:
        assert fake.calls == []
        return
    made, (_, put) = fake.calls
    assert made == ("me/runs", {"repo_type": "dataset", "private": True, "exist_ok": True})
    patterns = put.pop("allow_patterns")
    assert put == {"repo_id": "me/runs", "repo_type": "dataset", "folder_path": folder}
    names = [file.name for file in folder.iterdir()]
    assert len(names) == 3
    assert set(hub.utils.filter_repo_objects(names, allow_patterns=patterns)) == set(names) - {"samples_mine.jsonl"}


def test_a_dry_run_of_no_push_is_refused_before_anything_is_written(run: RunDir, tmp_path: Path) -> None:
    from ampo.cli.export import export as command

    with pytest.raises(UserError, match="give --push-to"):
        command(run.path, "lm-eval-samples", tmp_path / "out", None, True)
    assert not (tmp_path / "out").exists()
