"""Problems made offline by reasoning-gym (arXiv 2505.24760), the same on every machine.

Which kinds, how many and how hard stands in the benchmark's TOML file (`[[parts]]`): for the suite `demo` it is
chosen so that a model of 135M parameters gets some right and some wrong.
"""

from __future__ import annotations

from collections import Counter

from ampo.errors import MissingExtraError, UserError, nearest
from ampo.eval.suites import Benchmark, Part
from ampo.types import Problem


def make_problems(benchmark: Benchmark) -> list[Problem]:
    """The benchmark's parts in turn, one problem of each kind after another, so that any first few are of all kinds.

    Raises UserError for an unknown kind, or parameters that it refuses; MissingExtraError without reasoning-gym.
    """
    before: Counter[str] = Counter()
    made: list[list[Problem]] = []
    for part in benchmark.parts:  # a kind that comes again goes on counting
        made.append(_make(part, benchmark, before[part.kind]))
        before[part.kind] += part.size
    longest = max(len(problems) for problems in made)
    return [problems[i] for i in range(longest) for problems in made if i < len(problems)]


def _make(part: Part, benchmark: Benchmark, first: int) -> list[Problem]:
    """`size` different problems: reasoning-gym draws each on its own and may repeat one, which is passed over."""
    try:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS
    except ImportError as error:
        raise MissingExtraError("reasoning-gym", "data", f"the benchmark {benchmark.name!r}") from error
    where = f"{benchmark.name}: part {part.kind!r}"
    if part.kind not in DATASETS:
        raise UserError(f"{where} is no kind of reasoning-gym: {nearest(part.kind, sorted(DATASETS), 'a kind')}")
    try:
        entries = reasoning_gym.create_dataset(part.kind, size=20 * part.size, seed=part.seed, **part.config)
    except (TypeError, AssertionError, ValueError) as error:
        raise UserError(f"{where}: reasoning-gym refuses its config: {error}") from error
    unique: dict[str, str] = {}
    for entry in entries:
        unique.setdefault(entry["question"].strip(), str(entry["answer"]).strip())
        if len(unique) == part.size:
            break
    if len(unique) < part.size:
        raise UserError(f"{where}: only {len(unique)} different problems are to be had, {part.size} are asked for")
    return [_problem(part, i, benchmark, *pair) for i, pair in enumerate(unique.items(), first)]


def _problem(part: Part, index: int, benchmark: Benchmark, question: str, answer: str) -> Problem:
    return Problem(
        id=f"{benchmark.name}/{part.kind}-{index}",
        question=question,
        answer=answer,
        benchmark=benchmark.name,
        kind=benchmark.answer_kind,
        extract=benchmark.extract,
    )
