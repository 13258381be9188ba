from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from ampo.guidance.comprehension import (
    Query,
    ScoringRow,
    answer_probabilities,
    comprehension_scores,
    likelihood_scores,
)
from ampo.guidance.splice import TokenizedSolution


def solution(prefix: int, answer: tuple[int, ...] = (7, 8), scored: int = 0) -> TokenizedSolution:
    return TokenizedSolution(
        ids=(1,) * (prefix + 3),
        prefix_ids=(1,) * prefix,
        answer_ids=answer,
        scored=scored,
        formatted=True,
        placement="answer",
    )


class Recorder:
    """Log-probabilities log(1 / (1 + position)), and what was asked for."""

    def __init__(self) -> None:
        self.calls: list[list[ScoringRow]] = []

    def __call__(self, rows: Sequence[ScoringRow]) -> list[list[float]]:
        self.calls.append(list(rows))
        return [[-math.log(1 + i) for i in range(row.start, len(row.ids))] for row in rows]


def test_one_call_for_all_groups_longest_first_and_scores_in_order() -> None:
    log_probs = Recorder()
    queries = [
        Query("a", (0,), [solution(2), solution(9)]),
        Query("b", (0, 0, 0), []),
        Query("c", (0, 0), [solution(4)]),
    ]
    scores = comprehension_scores(log_probs, queries)
    assert [len(s) for s in scores] == [2, 0, 1]
    assert len(log_probs.calls) == 1
    assert [len(row.ids) for row in log_probs.calls[0]] == [12, 8, 5]
    assert scores[0][0].score == pytest.approx((1 / 4 + 1 / 5) / 2)  # prompt 1, prefix 2: y* at positions 3 and 4
    assert scores[0][1].score == pytest.approx((1 / 11 + 1 / 12) / 2)
    assert scores[2][0].score == pytest.approx((1 / 7 + 1 / 8) / 2)


def test_arithmetic_and_geometric_means() -> None:
    query = [Query("a", (0,), [solution(2)])]
    assert comprehension_scores(Recorder(), query)[0][0].score == pytest.approx(0.225)
    geometric = comprehension_scores(Recorder(), query, mean="geometric")[0][0]
    assert geometric.score == pytest.approx(math.sqrt(1 / 20))
    assert geometric.mean_log_prob == pytest.approx(-math.log(20) / 2)
    assert geometric.n_tokens == 2


def test_the_space_before_the_answer_is_not_scored() -> None:
    found = comprehension_scores(Recorder(), [Query("a", (0,), [solution(2, (9, 7, 8), scored=1)])])
    assert found[0][0].score == pytest.approx((1 / 5 + 1 / 6) / 2)


def test_nothing_to_score() -> None:
    log_probs = Recorder()
    assert comprehension_scores(log_probs, []) == []
    assert comprehension_scores(log_probs, [Query("a", (0,), [])]) == [[]]
    assert log_probs.calls == []
    empty = comprehension_scores(log_probs, [Query("a", (0,), [solution(2, ())])])[0][0]
    assert (empty.score, empty.n_tokens) == (0.0, 0)


def test_likelihood_is_the_mean_over_the_whole_solution() -> None:
    found = likelihood_scores(Recorder(), [Query("a", (0, 0), [solution(0)])])
    assert found[0][0] == pytest.approx(-(math.log(3) + math.log(4) + math.log(5)) / 3)


def test_answer_probabilities_keep_their_order() -> None:
    rows = [ScoringRow((1, 2), 1), ScoringRow((1, 2, 3, 4), 3)]
    assert answer_probabilities(Recorder(), rows) == pytest.approx([1 / 2, 1 / 4])
