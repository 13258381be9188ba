"""The stream of events and its sum, without Gradio."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from ampo.app.answers import Ask, answers
from ampo.app.pump import Pump
from ampo.app.session import Failed, Finished, Step, Transcript, answer
from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.engines.openai import OpenAIEngine
from ampo.engines.vllm import VLLMEngine
from ampo.prompts import load_template
from ampo.types import Message, Request, SamplingParams


def ask(text: str, said: str = "", **params) -> Request:
    messages: list[Message] = [{"role": "user", "content": text}]
    if said:
        messages.append({"role": "assistant", "content": said})
    return Request("q", tuple(messages), SamplingParams(**params))


def test_thought_and_body_and_counts(remote, thinker: OpenAIEngine) -> None:
    remote.says("It is <answer>9.9</answer>", thought="0.9 is more than 0.11")
    script = Transcript()
    for event in answer(thinker, ask("which is larger?")):
        script.take(event)
    assert script.thought == "0.9 is more than 0.11"
    assert script.body == "It is <answer>9.9</answer>"
    assert script.response is not None
    assert script.response.completion_tokens == len(remote.pieces)
    assert script.thought_seconds is not None


def test_what_stands_before_an_answer_that_nobody_asked_for_is_no_thought(remote, thinker: OpenAIEngine) -> None:
    remote.says("0.9 is more than 0.11. <answer>9.9</answer>")
    script = Transcript()
    for event in answer(thinker, ask("which is larger?")):
        script.take(event)
    assert script.thought == ""
    assert script.body == "0.9 is more than 0.11. <answer>9.9</answer>"


def test_under_a_prompt_that_asks_for_an_answer_the_rest_is_thought(remote, thinker: OpenAIEngine) -> None:
    remote.says("0.9 is more than 0.11. <answer>9.9</answer>", size=4)
    system: Message = {"role": "system", "content": load_template("ampo").system or ""}
    request = Request("q", (system, {"role": "user", "content": "q"}), SamplingParams())
    script, seen = Transcript(system=system["content"]), []
    for event in answer(thinker, request):
        script.take(event)
        seen.append((script.thought.strip(), script.body))
    assert ("0.9 is more than 0.11.", "") in seen
    assert any(thought == "0.9" for thought, _ in seen)  # it grows there
    assert not any(body and not body.startswith("<") for _, body in seen)
    assert (script.thought, script.body) == ("0.9 is more than 0.11.", "<answer>9.9</answer>")
    assert script.thought_seconds is not None


def test_going_on_keeps_what_was_said(remote, thinker: OpenAIEngine) -> None:
    remote.says("more than 0.11</think>9.9")
    said = "<think>0.9 is "
    script = Transcript(before=said)
    for event in answer(thinker, ask("which is larger?", said)):
        script.take(event)
    assert script.thought == "0.9 is more than 0.11"
    assert script.body == "9.9"
    assert remote.asked[-1]["messages"][-1] == {"role": "assistant", "content": said}


def test_a_server_that_breaks_off_is_an_event(remote, thinker: OpenAIEngine) -> None:
    remote.says("a long answer, cut by a lost connection")
    remote.broken_after = 3
    events = list(answer(thinker, ask("q")))
    assert isinstance(events[-1], Failed)
    assert "broke off" in events[-1].message or "connection" in events[-1].message
    assert any(isinstance(event, Step) for event in events)


@pytest.mark.slow
def test_closing_ends_the_generation(vllm_engine: VLLMEngine, until) -> None:
    events = answer(vllm_engine, ask("Tell a long story.", max_tokens=1500, temperature=1.0))
    assert isinstance(next(events), Step)
    assert vllm_engine.unfinished == 1
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert until(lambda: vllm_engine.unfinished == 0)


@pytest.mark.slow
def test_a_full_context_is_an_event(vllm_engine: VLLMEngine) -> None:
    [event] = answer(vllm_engine, ask("word " * 3000))
    assert isinstance(event, Failed)
    assert "the context of smollm2-135m is 1024" in event.message


@pytest.mark.slow
def test_the_model_goes_on_from_its_own_words(vllm_engine: VLLMEngine) -> None:
    whole = vllm_engine.chat("Count from one to ten in words.", SamplingParams(temperature=0, max_tokens=20)).text
    begun = whole[: len(whole) // 2]
    *_, last = answer(vllm_engine, ask("Count from one to ten in words.", begun, temperature=0, max_tokens=20))
    assert isinstance(last, Finished)
    assert (begun + last.response.text).startswith(whole[: len(whole) * 3 // 4])


def test_the_first_event_comes_at_once_and_the_rest_in_batches() -> None:
    def slowly(_: Halt):
        for i in range(40):
            yield Step(str(i), ())
            time.sleep(0.01)

    async def gather() -> list[tuple[float, int]]:
        pump, started = Pump({"a": slowly}), time.monotonic()
        return [(time.monotonic() - started, len(batch)) async for batch in pump.batches(lambda: 0.15)]

    came = asyncio.run(gather())
    assert came[0][1] < 20
    assert sum(size for _, size in came) == 40
    assert len(came) <= 3 + came[-1][0] / 0.15  # however long a busy machine took over them


def test_a_defect_in_a_source_reaches_whoever_waits() -> None:
    def broken(_: Halt):
        yield Step("a", ())
        raise ZeroDivisionError("x")

    async def gather() -> list:
        return [event async for batch in Pump({"a": broken}).batches(lambda: 0.0) for _, event in batch]

    *_, last = asyncio.run(gather())
    assert isinstance(last, Failed)
    assert "ZeroDivisionError" in last.message


def leave_before_the_first_word(engine: Engine, asked: Callable[[], bool], request: Request, until) -> None:
    async def leave() -> None:
        stream = answers({i: Ask(engine, request) for i in range(2)})
        await anext(stream)
        assert await asyncio.to_thread(until, asked)
        await stream.aclose()

    asyncio.run(leave())


def test_leaving_ends_what_has_not_said_a_word(remote, thinker: OpenAIEngine, until) -> None:
    remote.hangs = True
    leave_before_the_first_word(thinker, lambda: remote.open == 2, ask("q"), until)
    assert until(lambda: remote.open == 0, 5)


def test_a_halted_answer_ends_without_a_word(remote, thinker: OpenAIEngine) -> None:
    remote.hangs = True
    halt = Halt()
    threading.Timer(0.3, halt.set).start()
    assert list(answer(thinker, ask("q"), halt)) == []
    assert list(answer(thinker, ask("q"), halt)) == []  # also where it was set before


@pytest.mark.slow
def test_leaving_early_ends_all_of_several(vllm_engine: VLLMEngine, until) -> None:
    request = ask("Tell a long story.", max_tokens=1500, temperature=1.0)

    async def leave() -> None:
        stream = answers({i: Ask(vllm_engine, request) for i in range(3)})
        async for made in stream:
            if any(one.text for one in made.values()):
                break
        await stream.aclose()

    asyncio.run(leave())
    assert until(lambda: vllm_engine.unfinished == 0)


def test_an_echo_of_what_was_said_is_left_out() -> None:
    from ampo.app.session import Echo

    for pieces, new in (
        (["One, ", "two, three"], "three"),
        (["One, two, "], ""),
        (["three"], "three"),
        (["One, ", "three"], "One, three"),
        (["One"], "One"),
        ([], ""),
    ):
        echo = Echo("One, two, ")
        assert "".join([*map(echo.left, pieces), echo.left("", last=True)]) == new, pieces


def test_an_endpoint_that_refuses_to_go_on_is_said(thinker, remote) -> None:
    remote.refuses = "conversation roles must alternate"
    said: tuple[Message, ...] = (
        {"role": "user", "content": "Count."},
        {"role": "assistant", "content": "One, "},
    )
    (failed,) = [e for e in answer(thinker, Request("q", said)) if isinstance(e, Failed)]
    assert "can't go on with an answer that was begun here: ask again instead" in failed.message
    assert "must alternate" in failed.message


def test_an_answer_is_marked_as_begun_where_that_is_asked_for(thinker, remote) -> None:
    remote.refuses = "Expected last role User (or Assistant with prefix True)"
    said: tuple[Message, ...] = (
        {"role": "user", "content": "Count."},
        {"role": "assistant", "content": "One, "},
    )
    assert isinstance(list(answer(thinker, Request("q", said)))[-1], Finished)
    assert remote.asked[1]["messages"][1]["prefix"] is True


def test_half_a_character_is_joined_or_replaced(thinker, remote) -> None:
    remote.pieces = [{"content": "a\ud83d"}, {"content": "\ude00b"}, {"content": "\udc00c"}]
    *_, last = answer(thinker, Request("q", ({"role": "user", "content": "a?"},)))
    assert isinstance(last, Finished)
    assert last.response.text == "a\U0001f600b\ufffdc"
