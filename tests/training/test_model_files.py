"""What a run reads of its model besides the weights: at the revision asked for, and in one line what is missing."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ampo.api.training_data import guided_prompts, validation_prompts
from ampo.errors import UserError
from ampo.models import ModelRef, resolve
from ampo.pretrained import config_of
from ampo.training.config import validated
from ampo.verify import VerifierPool

PROBLEM = '{"uid": "p", "question": "1 + 1?", "answer": "2", "solutions": ["It is 2. <answer> 2 </answer>"]}\n'


@pytest.fixture
def bare(tiny_model: Path, tmp_path: Path) -> Path:
    """The folder of a model without its tokenizer."""
    kept = shutil.ignore_patterns("*token*", "vocab*", "merges*", "*.jinja")
    return Path(shutil.copytree(tiny_model, tmp_path / "bare", ignore=kept))


def config(tmp_path: Path, preset: str) -> Any:
    file = tmp_path / "train.jsonl"
    file.write_text(PROBLEM)
    data = {"train": str(file), "pool": str(file), "validation": str(file)}
    return validated({"model": "-", "preset": preset, "data": data}, "test")


def test_a_model_without_tokenizer_is_one_line(bare: Path, tmp_path: Path) -> None:
    ref = resolve(str(bare))
    with VerifierPool(workers=1) as verifier:
        for ask in (
            lambda: guided_prompts(config(tmp_path, "ampo"), ref, verifier, tmp_path, None),
            lambda: validation_prompts(config(tmp_path, "ampo"), ref, None, set()),
        ):
            with pytest.raises(UserError, match="has no tokenizer to be read: ") as raised:
                ask()
            assert str(bare) in str(raised.value)
            assert "\n" not in str(raised.value)


def test_a_config_of_no_kind_that_is_known_is_one_line(bare: Path) -> None:
    (bare / "config.json").write_text('{"model_type": "nonesuch"}')
    with pytest.raises(UserError, match=r"bare has no config to be read: .*nonesuch"):
        config_of(resolve(str(bare)))


def test_everything_is_read_at_the_revision(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    from ampo.engines.transformers import loading

    asked: list[tuple[str, str, str | None]] = []

    def spy(name: str) -> Any:
        real = getattr(transformers, name).from_pretrained

        def from_pretrained(path: str, *, revision: str | None = None) -> Any:
            asked.append((name, path, revision))
            return real(tiny_model)

        return SimpleNamespace(from_pretrained=from_pretrained)

    def stop_ids(path: str, revision: str | None, tokenizer: Any) -> frozenset[int]:
        asked.append(("stop_ids", path, revision))
        return frozenset({tokenizer.eos_token_id})

    for name in ("AutoTokenizer", "AutoConfig"):
        monkeypatch.setattr(transformers, name, spy(name))
    monkeypatch.setattr(loading, "stop_ids", stop_ids)
    ref = ModelRef("owner/name@abc", "owner/name", "hub", "abc")
    with VerifierPool(workers=1) as verifier:
        guided_prompts(config(tmp_path, "ampo"), ref, verifier, tmp_path, None)
    config_of(ref)
    assert asked == [(name, "owner/name", "abc") for name in ("AutoTokenizer", "stop_ids", "AutoConfig")]
