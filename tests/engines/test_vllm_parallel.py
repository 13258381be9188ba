"""vLLM over two workers, and two of it side by side (-tp 2, -dp 2), on a CPU: the texts are one worker's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ampo.engines.settings import EngineSettings
from ampo.engines.vllm import VLLMEngine
from ampo.models import resolve
from ampo.types import Request, SamplingParams

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

SETTINGS = EngineSettings(dtype="float32", max_model_len=256)


def texts(model: Path, **settings: Any) -> dict[tuple[str, int], str]:
    """Greedy ones and seeded ones."""
    pytest.importorskip("vllm")
    greedy = SamplingParams(n=1, temperature=0.0, max_tokens=12)
    seeded = SamplingParams(n=2, temperature=1.0, max_tokens=12, seed=5)
    requests = [Request(f"{i} {p.n}", f"Tell me of {i}:", p) for i in range(6) for p in (greedy, seeded)]
    with VLLMEngine(resolve(str(model)), dataclasses.replace(SETTINGS, **settings)) as engine:
        return {(s.request_id, s.index): s.response.text for s in engine.generate(requests)}


@pytest.mark.parametrize("over", ["tensor_parallel_size", "data_parallel_size"])
def test_two_give_what_one_gives(over: str, wide: Path) -> None:
    one, two = texts(wide), texts(wide, **{over: 2})
    assert one.keys() == two.keys()
    assert len(set(one.values())) > 6
    assert one == two
