from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampo.algorithm import load_preset
from ampo.guidance.selection import Candidate, Chosen, needs_scores, select_guidance


def choose(candidates: list[Candidate], k: int = 2, seed: int = 0, **overrides: object) -> Chosen:
    algorithm = load_preset("ampo", **overrides)
    return select_guidance(candidates, k, algorithm, seed=seed, step=1, prompt_id="q")


FOUR = [
    Candidate(50, formatted=True, score=0.2),
    Candidate(10, formatted=False, score=0.9),
    Candidate(30, formatted=True, score=0.85),
    Candidate(20, formatted=True, score=0.5),
]


def test_the_rank_is_nine_tenths_score_and_one_tenth_format() -> None:
    found = choose(FOUR)
    assert found.indices == (2, 1)
    assert found.ranks == pytest.approx((0.28, 0.81, 0.865, 0.55))
    assert not found.tied


def test_ties_go_to_the_shorter_then_to_the_earlier() -> None:
    equal = [Candidate(n, formatted=True, score=0.5) for n in (30, 20, 20, 10)]
    found = choose(equal, k=3)
    assert found.indices == (3, 1, 2)
    assert found.tied
    assert not choose(equal, k=4).tied


@pytest.mark.parametrize(("selection", "indices"), [("first", (0, 1)), ("shortest", (1, 3)), ("likelihood", (1, 2))])
def test_the_other_rankings(selection: str, indices: tuple[int, ...]) -> None:
    assert choose(FOUR, selection=selection).indices == indices


def test_random_is_a_draw_that_can_be_repeated() -> None:
    draws = {choose(FOUR, selection="random", seed=seed).indices for seed in range(60)}
    assert len(draws) == 12
    assert choose(FOUR, selection="random", seed=5) == choose(FOUR, selection="random", seed=5)


def test_nothing_is_ranked_where_nothing_is_to_be_chosen() -> None:
    unscored = [Candidate(1, formatted=True), Candidate(2, formatted=True)]
    assert choose(unscored, k=2) == Chosen((0, 1))
    assert choose(unscored[:1], k=2) == Chosen((0,))
    assert choose([], k=2) == Chosen(())
    assert choose(FOUR, k=0) == Chosen(())
    with pytest.raises(ValueError, match="needs a score"):
        choose(unscored, k=1)


def test_scores_are_wanted_only_where_a_ranking_reads_them() -> None:
    ampo = load_preset("ampo")
    assert needs_scores(ampo, 4, 2)
    assert not needs_scores(ampo, 2, 2)
    assert not needs_scores(ampo, 4, 0)
    assert not needs_scores(load_preset("ampo", selection="shortest"), 4, 2)
    assert needs_scores(load_preset("ampo", selection="likelihood"), 4, 2)


@given(
    st.lists(
        st.builds(Candidate, st.integers(1, 99), st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=8
    ),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_the_best_are_chosen_whatever_their_order(candidates: list[Candidate], k: int, rng) -> None:
    shuffled = rng.sample(candidates, len(candidates))
    one, other = choose(candidates, k), choose(shuffled, k)
    assert sorted(candidates[i].tokens for i in one.indices) == sorted(shuffled[i].tokens for i in other.indices)
    if one.ranks:
        worst = min(one.ranks[i] for i in one.indices)
        assert all(rank <= worst for i, rank in enumerate(one.ranks) if i not in one.indices)
