"""The trained model as a Hugging Face folder that vLLM and transformers load, with a card on where it is from."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ampo.engines.loading import Loaded
from ampo.training.config import TrainConfig


def write_model(
    folder: Path, loaded: Loaded, config: TrainConfig, step: int, metrics: Sequence[dict[str, Any]]
) -> None:
    """Weights in the precision that the base model was published in, tokenizer, and README.md."""
    model = loaded.model
    dtype = loaded.published_dtype or model.dtype
    training = model.config.dtype
    try:
        model.config.dtype = dtype
        model.save_pretrained(folder, state_dict={k: v.to(dtype) for k, v in model.state_dict().items()})
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
    return "\n".join([*lines, *(f"- {name} {found}" for name, found in versions().items()), ""])


def versions() -> dict[str, str]:
    """Of what the training depends on."""
    found = {"python": platform.python_version()}
    for name in ("ampo", "torch", "transformers", "math-verify"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
