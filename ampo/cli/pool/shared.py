"""What the commands for pools share: their options, where they write, and what is seen of their progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.types import Verdict

PoolPath = Annotated[
    str,
    typer.Argument(metavar="POOL", help="A .jsonl or .parquet file, a folder of them, or a hub data set owner/name."),
]
Tokenizer = Annotated[
    str | None, typer.Option("--model", "-m", help="Whose tokenizer counts; without one, as recorded or estimated.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


@contextmanager
def progress(total: int, unit: str = "prompts") -> Iterator[Callable[[Sequence[Verdict]], None]]:
    """Gives what is told that one more is done, with its verdicts. On a terminal a live line, else one now and then."""
    from ampo.eval.progress import RunProgress

    with RunProgress(total, 0, Counter(), unit=unit) as shown:

        def done(verdicts: Sequence[Verdict]) -> None:
            shown.sample(0)
            for verdict in verdicts:
                shown.verdict(verdict.outcome)

        yield done


def check_output(file: Path, sources: tuple[Path, ...] = ()) -> None:
    """Raise UserError, before any work, for a file that can't be written or is the pool itself."""
    if file.is_dir() or not file.parent.is_dir():
        raise UserError(f"cannot write {file}: {'it is a folder' if file.is_dir() else f'{file.parent} is no folder'}")
    if any(source.exists() and file.exists() and source.samefile(file) for source in sources):
        raise UserError(f"{file} is the pool itself: give --write another name")


def console() -> Any:
    """Where tables are shown."""
    from ampo.terminal import Console

    return Console(highlight=False)
