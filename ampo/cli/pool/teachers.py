"""What `--teacher` can name, and the run directory of `ampo eval` that each becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.engines import EngineSettings
    from ampo.eval.run import RunSpec
    from ampo.eval.rundir import RunDir
    from ampo.guidance.build import Candidate
    from ampo.guidance.formats import PoolEntry
    from ampo.types import Problem

_LABELLED = re.compile(r"([A-Za-z0-9_.-]+)=(.+)")


class Teacher(NamedTuple):
    """label: names it in the pool. run: the folder of responses that are there, else None and it is to be asked."""

    label: str
    name: str
    run: Path | None = None
    base_url: str | None = None


def teacher_of(given: str) -> Teacher:
    """[LABEL=]NAME, where NAME is a model, http://HOST/v1#MODEL, or a run directory (or its responses.jsonl)."""
    match = _LABELLED.fullmatch(given)
    label, name = (match[1], match[2]) if match else ("", given)
    if name.startswith(("http://", "https://")):
        url, _, model = name.partition("#")
        return Teacher(label or _plain(model) or "endpoint", model, base_url=url)
    path = Path(name).expanduser()
    if path.name == "responses.jsonl":
        path = path.parent
    if (path / "responses.jsonl").is_file():
        return Teacher(label or _recorded_model(path), name, run=path)
    if Path(name).suffix == ".jsonl":
        raise UserError(f"the teacher {name} is no response file of `ampo eval` (responses.jsonl in its run directory)")
    return Teacher(label or _plain(name), name)


def teachers_of(given: Sequence[str]) -> list[Teacher]:
    """All of them; UserError where two have the same label."""
    teachers = [teacher_of(one) for one in given]
    labels = [teacher.label for teacher in teachers]
    for label in labels:
        if labels.count(label) > 1:
            raise UserError(f"two teachers are called {label!r}: tell them apart by --teacher LABEL=NAME")
    return teachers


def ask(
    teacher: Teacher,
    spec: RunSpec | None,
    folder: Path,
    settings: EngineSettings,
    api_key: str | None,
    concurrency: int,
) -> RunDir:
    """The run with the teacher's responses: what is missing of it is asked for now.

    Args:
        teacher: one whose responses are there isn't asked.
        spec: what it is asked; None where no teacher is.
        folder: of the run.
        settings: how its model is loaded here.
        api_key: of its endpoint.
        concurrency: requests to the endpoint at once.
    """
    from ampo.engines.source import source_of
    from ampo.eval.run import evaluate
    from ampo.eval.rundir import RunDir

    if teacher.run is not None:
        return RunDir.existing(teacher.run)
    assert spec is not None
    source = source_of(
        teacher.name or None,
        base_url=teacher.base_url,
        api_key=api_key,
        concurrency=concurrency,
        settings=settings,
        say=say,
    )
    say(f"teacher {teacher.label}")
    run = RunDir(folder)
    evaluate(replace(spec, model=source.name, revision=source.revision), run, source.start, say)
    return run


def prompt_of(problem: Problem) -> PoolEntry:
    """A problem as a pool's prompt, its options below the question."""
    from ampo.guidance.formats import PoolEntry
    from ampo.prompts import in_full

    return PoolEntry(problem.id, in_full(problem), problem.answer)


def candidates_of(label: str, run: RunDir, problems: Sequence[Problem]) -> Iterator[Candidate]:
    """A run's responses to these problems, told by id, else by question; by problem and sample."""
    from ampo.eval.score import claim_of
    from ampo.guidance.build import Candidate
    from ampo.guidance.formats import question_key
    from ampo.prompts import in_full

    wanted = {problem.id: problem for problem in problems}
    by_question = {question_key(in_full(problem)): problem for problem in problems}
    asked = run.read_problems()
    for record in sorted(run.read_responses().values(), key=lambda r: (r.problem, r.sample)):
        theirs = asked.get(record.problem)
        problem = wanted.get(record.problem)
        if theirs is not None and (problem is None or question_key(in_full(problem)) != question_key(in_full(theirs))):
            problem = by_question.get(question_key(in_full(theirs)))
        if problem is not None:
            yield Candidate(problem.id, label, claim_of(problem, record, "ampo"), record.completion_tokens)


def _plain(name: str) -> str:
    """The last part of a path or hub id, as a folder may be called."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name.rstrip("/").rpartition("/")[2].partition("@")[0]).strip("-.")


def _recorded_model(run: Path) -> str:
    from ampo.eval.rundir import RunDir

    try:
        return _plain(str(RunDir(run).read_config()["model"]["name"])) or run.name
    except (UserError, KeyError, TypeError):
        return run.name
