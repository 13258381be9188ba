"""How a verdict came about, under each protocol and by a judge."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("gradio")

from ampo.app import path
from ampo.app.desk import Desk, Services
from ampo.conversation import Answer, Turn
from ampo.errors import EngineError
from ampo.eval.judge.forms import OWN
from ampo.eval.judge.one import Opinion


def told(desk: Desk, turn: Turn) -> list[str]:
    async def gather() -> list[str]:
        return [html async for html in path.steps(desk, turn)]

    return asyncio.run(gather())


def turn(text: str, gold: str) -> Turn:
    return Turn("What is half of one?", gold=gold, answer=Answer(text, state="stop"))


def test_both_protocols_say_what_was_found_and_what_it_was_read_as(make_desk, thinker) -> None:
    (html,) = told(make_desk(thinker), turn("so <answer>0.5</answer>", "1/2"))
    assert html.count("ampo-correct") == 2
    assert "protocol ampo" in html
    assert "protocol official" in html
    assert "found <code>0.5</code>, by: " in html
    assert "the answer was read as the number 1/2 (1 decimal)" in html
    assert "decided by: Math-Verify" in html


def test_nothing_found_and_markup_are_said_safely(make_desk, thinker) -> None:
    desk = make_desk(thinker)
    (html,) = told(desk, turn("I would rather not say what I think about it.", "<b>"))
    assert "found nothing" in html
    assert "<code>&lt;b&gt;</code>" in html
    assert told(desk, Turn("q", gold="1")) == [""]
    assert told(desk, turn("1", "")) == [""]


@pytest.mark.parametrize(
    ("reply", "sign", "said"),
    [
        ("They agree.\nVerdict: same", "ampo-correct", "right; it wrote: They agree."),
        ("Verdict: different", "ampo-wrong", "wrong; it wrote: "),
        ("Who knows?", "<ol>", "doesn&#x27;t say; it wrote: Who knows?"),
    ],
)
def test_a_judge_gives_its_opinion_after_the_rules(make_desk, thinker, remote, reply, sign, said) -> None:
    remote.says(reply)
    desk = make_desk(thinker, services=Services(judge=Opinion(thinker, OWN)))
    first, last = told(desk, turn("<answer>13</answer>", "12"))
    assert "the judge is asked" in first
    assert "protocol judge" not in first
    assert "protocol judge" in last
    assert sign in last.partition("protocol judge")[2]
    assert said in last
    assert ("ampo-badge" in last.partition("protocol judge")[2]) == ("same" in reply or "different" in reply)
    assert "13" in remote.asked[0]["messages"][0]["content"]


def test_a_judge_that_fails_leaves_the_rules(make_desk, thinker) -> None:
    def fails(*_: Any) -> Any:
        raise EngineError("http://10.0.0.7/v1 is gone")

    *_, last = told(make_desk(thinker, services=Services(judge=fails)), turn("<answer>13</answer>", "12"))
    assert last.count("ampo-wrong") == 2
    assert "no opinion" in last
    assert "10.0.0.7" not in last
