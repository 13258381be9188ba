"""The openai engine against vLLM's own server with the embedded model."""

from collections.abc import Iterator

import pytest

from ampo.engines.openai import OpenAIEngine
from ampo.errors import PromptTooLongError, UserError
from ampo.types import Message, Request, SamplingParams

pytestmark = pytest.mark.slow
CONTEXT = 1024  # of the server in tests/conftest.py


@pytest.fixture(scope="module")
def engine(server: str) -> Iterator[OpenAIEngine]:
    with OpenAIEngine(None, server, concurrency=8) as engine:
        yield engine


def user(text: str) -> tuple[Message, ...]:
    return ({"role": "user", "content": text},)


def test_the_endpoint_is_known(engine: OpenAIEngine, server: str):
    record = engine.describe()
    assert record["model"] == "smollm2-135m"
    assert record["versions"]["vllm"]
    assert record["settings"]["model_card"]["max_model_len"] == CONTEXT
    with pytest.raises(UserError, match="did you mean smollm2-135m"):
        OpenAIEngine("smollm-135m", server)


def test_greedy_answers_rightly(engine: OpenAIEngine):
    response = engine.chat("What is 7 + 5?", SamplingParams(temperature=0, max_tokens=40))
    assert "12" in response.text
    assert response.prompt_tokens is not None
    assert response.completion_tokens is not None
    assert response.prompt_tokens > 10
    assert 0 < response.completion_tokens <= 40
    assert engine.describe()["requests"]["without_token_counts"] == 0


def test_seeded_samples_are_the_same_in_a_batch_and_alone(engine: OpenAIEngine):
    """Sample i has seed + i. A batch's shape may turn a last bit and so a close draw: some may differ."""
    params = SamplingParams(n=12, temperature=1.0, top_k=40, seed=7, max_tokens=12)
    together = {s.index: s.response for s in engine.generate([Request("q", user("Name a colour."), params)])}
    assert sorted(together) == list(range(12))
    assert len({response.text for response in together.values()}) > 1
    assert all(response.finish_reason in {"stop", "length"} for response in together.values())
    alone = [
        engine.chat("Name a colour.", SamplingParams(temperature=1.0, top_k=40, seed=7 + i, max_tokens=12)).text
        for i in range(12)
    ]
    assert sum(together[i].text == text for i, text in enumerate(alone)) >= 8


def test_a_stream_is_the_whole_response(engine: OpenAIEngine):
    deltas = list(engine.stream(Request("q", user("Count to five."), SamplingParams(temperature=0, max_tokens=24))))
    assert len(deltas) > 3
    response = deltas[-1].response
    assert response is not None
    assert "".join(delta.text for delta in deltas) == response.text
    assert response.first_token_seconds is not None


def test_a_limit_beyond_the_context_takes_what_is_left(engine: OpenAIEngine):
    """Without a limit, too, where the server would stop at 16 tokens of a bare string."""
    prompt, limits = "one two three four five " * 200, {"beyond": 4 * CONTEXT, "none": None}
    requests = [Request(name, prompt, SamplingParams(temperature=0, max_tokens=n)) for name, n in limits.items()]
    samples = list(engine.generate(requests))
    assert {sample.request_id for sample in samples} == {"beyond", "none"}
    for response in (sample.response for sample in samples):
        assert response.finish_reason == "length"
        assert response.prompt_tokens is not None
        assert response.completion_tokens is not None
        assert response.completion_tokens > 16
        assert response.prompt_tokens + response.completion_tokens == CONTEXT


@pytest.mark.parametrize("limit", [CONTEXT - 5, 4 * CONTEXT])  # the server has other words for each
def test_a_conversation_with_a_limit_beyond_the_context(engine: OpenAIEngine, limit: int | None):
    response = engine.chat("What is 7 + 5?", SamplingParams(temperature=0, max_tokens=limit))
    assert response.finish_reason == "stop"
    assert "12" in response.text


def test_a_prompt_too_long_costs_only_itself(engine: OpenAIEngine):
    params = SamplingParams(temperature=0, max_tokens=4)
    requests = [Request("long", user("word " * 2 * CONTEXT), params), Request("short", user("Hi"), params)]
    requests.append(Request("bare", "word " * 2 * CONTEXT, params))
    reasons = {s.request_id: s.response.finish_reason for s in engine.generate(requests)}
    assert reasons.pop("short") in {"stop", "length"}
    assert reasons == {"long": "error", "bare": "error"}
    with pytest.raises(PromptTooLongError, match=str(CONTEXT)):
        next(engine.stream(requests[0]))
