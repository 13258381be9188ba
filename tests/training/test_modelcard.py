"""What a model card says of its making."""

from __future__ import annotations

import pytest

from ampo.training.config import load_config
from ampo.training.modelcard import card


@pytest.mark.parametrize(
    ("config", "others"),
    [
        ("demo", set()),
        ("sft-qwen2.5-7b", {"openrlhf", "deepspeed"}),
        ("openrlhf-smoke", {"openrlhf", "deepspeed", "ray", "vllm"}),
    ],
)
def test_versions_are_those_of_what_trained(config: str, others: set[str]) -> None:
    lines = card(load_config(config), 3, []).partition("## Versions")[2].split("\n")
    named = {line.split()[1] for line in lines if line.startswith("- ")}
    assert named == {"python", "ampo", "torch", "transformers", "math-verify"} | others
