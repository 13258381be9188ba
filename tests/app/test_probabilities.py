"""Probabilities of tokens: told by the endpoint, gathered by the answer, shown safely, and left out of what is kept."""

from __future__ import annotations

import asyncio
import json
import math

import pytest

pytest.importorskip("gradio")
import gradio as gr

from ampo.app.answers import Ask, answers
from ampo.app.probabilities import MOST_SHOWN, as_json, entropy, shown
from ampo.conversation import Answer, Conversation, Turn, from_json
from ampo.types import Request, TokenLogprobs

HALF = math.log(0.5)


def talk(*tokens: TokenLogprobs) -> Conversation:
    return Conversation(turns=(Turn("a?", answer=Answer("b", state="stop", logprobs=tokens)),))


def test_entropy_counts_what_is_left_as_one_more() -> None:
    assert entropy(TokenLogprobs("a", 0.0, (("a", 0.0),))) == 0.0
    assert entropy(TokenLogprobs("a", HALF, (("a", HALF), ("b", HALF)))) == pytest.approx(math.log(2))
    assert entropy(TokenLogprobs("a", HALF, (("a", HALF),))) == pytest.approx(math.log(2))
    assert entropy(TokenLogprobs("a", -math.inf, (("b", 0.0),))) == 0.0


def test_tokens_are_shown_safely_and_bounded() -> None:
    html = shown(talk(TokenLogprobs("<img src=x>", HALF, (("</span>", HALF),)), TokenLogprobs("\n", 0.0)))
    assert "<img" not in html
    assert html.count("</span>") == 2
    assert "--p:0.500" in html
    assert "2 tokens" in html
    many = shown(talk(*[TokenLogprobs("a", 0.0)] * (MOST_SHOWN + 7)))
    assert many.count('ampo-token"') == MOST_SHOWN + 1  # and what tells of the chosen one
    assert "7 more tokens" in many
    assert "has none" in shown(talk())
    assert shown(Conversation()) == ""


def test_a_file_has_them_all_and_a_kept_conversation_none() -> None:
    one = talk(TokenLogprobs("a", HALF, (("a", HALF),)))
    told = json.loads(as_json(one).text)
    assert told["tokens"] == [
        {"token": "a", "logprob": HALF, "top": [["a", HALF]], "entropy_at_least": round(math.log(2), 6)}
    ]
    assert "logprobs" not in one.to_json()
    assert from_json(one.to_json()).turns[0].answer is not None
    with pytest.raises(gr.Error, match="has none"):
        as_json(talk())


@pytest.mark.parametrize("count", [0, 5])
def test_an_endpoint_is_asked_for_them_where_they_are_wanted(thinker, remote, count: int) -> None:
    remote.says("ninety", size=2)
    request = Request("q", ({"role": "user", "content": "a?"},), logprobs=count)

    async def last() -> Answer:
        return [made async for made in answers({0: Ask(thinker, request)})][-1][0]

    made = asyncio.run(last())
    assert remote.asked[0].get("top_logprobs") == (count or None)
    assert [one.token for one in made.logprobs] == (["ni", "ne", "ty"] if count else [])
    if count:
        assert made.logprobs[0].top == (("ni", -0.1), ("<b>", -3.0))
