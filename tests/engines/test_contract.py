"""What every engine must hold, ours and other people's: the same tests for each.

AMPO_ENGINE=FILE.py:NAME (or whatever else `--backend` takes) runs them on that engine, in place of these.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ampo import load_engine, models
from ampo.engines import Engine
from ampo.engines.halt import Halt
from ampo.errors import UserError
from ampo.types import Request, SamplingParams

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "add-engine.md"
REAL = ("vllm", "transformers", "openai")
YOURS = os.environ.get("AMPO_ENGINE")
OURS = ["brought", "in a file", *(pytest.param(name, marks=pytest.mark.slow) for name in REAL)]
pytestmark = pytest.mark.xdist_group("engines")  # the shared ones, asked for by name


@pytest.fixture(scope="module", params=[YOURS] if YOURS else OURS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "vllm":
        yield request.getfixturevalue("vllm_engine")
    elif request.param == "transformers":
        request.getfixturevalue("model_path")
        with load_engine(models.EMBEDDED, "transformers") as engine:
            yield engine
    elif request.param == "openai":
        with load_engine(base_url=request.getfixturevalue("server")) as engine:
            yield engine
    elif request.param == "in a file":
        file = package(tmp_path_factory.mktemp("file")) / "echo_engine.py"
        with load_engine("mine", f"{file}:EchoEngine") as engine:
            yield engine
    elif YOURS:
        with load_engine(None, YOURS) as engine:
            yield engine
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(package(tmp_path_factory.mktemp("package"))))
            with load_engine("mine", "echo") as engine:
                yield engine


def package(folder: Path) -> Path:
    """The engine of docs/howto/add-engine.md, as if it were installed in a folder."""
    module, entry = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "echo_engine.py").write_text(module)
    about = folder / "echo_engine-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-engine\nVersion: 1\n")
    points = tomllib.loads(entry)["project"]["entry-points"]["ampo.engines"]
    (about / "entry_points.txt").write_text("\n".join(["[ampo.engines]", *(f"{k} = {v}" for k, v in points.items())]))
    return folder


def request(name: str, text: str, **params: object) -> Request:
    return Request(name, ({"role": "user", "content": text},), SamplingParams(**params))  # type: ignore[arg-type]


def test_every_sample_of_every_request_comes_once(engine: Engine) -> None:
    asked = [request(str(i), f"What is {i} + {i}?", n=2, max_tokens=8, seed=i) for i in range(3)]
    samples = [(s.request_id, s.index) for s in engine.generate(asked)]
    assert sorted(samples) == [(str(i), index) for i in range(3) for index in range(2)]


def test_requests_are_drawn_as_there_is_room_and_closing_ends_it(engine: Engine) -> None:
    drawn = []

    def endless() -> Iterator[Request]:
        while True:
            drawn.append(1)
            yield request(str(len(drawn)), "Say one word.", max_tokens=4)

    samples: Any = engine.generate(endless())
    next(samples)
    samples.close()
    assert len(drawn) < 10_000


def test_a_stream_tells_the_probabilities_that_are_asked_for(engine: Engine) -> None:
    asked = request("p", "What is 7 + 5?", max_tokens=6, temperature=0.0)
    plain = list(engine.stream(asked))
    told = list(engine.stream(replace(asked, logprobs=3)))
    assert "".join(piece.text for piece in told) == "".join(piece.text for piece in plain)
    assert not any(piece.logprobs for piece in plain)
    if engine.backend not in REAL:
        return
    tokens = [token for piece in told for token in piece.logprobs]
    assert 6 <= len(tokens) <= 7
    for token, logprob, top in tokens:
        assert top[0] == (token, logprob)  # greedy
        assert len(top) == 3
        assert 0 >= top[0][1] >= top[1][1] >= top[2][1]


def test_the_pieces_of_a_stream_are_the_response(engine: Engine) -> None:
    pieces = list(engine.stream(request("s", "What is 7 + 5?", max_tokens=16, temperature=0.0)))
    response = pieces[-1].response
    assert response is not None
    assert all(piece.response is None for piece in pieces[:-1])
    text = "".join(piece.text for piece in pieces)
    assert text.strip() == response.text.strip()
    assert engine.backend in REAL or text == response.text


def test_a_response_says_how_long_it_is_and_why_it_ended(engine: Engine) -> None:
    (sample,) = engine.generate([request("cut", "Count from one to a hundred, one by one.", max_tokens=3)])
    assert (sample.response.finish_reason, sample.response.completion_tokens) == ("length", 3)


def test_a_halt_ends_a_stream_without_a_response(engine: Engine) -> None:
    halt = Halt()
    halt.set()
    assert all(piece.response is None for piece in engine.stream(request("h", "Tell a long story."), halt))


def test_chat_answers_a_question_and_a_conversation(engine: Engine) -> None:
    params = SamplingParams(max_tokens=8, temperature=0.0)
    question = engine.chat("What is 7 + 5?", params)
    assert question.text
    assert engine.chat([{"role": "user", "content": "What is 7 + 5?"}], params).text == question.text


def test_what_repeats_a_run_is_plain_data(engine: Engine) -> None:
    described = engine.describe()
    assert json.loads(json.dumps(described)) == described
    assert described["model"] == engine.model


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"unknown backend 'vlm'.*vllm"):
        load_engine(None, "vlm")
