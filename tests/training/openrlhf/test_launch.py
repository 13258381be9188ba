"""What a run says and does before its processes are asked for."""

from __future__ import annotations

import sys
from collections import Counter
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")

from ampo.api.rl import train_rl
from ampo.errors import UserError
from ampo.models import resolve
from ampo.training.config import load_config
from ampo.training.openrlhf import flags, launch, leftovers
from ampo.training.prompts import Guidance, TrainPrompt
from ampo.training.rundir import TrainDir
from ampo.types import Problem


@pytest.mark.parametrize(
    ("there", "free", "said"), [(4, 4, ""), (4, 1, "needs 2 GPUs and 1 of 4 are free"), (1, 1, None)]
)
def test_a_joined_cluster_that_is_busy_or_small_is_told(
    there: int, free: int, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = SimpleNamespace(
        init=lambda **_: None,
        shutdown=lambda: None,
        cluster_resources=lambda: {"GPU": float(there)},
        available_resources=lambda: {"GPU": float(free)},
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    place, terminal = flags.Place("/models/m", tmp_path, 16, gpu=False), StringIO()
    place.log.parent.mkdir()
    leftovers.remember(place.session, tmp_path / "session")
    arguments = flags.argv(load_config("openrlhf-smoke"), place)
    if said is None:
        with (
            pytest.raises(UserError, match="needs 2 GPUs and Ray has 1"),
            launch._cluster(place, arguments, "a", terminal),
        ):
            pass
    else:
        with launch._cluster(place, arguments, "a", terminal):
            pass
        assert said in terminal.getvalue()
        assert bool(said) == bool(terminal.getvalue())
    assert not place.session.exists()  # what a killed run of this folder had left of a Ray of its own is ended


def test_nothing_is_written_where_another_process_trains(tiny_model: Path, tmp_path: Path) -> None:
    prompts = [TrainPrompt(Problem(f"p{i}", "1 + 1?", "2"), (i + 1000,)) for i in range(4)]
    found = Guidance(prompts, 0, Counter(), None)
    with TrainDir(tmp_path).locked(), pytest.raises(UserError, match="another process is working"):
        train_rl(load_config("openrlhf-smoke"), tmp_path, None, resolve(str(tiny_model)), found, None)
    assert not (tmp_path / "openrlhf").exists()
