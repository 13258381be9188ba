"""Two answers side by side: blind means that nothing but the texts is shown before the vote."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")
import gradio as gr

from ampo.app.compare import Comparison, Match

SETTINGS = ("", 0.6, 1.0, 0, 0.0, 64, 1.0, 0.0, 0.0, "", "5")
PAGE: Any = SimpleNamespace(session_hash="x")


def run(comparison: Comparison, blind: bool, a: tuple[str, str, str], b: tuple[str, str, str]) -> list[Any]:
    async def gather() -> list[Any]:
        return [u async for u in comparison.run("a?", "9.9", "auto", blind, a, b, PAGE, *SETTINGS)]

    return asyncio.run(gather())


def text(update: Any) -> str:
    return json.dumps([update[0], update[1], update[2]])


def test_blind_until_the_vote(make_desk, thinker, remote) -> None:
    remote.says("<answer>9.9</answer>")
    desk = make_desk(thinker)
    comparison = Comparison(desk)
    orders = set()
    for _ in range(40):
        *_, last = run(comparison, True, ("thinker", "The authors'", "0"), ("thinker", "None", "0.9"))
        assert "9.9" in text(last)
        assert not any(
            sign in text(last) for sign in ("thinker", "tokens", "0.9,", "temperature", "helpful", "ampo-badge")
        )
        orders.add(last[3].order)
    assert orders == {("a", "b"), ("b", "a")}
    shown = comparison.vote("left", last[3])
    assert "thinker, temperature 0.9" in shown[2]
    assert "ampo-correct" in text(shown)
    line = json.loads(desk.votes.read_text())
    assert line["vote"] == last[3].order[0]
    assert line["blind"] is True
    assert line["sides"]["a"]["messages"][0]["role"] == "system"
    assert line["sides"]["b"]["sampling"] | {"temperature": 0.9, "seed": 5} == line["sides"]["b"]["sampling"]
    with pytest.raises(gr.Error, match="already"):
        comparison.vote("tie", shown[3])


def test_one_side_that_fails_leaves_the_other(make_desk, thinker, remote) -> None:
    remote.says("fine")
    desk = make_desk(thinker, thinker)
    broken = desk.engines["thinker 2"]
    stream = broken.stream

    def fail(request, halt):
        if request.id == "compare-b":
            from ampo.errors import EngineError

            raise EngineError("out of memory")
        return stream(request, halt)

    broken.stream = fail
    *_, last = run(Comparison(desk), False, ("thinker", "None", ""), ("thinker 2", "None", ""))
    assert "fine" in json.dumps(last[0])
    assert "out of memory" in json.dumps(last[1])
    *_, blind = run(Comparison(desk), True, ("thinker", "None", ""), ("thinker 2", "None", ""))
    assert "this side has failed" in text(blind)
    assert "out of memory" not in text(blind)
    with pytest.raises(gr.Error, match="has failed"):
        Comparison(desk).vote("left", blind[3])


def test_no_vote_without_two_answers(make_desk, thinker) -> None:
    comparison = Comparison(make_desk(thinker))
    with pytest.raises(gr.Error, match="no two answers"):
        comparison.vote("left", Match())
    with pytest.raises(gr.Error, match="no model"):
        run(comparison, False, ("other", "None", ""), ("thinker", "None", ""))
    with pytest.raises(gr.Error, match="no number"):
        run(comparison, False, ("thinker", "None", "hot"), ("thinker", "None", ""))
