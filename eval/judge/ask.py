"""The engine's part: each question is asked once, and each judgement is on disk, with its text, the moment it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ampo.engines.asking import samples_of
from ampo.engines.base import Engine
from ampo.eval.judge.asked import Asked
from ampo.eval.judge.forms import Form
from ampo.eval.progress import RunProgress
from ampo.eval.records import Judgement
from ampo.files import Lines


def ask(engine: Engine, form: Form, asked: Sequence[Asked], file: Path, quiet: bool = False) -> dict[str, Judgement]:
    """Put the questions, append each judgement to the file, and return them by key. What gets no reply has none.

    Args:
        engine: The judge.
        form: How a question is put, and its answer read.
        asked: The questions, each with a key of its own.
        file: Takes a line each judgement, as it comes.
        quiet: Show no progress.
    """
    by_key = {one.key: one for one in asked}
    made: dict[str, Judgement] = {}
    requests = (form.request(one.key, one.prompt) for one in asked)
    with Lines(file) as lines, RunProgress(len(asked), 0, Counter(), quiet, unit="judgements") as progress:
        for key, _, response in samples_of(engine, requests):
            if response.finish_reason == "error":
                continue
            one = Judgement(
                id=by_key[key].id,
                key=key,
                judge=engine.model,
                form=form.name,
                right=form.read(response.text),
                text=response.text,
                completion_tokens=response.completion_tokens,
                seconds=round(response.seconds, 4),
                mark=by_key[key].mark,
            )
            lines.append(asdict(one))
            made[key] = one
            progress.sample(one.completion_tokens)
    return made
