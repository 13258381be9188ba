"""What passes between the pool and its crew: a job, what became of it, and that no worker can be started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ampo.errors import EngineError


class WorkerStartError(EngineError):
    """The verifier's worker processes cannot be started."""


class Answer(NamedTuple):
    """What became of a job: `value`, or None and the `problem` that kept it from being judged; late: the deadline."""

    value: Any
    seconds: float
    problem: str = ""
    late: bool = False


class Job:
    """An operation of the worker with its arguments, and whom to tell.

    Args:
        operation: By its name in the worker.
        arguments: Of JSON's kinds.
        deliver: Called once, from any thread, with an Answer, a WorkerStartError or a CancelledError.
        wanted: Asked before the job is sent; where it says no, the job is cancelled.
    """

    __slots__ = ("arguments", "attempts", "deliver", "operation", "wanted")

    def __init__(
        self,
        operation: str,
        arguments: dict[str, Any],
        deliver: Callable[[Answer | BaseException], None],
        wanted: Callable[[], bool],
    ) -> None:
        self.operation, self.arguments, self.deliver, self.wanted = operation, arguments, deliver, wanted
        self.attempts = 0
