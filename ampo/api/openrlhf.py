"""What `ampo train` does on OpenRLHF, whichever of its trainers it is."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.models import ModelRef
    from ampo.training.config import TrainConfig


def train_on_openrlhf(
    config: TrainConfig,
    folder: Path,
    stop: Literal["command", "plan"] | None,
    ray_address: str | None,
    data_dir: Path | None,
) -> None:
    """Check a config against OpenRLHF, and run it there.

    Args:
        config: What is trained, and how.
        folder: The run's.
        stop: Stop after showing OpenRLHF's command, or what the config means; None trains.
        ray_address: Of a cluster to join; None starts one on this machine.
        data_dir: Of offline copies of benchmarks; None takes that of AMPO_DATA_DIR.

    Raises:
        UserError: OpenRLHF can't do it, or the model or the data are of no use.
    """
    from ampo import models
    from ampo.api.rl import show_alone, train_rl
    from ampo.api.sft import train_sft
    from ampo.api.training_data import guided_prompts
    from ampo.training import plan
    from ampo.training.openrlhf import plan as rl
    from ampo.training.openrlhf import sft
    from ampo.verify import VerifierPool

    plan.check(config)
    is_sft = config.resolved_algorithm().objective == "sft"
    if is_sft and ray_address:
        raise UserError("--ray-address: preset 'sft' runs without Ray: leave it out")
    (sft if is_sft else rl).check(config)
    ref = _resolved(config)
    try:
        ref = models.locate(ref)
    except UserError as missing:
        if not stop:
            raise
        show_alone(config, folder, stop, missing)
        return
    with TemporaryDirectory() as made:
        with VerifierPool(eager=False) as verifier:
            config, found = guided_prompts(config, ref, verifier, Path(made), data_dir)
        if is_sft:
            train_sft(config, folder, stop, ref, found)
        else:
            train_rl(config, folder, stop, ref, found, ray_address)


def _resolved(config: TrainConfig) -> ModelRef:
    from ampo import models

    ref = models.resolve(config.model, say)
    if ref.hub_revision:
        raise UserError(
            f"model = {config.model!r}: OpenRLHF takes no revision: `hf download {ref.path} --revision "
            f"{ref.hub_revision} --local-dir DIR`, and give the folder"
        )
    return ref
