"""Two answers side by side: blind means that nothing but the texts is shown before the vote."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")
import gradio as gr

from ampo.app.comparison import Comparison, exported
from ampo.app.match import Match

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
        updates = run(comparison, True, ("thinker", "The authors'", "0"), ("thinker", "None", "0.9"))
        last = updates[-1]
        assert "9.9" in text(last)
        signs = ("thinker", "tokens", "in the prompt", "0.9,", "temperature", "helpful", "ampo-badge", "ampo-stats")
        assert not any(sign in text(update) for update in updates for sign in signs)
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


def further(comparison: Comparison, match: Match, question: str) -> list[Any]:
    async def gather() -> list[Any]:
        return [u async for u in comparison.go_on(question, "12", "auto", match, PAGE)]

    return asyncio.run(gather())


def test_a_further_question_goes_to_both_with_their_own_histories(make_desk, thinker, remote) -> None:
    remote.says("<answer>9.9</answer>", thought="Hm.")
    desk = make_desk(thinker)
    comparison = Comparison(desk)
    *_, last = run(comparison, True, ("thinker", "The authors'", "0"), ("thinker", "None", "0.9"))
    remote.says("<answer>12</answer>")
    *_, last = further(comparison, last[3], "And 7 + 5?")
    asked = {len(one["messages"]): one for one in remote.asked[2:]}
    assert [m["role"] for m in asked[4]["messages"]] == ["system", "user", "assistant", "user"]
    assert asked[4]["messages"][2]["content"] == "<answer>9.9</answer>"  # without its thought
    assert (asked[4]["temperature"], asked[3]["temperature"]) == (0, 0.9)
    assert "And 7 + 5?" in text(last)
    assert "9.9" in text(last)
    assert not any(sign in text(last) for sign in ("thinker", "tokens", "ampo-badge", " s, "))
    with pytest.raises(gr.Error, match="hidden until the vote"):
        exported("JSON", last[3])
    voted = comparison.vote("left", last[3])[3]
    line = json.loads(desk.votes.read_text())
    assert line["question"] == "And 7 + 5?"
    assert [m["role"] for m in line["sides"]["b"]["messages"]] == ["user", "assistant", "user"]
    assert line["sides"]["a"]["answer"]["text"] == "<answer>12</answer>"
    with pytest.raises(gr.Error, match="no comparison to go on with"):
        further(comparison, voted, "Once more?")
    told = json.loads(exported("JSON", voted).text)
    assert told["vote"] == "left"
    assert len(told["sides"]["a"]["turns"]) == 2
    assert exported("Markdown", voted).text.count("## Question") == 4
    assert len(exported("CSV", voted).text.splitlines()) == 5
