"""Engines of other people: found by their place, named by themselves, and told apart from ours where they break."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ampo
from ampo import doctor, load_engine
from ampo.engines import registry
from ampo.engines.asking import pieces_of, samples_of
from ampo.engines.source import loaded_here, shown_name, source_of
from ampo.errors import EngineError, UserError
from ampo.types import Delta, Request, Response, Sample, SamplingParams

ENGINE = """
from ampo.engines import Engine

class Mine(Engine):
    backend = "mine"
    closed = loaded = 0

    def __init__(self, model, settings, say):
        Mine.loaded += 1
        self.model = model or "foo/bar"

    def generate(self, requests): yield from ()
    def stream(self, request, halt=None): yield from ()
    def describe(self): return {"backend": "mine", "model": self.model}
    def close(self): Mine.closed += 1

def nothing(model, settings, say): return None
def one(model): return None

class Half(Engine):
    def generate(self, requests): yield from ()

class Nameless(Mine):
    def __init__(self, model, settings, say): ...

class Silent(Mine):
    def describe(self): return None
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "my_engine.py").write_text(ENGINE)
    return tmp_path / "my_engine.py"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "is a NoneType: it must be an instance of ampo.engines.Engine"),
        ("one", "one must take (model, settings, say)"),
        ("Half", "lacks close, describe, stream"),
        ("Nameless", "has no model"),
        ("Silent", "its describe() gave a NoneType"),
        ("Other", "has no 'Other'"),
    ],
)
def test_a_loader_that_gives_no_engine_is_one_line(file: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        load_engine(None, f"{file}:{name}", say=print)
    assert f"engine '{file}:{name}'" in str(caught.value)


def test_a_file_or_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        load_engine(None, f"{tmp_path}/none.py:Mine")
    with pytest.raises(UserError, match="can't be imported: No module named 'nowhere_at_all'"):
        load_engine(None, "nowhere_at_all:Mine")


def test_an_engine_of_a_module_is_named_by_its_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(file.parent)
    assert load_engine("x", "my_engine:Mine", say=print).model == "x"


def test_without_a_name_the_engine_is_asked_for_its_own_and_loaded_once(file: Path) -> None:
    source = source_of(None, f"{file}:Mine", say=print)
    assert (source.name, source.revision) == ("foo/bar", None)
    with source.start() as engine:
        mine: Any = type(engine)
    assert (mine.loaded, mine.closed) == (1, 1)
    del source, engine
    source_of(None, f"{file}:Mine", say=print)  # nobody starts it
    assert (mine.loaded, mine.closed) == (2, 2)


def test_with_a_name_it_is_loaded_when_it_is_needed(file: Path) -> None:
    assert source_of("x", f"{file}:Mine", say=print).name == "x"
    mine: Any = registry._loader(f"{file}:Mine")
    assert mine.loaded == 0


@pytest.mark.parametrize(
    ("asked", "name", "here"),
    [
        ((None, "auto", None), "smollm2-135m", True),
        ((None, "auto", ["http://a/v1", "http://b/v1"]), "http://a/v1", False),
        (("served", "openai", "http://a/v1"), "served", False),
        ((None, "mine", None), "mine", False),
    ],
)
def test_what_a_model_is_called_before_it_is_loaded(asked: tuple[Any, ...], name: str, here: bool) -> None:
    assert shown_name(*asked) == name
    assert loaded_here(*asked[1:]) is here


def test_the_doctor_lists_them(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.syspath_prepend(file.parent)
    entry = registry.EntryPoint
    found = {"mine": entry("mine", "my_engine:Mine", registry.GROUP), "gone": entry("gone", "no:x", registry.GROUP)}
    monkeypatch.setattr(registry, "_brought", lambda: found)
    said = {finding.what: (finding.ok, finding.detail) for finding in doctor.engines()}
    assert said["engine mine"] == (True, "my_engine:Mine")
    assert said["engine gone"][0] is False


class Fake(ampo.Engine):
    """Gives what it is made with."""

    backend, model = "fake", "fake"

    def __init__(self, gives: Callable[[list[Request]], Any]) -> None:
        self._gives = gives

    def generate(self, requests: Any) -> Any:
        return self._gives(list(requests))

    def stream(self, request: Request, halt: Any = None) -> Any:
        return self._gives([request])

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


def asked() -> Iterator[Request]:
    for name in ("a", "b"):
        yield Request(name, "?", SamplingParams(n=2))


def every(requests: list[Request]) -> list[Sample]:
    return [Sample(r.id, i, Response("x")) for r in requests for i in range(r.params.n)]


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda _: None, "its generate gave a NoneType"),
        (lambda _: ["text"], "gave a str: generate must yield Sample"),
        (
            lambda _: [Sample("a", 0, "text")],  # type: ignore[arg-type]
            "gave a Sample without a Response",
        ),
        (lambda _: [Sample("zzz", 0, Response(""))], "gave sample 0 of 'zzz', which was not asked for"),
        (lambda _: [Sample("a", 2, Response(""))], "gave sample 2 of 'a'"),
        (lambda r: [every(r)[0], *every(r)], "gave sample 0 of 'a', which was not asked for or has come before"),
        (lambda r: every(r)[:3], "ended with 1 of 4 samples missing, the first of 'b'"),
    ],
)
def test_what_breaks_the_protocol_names_the_engine(gives: Any, message: str) -> None:
    with pytest.raises(EngineError, match="the engine 'fake'") as caught:
        list(samples_of(Fake(gives), asked()))
    assert message in str(caught.value)


def test_an_engine_that_draws_nothing_has_left_all_out() -> None:
    class Lazy(Fake):
        def generate(self, requests: Any) -> Any:
            return iter(())

    with pytest.raises(EngineError, match="4 of 4 samples missing"):
        list(samples_of(Lazy(every), asked()))
    assert list(samples_of(Fake(every), asked())) == every(list(asked()))


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda _: None, "its stream gave a NoneType"),
        (lambda _: ["text"], "streams a str"),
        (lambda _: [Delta("text")], "without a response"),
    ],
)
def test_a_stream_that_breaks_the_protocol_names_the_engine(gives: Any, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        list(pieces_of(Fake(gives), next(asked())))
    with pytest.raises(EngineError, match=message):
        Fake(gives).chat("?")


def test_closing_what_is_asked_closes_the_engines_own_iterator() -> None:
    ended = []

    def endless(requests: list[Request]) -> Iterator[Sample]:
        try:
            yield from every(requests)
        finally:
            ended.append(True)

    samples = samples_of(Fake(endless), asked())
    next(samples)
    samples.close()
    assert ended
