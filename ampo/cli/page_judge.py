"""Who is asked for a second opinion on the page of `ampo app`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ampo.cli.judge import PANEL, Judge, JudgeForm
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.cli.page_models import PageModelFlags
    from ampo.eval.judge.one import Opinion

JudgeName = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="MODEL|URL",
        help="A model's second opinion under Check: a hub id, a folder, or http://HOST/v1#MODEL.",
        rich_help_panel=PANEL,
    ),
]
JudgeKey = Annotated[
    str | None,
    typer.Option(
        "--judge-api-key",
        envvar="AMPO_JUDGE_API_KEY",
        help="Of the judge's endpoint, which never gets the first endpoint's key.",
        rich_help_panel=PANEL,
    ),
]


@dataclass(frozen=True)
class PageJudgeFlags:
    """See the module's docstring."""

    judge: JudgeName = None
    form: JudgeForm = None
    judge_api_key: JudgeKey = None

    def asked(self, model: PageModelFlags) -> Judge | None:
        """The judge, loaded as the model's flags say. UserError for a form without a judge."""
        if self.judge is None:
            if self.form:
                raise UserError("--judge-form is for a second opinion: give --judge MODEL, too")
            return None
        # A key is for the endpoint that it was given for; "none" keeps the environment's from being taken.
        key = self.judge_api_key or "none"
        return Judge.of(
            self.judge,
            self.form,
            backend="auto",
            api_key=key,
            concurrency=model.concurrency,
            settings=model.settings(),
        )


@contextmanager
def opinion(judge: Judge | None) -> Iterator[Opinion | None]:
    """What gives the judge's opinion, for as long as the block lasts."""
    if judge is None:
        yield None
        return
    from ampo.eval.judge.one import Opinion

    with judge.start() as engine:
        yield Opinion(engine, judge.form_for(engine.model))
