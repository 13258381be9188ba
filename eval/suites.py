"""What the names after `--suite` mean: benchmarks, one small TOML file each, and suites of them.

A benchmark says where its problems come from (exactly one of a hub data set, a file, or reasoning-gym), how its
columns become a `Problem`, and how the paper asks it. A user's own TOML file has the same form and is named by its
path. The paper's suites: six sets of mathematics (`ampo`) and three from elsewhere (`ood`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ampo.errors import UserError, nearest
from ampo.eval.normalise import NORMALISERS
from ampo.files import explain
from ampo.prompts import load_template
from ampo.types import AnswerKind, SamplingParams
from ampo.verify.find.own import usable

_MATHEMATICS = ("aime24", "aime25", "amc", "math500", "minerva", "olympiadbench")
_ELSEWHERE = ("arc_challenge", "gpqa_diamond", "mmlu_pro")

SUITES: dict[str, tuple[str, ...]] = {
    "ampo": _MATHEMATICS,
    "ood": _ELSEWHERE,
    "paper": (*_MATHEMATICS, *_ELSEWHERE),
    "demo": ("demo",),
}
"""Suite name -> benchmark names, in the order of the paper's Table 1."""

_FROZEN = ConfigDict(extra="forbid", frozen=True)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Columns(BaseModel):
    """Which columns hold what."""

    model_config = _FROZEN

    question: str = "question"
    """The question's."""
    answer: str = "answer"
    """The reference answer's."""
    id: str | None = None
    """What names a problem; None: `id` where a file has it, else the problem's number."""
    options: str | None = None
    """A list of texts, of a choice question; None: `options` where a file has it."""
    distractors: tuple[str, ...] = ()
    """The columns of the wrong options, a text each, in place of `options`."""


class Part(BaseModel):
    """Problems of one reasoning-gym kind."""

    model_config = _FROZEN

    kind: str
    """Its name in reasoning-gym."""
    size: int = Field(ge=1)
    """How many problems."""
    seed: int = Field(default=0, ge=0)
    """From which they are made: the same seed gives the same problems."""
    config: Mapping[str, Any] = {}
    """The kind's own difficulty parameters."""


class Benchmark(BaseModel):
    """One set of problems and how it is asked. The fields are the keys of its TOML file."""

    model_config = _FROZEN

    name: str = Field(json_schema_extra={"default": "the file's name"})
    """Names it in results, in problem ids and in a data folder (<name>.jsonl)."""
    title: str = ""
    """Its name for people, in a model card."""
    description: str = ""
    """For readers of the file; nothing reads it."""
    source: str | None = None
    """A hub data set's id."""
    config: str | None = None
    """The hub data set's configuration (subset)."""
    split: str = "test"
    """The hub data set's split."""
    revision: str | None = None
    """A hub commit or tag; None follows the main branch."""
    dataset: Path | None = None
    """A file (.jsonl, .csv, .parquet) instead of the hub; relative to the TOML file."""
    parts: tuple[Part, ...] = ()
    """Kinds of reasoning-gym instead of the hub; made offline."""
    columns: Columns = Columns()
    """Which columns hold what: a section below."""
    normaliser: str = "plain"
    """How a row becomes question, answer and options (see `ampo.eval.normalise`)."""
    answer_kind: AnswerKind = "auto"
    """What all answers are; auto looks at each."""
    extract: str = ""
    """How the answer is found in a response: a regular expression, or a function, FILE.py:NAME or MODULE:NAME; relative
    to the TOML file. Default: the verifier's own way."""
    samples: int = Field(default=1, ge=1)
    """Samples of each problem; the paper's own number for its sets."""
    template: str = "ampo"
    """A prompt template's name, or PATH.toml#NAME; relative to the TOML file."""
    sampling: Mapping[str, Any] = {}
    """Sampling defaults that differ from the paper's, by the names of SamplingParams."""
    n_problems: int | None = Field(default=None, ge=1)
    """How many there are: another number is warned of, and a dry run without the data counts with it."""
    question_chars: int | None = Field(default=None, ge=1)
    """Characters of a question with its options, on average: for a dry run without the data."""
    gated: bool = False
    """Whether the hub asks for its terms to be accepted first."""
    license: str = "not stated"
    """Of the problems, as `ampo eval --list` shows it."""
    url: str = ""
    """Where they are from: of a gated data set, where its terms are accepted."""

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("letters, digits, '_', '-' and '.' only, since it is a file's name and a key")
        return name

    @field_validator("normaliser")
    @classmethod
    def _known_normaliser(cls, name: str) -> str:
        if name not in NORMALISERS:
            raise ValueError(f"unknown {name!r}: {nearest(name, NORMALISERS, 'a normaliser')}")
        return name

    @field_validator("sampling")
    @classmethod
    def _known_sampling(cls, sampling: Mapping[str, Any]) -> Mapping[str, Any]:
        known = [k for k in SamplingParams.__dataclass_fields__ if k not in ("n", "seed")]
        for key in sampling:
            if key not in known:
                raise ValueError(f"unknown parameter {key!r}: {nearest(key, known, 'a parameter')}")
        try:
            SamplingParams(**sampling)
        except (TypeError, UserError) as error:
            raise ValueError(str(error)) from error
        return sampling

    @model_validator(mode="after")
    def _one_source(self) -> Benchmark:
        given = [k for k in ("source", "dataset", "parts") if getattr(self, k)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of source, dataset and parts (it has {' and '.join(given) or 'none'})")
        return self

    @property
    def origin(self) -> str:
        """Where the problems come from, for people."""
        if self.parts:
            return "reasoning-gym, made offline"
        if self.dataset:
            return str(self.dataset)
        return f"{self.source}{f' ({self.config})' if self.config else ''}, {self.split}"


def resolve(names: str | Sequence[str]) -> list[Benchmark]:
    """The benchmarks behind suite names, benchmark names and paths of TOML files; each once, in the order given.

    A name may itself be several, separated by commas. Raises UserError for an unknown name, with the nearest ones.
    """
    given = [names] if isinstance(names, str) else names
    wanted = [n.strip() for part in given for n in part.split(",") if n.strip()]
    if not wanted:
        raise UserError(f"no suite given: {nearest('', known_names(), 'a suite')}")
    found: dict[str, Benchmark] = {}
    for benchmark in (b for name in wanted for b in _resolve_one(name)):
        if found.setdefault(benchmark.name, benchmark) != benchmark:
            raise UserError(f"two different benchmarks are named {benchmark.name!r}: give one of them another `name`")
    return list(found.values())


def catalogue() -> list[Benchmark]:
    """All built-in benchmarks: the paper's in its order, then the others by name."""
    built_in = _built_in()
    rest = sorted(n for n in built_in if n not in SUITES["paper"])
    return [built_in[n] for n in (*SUITES["paper"], *rest)]


def known_names() -> list[str]:
    """Every name that `resolve` takes besides paths."""
    return [*SUITES, *(b.name for b in catalogue() if b.name not in SUITES)]


def load_benchmark(path: Path) -> Benchmark:
    """A user's own benchmark file. Raises UserError for what is wrong in it, naming the key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or error
        beside = sorted(file.name for file in path.parent.glob("*.toml"))
        hint = f": {nearest(path.name, beside)}" if beside and not path.exists() else ""
        raise UserError(f"cannot read the benchmark file {path}: {said}{hint}") from error
    return _settled(_parse(text, path.stem, str(path)), path)


def _settled(benchmark: Benchmark, path: Path) -> Benchmark:
    """What it names, from where its file is. Raises UserError for a template and an extraction that can't be had."""
    beside: dict[str, Any] = {}
    if benchmark.dataset is not None:
        beside["dataset"] = path.parent / benchmark.dataset.expanduser()
    template, mark, name = benchmark.template.partition("#")
    if template.endswith(".toml"):
        beside["template"] = f"{path.parent / Path(template).expanduser()}{mark}{name}"
    try:
        load_template(beside.get("template", benchmark.template))
        beside["extract"] = usable(benchmark.extract, path.parent)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return benchmark.model_copy(update=beside)


def _resolve_one(name: str) -> list[Benchmark]:
    if name.endswith(".toml"):
        return [load_benchmark(Path(name).expanduser())]
    members = SUITES.get(name) or ((name,) if name in _built_in() else ())
    if not members:
        hint = nearest(name, known_names(), "it")
        end = "" if hint.endswith("?") else "."
        raise UserError(
            f"unknown suite or benchmark {name!r}: {hint}{end} A set of your own: give the path of its .toml file"
        )
    return [_built_in()[m] for m in members]


@cache
def _built_in() -> dict[str, Benchmark]:
    folder = Path(str(files("ampo.eval").joinpath("benchmarks")))
    return {file.stem: load_benchmark(file) for file in sorted(folder.glob("*.toml"))}


def _parse(text: str, name: str, where: str) -> Benchmark:
    try:
        return Benchmark.model_validate({"name": name} | tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise UserError(f"{where}: {explain(error, Benchmark)}") from error
