"""lm-eval's results files: what is read from them, and one line for what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ampo.errors import UserError
from ampo.eval.lm_eval_results import find, read
from ampo.eval.stats import clustered_interval, interval_of_mean, standard_error

STOCK: dict[str, Any] = {
    "results": {
        "mmlu": {"alias": "mmlu", "name": "mmlu", "acc,none": 0.5, "acc_stderr,none": 0.1},
        "mmlu_law": {"name": "mmlu_law", "alias": " - law", "sample_len": 8, "acc,none": 0.5, "acc_stderr,none": 0.189},
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.25,
            "exact_match_stderr,strict-match": 0.164,
            "exact_match,flexible-extract": 0.5,
            "exact_match_stderr,flexible-extract": "N/A",
        },
        "wikitext": {"alias": "wikitext", "word_perplexity,none": 12.5, "word_perplexity_stderr,none": "N/A"},
    },
    "group_subtasks": {"mmlu": ["mmlu_law"], "gsm8k": []},
    "configs": {"gsm8k": {"dataset_name": "main", "repeats": 4}},
    "higher_is_better": {
        "mmlu_law": {"acc": True},
        "gsm8k": {"exact_match": True},
        "wikitext": {"word_perplexity": False},
    },
    "n-samples": {"mmlu_law": {"original": 8, "effective": 8}, "gsm8k": {"original": 1319, "effective": 8}},
    "config": {"model": "hf"},
    "model_name": "some/model",
    "lm_eval_version": "0.4.13",
    "date": 1.5e9,
}


def saved(folder: Path, data: Any, name: str = "results_2026-01-01T00-00-00.000000.json") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return file


def test_stock_results(tmp_path: Path) -> None:
    metrics = read(saved(tmp_path, STOCK))
    found = metrics["benchmarks"]
    assert list(found) == ["mmlu_law", "gsm8k (strict-match)", "gsm8k (flexible-extract)", "wikitext"]
    assert found["mmlu_law"]["avg_at_k"] == 0.5
    assert found["mmlu_law"]["n_problems"] == 8
    assert found["gsm8k (strict-match)"]["samples_per_problem"] == [1, 1]  # it reads one of its four
    assert "ci95" not in found["gsm8k (flexible-extract)"]
    assert "avg_at_k" not in found["wikitext"]  # a perplexity is no share
    assert found["wikitext"]["metrics"]["word_perplexity"]["value"] == 12.5
    assert metrics["macro_avg"] == pytest.approx((0.5 + 0.25) / 2)  # a task counts once, by its first filter
    assert metrics["macro_ci95"] == pytest.approx(interval_of_mean([0.5, 0.25], [0.189, 0.164], [8, 8]))
    assert metrics["model"] == "some/model"
    assert metrics["protocol"] == "lm-eval"


def test_the_interval_is_ours() -> None:
    """From a value and its standard error as from the problems' means."""
    means = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    data = json.loads(json.dumps(STOCK))
    data["results"]["mmlu_law"] |= {"acc,none": sum(means) / 8, "acc_stderr,none": standard_error(means)}
    from ampo.eval.lm_eval_results import _entries

    entry = {name: entry for _, name, entry in _entries(data)}["mmlu_law"]
    assert entry["ci95"] == pytest.approx(clustered_interval(means, 8))


def test_results_of_our_own_tasks_are_named_by_their_benchmark(tmp_path: Path) -> None:
    row = {
        "avg_at_k,ampo": 0.5,
        "avg_at_k_stderr,ampo": 0.1,
        "timeout_rate,ampo": 0.25,
        "not_shown_rate,ampo": 0.25,
        "pass_at_k,ampo": 0.75,
    }
    row |= {"avg_at_k,official": 0.25, "avg_at_k_stderr,official": 0.1}
    data = {
        "results": {"ampo_aime24": {"sample_len": 4} | row},
        "configs": {"ampo_aime24": {"dataset_name": "aime24", "repeats": 2}},
        "higher_is_better": {"ampo_aime24": {"avg_at_k": True}},
    }
    metrics = read(saved(tmp_path, data))
    entry = metrics["benchmarks"]["aime24"]
    assert metrics["protocol"] == "ampo"
    assert (entry["n_problems"], entry["n_samples"], entry["pass_at_k"]) == (4, 8, {"2": 0.75})
    assert entry["bounds"] == [0.5, 0.75]
    assert metrics["protocols"]["official"]["benchmarks"]["aime24"]["avg_at_k"] == 0.25


def test_a_folder_means_its_newest_results(tmp_path: Path) -> None:
    saved(tmp_path / "some__model", STOCK)
    newest = saved(tmp_path / "some__model", STOCK, "results_2026-02-01T00-00-00.000000.json")
    assert find(tmp_path) == newest
    assert find(tmp_path / "some__model") == newest
    assert find(tmp_path / "nothing-here") is None
    assert find(saved(tmp_path, STOCK, "metrics.json")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"results": {', "is not valid JSON"),
        ("[1, 2]", "is no results file of lm-eval"),
        ('{"benchmarks": {}}', "is no results file of lm-eval"),
        ('{"results": {"a": 1}}', "is no results file of lm-eval"),
        ('{"results": {"a": {"alias": "a"}}}', "holds no scores"),
        ('{"results": {"a": {"acc,none": NaN}}}', "holds no scores"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_a_broken_or_foreign_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = saved(tmp_path, text)
    with pytest.raises(UserError, match=message) as refused:
        read(file)
    assert "\n" not in str(refused.value)


def test_a_folder_without_results_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no results of lm-eval"):
        read(tmp_path)
