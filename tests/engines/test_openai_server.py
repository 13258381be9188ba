"""The openai engine against vLLM's own server with the embedded model."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampo.engines.openai import OpenAIEngine
from ampo.errors import UserError
from ampo.types import Message, Request, SamplingParams

pytestmark = pytest.mark.slow
CONTEXT = 512


def command(model_path: str, port: int) -> list[str]:
    """How to start the server. On a CPU a seeded request kills vLLM's engine where its prefill is split in two."""
    flags = ["--enforce-eager", "--no-enable-chunked-prefill", f"--max-model-len={CONTEXT}"]
    flags += [f"--max-num-batched-tokens={4 * CONTEXT}", "--served-model-name=smollm2-135m"]
    vllm = str(Path(sys.executable).with_name("vllm"))
    return [vllm, "serve", str(model_path), "--host=127.0.0.1", f"--port={port}", *flags]


@pytest.fixture(scope="module")
def url(model_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("vllm", reason="vllm is not installed", exc_type=ImportError)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(
            command(model_path, port), stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen, health: str, log: Path) -> None:
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(health, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[OpenAIEngine]:
    with OpenAIEngine(None, url, concurrency=8) as engine:
        yield engine


def user(text: str) -> tuple[Message, ...]:
    return ({"role": "user", "content": text},)


def test_the_endpoint_is_known(engine: OpenAIEngine, url: str):
    record = engine.describe()
    assert record["model"] == "smollm2-135m"
    assert record["server"]["kind"] == "vllm"
    assert record["server"]["version"]
    assert record["model_card"]["max_model_len"] == CONTEXT
    with pytest.raises(UserError, match="did you mean smollm2-135m"):
        OpenAIEngine("smollm-135m", url)


def test_greedy_answers_rightly(engine: OpenAIEngine):
    response = engine.chat("What is 7 + 5?", SamplingParams(temperature=0, max_tokens=40))
    assert "12" in response.text
    assert response.prompt_tokens > 10
    assert 0 < response.completion_tokens <= 40
    assert engine.describe()["responses_without_usage"] == 0


def test_seeded_samples_are_the_same_in_a_batch_and_alone(engine: OpenAIEngine):
    params = SamplingParams(n=4, temperature=1.0, top_k=40, seed=7, max_tokens=12)
    together = {s.index: s.response for s in engine.generate([Request("q", user("Name a colour."), params)])}
    assert sorted(together) == [0, 1, 2, 3]
    assert len({response.text for response in together.values()}) > 1
    assert all(response.finish_reason in {"stop", "length"} for response in together.values())


def test_a_stream_is_the_whole_response(engine: OpenAIEngine):
    deltas = list(engine.stream(Request("q", user("Count to five."), SamplingParams(temperature=0, max_tokens=24))))
    assert len(deltas) > 3
    response = deltas[-1].response
    assert response is not None
    assert "".join(delta.text for delta in deltas) == response.text
    assert response.first_token_seconds is not None


def test_a_limit_beyond_the_context_takes_what_is_left(engine: OpenAIEngine):
    """For a conversation and for a bare string; the latter also without a limit, where the server would stop at 16."""
    long = "one two three four five " * 90
    for prompt, limit in ((user(long), 4 * CONTEXT), (long, 4 * CONTEXT), (long, None)):
        params = SamplingParams(temperature=0, max_tokens=limit, repetition_penalty=1.0)
        response = next(engine.generate([Request("q", prompt, params)])).response
        assert response.finish_reason in {"stop", "length"}
        if response.finish_reason == "length":
            assert response.prompt_tokens + response.completion_tokens == CONTEXT


def test_a_prompt_too_long_costs_only_itself(engine: OpenAIEngine):
    params = SamplingParams(temperature=0, max_tokens=4)
    requests = [Request("long", user("word " * 2 * CONTEXT), params), Request("short", user("Hi"), params)]
    requests.append(Request("bare", "word " * 2 * CONTEXT, params))
    reasons = {s.request_id: s.response.finish_reason for s in engine.generate(requests)}
    assert reasons.pop("short") in {"stop", "length"}
    assert reasons == {"long": "error", "bare": "error"}
