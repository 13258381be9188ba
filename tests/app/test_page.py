"""The page through Gradio's own client, on the real engine."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ampo.app.desk import Services
from ampo.engines.vllm import VLLMEngine
from ampo.types import SamplingParams

pytest.importorskip("gradio")
import httpx
from gradio_client import Client

STORY = "Tell a very long story."
LONG = {"max_tokens": 1500, "temperature": 0.0}  # which the embedded model uses up


@pytest.fixture
def client(serve, make_desk, vllm_engine: VLLMEngine):
    """A client of a page on the real engine."""
    desk = make_desk(vllm_engine, services=Services(pass_at_k=lambda n, c, k: float(c > 0)))
    return Client(serve(desk), verbose=False)


def last_words(update: Any) -> str:
    """All text of the chatbot's messages after the question."""
    return "\n".join(part["text"] for message in update[1:] for part in message["content"])


@pytest.mark.slow
def test_an_answer_streams_and_is_judged(client: Client, vllm_engine: VLLMEngine) -> None:
    job = client.submit("What is 7 + 5?", "12", temperature=0.0, max_tokens=24, api_name="/chat")
    updates = list(job)
    lengths = [len(last_words(update)) for update in updates if "waiting" not in last_words(update)]
    assert len(lengths) >= 2
    final = last_words(updates[-1])
    assert "ampo-badge" in final
    assert re.search(r"\d+ tokens · \d+ in the prompt · first after [\d.]+ s · [\d.]+ tokens/s · ", final)
    assert vllm_engine.unfinished == 0


@pytest.mark.slow
def test_stop_ends_the_generation(client: Client, vllm_engine: VLLMEngine, until) -> None:
    job = client.submit(STORY, "", **LONG, api_name="/chat")
    assert until(lambda: any("waiting" not in last_words(u) for u in job.outputs()))
    assert vllm_engine.unfinished == 1
    job.cancel()
    assert until(lambda: vllm_engine.unfinished == 0)


@pytest.mark.slow
def test_a_cut_answer_goes_on(client: Client) -> None:
    cut = client.submit(
        "Count from one to thirty in words.", "", temperature=0.0, max_tokens=8, api_name="/chat"
    ).result()
    assert "cut off by the token limit" in last_words(cut)
    said = last_words(cut).split("<div")[0].strip()
    more = client.submit(temperature=0.0, max_tokens=12, api_name="/go_on").result()
    assert last_words(more).startswith(said)
    assert "20 tokens" in last_words(more)


@pytest.mark.slow
def test_a_full_context_is_a_message_and_the_next_question_works(client: Client) -> None:
    full = client.submit("word " * 3000, "", api_name="/chat").result()
    assert "the context of smollm2-135m is 1024" in last_words(full)
    again = client.submit("What is 7 + 5?", "", temperature=0.0, max_tokens=12, api_name="/chat").result()
    assert "12 tokens" in again[-1]["content"][0]["text"]


@pytest.mark.slow
def test_several_users_share_the_batch(client: Client, vllm_engine: VLLMEngine, until) -> None:
    others = [Client(client.src, verbose=False) for _ in range(2)]
    jobs = [c.submit(STORY, "", **LONG, api_name="/chat") for c in (client, *others)]
    assert until(lambda: vllm_engine.unfinished == 3)
    for job in jobs:
        job.cancel()
    assert until(lambda: vllm_engine.unfinished == 0)


@pytest.mark.slow
def test_samples_are_grouped_by_equivalence(client: Client) -> None:
    k = 3
    summary, opened, *_ = client.submit(
        "What is 7 + 5?", "12", k, temperature=0.0, max_tokens=24, api_name="/sample"
    ).result()
    html = summary["value"] if isinstance(summary, dict) else summary
    assert "3 of 3" in html
    assert "pass@3" in html
    assert "avg@3" in html
    assert html.count("ampo-bar-fill") == 1
    made = json.loads(opened["value"] if isinstance(opened, dict) else opened)["samples"]
    assert len({one["text"] for one in made}) == 1 < len(made) == k


def test_bad_input_is_one_line(serve, make_desk, thinker) -> None:
    client = Client(serve(make_desk(thinker)), verbose=False)
    for arguments, message in (
        ({"question": ""}, "the question is empty"),
        ({"question": "x" * 40_000}, "at most 32,000 are taken here"),
        ({"question": "q", "seed": "seven"}, "no number"),
        ({"question": "q", "stop": "\n".join("abcdefghijklmnopqrstu")}, "16 are allowed"),
    ):
        with pytest.raises(Exception, match=message):
            client.submit(gold="", **arguments, api_name="/chat").result()  # pyright: ignore[reportArgumentType]
    with pytest.raises(Exception, match="no answer to go on with"):
        client.submit(api_name="/go_on").result()


def texts(messages: Any) -> list[str]:
    return [part["text"] for message in messages for part in message["content"]]


def test_programs_get_what_was_written_to_the_byte(serve, make_desk, thinker, remote) -> None:
    said = (
        "\n So \\begin{eqnarray}a &=& b\\end{eqnarray}, $x<y$ and \\boxed{1}, List<int> ![a](b).\n\n"
        "```cpp\nint a;\n```\nIt costs $5.\n<answer>$\\frac{1}{2}$</answer> \n"
    )
    question = "Is $x < 5$ for ![a](b) and List<int>?"
    remote.says(said)
    remote.finish = "length"
    client = Client(serve(make_desk(thinker)), verbose=False)
    chat = client.submit(question, api_name="/chat")
    updates = list(map(texts, chat))
    assert all(said.startswith(update[1]) for update in updates if len(update) > 1)
    assert updates[-1][:-1] == [question, said]
    remote.says("More: $z$.")
    *_, more, _ = texts(client.submit(api_name="/go_on").result())
    assert more == said + "More: $z$."
    checked = client.submit("1/2", api_name="/check").result()
    assert more in texts(checked[0] if isinstance(checked, tuple) else checked)
    remote.says(said, thought="Let $t$ be <b>.")
    *_, thought, answer, _ = texts(client.submit(question, api_name="/chat").result())
    assert (thought, answer) == ("Let $t$ be <b>.", said.lstrip())
    remote.says(said)
    summary, samples, *_ = client.submit(question, k=2, api_name="/sample").result()
    made = json.loads(samples["value"] if isinstance(samples, dict) else samples)
    assert [one["text"] for one in made["samples"]] == [said, said]
    assert made["question"] == question
    both = client.submit(question, right_system="None", api_name="/compare").result()
    again = client.submit(question, api_name="/compare_on").result()
    assert [texts(side)[0] for side in both[:2]] == [said, said]
    assert [texts(side)[-2] for side in again[:2]] == [said, said]
    everything = json.dumps([summary, made, both, again, updates], ensure_ascii=False)
    assert not re.search("[\u2060-\u2064\ufeff]", everything)


def test_a_server_that_dies_leaves_a_message(serve, make_desk, thinker, remote, until) -> None:
    remote.says("a long answer, cut by a lost connection")
    remote.broken_after = 3
    client = Client(serve(make_desk(thinker)), verbose=False)
    broken = client.submit("q", "", api_name="/chat").result()
    assert "ampo-error" in last_words(broken)
    assert "a long answer" in last_words(broken)
    remote.broken_after = None
    assert "cut by a lost connection" in last_words(client.submit("q", "", api_name="/chat").result())
    assert until(lambda: remote.open == 0)


def test_a_full_queue_says_so(serve, make_desk, thinker, remote, until) -> None:
    remote.says("slow words " * 50)
    remote.delay = 0.5
    url = serve(make_desk(thinker, concurrency=1, queue_size=1))
    clients = [Client(url, verbose=False) for _ in range(4)]
    jobs = [client.submit("q", "", api_name="/chat") for client in clients]
    assert until(lambda: any(job.done() for job in jobs[1:]))
    errors = [str(job.exception()) for job in jobs[1:] if job.done()]
    for job in jobs:
        job.cancel()
    assert any("ueue is full" in error for error in errors)


@pytest.mark.parametrize(
    ("text", "finish", "outcome"),
    [
        ("<answer>12</answer>", "stop", "correct"),
        ("<answer>13</answer>", "stop", "wrong"),
        ("I would rather not say what I think about this, to be honest with you.", "stop", "no_answer"),
        ("First we add", "length", "truncated"),
    ],
)
def test_verdicts(serve, make_desk, thinker, remote, text: str, finish: str, outcome: str) -> None:
    remote.says(text)
    remote.finish = finish
    client = Client(serve(make_desk(thinker)), verbose=False)
    assert f"ampo-{outcome}" in last_words(client.submit("What is 7 + 5?", "12", api_name="/chat").result())


def test_a_judgement_that_times_out_is_a_badge(verifier) -> None:
    from ampo.app.render import footer
    from ampo.conversation import Answer
    from ampo.types import Verdict

    assert "time-out" in footer(Answer(state="stop", verdict=Verdict("timeout", "x", "past its deadline")))


def test_a_page_hotter_than_usual_is_drawn_and_takes_no_file(make_desk, thinker, serve) -> None:
    desk = make_desk(thinker, defaults=SamplingParams(temperature=3.0, max_tokens=64))
    answer = httpx.post(f"{serve(desk)}gradio_api/upload", files={"files": ("big.bin", b"0" * 100_000)})
    assert answer.status_code == 413
