"""What a run trains and validates on: problems, as prompts through template and tokenizer, with their guidance."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.console import say
from ampo.errors import UserError
from ampo.files import write
from ampo.pretrained import tokenizer_of

if TYPE_CHECKING:
    from ampo.guidance import GuidancePool
    from ampo.models import ModelRef
    from ampo.training.config import TrainConfig
    from ampo.training.prompts import Guidance, TrainPrompt
    from ampo.types import Problem
    from ampo.verify import VerifierPool

_ADVICE = "train and validate on other problems, or it measures nothing"
OFFLINE = "reasoning-gym"
"""Names problems made offline, and procedural teachers for them."""


def guided_prompts(
    config: TrainConfig, ref: ModelRef, verifier: VerifierPool, folder: Path, data_dir: Path | None
) -> tuple[TrainConfig, Guidance]:
    """The training prompts through template and tokenizer, with their guidance; the config with its teacher settled.

    Args:
        config: of the run.
        ref: the model.
        verifier: judges the solutions of the pool.
        folder: where a pool that is made here is written.
        data_dir: of offline copies of benchmarks.

    Raises:
        UserError: for a tokenizer or data that can't be had, or that a run must not train on.
    """
    from collections import Counter

    from ampo.engines.transformers import stop_ids
    from ampo.guidance.lengths import measure_by
    from ampo.training import plan
    from ampo.training.prompts import Guidance, with_guidance
    from ampo.training.turn import end_of_turn
    from ampo.verify.audit import name_unreadable

    problems = _problems(config.data.train, "data.train", "train", data_dir)
    name_unreadable(problems, say, strict=None)
    tokenizer = tokenizer_of(ref)
    made = _tokenized(config, tokenizer, problems)
    algorithm = config.resolved_algorithm()
    if not algorithm.uses_pool:
        return config, Guidance(made, 0, Counter(), None)
    room = config.rollout.max_tokens - len(end_of_turn(tokenizer, stop_ids(ref.path, ref.hub_revision, tokenizer)))
    pool = _pool(config, problems, folder)
    found = with_guidance(made, pool, verifier, algorithm, measure_by(tokenizer), room)
    for line in found.describe():
        say(f"pool: {line}")
    plan.check_guidance(config, found.prompts)
    return (config.with_teacher(found.teacher) if found.teacher else config), found


def validation_prompts(
    config: TrainConfig, ref: ModelRef, data_dir: Path | None, trained: set[str]
) -> list[TrainPrompt]:
    """Those to validate on; none where the config names none.

    Args:
        config: Names the problems.
        ref: The model, whose tokenizer counts.
        data_dir: Of offline copies of benchmarks; None takes that of AMPO_DATA_DIR.
        trained: The questions that are trained on, which are left out.

    Raises:
        UserError: The problems can't be had, or all of them are trained on.
    """
    if config.data.validation is None:
        return []
    problems = _problems(config.data.validation, "data.validation", "validation", data_dir)
    unseen = [p for p in problems if p.question not in trained]
    if not unseen:
        raise UserError(f"every problem of data.validation = {config.data.validation!r} is trained on: give others")
    if len(unseen) < len(problems):
        say(f"{len(problems) - len(unseen)} of {len(problems)} validation problems are trained on: left out")
    return _tokenized(config, tokenizer_of(ref), unseen[: config.validation.limit])


def _tokenized(config: TrainConfig, tokenizer: Any, problems: Sequence[Problem]) -> list[TrainPrompt]:
    from ampo.prompts import load_template
    from ampo.training.prompts import tokenized

    template = load_template(config.data.template)
    made, left_out = tokenized(problems, template, tokenizer, config.data.max_prompt_tokens)
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
    except OSError as error:
        raise UserError(f"cannot write {file} ({error.strerror}): give another --output-dir") from error
    write(file, "".join(line_of(pool_entry(p)) for p in problems))
    return GuidancePool.open(file)
