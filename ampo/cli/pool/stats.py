"""`ampo pool stats`."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ampo.cli.pool.shared import Json, PoolPath, Tokenizer, check_output, console, progress
from ampo.console import say

if TYPE_CHECKING:
    from ampo.guidance.judging import Judged


def stats(
    pool: PoolPath,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with plots to this file.")] = None,
    model: Tokenizer = None,
    json: Json = False,
) -> None:
    """Describe a pool: coverage, solutions a prompt, lengths, teachers and their agreement.

    What the pool doesn't say of a solution, whether it is right, is asked of the verifier.
    """
    from ampo.guidance.judging import judge
    from ampo.guidance.lengths import measure_of
    from ampo.guidance.pool import GuidancePool
    from ampo.guidance.stats import pool_stats
    from ampo.guidance.tables import show_stats
    from ampo.verify import VerifierPool

    if html is not None:
        check_output(html)
    opened = GuidancePool.open(pool)
    measure, measured = measure_of(model)
    with VerifierPool(eager=False) as verifiers, progress(len(opened)) as done:
        judged = judge(((entry.uid, entry) for entry in opened), verifiers, trust=True)
        found = pool_stats(_watched(judged, done), measure)
    if json:
        print(jsonlib.dumps(found.to_dict() | {"lengths": measured}))
    else:
        show_stats(found, measured, console())
    if html:
        from ampo.guidance.stats_page import write_page

        write_page(found, opened.name, measured, html)
        say(f"wrote {html}")


def _watched(judged: Iterable[Judged], done: Callable[..., None]) -> Iterator[Judged]:
    for item in judged:
        yield item
        done(item.verdicts)
