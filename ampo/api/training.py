"""`ampo.train`: a config becomes a run, in this process or on OpenRLHF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ampo.api.folders import folder_of
from ampo.errors import MissingExtraError, UserError
from ampo.training.config import TrainConfig, load_config
from ampo.training.result import TrainingRun


def train(
    config: str | Path | Mapping[str, Any],
    *,
    output_dir: str | Path | None = None,
    data_dir: str | Path | None = None,
    ray_address: str | None = None,
    **overrides: Any,
) -> TrainingRun:
    """Train a model. The same call goes on with what is in the folder.

    Args:
        config: A TOML file, the name of one of ours ("demo"), or the same as a mapping.
        output_dir: The run's folder. Default: the config's own, else a temporary one, and a line says where.
        data_dir: A folder of offline copies of benchmarks. Default: AMPO_DATA_DIR.
        ray_address: The Ray cluster to join, with backend="openrlhf".
        overrides: Values of the config: `steps=10`, `rollout={"n": 4}`, `**{"algorithm.k0": 4}`.

    Returns:
        The run: `.model` is the folder of the trained weights, `.metrics` has a row a step.

    Raises:
        UserError: The config is wrong, or its data or model can't be had.
    """
    settings = load_config(config, overrides)
    folder = folder_of(output_dir or settings.output_dir)
    carry_out(settings, folder, ray_address=ray_address, data_dir=None if data_dir is None else Path(data_dir))
    return TrainingRun(folder)


def carry_out(
    config: TrainConfig,
    folder: Path,
    *,
    stop: Literal["command", "plan"] | None = None,
    ray_address: str | None = None,
    data_dir: Path | None = None,
) -> None:
    """Train into a folder.

    Args:
        config: Of the run.
        folder: Of the run; what is there is gone on with.
        stop: After printing what the config means ("plan"), or OpenRLHF's command.
        ray_address: The Ray cluster to join, on OpenRLHF.
        data_dir: A folder of offline copies of benchmarks.

    Raises:
        UserError: The config is wrong, or its data or model can't be had.
        MissingExtraError: A package is missing.
    """
    if ray_address and config.backend != "openrlhf":
        raise UserError("--ray-address is for OpenRLHF: add --backend openrlhf")
    if stop == "command" and config.backend != "openrlhf":
        raise UserError("--print-command shows OpenRLHF's flags: add --backend openrlhf")
    try:
        if config.backend == "openrlhf":
            from ampo.api.openrlhf import train_on_openrlhf

            train_on_openrlhf(config, folder, stop, ray_address, data_dir)
        else:
            from ampo.api.local import train_here

            train_here(config, folder, stop == "plan", data_dir)
    except ImportError as error:
        if error.name not in ("torch", "transformers", "jaxtyping"):
            raise
        raise MissingExtraError(error.name, "train", "ampo train") from error
