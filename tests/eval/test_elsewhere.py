"""Logs of inspect_ai and details of lighteval, written by these tools (tests/integrations/real/make_logs.py)."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ampo.errors import UserError
from ampo.eval import elsewhere, inspect_logs, lighteval_details
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


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("table", "ampo    0.5000 [0.0962, 0.9038]"),
        ("md", "| sums | 4 × 3 | 50.0 [9.6, 90.4] | 75.0 |"),
        ("json", '"avg_at_k": 0.5,'),
        ("csv", "mockllm/small,inspect_ai,sums,4,12,3,3,,0.5,0.096"),
        ("latex", "mockllm/small & $50.0_{-40.4}^{+40.4}$"),
    ],
)
def test_they_are_reported_in_every_form(form: str, told: str) -> None:
    assert told in text(load([LOGS / "inspect-json"]), {}, form)


def test_they_have_a_page_too() -> None:
    assert "50.0 [9.6, 90.4]" in page(load([LOGS / "inspect-json"]), {})


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


def damaged(folder: Path, part: str) -> Path:
    """inspect_ai's own archive with the bytes of an entry overwritten."""
    (whole,) = (LOGS / "inspect-eval").glob("*.eval")
    content = bytearray(whole.read_bytes())
    with zipfile.ZipFile(whole) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.startswith(part))
    start = entry.header_offset + 30 + len(entry.filename)
    content[start : start + entry.compress_size] = b"\xff" * entry.compress_size
    file = folder / "damaged.eval"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("part", ["header.json", "samples/"])
def test_a_damaged_entry_is_one_line(part: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(UserError, match="is it whole"):
        inspect_logs.read(damaged(tmp_path, part))


@pytest.mark.parametrize(
    "sample", [7, {"scores": ["C"]}, {"scores": {"s": {"value": "C"}}, "output": {"choices": ["stop"]}}]
)
def test_samples_of_another_shape_are_one_line(sample: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is it whole"):
        inspect_logs.read(saved(tmp_path, samples=[sample]))


def test_a_sample_whose_scorer_failed_is_counted(tmp_path: Path) -> None:
    scores = [{"s": {"value": "C"}}, {"s": None}, None]
    read = inspect_logs.read(saved(tmp_path, samples=[{"id": i, "scores": s} for i, s in enumerate(scores)]))
    (entry,) = read["benchmarks"].values()
    assert (entry["n_samples"], entry["unscored"]) == (1, 2)


def test_folders_with_the_names_of_logs_are_none(tmp_path: Path) -> None:
    for name in ("x.json", "x.eval", "results_1.json", "details_t_2026-01-01T00-00-00.parquet"):
        (tmp_path / name).mkdir()
    assert elsewhere.find(tmp_path) is None


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").symlink_to("/proc/self/mem")  # reading at its start fails, for root too
    for path in (tmp_path, tmp_path / "x.json"):
        with pytest.raises(UserError, match="cannot read"):
            elsewhere.find(path)


@pytest.mark.parametrize("column", ["metric", "model_response"])
def test_details_of_another_shape_are_one_line(column: str, tmp_path: Path) -> None:
    parquet, pyarrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    row = {"metric": {"m": 1.0}, "model_response": {"text": ["x"]}} | {column: "text"}
    file = tmp_path / "details_t_2026-01-01T00-00-00.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([row]), file)
    with pytest.raises(UserError, match="another version of lighteval"):
        lighteval_details.read(file)


def test_a_text_that_is_no_list_is_one_sample(tmp_path: Path) -> None:
    parquet, pyarrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    file = tmp_path / "details_t_2026-01-01T00-00-00.parquet"
    row = {"metric": {"m": 1.0}, "model_response": {"text": "seven", "output_tokens": 3}}
    parquet.write_table(pyarrow.Table.from_pylist([row]), file)
    assert lighteval_details.read(file)["benchmarks"]["t"]["n_samples"] == 1
