"""The transformers engine with the embedded model."""

import os
import subprocess
import sys
import threading
import time

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as loading.py does, which comes after torch here
pytest.importorskip("torch")
pytest.importorskip("transformers")

from ampo.engines.halt import Halt
from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import TransformersEngine
from ampo.engines.transformers.text import TextStream
from ampo.errors import EngineError, PromptTooLongError, UserError
from ampo.install import install_command
from ampo.types import Message, Request, SamplingParams

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(model_path: str):
    settings = EngineSettings(dtype="float32")  # a row must not depend on its neighbours
    with TransformersEngine("smollm2-135m", model_path, settings=settings) as engine:
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


def test_threads_share_the_engine(engine: TransformersEngine):
    """Each gets the answer to its own question, as it does alone."""
    params = SamplingParams(temperature=0, max_tokens=8)
    questions = [f"What is {i} + {i}?" for i in range(3)]
    alone = [engine.chat(question, params).text for question in questions]
    together: dict[int, str] = {}

    def work(i: int) -> None:
        together[i] = engine.chat(questions[i], params).text

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [together[i] for i in range(3)] == alone
    assert len(set(alone)) == 3


def test_a_halted_stream_ends_before_its_first_word(engine: TransformersEngine):
    halt = Halt()
    halt.set()
    assert list(engine.stream(Request("s", user("Tell a long story."), SamplingParams(max_tokens=1500)), halt)) == []
    deadline = time.monotonic() + 10
    while engine.unfinished and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine.unfinished == 0


def test_a_thought_that_the_template_opened_is_in_the_text(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch):
    tokenizer = engine.tokenizer
    monkeypatch.setattr(tokenizer, "chat_template", tokenizer.chat_template + r"{{ '<think>\n' }}")
    request = Request("q", user("Hi"), SamplingParams(temperature=0, max_tokens=4))
    deltas = list(engine.stream(request))
    assert deltas[0].text.startswith("<think>\n")
    response = deltas[-1].response
    assert response is not None
    assert response.text == "".join(delta.text for delta in deltas)
    assert response.text.count("<think>") == 1
    assert (response.thought, response.answer) == (response.text.removeprefix("<think>\n").strip(), "")
    [sample] = engine.generate([request])
    assert sample.response.text == response.text


TEXTS = ["naïve café — 你好，世界 😀👩‍👩‍👧 🇩🇪", "  two  spaces\n\n\tand a tab ", "∑ᵢ √2 ≈ 1.41; العربية हिन्दी 한국어"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_from_tokens_as_they_come(engine: TransformersEngine, text: str):
    """Characters of several tokens, on the real tokenizer: none is broken, and no space gets lost or added."""
    tokens = engine.tokenizer(text, add_special_tokens=False)["input_ids"]
    stream = TextStream(engine._decode, engine.tokenizer("Say:")["input_ids"])
    pieces = [*(stream.push(token) for token in tokens), stream.finish()]
    assert "".join(pieces) == stream.text == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert len([piece for piece in pieces if piece]) > 3


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


def test_without_torch_the_extra_is_named():
    program = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from ampo import load_engine
from ampo.errors import MissingExtraError
try:
    load_engine(sys.argv[1], "transformers", say=lambda _: None)
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program, "smollm2-135m"], capture_output=True, text=True, check=True)
    line = f"the transformers engine needs torch, which is not installed: {install_command('hf')}"
    assert done.stdout.splitlines() == [line]


def test_closing_during_work_ends_it_with_an_error(engine: TransformersEngine):
    """The last test: it closes the module's engine."""
    params = SamplingParams(n=2, max_tokens=4000, seed=1)
    samples = engine.generate([Request("a", user("Tell a long story."), params)])
    timer = threading.Timer(0.3, engine.close)
    timer.start()
    started = time.perf_counter()
    with pytest.raises(EngineError, match="closed"):
        list(samples)
    assert time.perf_counter() - started < 60  # 8,000 tokens take minutes
    timer.join()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.chat("Hi", SamplingParams(max_tokens=2))
