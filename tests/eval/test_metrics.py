"""Every statistic against brute force or a published value."""

from __future__ import annotations

import json
import random
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ampo.eval.metrics import Judged, summarise
from ampo.eval.stats import clustered_interval, interval_of_mean, maj_at_k, pass_at_k, standard_error, wilson
from ampo.types import Outcome


def row(problem: str, sample: int, outcome: Outcome, vote: int = 0, tokens: int = 10, benchmark: str = "b") -> Judged:
    return Judged(benchmark, problem, sample, outcome, vote, tokens, "stop")


def rows_of(right: dict[str, list[int]], benchmark: str = "b") -> list[Judged]:
    return [
        row(problem, i, "correct" if r else "wrong", vote=0 if r else 1, benchmark=benchmark)
        for problem, results in right.items()
        for i, r in enumerate(results)
    ]


@pytest.mark.parametrize(("n", "c"), [(n, c) for n in range(1, 8) for c in range(n + 1)])
def test_pass_at_k_counts_the_draws_with_a_right_sample(n: int, c: int) -> None:
    for k in range(1, n + 1):
        draws = list(combinations(range(n), k))
        assert pass_at_k(n, c, k) == pytest.approx(sum(min(draw) < c for draw in draws) / len(draws))


def test_pass_at_k_is_the_published_estimator_where_that_one_is_stable() -> None:
    published = 1.0 - np.prod(1.0 - 10 / np.arange(200 - 3 + 1, 200 + 1))  # the code in arXiv 2107.03374, figure 3
    assert pass_at_k(200, 3, 10) == pytest.approx(published, rel=1e-12)
    assert pass_at_k(10_000, 1, 1) == pytest.approx(1e-4)
    assert pass_at_k(10_000, 1, 10_000) == 1.0


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0), (0, 0, 1)])
def test_pass_at_k_refuses_what_the_samples_do_not_allow(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@k"):
        pass_at_k(n, c, k)


def majority_by_brute_force(votes: list[int | None], right: list[bool], k: int) -> float:
    """Every draw of k; the tied classes share it; a class is right by its share of right samples."""
    share = {v: np.mean([r for w, r in zip(votes, right, strict=True) if w == v]) for v in votes if v is not None}
    total = 0.0
    for draw in combinations(votes, k):
        counts = {v: draw.count(v) for v in draw if v is not None}
        winners = [v for v, count in counts.items() if count == max(counts.values())]
        total += sum(share[v] for v in winners) / len(winners) if winners else 0.0
    return float(total) / comb(len(votes), k)


@settings(max_examples=150)
@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=8), st.sets(st.integers(0, 3)))
def test_maj_at_k_is_the_share_of_draws_that_a_right_class_wins(
    votes: list[int | None], right_classes: set[int]
) -> None:
    right = [v in right_classes for v in votes]
    classes = tuple((votes.count(v), votes.count(v) * (v in right_classes)) for v in {*votes} - {None})
    curve = maj_at_k(classes, votes.count(None), len(votes))
    for k in range(1, len(votes) + 1):
        assert curve[k - 1] == pytest.approx(majority_by_brute_force(votes, right, k))


def test_a_tie_is_broken_fairly() -> None:
    assert maj_at_k(((2, 2), (2, 0)), 0, 4)[-1] == 0.5
    assert maj_at_k(((2, 2), (2, 0), (2, 0)), 1, 7)[-1] == pytest.approx(1 / 3)


def test_a_class_of_mixed_verdicts_counts_by_its_share() -> None:
    assert maj_at_k(((3, 1),), 0, 3) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_majority_of_64_different_answers_is_quick() -> None:
    curve = maj_at_k((*[(1, 0)] * 50, (7, 7), (7, 0)), 0, 64)
    assert curve[0] == pytest.approx(7 / 64)
    assert curve[-1] == 0.5


def test_wilson_gives_a_published_value() -> None:
    low, high = wilson(81 / 263, 263, 1.959964)  # Newcombe 1998, table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = wilson(0.0, 20, 1.959964)
    assert (low, round(high, 4)) == (0.0, 0.1611)


def test_standard_error_is_that_of_the_clustered_formula() -> None:
    """arXiv 2411.00640, equation 4: sums of residuals within clusters, squared, over n; with its own factor N/(N-1)."""
    rng = np.random.default_rng(0)
    scores = rng.random((40, 4)) < rng.random((40, 1))
    residuals = scores - scores.mean()
    published = np.sqrt(sum(residuals[c, i] * residuals[c, j] for c in range(40) for i in range(4) for j in range(4)))
    assert standard_error(list(scores.mean(axis=1))) == pytest.approx(published / 160 * np.sqrt(40 / 39))


def test_a_large_set_has_the_papers_normal_interval() -> None:
    rng = np.random.default_rng(1)
    means = list((rng.random((4000, 1)) > rng.random((4000, 8))).mean(axis=1))
    low, high = clustered_interval(means, 32_000)
    half = norm.ppf(0.975) * standard_error(means)
    assert (low, high) == pytest.approx((np.mean(means) - half, np.mean(means) + half), abs=2e-4)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, covered, runs = np.random.default_rng(2), 0, 600
    for _ in range(runs):
        rates = rng.beta(0.4, 0.6, 30)  # most problems nearly never or nearly always solved; truth 0.4
        low, high = clustered_interval(list(rng.binomial(8, rates) / 8), 240)
        covered += low <= 0.4 <= high
    assert 0.93 <= covered / runs <= 0.98


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_all_wrong_and_all_right_have_a_width_that_shrinks_with_the_problems_not_the_samples(p: float) -> None:
    thirty, more_samples, more_problems = (clustered_interval([p] * n, k) for n, k in [(30, 30), (30, 960), (300, 300)])
    assert thirty == more_samples
    assert 0.08 < thirty.high - thirty.low < 0.15  # the rule of three says 0.1
    assert more_problems.high - more_problems.low < 0.02


@given(st.lists(st.tuples(st.integers(0, 4), st.just(4)), min_size=1, max_size=50))
def test_the_interval_holds_the_score_and_stays_within_0_and_1(counts: list[tuple[int, int]]) -> None:
    means = [c / n for c, n in counts]
    low, high = clustered_interval(means, 4 * len(means))
    assert 0 <= low <= np.mean(means) + 1e-12
    assert np.mean(means) - 1e-12 <= high <= 1
    assert high - low > 0.01


def test_interval_of_mean_halves_a_variance_and_stays_in_range() -> None:
    low, high = interval_of_mean([0.5, 0.5], [0.015, 0.015], [1000, 1000])
    assert high - low == pytest.approx(2 * 1.96 * 0.015 / np.sqrt(2), rel=0.02)
    low, high = interval_of_mean([0.0, 0.0], [0.0, 0.0], [20, 20])
    assert low == 0.0
    assert high == pytest.approx(0.1, abs=0.02)  # of forty problems of equal weight


@pytest.mark.parametrize("rates", [[0.02] * 9, [0.98] * 9, [0.4] * 9, [0.02] * 5 + [0.95] * 4])
def test_the_interval_of_the_mean_covers_the_truth_at_its_ends_too(rates: list[float]) -> None:
    """Nine sets of 20 problems, two samples each; misses on either side are as rare as they should be."""
    rng, runs = np.random.default_rng(4), 500
    below = above = 0
    for _ in range(runs):
        means = [rng.binomial(2, rng.beta(rate, 1 - rate, 20)) / 2 for rate in rates]
        low, high = interval_of_mean([m.mean() for m in means], [standard_error(list(m)) for m in means], [20] * 9)
        below += np.mean(rates) < low
        above += np.mean(rates) > high
    assert (below + above) / runs < 0.07
    assert max(below, above) / runs < 0.055


def test_the_mean_of_one_set_has_that_sets_interval() -> None:
    summary = summarise(rows_of({f"p{i}": [i % 2, 0] for i in range(9)}))
    assert summary["macro_ci95"] == summary["benchmarks"]["b"]["ci95"]


def test_avg_at_k_does_not_move_when_k_grows_on_the_same_data() -> None:
    data = {"p0": [1, 0], "p1": [0, 0], "p2": [1, 1]}
    small = summarise(rows_of(data))["benchmarks"]["b"]
    large = summarise(rows_of({p: r * 16 for p, r in data.items()}))["benchmarks"]["b"]
    uneven = summarise(rows_of({p: r * (i * 3 + 1) for i, (p, r) in enumerate(data.items())}))["benchmarks"]["b"]
    assert small["avg_at_k"] == large["avg_at_k"] == uneven["avg_at_k"] == 0.5
    assert (small["n_samples"], large["n_samples"]) == (6, 96)
    assert uneven["samples_per_problem"] == [2, 14]
    assert list(uneven["pass_at_k"]) == ["1", "2"]


def test_pass_and_majority_at_one_are_the_mean() -> None:
    summary = summarise(rows_of({"p0": [1, 0, 0], "p1": [0, 0, 0], "p2": [1, 1, 0]}))["benchmarks"]["b"]
    assert summary["pass_at_k"]["1"] == pytest.approx(summary["avg_at_k"])
    assert summary["maj_curve"]["1"] == pytest.approx(summary["avg_at_k"])
    assert summary["pass_at_k"]["3"] == pytest.approx(2 / 3)
    assert summary["maj_at_k"] == summary["maj_curve"]["3"] == pytest.approx(1 / 3)


def test_what_was_not_shown_counts_both_ways_in_the_bounds() -> None:
    rows = [
        row("p0", 0, "correct", 0),
        row("p0", 1, "wrong", 1)._replace(shown=False),
        row("p1", 0, "wrong", 0),
        row("p1", 1, "timeout", -1)._replace(shown=False),
    ]
    summary = summarise(rows)["benchmarks"]["b"]
    assert (summary["avg_at_k"], summary["not_shown_rate"], summary["timeout_rate"]) == (0.25, 0.5, 0.25)
    assert summary["bounds"] == [0.25, 0.75]


def test_outcomes_bounds_and_lengths() -> None:
    rows = [
        row("p0", 0, "correct", 0, tokens=10),
        row("p0", 1, "timeout", 1, tokens=20),
        row("p1", 0, "truncated", -1, tokens=90),
        row("p1", 1, "no_answer", -1, tokens=40),
    ]
    summary = summarise(rows)["benchmarks"]["b"]
    assert summary["avg_at_k"] == 0.25
    assert summary["bounds"] == [0.25, 0.5]
    assert [summary[f"{o}_rate"] for o in ("timeout", "truncated", "no_answer")] == [0.25, 0.25, 0.25]
    assert summary["not_shown_rate"] == 0.25
    assert summary["mean_completion_tokens"] == 40
    assert summary["lengths"]["right"] == {"n": 1, "mean": 10} | dict.fromkeys(("p5", "p25", "p50", "p75", "p95"), 10)
    assert summary["lengths"]["wrong"]["p50"] == 40
    assert summarise(rows[:1])["benchmarks"]["b"]["lengths"]["wrong"] is None


def test_length_percentiles_are_those_of_the_samples_by_the_sorted_order() -> None:
    """Between the two nearest of n sorted values, at place q (n - 1): the ordinary definition, by hand."""
    tokens = [70, 10, 40, 30, 90, 20]
    rows = [row("p", i, "correct" if i < 4 else "wrong", tokens=n) for i, n in enumerate(tokens)]
    lengths = summarise(rows)["benchmarks"]["b"]["lengths"]
    ordered = {"right": [10, 30, 40, 70], "wrong": [20, 90]}
    for which, values in ordered.items():
        assert lengths[which]["mean"] == sum(values) / len(values)
        for q in (5, 25, 50, 75, 95):
            place, rest = divmod(q * (len(values) - 1), 100)
            upper = values[min(place + 1, len(values) - 1)]
            assert lengths[which][f"p{q}"] == pytest.approx(values[place] + rest / 100 * (upper - values[place]))


def test_a_right_sample_without_an_extracted_answer_still_votes() -> None:
    summary = summarise([row("p", 0, "correct", -1), row("p", 1, "correct", -1), row("p", 2, "wrong", 3)])
    assert summary["benchmarks"]["b"]["maj_at_k"] == 1.0


def test_averages_over_benchmarks() -> None:
    rows = rows_of({"x/0": [1], "x/1": [1], "x/2": [1]}, "x") + rows_of({"y/0": [0]}, "y")
    summary = summarise(rows)
    assert summary["macro_avg"] == 0.5
    assert summary["micro_avg"] == 0.75
    low, high = summary["macro_ci95"]
    assert 0 <= low < 0.5 < high <= 1
    assert summary["schema_version"] == 1


def test_order_does_not_matter_and_the_result_is_json() -> None:
    rows = rows_of({f"p{i}": [i % 2, i % 3 == 0, 1] for i in range(9)})
    shuffled = random.Random(3).sample(rows, len(rows))
    a, b = summarise(rows)["benchmarks"]["b"], summarise(shuffled)["benchmarks"]["b"]
    for key in ("avg_at_k", "ci95", "maj_at_k", "bounds"):
        assert a[key] == pytest.approx(b[key])
    assert json.loads(json.dumps(a, allow_nan=False)) == a


def test_no_rows_and_doubled_rows() -> None:
    empty = summarise([])
    assert empty["benchmarks"] == {}
    assert empty["macro_avg"] is empty["micro_avg"] is None
    with pytest.raises(ValueError, match="twice"):
        summarise([row("p", 0, "wrong"), row("p", 0, "correct")])
