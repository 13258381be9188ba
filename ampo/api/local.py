"""What `ampo train` does in one process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ampo.api.resuming import resuming, say_trained
from ampo.console import say
from ampo.errors import UserError
from ampo.pretrained import config_of

if TYPE_CHECKING:
    from ampo.models import ModelRef
    from ampo.training.config import TrainConfig
    from ampo.training.prompts import Guidance, TrainPrompt
    from ampo.training.rundir import TrainDir
    from ampo.training.validation import Score, ValidationSample
    from ampo.verify import VerifierPool


def train_here(config: TrainConfig, folder: Path, dry_run: bool, data_dir: Path | None) -> None:
    """Train into a folder, or say what the config means.

    Args:
        config: What is trained, and how.
        folder: The run's.
        dry_run: Say what it means, and write nothing.
        data_dir: Of offline copies of benchmarks; None takes that of AMPO_DATA_DIR.

    Raises:
        UserError: The config, the model or the data are of no use.
    """
    from ampo import models
    from ampo.api.training_data import guided_prompts, validation_prompts
    from ampo.training import plan
    from ampo.training.rundir import TrainDir
    from ampo.verify import VerifierPool

    plan.check(config)
    run = TrainDir(folder)
    if not dry_run and run.finished(config):
        say(f"{folder} is finished already: all {config.steps} steps are there")
        say_trained(run.final, folder)
        return
    ref = models.resolve(config.model, say)
    try:
        ref = models.locate(ref)
    except UserError as missing:
        if not dry_run:
            raise
        print(config.to_toml())
        print("\n".join(plan.work(config, config.rollout.prompts_per_step)))
        say(f"prompts, guidance and memory are not known: {missing}")
        return
    with VerifierPool(eager=False) as verifier, TemporaryDirectory() as made:
        config, found = guided_prompts(config, ref, verifier, Path(made) if dry_run else folder, data_dir)
        if dry_run:
            _show(config, found.prompts, ref)
            return
        validation = validation_prompts(config, ref, data_dir, {p.problem.question for p in found.prompts})
        _train(config, run, ref, verifier, found, validation)
    say_trained(run.final, folder)


def _train(
    config: TrainConfig,
    run: TrainDir,
    ref: ModelRef,
    verifier: VerifierPool,
    found: Guidance,
    validation: Sequence[TrainPrompt],
) -> None:
    import torch

    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers import load
    from ampo.training import plan
    from ampo.training.loop import LocalTrainer

    with run.locked():
        run.start(config)
        run.note_pool(found.solutions, found.refused)
        on_gpu = torch.cuda.is_available() and config.device != "cpu"
        settings = EngineSettings(dtype="bfloat16" if config.lora.rank and on_gpu else "float32")
        loaded = load(ref.path, ref.hub_revision, settings, config.device, None)
        for line in plan.describe(config, found.prompts, loaded.model.config):
            say(line)
        with resuming(run.path, config.steps, lambda: (run.latest() or (0,))[0]):
            LocalTrainer(config, loaded, run, verifier, found.prompts, validation, _score()).run()


def _score() -> Score:
    """The validation's metrics, by the evaluation's own statistics."""
    from ampo.eval.metrics import Judged, summarise

    def score(samples: Sequence[ValidationSample]) -> dict[str, float]:
        rows = [
            Judged(
                "validation",
                s.problem,
                s.sample,
                s.verdict.outcome,
                vote=-1,
                completion_tokens=s.tokens,
                finish_reason=s.finish_reason,
                shown=s.verdict.shown,
            )
            for s in samples
        ]
        found = summarise(rows)["benchmarks"]["validation"]
        low, high = found["ci95"]
        rates = {name: found[name] for name in ("truncated_rate", "no_answer_rate", "mean_completion_tokens")}
        return {"accuracy": found["avg_at_k"], "ci95_low": low, "ci95_high": high, **rates}

    return score


def _show(config: TrainConfig, prompts: Sequence[TrainPrompt], ref: ModelRef) -> None:
    from ampo.training import plan

    model_config = config_of(ref)
    print(config.to_toml())
    print("\n".join(plan.describe(config, prompts, model_config)))
