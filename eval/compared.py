"""A comparison of runs as Python sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ampo.errors import UserError
from ampo.eval.comparable import Comparable, load
from ampo.eval.compare import Comparison, Difference, compare
from ampo.terminal import Displayed
from ampo.types import Protocol

if TYPE_CHECKING:
    from ampo.terminal import Console


class Compared(Displayed, Sequence[Comparison]):
    """Each further run against the first. In a notebook it shows itself as tables."""

    def __init__(
        self,
        paths: Sequence[Path],
        protocol: Protocol | None = None,
        allow_different: bool = False,
        without_doubtful: bool = False,
    ) -> None:
        """Read the runs and compare them.

        Args:
            paths: Run directories; the first is the one that the others are compared with.
            protocol: Whose verdicts count; None takes the first of `ampo`, `official` that all runs have.
            allow_different: Compare runs that differ in more than one thing, too; a note says so.
            without_doubtful: Leave out the problems that are known to be wrong or doubtful.

        Raises:
            UserError: The runs can't be compared (see `ampo.eval.comparable.load`).
        """
        self.runs: Comparable = load(paths, protocol, allow_different, without_doubtful)
        try:
            self._comparisons = compare(self.runs.rows)
        except ValueError as error:
            raise UserError(f"{error}: compare runs of the same benchmarks") from error

    @property
    def overall(self) -> Difference:
        """The second run minus the first: the mean over benchmarks."""
        return self._comparisons[0].overall

    @property
    def benchmarks(self) -> dict[str, Difference]:
        """Benchmark -> the second run minus the first."""
        return {difference.benchmark: difference for difference in self._comparisons[0].benchmarks}

    @overload
    def __getitem__(self, index: int) -> Comparison: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Comparison]: ...
    def __getitem__(self, index: int | slice) -> Comparison | Sequence[Comparison]:
        return self._comparisons[index]

    def __len__(self) -> int:
        return len(self._comparisons)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, as `ampo compare --json` prints it."""
        from ampo.eval.compare_table import as_data

        return as_data(self.runs, self._comparisons)

    def show(self, console: Console | None = None, listed: int = 0) -> None:
        """Print it. listed: problems won, and lost, that are named at most."""
        from ampo.eval.compare_table import show

        show(self.runs, self._comparisons, listed, console)
