"""`ampo.train`: a config, joined with the data, the verifier and the validation's statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from ampo.api.folders import folder_of
from ampo.console import say
from ampo.errors import MissingExtraError, UserError
from ampo.training.config import TrainConfig, load_config
from ampo.training.result import TrainingRun

if TYPE_CHECKING:
    from ampo.guidance import GuidancePool
    from ampo.training.loop import Score, ValidationSample
    from ampo.training.prompts import Guidance, TrainPrompt
    from ampo.types import Problem
    from ampo.verify import VerifierPool

_ADVICE = "train and validate on other problems, or it measures nothing"
OFFLINE = "reasoning-gym"
"""Names problems made offline, and procedural teachers for them."""


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
    """Train into a folder. stop: after printing what it means, or OpenRLHF's command."""
    if ray_address and config.backend != "openrlhf":
        raise UserError("--ray-address is for OpenRLHF: add --backend openrlhf")
    if stop == "command" and config.backend != "openrlhf":
        raise UserError("--print-command shows OpenRLHF's flags: add --backend openrlhf")
    try:
        if config.backend == "openrlhf":
            _train_openrlhf(config, folder, stop, ray_address, data_dir)
        else:
            _train(config, folder, stop == "plan", data_dir)
    except ImportError as error:
        if error.name not in ("torch", "transformers", "jaxtyping"):
            raise
        raise MissingExtraError(error.name, "train", "ampo train") from error


def _train(config: TrainConfig, folder: Path, dry_run: bool, data_dir: Path | None) -> None:
    import torch

    from ampo import models
    from ampo.engines.loading import load
    from ampo.engines.settings import EngineSettings
    from ampo.training import plan
    from ampo.training.loop import LocalTrainer
    from ampo.training.rundir import TrainDir
    from ampo.verify import VerifierPool

    plan.check(config)
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
    run = TrainDir(folder)
    with VerifierPool() as verifier, TemporaryDirectory() as made:
        config, found = _prompts(config, ref.path, verifier, Path(made) if dry_run else folder, data_dir)
        prompts = found.prompts
        if dry_run:
            _show(config, prompts, ref.path)
            return
        validation = _validation(config, ref.path, data_dir, {p.problem.question for p in prompts})
        with run.locked():
            run.start(config)
            run.note_pool(found.solutions, found.refused)
            on_gpu = torch.cuda.is_available() and config.device != "cpu"
            settings = EngineSettings(dtype="bfloat16" if config.lora.rank and on_gpu else "float32")
            loaded = load(ref.path, ref.hub_revision, settings, config.device, None)
            for line in plan.describe(config, prompts, loaded.model.config):
                say(line)
            if done := run.latest():
                say(f"going on from step {done[0]} of {config.steps} in {folder}")
            try:
                LocalTrainer(config, loaded, run, verifier, prompts, validation, _score()).run()
            except KeyboardInterrupt:
                latest = run.latest()
                say(f"stopped; the same command goes on from step {latest[0] if latest else 0} in {folder}")
                raise
    say(f"trained: {run.final} (ampo eval --model {run.final}, ampo report {folder} --html)")


def _train_openrlhf(
    config: TrainConfig,
    folder: Path,
    stop: Literal["command", "plan"] | None,
    ray_address: str | None,
    data_dir: Path | None,
) -> None:
    """Check a config against OpenRLHF, and run it there. stop: after showing its command, or what it means."""
    from ampo import models
    from ampo.api.rl import show_alone, train_rl
    from ampo.api.sft import train_sft
    from ampo.training import plan
    from ampo.training.openrlhf import plan as rl
    from ampo.training.openrlhf import sft
    from ampo.verify import VerifierPool

    plan.check(config)
    is_sft = config.resolved_algorithm().objective == "sft"
    if is_sft and ray_address:
        raise UserError("--ray-address: preset 'sft' runs without Ray: leave it out")
    (sft if is_sft else rl).check(config)
    ref = models.resolve(config.model, say)
    if ref.hub_revision:
        raise UserError(
            f"model = {config.model!r}: OpenRLHF takes no revision: `hf download {ref.path} --revision "
            f"{ref.hub_revision} --local-dir DIR`, and give the folder"
        )
    try:
        path = models.locate(ref).path
    except UserError as missing:
        if not stop:
            raise
        show_alone(config, folder, stop, missing)
        return
    with TemporaryDirectory() as made:
        with VerifierPool() as verifier:
            config, found = _prompts(config, path, verifier, Path(made), data_dir)
        if is_sft:
            train_sft(config, folder, stop, path, found)
        else:
            train_rl(config, folder, stop, path, found, ray_address)


def _prompts(
    config: TrainConfig, path: str, verifier: VerifierPool, folder: Path, data_dir: Path | None
) -> tuple[TrainConfig, Guidance]:
    """The training prompts through template and tokenizer, with their guidance; the config with its teacher settled."""
    from collections import Counter

    from transformers import AutoTokenizer

    from ampo.engines.loading import stop_ids
    from ampo.guidance.lengths import measure_by
    from ampo.training import plan
    from ampo.training.prompts import Guidance, with_guidance
    from ampo.training.turn import end_of_turn
    from ampo.verify.audit import name_unreadable

    problems = _problems(config.data.train, "data.train", "train", data_dir)
    name_unreadable(problems, say, strict=None)
    made = _tokenized(config, path, problems)
    algorithm = config.resolved_algorithm()
    if not algorithm.uses_pool:
        return config, Guidance(made, 0, Counter(), None)
    tokenizer = AutoTokenizer.from_pretrained(path)
    room = config.rollout.max_tokens - len(end_of_turn(tokenizer, stop_ids(path, None, tokenizer)))
    pool = _pool(config, problems, folder)
    found = with_guidance(made, pool, verifier, algorithm, measure_by(tokenizer), room)
    for line in found.describe():
        say(f"pool: {line}")
    plan.check_guidance(config, found.prompts)
    return (config.with_teacher(found.teacher) if found.teacher else config), found


def _validation(config: TrainConfig, path: str, data_dir: Path | None, trained: set[str]) -> list[TrainPrompt]:
    if config.data.validation is None:
        return []
    problems = _problems(config.data.validation, "data.validation", "validation", data_dir)
    unseen = [p for p in problems if p.question not in trained]
    if not unseen:
        raise UserError(f"every problem of data.validation = {config.data.validation!r} is trained on: give others")
    if len(unseen) < len(problems):
        say(f"{len(problems) - len(unseen)} of {len(problems)} validation problems are trained on: left out")
    return _tokenized(config, path, unseen[: config.validation.limit])


def _tokenized(config: TrainConfig, path: str, problems: Sequence[Problem]) -> list[TrainPrompt]:
    from transformers import AutoTokenizer

    from ampo.prompts import load_template
    from ampo.training.prompts import tokenized

    template = load_template(config.data.template)
    made, left_out = tokenized(problems, template, AutoTokenizer.from_pretrained(path), config.data.max_prompt_tokens)
    if left_out:
        say(f"{left_out} of {len(problems)} prompts are longer than {config.data.max_prompt_tokens} tokens: left out")
    return made


def _problems(source: str, key: str, part: str, data_dir: Path | None) -> list[Problem]:
    """Prompts with reference answers. A benchmark is refused: it would then measure what it was trained on."""
    from ampo.eval.data import from_file, load_problems
    from ampo.eval.suites import catalogue, known_names, load_benchmark
    from ampo.guidance import GuidancePool
    from ampo.types import Problem

    if source in known_names():
        raise UserError(f"{key} = {source!r} is a benchmark: {_ADVICE}")
    if source == OFFLINE:
        return load_problems(load_benchmark(Path(str(files("ampo.training").joinpath("problems", f"{part}.toml")))))
    if source.endswith(".toml"):
        benchmark = load_benchmark(Path(source).expanduser())
        if benchmark.name in known_names() or benchmark.source in {b.source for b in catalogue() if b.source}:
            raise UserError(f"{key} = {source!r} is the benchmark {benchmark.name}: {_ADVICE}")
        return load_problems(benchmark, data_dir=data_dir)
    if source in {b.source for b in catalogue() if b.source}:
        raise UserError(f"{key} = {source!r} is a benchmark's data set: {_ADVICE}")
    if source.endswith(".csv"):
        return from_file(Path(source))
    return [Problem(e.uid, e.question, e.answer, kind="math") for e in GuidancePool.open(source)]


def _pool(config: TrainConfig, problems: Sequence[Problem], folder: Path) -> GuidancePool:
    from ampo.guidance import GuidancePool

    if config.data.pool != OFFLINE:
        return GuidancePool.open(config.data.pool or "")
    from ampo.guidance.formats import line_of
    from ampo.training.teachers import pool_entry

    file = folder / "pool.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(line_of(pool_entry(p)) for p in problems), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file} ({error.strerror}): give another --output-dir") from error
    return GuidancePool.open(file)


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


def _show(config: TrainConfig, prompts: Sequence[TrainPrompt], path: str) -> None:
    from transformers import AutoConfig

    from ampo.training import plan

    print(config.to_toml())
    print("\n".join(plan.describe(config, prompts, AutoConfig.from_pretrained(path))))
