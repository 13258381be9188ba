"""What a run would ask and what it would take, before anything is asked: `ampo eval --dry-run`.

Needs no model, no hub and no GPU. What is there is counted: problems from the data, tokens by the model's tokenizer.
What isn't is estimated, and the plan says which: the number and the length of problems from the benchmark's file,
tokens from characters.

Time is an estimate from two assumptions, each a flag: how long responses are, and how many tokens a second a GPU makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ampo.errors import MissingExtraError, UserError
from ampo.eval.adaptive import Rule
from ampo.eval.data import load_problems
from ampo.eval.spec import PILOT, asked
from ampo.eval.suites import Benchmark
from ampo.hub import HubDataError
from ampo.models import EMBEDDED, ModelRef, embedded_folder, locate, resolve
from ampo.pretrained import tokenizer_of
from ampo.prompts import Template, render
from ampo.types import Problem, SamplingParams

CHARS_PER_TOKEN = 3.0
"""Of a question: the mathematics sets have 2.6 to 3.1, ARC and GSM8K about 4 (SmolLM2's tokenizer)."""
_SYSTEM_CHARS_PER_TOKEN = 4.5  # of a system prompt, which is plain English
CHAT_TOKENS = 14  # a chat template's own, around a system prompt and a question
QUESTION_CHARS = 600  # where neither the data nor the benchmark's file says
MEAN_TOKENS = 1500.0  # of a response; a reasoning model of 7B on these sets writes from hundreds to thousands
TOKENS_PER_SECOND = 2500.0  # a model of 7B, one data-centre GPU, some hundred requests at a time
_MOST_TOKENS_PER_SECOND = 25_000.0  # small models are held back by other things than their size
_READING = 10.0  # prompts are read so many times as fast as responses are written

Count = Callable[[Template, Sequence[Problem]], int]


@dataclass(frozen=True, slots=True)
class Item:
    """A benchmark of a plan.

    samples, most_samples: of each problem; they differ where sampling is adaptive.
    prompt_tokens: of all its prompts, each read once for all samples. counted: by a tokenizer, from the data.
    missing: why the data isn't there, so that the size is the benchmark file's; "" where it is.
    assumed: nor does that file say how long questions are.
    extract: how answers are found, where the benchmark has a way of its own.
    """

    benchmark: str
    problems: int
    samples: int
    most_samples: int
    template: Template
    params: SamplingParams
    prompt_tokens: int
    counted: bool
    missing: str = ""
    assumed: bool = False
    extract: str = ""

    @property
    def most_tokens(self) -> int | None:
        """Completion tokens at most; None where only the model's context limits a response."""
        return None if self.params.max_tokens is None else self.problems * self.most_samples * self.params.max_tokens

    def expected_tokens(self, mean: float) -> float:
        """Completion tokens, if responses have `mean` tokens on average."""
        limit = self.params.max_tokens
        return self.problems * self.most_samples * (mean if limit is None else min(mean, limit))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would be. speed: tokens a second of one GPU. *_basis: where a figure comes from, in words."""

    model: str
    items: Sequence[Item]
    rule: Rule | None
    seed: int | None
    tokens_basis: str
    mean_tokens: float
    mean_basis: str
    speed: float
    speed_basis: str

    @property
    def prompt_tokens(self) -> int:
        return sum(item.prompt_tokens for item in self.items)

    @property
    def expected_tokens(self) -> float:
        return sum(item.expected_tokens(self.mean_tokens) for item in self.items)

    @property
    def most_tokens(self) -> int | None:
        most = [item.most_tokens for item in self.items]
        return None if None in most else sum(n for n in most if n is not None)

    def gpu_hours(self, completion_tokens: float) -> float:
        """Hours of one GPU; several divide it."""
        return (completion_tokens + self.prompt_tokens / _READING) / self.speed / 3600


def make_plan(
    benchmarks: Sequence[Benchmark],
    model: str,
    *,
    here: bool = True,
    samples: int | None = None,
    limit: int | None = None,
    template: str | None = None,
    data_dir: Path | None = None,
    sampling: Mapping[str, Any] | None = None,
    seed: int | None = 0,
    rule: Rule | None = None,
    tokens_per_second: float | None = None,
    mean_tokens: float | None = None,
    check: Callable[[Sequence[Problem]], object] = bool,
) -> Plan:
    """The plan of a run with these settings.

    Args:
        benchmarks: What is asked.
        model: A name, or an endpoint's URL.
        here: Whether we would load it, so that its name must be a model's; else it is an endpoint's or an engine's.
        samples, limit, template, data_dir, sampling, seed, rule: As of `ampo.eval.spec.build_spec`.
        tokens_per_second: Of all samples together; None for an estimate.
        mean_tokens: Of a response; None for an assumption.
        check: Is shown the problems that are there. (The default does nothing.)

    Raises:
        UserError: A run would refuse the settings, or data of the user's own can't be read.
    """
    data = {b.name: _problems(b, data_dir, limit) for b in benchmarks}  # first: a tokenizer's import is slow
    check([problem for problems, _ in data.values() for problem in problems or ()])
    count, basis = counter(model, here)
    first = samples or (PILOT if rule else None)
    items = [_item(b, *data[b.name], limit, asked(b, first, template, sampling or {}), rule, count) for b in benchmarks]
    speed, speed_basis = _speed(model, tokens_per_second)
    return Plan(
        model=model,
        items=items,
        rule=rule,
        seed=seed,
        tokens_basis=basis,
        mean_tokens=mean_tokens or MEAN_TOKENS,
        mean_basis="as given" if mean_tokens else "assumed; --mean-tokens",
        speed=speed,
        speed_basis=speed_basis,
    )


def _problems(benchmark: Benchmark, data_dir: Path | None, limit: int | None) -> tuple[list[Problem] | None, str]:
    """The problems, or None and why they can't be had. A set whose size nobody knows is an error."""
    try:
        return load_problems(benchmark, data_dir=data_dir, limit=limit), ""
    except (HubDataError, MissingExtraError) as error:
        if benchmark.n_problems is None:
            raise
        return None, str(error)


def _item(
    benchmark: Benchmark,
    problems: list[Problem] | None,
    missing: str,
    limit: int | None,
    how: tuple[Template, SamplingParams],
    rule: Rule | None,
    count: Count | None,
) -> Item:
    template, params = how
    if rule:
        rule.check(benchmark.name, params.n, params.temperature)
    size = len(problems) if problems is not None else min(benchmark.n_problems or 0, limit or benchmark.n_problems or 0)
    if problems is None:
        tokens = size * _estimated(template, benchmark.question_chars or QUESTION_CHARS)
    elif count is None:
        tokens = sum(_estimated(template, len(template.render(problem)[-1]["content"])) for problem in problems)
    else:
        tokens = count(template, problems)
    return Item(
        benchmark=benchmark.name,
        problems=size,
        samples=params.n,
        most_samples=rule.max_samples if rule else params.n,
        template=template,
        params=params,
        prompt_tokens=tokens,
        counted=problems is not None and count is not None,
        missing=missing,
        assumed=problems is None and benchmark.question_chars is None,
        extract=", ".join(sorted({problem.extract for problem in problems or ()} - {""})) or benchmark.extract,
    )


def _estimated(template: Template, question_chars: int) -> int:
    """Tokens of a prompt, by its characters."""
    system = len(template.system or "") / _SYSTEM_CHARS_PER_TOKEN
    return round(system + question_chars / CHARS_PER_TOKEN) + CHAT_TOKENS


def counter(model: str, here: bool = True) -> tuple[Count | None, str]:
    """Counts the tokens of prompts by the model's tokenizer, where it is here; None, and why, where it isn't.

    Raises UserError for a name that can't be a model's, where we would load it (`here`).
    """
    estimate = f"estimated, {CHARS_PER_TOKEN:g} characters a token"
    ref = _tokenizer_folder(model, here)
    if ref is None:
        return None, f"{estimate}: the tokenizer of {model} is not here"
    try:
        tokenizer = tokenizer_of(ref)
    except MissingExtraError:
        return None, f"{estimate}: transformers, which counts them, is not installed"
    except UserError:
        return None, f"{estimate}: the tokenizer of {model} can't be read"

    def count(template: Template, problems: Sequence[Problem]) -> int:
        prompts = [render(template.render(problem), tokenizer) for problem in problems]
        return sum(map(len, tokenizer(prompts, add_special_tokens=False, verbose=False)["input_ids"]))

    return count, f"counted by the tokenizer of {model}"


def _tokenizer_folder(model: str, here: bool) -> ModelRef | None:
    """Where the model's files are; None for an endpoint's, for the embedded one before it was made, and for one that
    is neither in the cache nor to be had from the hub. A name that can't be a model's is an error only `here`.
    """
    if "://" in model:
        return None
    if model == EMBEDDED and (embedded := embedded_folder()) and not embedded[1]:
        return None
    try:
        ref = resolve(model)
    except UserError:
        if here:
            raise
        return None
    try:
        return locate(ref)
    except UserError:
        return None


def _speed(model: str, given: float | None) -> tuple[float, str]:
    if given:
        return given, "as given"
    size = model_size(model)
    speed = min(TOKENS_PER_SECOND * 7 / (size or 7.0), _MOST_TOKENS_PER_SECOND)
    of = f"{size:g}B, by its name" if size else "7B, since its name has no size"
    return speed, f"assumed for a model of {of}, on one data-centre GPU with hundreds of requests at once"


def model_size(model: str) -> float | None:
    """Billions of parameters, as the model's name has them: 7B, 1.5B, 135m. None where it has none."""
    found = re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", model.rstrip("/").rpartition("/")[2].lower())
    return float(found[0][0]) / (1000 if found[0][1] == "m" else 1) if found else None
