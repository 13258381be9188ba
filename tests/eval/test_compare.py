from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from ampo.eval.compare import compare, holm
from ampo.eval.metrics import Judged
from ampo.eval.paired import p_value, sign_flip


def run(scores: dict[str, list[int]], benchmark: str = "b") -> list[Judged]:
    return [
        Judged(benchmark, problem, i, "correct" if right else "wrong", right, 5, "stop")
        for problem, results in scores.items()
        for i, right in enumerate(results)
    ]


def random_run(rng: np.random.Generator, rates: np.ndarray, samples: int) -> dict[str, list[int]]:
    return {f"p{i}": [int(rng.random() < rate) for _ in range(samples)] for i, rate in enumerate(rates)}


@given(st.lists(st.integers(-4, 4), max_size=7))
def test_sign_flip_counts_the_patterns(terms: list[int]) -> None:
    patterns = list(product([1, -1], repeat=len(terms)))
    extreme = [abs(sum(s * t for s, t in zip(p, terms, strict=True))) >= abs(sum(terms)) for p in patterns]
    assert sign_flip(terms) == pytest.approx(np.mean(extreme))


def test_many_problems_use_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    rates = rng.random(60)
    a, b = random_run(rng, rates, 4), random_run(rng, np.clip(rates + 0.1, 0, 1), 4)
    [result] = compare({"a": run(a), "b": run(b)})
    means_a, means_b = ([float(np.mean(v)) for v in scores.values()] for scores in (a, b))
    expected = ttest_rel(means_b, means_a)
    assert result.overall.test == "paired t"
    assert result.overall.p_value == pytest.approx(expected.pvalue)
    assert tuple(result.overall.ci95) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert result.overall.difference == pytest.approx(np.mean(means_b) - np.mean(means_a))
    assert result.overall.difference == result.benchmarks[0].difference


def test_few_differing_problems_use_the_exact_test() -> None:
    a = {f"p{i}": [0] for i in range(30)}
    b = a | {f"p{i}": [1] for i in range(5)}
    [result] = compare({"a": run(a), "b": run(b)})
    assert result.overall.test == "sign-flip permutation"
    assert result.overall.p_value == pytest.approx(2 / 2**5)  # the sign test, since all differences are 1
    assert (result.overall.won, result.overall.lost, result.overall.tied) == (5, 0, 25)
    assert [pair.id for pair in result.won] == ["p0", "p1", "p2", "p3", "p4"]
    assert result.lost == ()


def test_a_run_against_itself() -> None:
    rows = run({f"p{i}": [i % 2, 0] for i in range(10)})
    [result] = compare({"a": rows, "b": rows})
    assert result.overall.difference == 0
    assert result.overall.p_value == 1
    assert result.overall.more_problems is result.overall.more_samples is None
    low, high = result.overall.ci95
    assert low == pytest.approx(-high)
    assert high > 0.2  # ten ties don't show that the runs are the same


def test_every_problem_won_by_the_same_amount() -> None:
    [result] = compare({"a": run({f"p{i}": [0] for i in range(40)}), "b": run({f"p{i}": [1] for i in range(40)})})
    assert result.overall.p_value < 1e-6
    assert 0.85 < result.overall.ci95.low < result.overall.ci95.high == 1
    assert result.overall.more_problems == 0


def test_swapping_the_runs_changes_the_signs_and_nothing_else() -> None:
    rng = np.random.default_rng(4)
    a, b = (run(random_run(rng, rng.random(25), 3)) for _ in range(2))
    [forth], [back] = compare({"a": a, "b": b}), compare({"b": b, "a": a})
    assert forth.overall.difference == pytest.approx(-back.overall.difference)
    assert forth.overall.p_value == pytest.approx(back.overall.p_value)
    assert tuple(forth.overall.ci95) == pytest.approx((-back.overall.ci95.high, -back.overall.ci95.low))
    assert [pair.id for pair in forth.won] == [pair.id for pair in back.lost]
    assert forth.overall.more_problems == back.overall.more_problems


def test_only_common_problems_count_and_the_others_are_named_in_number() -> None:
    a, b = run({"p0": [1], "p1": [1], "p2": [0]}), run({"p1": [0], "p2": [0], "p3": [1], "p4": [1]})
    [result] = compare({"a": a, "b": b})
    assert (result.overall.n_problems, result.only_a, result.only_b) == (2, 1, 2)
    assert (result.overall.mean_a, result.overall.mean_b, result.overall.difference) == (0.5, 0.0, -0.5)


def test_over_all_each_benchmark_weighs_the_same() -> None:
    a = run({f"x{i}": [0] for i in range(40)}, "x") + run({f"y{i}": [0] for i in range(4)}, "y")
    b = run({f"x{i}": [int(i < 4)] for i in range(40)}, "x") + run({f"y{i}": [int(i < 2)] for i in range(4)}, "y")
    [result] = compare({"a": a, "b": b})
    assert [d.difference for d in result.benchmarks] == [0.1, 0.5]
    assert result.overall.difference == pytest.approx(0.3)
    assert result.overall.n_problems == 44


def test_three_runs_are_compared_with_the_first() -> None:
    rows = run({"p0": [1, 0], "p1": [0, 0]})
    assert [(c.a, c.b) for c in compare({"x": rows, "y": rows, "z": rows})] == [("x", "y"), ("x", "z")]


def test_holm_gives_a_published_value() -> None:
    """The example of R's documentation form: p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm"), and ties and order kept."""
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.3]) == [0.3]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.01, 0.2))
def test_holm_rejects_what_its_step_down_procedure_rejects(p_values: list[float], alpha: float) -> None:
    rejected = set()
    for step, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] * (len(p_values) - step) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(p_values)) if p <= alpha} == rejected


def test_p_values_are_corrected_for_the_runs_that_are_compared() -> None:
    base = {f"p{i}": [0] for i in range(30)}
    runs = {name: run(base | {f"p{i}": [1] for i in range(n)}) for name, n in (("a", 0), ("b", 8), ("c", 6))}
    b, c = compare(runs)
    assert (b.overall.p_value, c.overall.p_value) == pytest.approx((2 / 2**8, 2 / 2**6))
    assert (b.overall.p_holm, c.overall.p_holm) == pytest.approx((4 / 2**8, 2 / 2**6))
    assert b.benchmarks[0].p_holm == b.overall.p_holm
    [alone] = compare({name: runs[name] for name in "ab"})
    assert alone.overall.p_holm == alone.overall.p_value


def test_the_problems_won_are_listed_the_clearest_first() -> None:
    a, b = run({"p0": [0, 0], "p1": [0, 0], "p2": [1, 1]}), run({"p0": [0, 1], "p1": [1, 1], "p2": [0, 0]})
    [result] = compare({"a": a, "b": b})
    assert [(p.id, p.a, p.b) for p in result.won] == [("p1", 0.0, 1.0), ("p0", 0.0, 0.5)]
    assert [(p.id, p.a, p.b) for p in result.lost] == [("p2", 1.0, 0.0)]


def test_more_problems_gives_the_power_that_it_promises() -> None:
    """Draw runs of the size that it names from the problems at hand: about 80 % of them tell the two apart."""
    rng = np.random.default_rng(5)
    differences = np.array([0.5] * 24 + [-0.5] * 16 + [0.0] * 20)
    a = {f"p{i}": [1, 0] for i in range(60)}
    b = {f"p{i}": [int(d >= 0), int(d > 0)] for i, d in enumerate(differences)}
    [result] = compare({"a": run(a), "b": run(b)})
    assert result.overall.more_problems
    size, told, trials = 60 + result.overall.more_problems, 0, 800
    for _ in range(trials):
        drawn = rng.choice(differences, size)
        told += abs(drawn.mean()) > 1.96 * drawn.std(ddof=1) / np.sqrt(size)
    assert 0.75 < told / trials < 0.86


def test_more_samples_separates_where_the_noise_is_within_problems() -> None:
    """Every pairing of two coins' outcomes, some a little in favour of b: all of the spread is the coins' own."""
    outcomes = [[0, 0], [0, 1], [1, 0], [1, 1]]
    pairs = [(x, y) for x in outcomes for y in outcomes] * 4
    pairs += [([0, 1], [1, 1])] * 8
    a = {f"p{i}": x for i, (x, _) in enumerate(pairs)}
    b = {f"p{i}": y for i, (_, y) in enumerate(pairs)}
    [result] = compare({"a": run(a), "b": run(b)})
    assert result.overall.more_samples
    assert result.overall.noise_share == pytest.approx(1.0, abs=0.15)
    k, told, trials = 2 + result.overall.more_samples, 0, 600
    rng = np.random.default_rng(6)
    for _ in range(trials):
        a_drawn, b_drawn = (rng.binomial(k, m, len(pairs)) / k for m in (result.overall.mean_a, result.overall.mean_b))
        told += ttest_rel(a_drawn, b_drawn).pvalue < 0.05
    assert 0.7 < told / trials < 0.9


def test_more_samples_cannot_help_where_problems_differ_for_good() -> None:
    a = {f"p{i}": [0, 0] if i % 2 else [1, 1] for i in range(20)}
    b = {f"p{i}": [1, 1] if i % 2 or i < 4 else [0, 0] for i in range(20)}
    [result] = compare({"a": run(a), "b": run(b)})
    assert result.overall.more_samples is None
    assert result.overall.more_problems
    assert result.overall.noise_share == 0.0


def test_one_sample_each_says_nothing_of_more_samples() -> None:
    [result] = compare({"a": run({"p0": [1], "p1": [0], "p2": [0]}), "b": run({"p0": [1], "p1": [1], "p2": [0]})})
    assert result.overall.more_samples is result.overall.noise_share is None


def test_false_alarms_are_as_rare_as_they_should_be() -> None:
    rng, alarms, trials = np.random.default_rng(7), 0, 400
    for _ in range(trials):
        rates = rng.beta(0.5, 0.5, 25)
        alarms += p_value([(rng.binomial(2, rates) - rng.binomial(2, rates)) / 2])[0] < 0.05
    assert alarms / trials < 0.08


def test_a_tie_that_rounding_hides_is_a_tie() -> None:
    """Problems won and lost by sixths: their sum is 2e-18, which no number of problems would show."""
    a = {f"p{i}": [1, 1, 1, 0, 0, 0] for i in range(30)}
    changed = {0: 5, 1: 4, 2: 2, 3: 4, 4: 1, 5: 2}
    b = a | {f"p{i}": [int(j < n) for j in range(6)] for i, n in changed.items()}
    [result] = compare({"a": run(a), "b": run(b)})
    assert (result.overall.difference, result.overall.p_value) == (0, 1)
    assert result.overall.more_problems is result.overall.more_samples is None


def power(differences: Sequence[float], size: int, level: float) -> float:
    """The share of sets of this size, drawn from these problems, that the test tells apart."""
    rng = np.random.default_rng(8)
    return float(np.mean([p_value([rng.choice(differences, size)])[0] < level for _ in range(1000)]))


@pytest.mark.parametrize(("won", "of", "rest"), [(5, 10, 1), (4, 8, 1), (3, 3, 1), (6, 30, 1), (7, 9, 2)])
def test_where_the_exact_test_decides_the_promise_is_the_exact_tests(won: int, of: int, rest: int) -> None:
    """The normal formula says 0 more for the first, and 1 more for the second, where 25 % would be told apart."""
    differences = [1.0] * won + [0.0] * (of - won)
    a = {f"p{i}": [0] for i in range(of)}
    b = {f"p{i}": [int(d)] for i, d in enumerate(differences)}
    runs = {"a": run(a), "b": run(b)} | {f"c{i}": run(a) for i in range(rest - 1)}
    result, *_ = compare(runs)
    assert result.overall.level == 0.05 / rest
    more = result.overall.more_problems
    assert more is not None
    if result.overall.p_holm >= 0.05:
        assert more > 0
    assert power(differences, of + more, 0.05 / rest) > 0.75
    assert power(differences, round(0.85 * (of + more)), 0.05 / rest) < 0.8


def test_several_runs_are_told_apart_at_the_corrected_level() -> None:
    rng = np.random.default_rng(9)
    rates = rng.random(60)
    a, b = (run(random_run(rng, np.clip(rates + shift, 0, 1), 4)) for shift in (0, 0.05))
    [alone], [of_three, *_] = compare({"a": a, "b": b}), compare({"a": a, "b": b, "c": a, "d": a})
    for line in ("more_problems", "more_samples"):
        assert getattr(of_three.overall, line) > getattr(alone.overall, line) > 0


def test_more_samples_of_few_problems_are_put_to_the_exact_test() -> None:
    """Nine of twelve won by half a point in four samples: the samples that it names, of coins like these, suffice."""
    a = {f"p{i}": [0, 1, 0, 1] for i in range(12)}
    b = {f"p{i}": [1, 1, 0, 1] if i < 9 else [0, 0, 1, 0] for i in range(12)}
    [result] = compare({"a": run(a), "b": run(b)})
    assert result.overall.more_samples
    k, rng = 4 + result.overall.more_samples, np.random.default_rng(10)
    drawn = (rng.binomial(k, 0.625, (600, 12)) - rng.binomial(k, 0.5, (600, 12))) / k
    assert 0.7 < np.mean([p_value([row])[0] < 0.05 for row in drawn]) < 0.95


def test_five_problems_that_differ_are_too_few_for_any_number_of_samples() -> None:
    a = {f"p{i}": [0, 0, 0, 0] for i in range(20)}
    b = a | {f"p{i}": [1, 1, 1, 0] for i in range(5)}
    [result] = compare({"a": run(a), "b": run(b)})
    assert result.overall.p_value == 2 / 2**5
    assert result.overall.more_samples is None
    assert result.overall.more_problems


def test_over_several_benchmarks_the_interval_and_the_p_value_are_those_of_the_stratified_mean() -> None:
    """Against resampling within each benchmark, and against flipping the signs of every problem's difference."""
    rng = np.random.default_rng(11)
    rates = {"x": rng.random(40), "y": rng.random(80)}
    a, b = ({name: random_run(rng, np.clip(r + s, 0, 1), 4) for name, r in rates.items()} for s in (0, 0.12))
    rows_a, rows_b = ([row for name, scores in part.items() for row in run(scores, name)] for part in (a, b))
    [result] = compare({"a": rows_a, "b": rows_b})
    strata = [np.array([np.mean(b[n][p]) - np.mean(a[n][p]) for p in a[n]]) for n in rates]
    drawn = np.mean([rng.choice(s, (20_000, len(s))).mean(axis=1) for s in strata], axis=0)
    low, high = result.overall.ci95
    assert result.overall.test == "paired t"
    assert (low, high) == pytest.approx(np.quantile(drawn, (0.025, 0.975)), abs=0.01)
    flipped = np.mean([(rng.choice([-1, 1], (20_000, len(s))) * s).mean(axis=1) for s in strata], axis=0)
    beyond, at_least = (np.mean(np.abs(flipped) > result.overall.difference + d) for d in (1e-12, -1e-12))
    assert result.overall.p_value == pytest.approx((beyond + at_least) / 2, abs=0.01)  # scores are steps, Student's not


def test_what_cannot_be_compared() -> None:
    rows = run({"p0": [1]})
    with pytest.raises(ValueError, match="at least two"):
        compare({"a": rows})
    with pytest.raises(ValueError, match="in common"):
        compare({"a": rows, "b": run({"q0": [1]})})
