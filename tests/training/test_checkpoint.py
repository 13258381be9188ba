"""A checkpoint that a full disk or a person has damaged."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ampo.errors import UserError
from ampo.training import checkpoint
from ampo.training.rundir import TrainDir


def made(tiny_model: Path, folder: Path) -> tuple[Any, torch.optim.Optimizer]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(tiny_model)
    loaded = SimpleNamespace(model=model, tokenizer=AutoTokenizer.from_pretrained(tiny_model))
    optimizer = torch.optim.AdamW(model.parameters())
    folder.mkdir(parents=True)
    checkpoint.save(folder, loaded, optimizer, checkpoint.State(step=3))  # type: ignore[arg-type]
    return loaded, optimizer


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("name", ["model.safetensors", "trainer.pt", "config.json"])
@pytest.mark.parametrize("damage", [torn, Path.unlink, lambda file: file.write_bytes(b"")])
def test_damage_is_one_line_with_the_way_on(name: str, damage: Any, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints" / "step-000003"
    loaded, optimizer = made(tiny_model, folder)
    assert checkpoint.load(folder, loaded, optimizer, adapters=False).step == 3
    damage(folder / name)
    with pytest.raises(UserError, match=r"is damaged .*: delete that folder") as raised:
        checkpoint.load(folder, loaded, optimizer, adapters=False)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_good_checkpoint_that_does_not_fit_is_not_called_damaged(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "step-000003"
    loaded, optimizer = made(tiny_model, folder)
    loaded.model.resize_token_embeddings(7)
    with pytest.raises(RuntimeError, match="size mismatch"):
        checkpoint.load(folder, loaded, optimizer, adapters=False)
    loaded, optimizer = made(tiny_model, tmp_path / "other")
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
    with pytest.raises(ValueError, match="parameter group"):
        checkpoint.load(folder, loaded, optimizer, adapters=False)


@pytest.mark.parametrize("change", [{"of_tomorrow": 1}, {"deviations": {"of_tomorrow": 1}}, {"optimizer": None}])
def test_a_checkpoint_of_another_version_is_one_line(change: dict[str, Any], tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "step-000003"
    loaded, optimizer = made(tiny_model, folder)
    kept = torch.load(folder / "trainer.pt", weights_only=True) | change
    torch.save({name: value for name, value in kept.items() if value is not None}, folder / "trainer.pt")
    with pytest.raises(UserError, match=r"step-000003 was written by another version \(.*\): go on with that one"):
        checkpoint.load(folder, loaded, optimizer, adapters=False)


def test_folders_of_other_names_are_no_checkpoints(tmp_path: Path) -> None:
    place = TrainDir(tmp_path)
    for name in ("step-000002", "step-000010", "step-10-copy", "step-"):
        (place.checkpoints / name).mkdir(parents=True)
    assert place.latest() == (10, place.checkpoints / "step-000010")
    shutil.rmtree(place.checkpoints / "step-000010")
    assert place.latest() == (2, place.checkpoints / "step-000002")
