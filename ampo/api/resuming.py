"""What a training says of its checkpoints: where it goes on, where it stopped, and what it has made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ampo.console import say


@contextmanager
def resuming(folder: Path, steps: int, latest: Callable[[], int]) -> Iterator[None]:
    """Around a training: names the step it goes on from and, when it is interrupted, the one it would go on from.

    Args:
        folder: The run's.
        steps: That the run has in all.
        latest: The step of the last checkpoint; 0 where there is none.

    Raises:
        KeyboardInterrupt: As it came.
    """
    if done := latest():
        say(f"going on from step {done} of {steps} in {folder}")
    try:
        yield
    except KeyboardInterrupt:
        say(f"stopped; the same command goes on from step {latest()} in {folder}")
        raise


def say_trained(final: Path, folder: Path) -> None:
    """The last line: where the model is, and what can be done with it.

    Args:
        final: The model's folder.
        folder: The run's.
    """
    say(f"trained: {final} (ampo eval --model {final}, ampo report {folder} --html)")
