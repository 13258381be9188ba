"""The transformers engine with the embedded model."""

import os
import time

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as ampo.engines.loading does it, which comes after torch here
pytest.importorskip("torch")
pytest.importorskip("transformers")

from ampo.engines.transformers import TransformersEngine
from ampo.errors import EngineError, PromptTooLongError, UserError
from ampo.types import Message, Request, SamplingParams

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(model_path: str):
    with TransformersEngine("smollm2-135m", model_path) as engine:
        yield engine


def user(text: str) -> tuple[Message, ...]:
    return ({"role": "user", "content": text},)


def nothing_left(engine: TransformersEngine) -> bool:
    deadline = time.monotonic() + 10
    while engine.unfinished and time.monotonic() < deadline:
        time.sleep(0.01)
    return engine.unfinished == 0


def test_a_stream_is_the_whole_response(engine: TransformersEngine):
    params = SamplingParams(temperature=0, max_tokens=40)
    deltas = list(engine.stream(Request("q", user("What is 7 + 5?"), params)))
    response = deltas[-1].response
    assert response is not None
    assert "12" in response.text
    assert len(deltas) > 5
    assert "".join(delta.text for delta in deltas) == response.text
    assert response.finish_reason == "stop"
    assert response.first_token_seconds is not None
    assert 0 < response.first_token_seconds < response.seconds


def test_closing_an_iterator_frees_its_rows(engine: TransformersEngine):
    params = SamplingParams(n=3, max_tokens=2000, seed=1)
    samples = engine.generate(
        [Request("long", user("Tell a long story."), params), Request("s", "1 2 3", SamplingParams(max_tokens=2))]
    )
    assert next(samples).request_id == "s"
    assert engine.unfinished
    samples.close()  # pyright: ignore[reportAttributeAccessIssue]  (a generator)
    assert nothing_left(engine)


def test_a_prompt_too_long_costs_only_itself(engine: TransformersEngine):
    params = SamplingParams(temperature=0, max_tokens=3)
    requests = [Request("long", "word " * 9000, params), Request("short", user("Hi"), params)]
    reasons = {s.request_id: s.response.finish_reason for s in engine.generate(requests)}
    assert reasons == {"long": "error", "short": "length"}
    with pytest.raises(PromptTooLongError, match=r"\d+ tokens and the context of smollm2-135m holds 8192"):
        next(engine.stream(requests[0]))


def test_a_stop_string_ends_the_response(engine: TransformersEngine):
    params = SamplingParams(temperature=0, max_tokens=60, stop=("5 = ",))
    response = engine.chat("What is 7 + 5?", params)
    assert response.finish_reason == "stop"
    assert "5 = " not in response.text
    assert "7 + " in response.text


def test_a_folder_without_weights(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(UserError, match="cannot load the model") as caught:
        TransformersEngine("mine", str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_model_that_generates_no_text(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForMaskedLM"]}')
    with pytest.raises(UserError, match="no causal language model but BertForMaskedLM"):
        TransformersEngine("mine", str(tmp_path))


def test_a_closed_engine_says_so(engine: TransformersEngine):
    """The last test: it closes the module's engine."""
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.chat("Hi", SamplingParams(max_tokens=2))
