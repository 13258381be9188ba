"""A model before it is loaded: its name and revision are known, and how its engine is had once it is needed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from ampo import models
from ampo.engines import choose_backend, load_engine, name_of
from ampo.engines.base import Engine, Start
from ampo.engines.registry import OURS, checked
from ampo.engines.settings import EndpointSettings
from ampo.errors import UserError


class Source(NamedTuple):
    """What `source_of` knows.

    Attributes:
        name: The model's, as a run records it.
        revision: The hub's, or the hash of a folder; None where nobody knows it.
        start: Gives the engine as a context. Its end closes an engine that was loaded here, and no other.
    """

    name: str
    revision: str | None
    start: Start


def source_of(
    model: str | Engine | None = None,
    backend: str = "auto",
    *,
    base_url: str | Sequence[str] | None = None,
    endpoint: EndpointSettings | None = None,
    say: Callable[[str], None] | None = None,
    **how: Any,
) -> Source:
    """A model by its name, at an endpoint, or running already.

    An endpoint is asked at once for the name of its only model, and another's engine that gets no name for its own: it
    is loaded for that. A model of a name is loaded, or asked, by `start`.

    Args:
        model: As of `load_engine`, or an engine that runs already and takes no other argument.
        backend, base_url, endpoint, say: As of `load_engine`.
        how: Further arguments of `load_engine`.

    Raises:
        UserError: There is no such model, backend or setting.
    """
    urls = base_url or (endpoint.base_url if endpoint else None)
    if isinstance(model, Engine):
        given = {"base_url": urls, **how}
        if names := [name for name, value in given.items() if value]:
            raise UserError(f"{', '.join(names)}: the engine runs already, and is asked as it is: leave it out")
        running = checked(model, "the engine that was given")
        return Source(running.model, running.describe().get("revision"), lambda: nullcontext(running))
    model = name_of(model)
    chosen, _ = choose_backend(backend, urls)

    def start(name: str | None = model, say: Callable[[str], None] | None = say) -> Engine:
        return load_engine(name, backend, base_url=base_url, endpoint=endpoint, say=say, **how)

    if chosen == "openai" and model is not None:  # asked once something is missing
        return Source(model, None, start)
    if chosen == "openai":
        with start(say=lambda _: None) as engine:  # a run that is refused leaves no connection open
            name = engine.model
        return Source(name, None, lambda: start(name))
    if chosen not in OURS and model is not None:  # what a name means is the other package's to say
        return Source(model, None, start)
    if chosen not in OURS:
        loaded = _Loaded(start)
        return Source(loaded.model, None, loaded)
    ref = models.locate(models.resolve(model or models.EMBEDDED, say))
    return Source(ref.name, ref.revision, start)


def shown_name(model: str | None, backend: str = "auto", base_url: str | Sequence[str] | None = None) -> str:
    """What to call a model of which nothing but what was asked is known: its name, else its endpoint or its engine.

    Args:
        model, backend, base_url: As of `load_engine`.
    """
    urls = [base_url] if isinstance(base_url, str) else list(base_url or ())
    return model or next(iter(urls), None) or (models.EMBEDDED if loaded_here(backend, urls) else backend)


def loaded_here(backend: str = "auto", base_url: str | Sequence[str] | None = None) -> bool:
    """Whether a name means a model that we load ourselves; else it is an endpoint's to say, or another's engine's."""
    return not base_url and backend in ("auto", *OURS)


class _Loaded:
    """An engine that was loaded to be asked for its model's name. Where nobody starts it, it is closed with this."""

    def __init__(self, start: Callable[[], Engine]) -> None:
        self._start, self._engine = start, start()
        self.model = self._engine.model
        self._end = weakref.finalize(self, self._engine.close)

    def __call__(self) -> Engine:
        return self._engine if self._end.detach() else self._start()
