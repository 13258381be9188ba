"""An engine is asked here. What it gives is checked, so that one that breaks the protocol is named, and what it broke.

Whatever else an engine raises is its own defect, and keeps its traceback.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ampo.errors import EngineError
from ampo.types import Delta, Request, Response, Sample

if TYPE_CHECKING:
    from ampo.engines.base import Engine
    from ampo.engines.halt import Halt


def samples_of(engine: Engine, requests: Iterable[Request]) -> Generator[Sample, None, None]:
    """Every sample of every request as it comes (see `Engine.generate`). Closing the iterator closes the engine's.

    Raises:
        EngineError: The engine gives what is no sample, or what was not asked for, or ends before all have come.
    """
    asked = _Asked(engine)
    drawn = asked.noted(requests)
    given = _iterator(engine, "generate", engine.generate(drawn))
    try:
        for sample in given:
            asked.came(sample)
            yield sample
    finally:
        _close(given)
    deque(drawn, maxlen=0)  # what was never drawn is missing, too
    asked.all_came()


def pieces_of(engine: Engine, request: Request, halt: Halt | None = None) -> Generator[Delta, None, None]:
    """One sample as it is generated (see `Engine.stream`). Closing the iterator closes the engine's.

    Raises:
        EngineError: The engine gives what is no Delta, or ends without a response though nobody halts it.
    """
    given = _iterator(engine, "stream", engine.stream(request, halt) if halt else engine.stream(request))
    whole = False
    try:
        for piece in given:
            if not isinstance(piece, Delta):
                raise EngineError(f"{named(engine)} streams a {type(piece).__name__}: it must yield Delta(text)")
            whole = whole or piece.response is not None
            yield piece
    finally:
        _close(given)
    if not whole and (halt is None or not halt.is_set()):
        raise EngineError(f"{named(engine)} ended its answer without a response: the last Delta must carry it")


def named(engine: Engine) -> str:
    """An engine in a message."""
    return f"the engine {getattr(engine, 'backend', type(engine).__name__)!r}"


class _Asked:
    """Which samples are still to come. Holds requests under way only."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._open, self._total = engine, dict[str, set[int]](), 0

    def noted(self, requests: Iterable[Request]) -> Iterator[Request]:
        for request in requests:
            self._open[request.id] = set(range(request.params.n))
            self._total += request.params.n
            yield request

    def came(self, sample: Any) -> None:
        if not isinstance(sample, Sample) or not isinstance(sample.response, Response):
            what = "a Sample without a Response" if isinstance(sample, Sample) else f"a {type(sample).__name__}"
            raise EngineError(
                f"{named(self._engine)} gave {what}: generate must yield Sample(request.id, index, response)"
            )
        left = self._open.get(sample.request_id, set())
        if sample.index not in left:
            raise EngineError(
                f"{named(self._engine)} gave sample {sample.index!r} of {sample.request_id!r}, which was not asked "
                "for or has come before: each request has the indices 0 to n - 1, under its own id"
            )
        left.remove(sample.index)
        if not left:
            del self._open[sample.request_id]

    def all_came(self) -> None:
        if missing := sum(map(len, self._open.values())):
            raise EngineError(
                f"{named(self._engine)} ended with {missing} of {self._total} samples missing, "
                f"the first of {next(iter(self._open))!r}: it must give params.n samples of each request"
            )


def _iterator(engine: Engine, method: str, given: Any) -> Iterator[Any]:
    try:
        return iter(given)
    except TypeError:
        raise EngineError(
            f"{named(engine)}: its {method} gave a {type(given).__name__}: it must yield what it makes"
        ) from None


def _close(given: Any) -> None:
    if hasattr(given, "close"):
        given.close()
