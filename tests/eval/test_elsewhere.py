"""Logs of inspect_ai and details of lighteval, written by these tools (tests/integrations/real/make_logs.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ampo.errors import UserError
from ampo.eval import elsewhere, inspect_logs
from ampo.eval.report.command import text
from ampo.eval.report.page import page
from ampo.eval.report.source import load
from ampo.eval.rundir import RunDir
from ampo.eval.stats import clustered_interval, standard_error

LOGS = Path(__file__).parent / "elsewhere"
MEANS = [2 / 3, 1 / 3, 0.0, 1.0]  # of the four problems, three samples each


@pytest.mark.parametrize("name", ["inspect-eval", "inspect-json", "lighteval"])
def test_a_folder_is_told_by_its_files_and_read_into_our_figures(name: str) -> None:
    if name != "inspect-json":
        pytest.importorskip("pyarrow")
    (shown,) = load([LOGS / name])
    (entry,) = shown.metrics["benchmarks"].values()
    assert (entry["n_problems"], entry["n_samples"], entry["samples_per_problem"]) == (4, 12, [3, 3])
    assert entry["avg_at_k"] == pytest.approx(0.5)
    assert entry["stderr"] == pytest.approx(standard_error(MEANS))
    assert entry["ci95"] == pytest.approx(clustered_interval(MEANS, 12))
    assert entry["mean_completion_tokens"] == 10
    assert shown.metrics["macro_avg"] == pytest.approx(0.5)


def test_of_a_log_of_inspect_ai_the_samples_are_known() -> None:
    metrics = inspect_logs.read(LOGS / "inspect-json")
    entry = metrics["benchmarks"]["sums"]
    assert entry["pass_at_k"] == pytest.approx({"1": 1 / 2, "2": 2 / 3, "3": 3 / 4})
    assert (entry["no_answer_rate"], entry["truncated_rate"]) == (0.5, pytest.approx(1 / 12))
    assert (metrics["model"], metrics["harness"], metrics["harness_version"]) == (
        "mockllm/small",
        "inspect_ai",
        "0.3.285",
    )


def test_of_details_of_lighteval_every_metric_is_listed() -> None:
    pytest.importorskip("pyarrow")
    harness = elsewhere.find(LOGS / "lighteval")
    assert harness is not None
    metrics = harness.read(LOGS / "lighteval")
    assert metrics["model"] == "org/small"
    (entry,) = metrics["benchmarks"].values()
    assert {name: value["value"] for name, value in entry["metrics"].items()} == pytest.approx(
        {"ampo_avg@3": 0.5, "ampo_pass@2": 2 / 3}
    )


@pytest.mark.parametrize("form", ["table", "md", "json", "csv", "latex"])
def test_they_are_reported_in_every_form(form: str) -> None:
    assert "50.0" in (said := text(load([LOGS / "inspect-json"]), {}, form)) or "0.5" in said


def test_they_have_a_page_too() -> None:
    assert "sums" in page(load([LOGS / "inspect-json"]), {})


def test_what_is_no_run_says_whose_it_is() -> None:
    with pytest.raises(UserError, match="holds results of inspect_ai, no run"):
        RunDir.existing(LOGS / "inspect-json")


def saved(folder: Path, **changes: Any) -> Path:
    (log,) = (LOGS / "inspect-json").glob("*.json")
    data = json.loads(log.read_text())
    data["eval"] |= {key: value for key, value in changes.items() if key != "samples"}
    data["samples"] = changes.get("samples", data["samples"])
    file = folder / f"2026-01-01T00-00-00_{len(list(folder.glob('*')))}.json"
    file.write_text(json.dumps(data))
    return file


def test_the_newest_log_of_a_task_counts_and_models_are_not_mixed(tmp_path: Path) -> None:
    for task in ("sums", "sums", "other"):
        saved(tmp_path, task=task)
    assert list(inspect_logs.read(tmp_path)["benchmarks"]) == ["sums", "other"]
    saved(tmp_path, task="third", model="another/model")
    with pytest.raises(UserError, match="several models"):
        inspect_logs.read(tmp_path)


def test_a_log_without_scores_and_a_broken_one_are_the_users_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did that run of inspect_ai finish"):
        inspect_logs.read(saved(tmp_path, samples=[]))
    broken = tmp_path / "a.eval"
    broken.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UserError, match="is it whole"):
        inspect_logs.read(broken)
