"""Adapters that learn beside a tiny model: what is saved, what comes back, and what is merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

pytest.importorskip("peft", reason="peft is not installed (extra `train`)")

from ampo.algorithm import load_preset
from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import Loaded, load
from ampo.errors import UserError
from ampo.training import lora
from ampo.training.config import Lora, Optimizer, validated
from ampo.training.modelcard import write_model
from ampo.training.rows import MixedRow
from ampo.training.update import Policy

ROWS = [MixedRow((1, 2, 3), (4, 5, 6, 7), 1.0, 0.5), MixedRow((9,), (8,) * 12, 0.0, -0.5)]
CONFIG: dict[str, Any] = {"data": {"train": "-"}, "preset": "grpo", "lora": {"rank": 4}}


def adapted(model: Path, seed: int = 0) -> Loaded:
    return lora.with_adapters(load(str(model), None, EngineSettings(dtype="float32"), "cpu", None), Lora(rank=4), seed)


def test_the_seed_decides_what_adapters_begin_with(tiny_model: Path) -> None:
    first, again, other = (adapted(tiny_model, seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(weight, again[name]) for name, weight in first.items())
    assert any(not torch.equal(weight, other[name]) for name, weight in first.items())


def test_adapters_learn_come_back_and_are_merged(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    loaded = adapted(tiny_model)
    before = {k: v.clone() for k, v in loaded.model.state_dict().items()}
    policy = Policy(loaded.model, Optimizer(lr=0.05, weight_decay=0.0), 4, 1.0)
    for step in range(1, 4):
        policy.update(ROWS, [None, None], load_preset("grpo", max_response_tokens=16), step)
    after = loaded.model.state_dict()
    changed = {name for name, weight in after.items() if not torch.equal(weight, before[name])}
    assert changed
    assert all(".lora_" in name for name in changed)

    loaded.model.save_pretrained(tmp_path / "adapters")
    again = adapted(tiny_model)
    lora.put(again.model, lora.read(tmp_path / "adapters", again.model.device))
    ids = torch.arange(1, 20)[None]
    with torch.no_grad():
        trained = loaded.model(ids).logits
        assert_close(again.model(ids).logits, trained)
        write_model(tmp_path / "final", loaded, validated(CONFIG | {"model": str(tiny_model)}, "test"), 3, [])
        merged = AutoModelForCausalLM.from_pretrained(tmp_path / "final", dtype=torch.float32)
        assert_close(merged(ids).logits, trained, atol=1e-4, rtol=1e-4)
        assert (trained - load_plain(tiny_model)(ids).logits).abs().max() > 1e-3
    assert not list((tmp_path / "final").glob("adapter*"))


def test_targets_that_the_model_does_not_have_are_one_line(tiny_model: Path) -> None:
    with pytest.raises(UserError, match=r"lora.targets = \['nonesuch'\]: ") as raised:
        lora.adapted(load_plain(tiny_model), Lora(rank=4, targets=("nonesuch",)))
    assert "\n" not in str(raised.value)


def load_plain(model: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
