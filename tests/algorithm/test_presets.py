from __future__ import annotations

import pytest

from ampo.algorithm import load_preset, preset_names
from ampo.errors import UserError

# The table of presets: trigger, k, selection, divided by std, own loss, teacher loss, aggregation.
TABLE = {
    "ampo": ("none_correct", "fixed", 2, "comprehension", False, "dual_clip", "shaped", "constant"),
    "ampo-official": ("none_correct", "fixed", 2, "comprehension", False, "dual_clip", "shaped", "constant"),
    "ampo-paper": ("none_correct", "fixed", 2, "comprehension", True, "clip", "clip", "token_mean"),
    "ampo-adaptive": ("success_below", "balance", 2, "comprehension", False, "dual_clip", "shaped", "constant"),
    "luffy": ("always", "fixed", 1, "first", False, "unclipped", "shaped", "constant"),
    "grpo": ("never", "fixed", 2, "comprehension", False, "dual_clip", "none", "constant"),
    "rl-sft": ("always", "fixed", 1, "first", False, "unclipped", "sft", "token_mean"),
    "rlpr": ("never", "fixed", 2, "comprehension", True, "clip", "none", "token_mean"),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_presets_are_those_of_the_table(name: str) -> None:
    a = load_preset(name)
    row = (a.trigger, a.k, a.k0, a.selection, a.divide_by_std, a.on_policy_loss, a.teacher_loss, a.aggregation)
    assert row == TABLE[name]
    assert (a.clip_low, a.dual_clip, a.gamma) == (0.2, 10.0, 0.1)
    assert a.clip_high == (0.27 if name == "rlpr" else 0.2)
    assert a.policy_scale == (11.5 if name == "ampo-official" else 1)
    assert (a.max_response_tokens, a.entropy_coefficient, a.format_weight) == (8192, 0.001, 0.1)


def test_every_preset_is_tested() -> None:
    assert set(preset_names()) == {*TABLE, "sft"}
    assert load_preset("sft").objective == "sft"
    assert load_preset("sft").uses_pool
    assert not load_preset("grpo").uses_pool


def test_the_paper_scores_by_the_geometric_mean() -> None:
    assert load_preset("ampo-paper").score_mean == "geometric"
    assert load_preset("ampo").score_mean == "arithmetic"


def test_overrides_and_errors() -> None:
    assert load_preset("ampo", k0=4).k0 == 4
    with pytest.raises(UserError, match="did you mean ampo"):
        load_preset("ammpo")
    with pytest.raises(UserError, match=r"no setting 'gama': did you mean gamma\?"):
        load_preset("ampo", gama=0.2)
    for taken in ("name", "description"):
        with pytest.raises(UserError, match=f"no setting '{taken}'"):
            load_preset("ampo", **{taken: "foo"})
    with pytest.raises(UserError, match="gamma"):
        load_preset("ampo", gamma=-1)
    with pytest.raises(UserError, match="trigger"):
        load_preset("ampo", trigger="sometimes")
