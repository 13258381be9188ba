"""The openai engine against a small server that speaks the protocol, with its faults."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ampo.engines.openai import OpenAIEngine
from ampo.engines.openai.endpoint import Endpoint
from ampo.errors import EngineError, PromptTooLongError, UserError
from ampo.types import Message, Request, SamplingParams

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def user(text: str) -> tuple[Message, ...]:
    return ({"role": "user", "content": text},)


QUESTION = user("which number is larger? 9.11 or 9.9?")


@dataclass
class Server:
    """What it was asked, and how it answers: `replies` in order, then `default`."""

    url: str = ""
    models: list[dict[str, Any]] | int = field(default_factory=lambda: [{"id": "tiny", "object": "model"}])
    replies: list[Reply] = field(default_factory=list)
    default: Reply | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    now: int = 0
    peak: int = 0
    broken_pipes: int = 0
    lock: Any = field(default_factory=threading.Lock)


def send_json(handler: BaseHTTPRequestHandler, data: Any, status: int = 200, **headers: str) -> None:
    content = json.dumps(data).encode()
    handler.send_response(status)
    known = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    for name, value in (known | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def refusal(status: int, message: str, **headers: str) -> Reply:
    return lambda handler, _: send_json(handler, {"error": {"message": message, "code": status}}, status, **headers)


def whole(text: str | None = "9.9", finish: str = "stop", usage: bool = True, thought: Any = None) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        if "prompt" in asked:
            choice = {"index": 0, "finish_reason": finish, "text": text}
        else:
            content = {"role": "assistant", "content": text, **(thought or {})}
            choice = {"index": 0, "finish_reason": finish, "message": content}
        data = {"id": "1", "object": "x", "created": 0, "model": "tiny", "choices": [choice]}
        send_json(handler, data | ({"usage": {"prompt_tokens": 7, "completion_tokens": 3}} if usage else {}))

    return reply


def events(
    *deltas: dict[str, Any], finish: str | None = "stop", usage: bool = True, cut: bool = False, error: str = ""
) -> Reply:
    """A stream of deltas; `cut` resets the connection where the end should be, `error` is told there."""

    def reply(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()

        def send(data: str) -> None:
            line = f"data: {data}\n\n".encode()
            handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            handler.wfile.flush()

        for delta in deltas:
            send(json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
        if cut:
            handler.close_connection = True
            handler.connection.close()
            return
        if error:
            send(json.dumps({"error": {"message": error}}))
        if finish:
            send(json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
        if usage and asked.get("stream_options", {}).get("include_usage"):
            send(json.dumps({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": len(deltas)}}))
        send("[DONE]")
        handler.wfile.write(b"0\r\n\r\n")

    return reply


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server(default=whole())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
            pass

        def do_GET(self) -> None:
            if isinstance(state.models, int):
                refusal(state.models, "no such page")(self, {})
            elif self.path.endswith("/version"):
                send_json(self, {"version": "1.2.3"})
            else:
                send_json(self, {"object": "list", "data": state.models})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.asked.append(asked)
                state.paths.append(self.path)
                reply = state.replies.pop(0) if state.replies else state.default
                state.now += 1
                state.peak = max(state.peak, state.now)
            try:
                assert reply is not None
                reply(self, asked)
            except (BrokenPipeError, ConnectionResetError):
                state.broken_pipes += 1
            finally:
                with state.lock:
                    state.now -= 1

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    state.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def engine(server: Server) -> Iterator[OpenAIEngine]:
    with OpenAIEngine("tiny", server.url, api_key="sk-secret", max_retries=3) as engine:
        yield engine


def ask(engine: OpenAIEngine, **params: Any):
    return next(iter(engine.generate([Request("q", QUESTION, SamplingParams(**params))]))).response


@pytest.mark.parametrize(
    ("choice", "tokens"),
    [
        (
            {"logprobs": {"content": [{"token": "a", "logprob": -1, "top_logprobs": [{"token": "b", "logprob": -2}]}]}},
            1,
        ),
        ({"logprobs": {"tokens": ["a", "b"], "token_logprobs": [None, -1], "top_logprobs": [None, {"b": -1}]}}, 1),
        ({"logprobs": {"content": [{"token": 1, "logprob": "x"}, None, {"token": "a", "logprob": float("nan")}]}}, 0),
        ({"logprobs": {"content": "no"}}, 0),
        ({"logprobs": []}, 0),
        ({}, 0),
    ],
)
def test_probabilities_are_read_in_either_form_and_else_passed_over(choice: dict[str, Any], tokens: int) -> None:
    from ampo.engines.openai.logprobs import told

    assert len(told({"choices": [choice]})) == tokens


def test_a_response_with_its_counts(engine: OpenAIEngine):
    response = ask(engine, max_tokens=5)
    assert (response.text, response.answer, response.finish_reason) == ("9.9", "9.9", "stop")
    assert (response.prompt_tokens, response.completion_tokens) == (7, 3)
    assert response.seconds > 0


def test_defaults_of_vllm_names_stay_out_of_the_body(engine: OpenAIEngine, server: Server):
    ask(engine, temperature=0.6, top_p=0.9)
    assert server.asked[-1] == {
        "model": "tiny",
        "messages": list(QUESTION),
        "temperature": 0.6,
        "top_p": 0.9,
    }
    ask(engine, top_k=20, min_p=0.1, repetition_penalty=1.1, presence_penalty=0.5, seed=3, stop=("END",))
    expected = {
        "top_k": 20,
        "min_p": 0.1,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.5,
        "seed": 3,
        "stop": ["END"],
    }
    assert expected.items() <= server.asked[-1].items()
    assert "frequency_penalty" not in server.asked[-1]


def test_a_vllm_server_is_told_every_value(server: Server):
    """It would take what is absent from the model's generation_config."""
    server.models = [{"id": "tiny", "object": "model", "owned_by": "vllm", "max_model_len": 64}]
    with OpenAIEngine("", server.url) as engine:
        ask(engine)
        assert engine.describe()["versions"]["vllm"] == "1.2.3"
    expected = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
    assert expected.items() <= server.asked[-1].items()


def test_n_is_n_requests_with_a_seed_each(engine: OpenAIEngine, server: Server):
    samples = list(engine.generate([Request("q", QUESTION, SamplingParams(n=3, seed=40))]))
    assert sorted(sample.index for sample in samples) == [0, 1, 2]
    assert sorted(asked["seed"] for asked in server.asked) == [40, 41, 42]
    assert all("n" not in asked for asked in server.asked)


def test_a_bare_string_goes_to_completions(engine: OpenAIEngine, server: Server):
    samples = list(engine.generate([Request("q", "9.11 or 9.9? <think>", SamplingParams(max_tokens=4))]))
    assert server.paths == ["/v1/completions"]
    assert server.asked[0]["prompt"] == "9.11 or 9.9? <think>"
    assert samples[0].response.text == "9.9"  # a prompt of the user's own is no part of the response


def test_a_bare_string_needs_a_limit(engine: OpenAIEngine):
    with pytest.raises(UserError, match="give max_tokens"):
        list(engine.generate([Request("q", "9.11 or 9.9?")]))


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_a_thought_is_put_back_into_the_text(engine: OpenAIEngine, server: Server, name: str):
    server.replies = [whole("9.9 it is", thought={name: "compare the tenths"})]
    response = ask(engine)
    assert response.text == "<think>compare the tenths</think>9.9 it is"
    assert (response.thought, response.answer) == ("compare the tenths", "9.9 it is")


def test_a_thought_that_was_cut_off_stays_open(engine: OpenAIEngine, server: Server):
    server.replies = [whole(None, finish="length", thought={"reasoning": "compare the"})]
    response = ask(engine)
    assert (response.text, response.answer, response.finish_reason) == ("<think>compare the", "", "length")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_can_pass_is_asked_again(engine: OpenAIEngine, server: Server, status: int):
    server.replies = [refusal(status, "later", Retry_After="0.05")]
    assert ask(engine).text == "9.9"
    assert len(server.asked) == 2


def test_the_server_says_how_long_to_wait(engine: OpenAIEngine, server: Server):
    server.replies = [refusal(429, "later", Retry_After="1.2")]
    started = time.perf_counter()
    ask(engine)
    assert time.perf_counter() - started >= 1.2  # its own first delay would be half a second


def test_a_server_that_never_recovers(server: Server):
    server.default = refusal(503, "overloaded", Retry_After="0.01")
    with OpenAIEngine("tiny", server.url, max_retries=2) as engine, pytest.raises(EngineError, match="503"):
        ask(engine)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_repeated(engine: OpenAIEngine, server: Server, status: int):
    server.default = refusal(status, "Incorrect key sk-secret\nor so")
    with pytest.raises(UserError) as caught:
        ask(engine)
    assert len(server.asked) == 1
    message = str(caught.value)
    assert server.url in message
    assert "Incorrect key [key] or so" in message
    assert "\n" not in message


def test_a_key_that_a_stream_tells_goes_no_further(engine: OpenAIEngine, server: Server):
    server.default = events({"content": "9."}, error="engine died with sk-secret")
    with pytest.raises(EngineError, match=r"engine died with \[key\]"):
        list(engine.stream(Request("q", QUESTION)))


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirection_is_not_followed(engine: OpenAIEngine, server: Server, status: int):
    server.default = refusal(status, "moved", Location="http://127.0.0.1:9/elsewhere")
    with pytest.raises(UserError, match=r"sends on to http://127.0.0.1:9/elsewhere: give that address"):
        ask(engine)
    assert len(server.asked) == 1


OVERFLOW = (
    "This model's maximum context length is 64 tokens. However, you requested 5 output tokens and your prompt ..."
)


def test_a_prompt_too_long_costs_only_itself(engine: OpenAIEngine, server: Server):
    def reply(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        too_long = len(asked["messages"][0]["content"]) > 100
        (refusal(400, OVERFLOW) if too_long else whole())(handler, asked)

    server.default = reply
    requests = [Request(str(n), user("x" * n)) for n in (1, 1000, 2)]
    samples = {sample.request_id: sample.response for sample in engine.generate(requests)}
    assert {name: r.finish_reason for name, r in samples.items()} == {"1": "stop", "1000": "error", "2": "stop"}
    with pytest.raises(PromptTooLongError, match="maximum context length is 64"):
        list(engine.stream(requests[1]))


@pytest.mark.parametrize(
    "words", [OVERFLOW, "max_tokens=60 cannot be greater than max_model_len=max_total_tokens=64. Please request fewer"]
)
def test_max_tokens_beyond_the_context_takes_what_is_left(engine: OpenAIEngine, server: Server, words: str):
    server.replies = [refusal(400, words), whole(finish="length")]
    assert ask(engine, max_tokens=60).finish_reason == "length"
    assert ["max_tokens" in asked for asked in server.asked] == [True, False]


def test_a_stream(engine: OpenAIEngine, server: Server):
    server.replies = [
        events({"role": "assistant"}, {"reasoning": "compare "}, {"reasoning": "them"}, {"content": "9.9"})
    ]
    deltas = list(engine.stream(Request("q", QUESTION)))
    assert [delta.text for delta in deltas] == ["<think>compare ", "them", "</think>9.9", ""]
    response = deltas[-1].response
    assert response is not None
    assert (response.text, response.completion_tokens) == ("<think>compare them</think>9.9", 4)
    assert response.first_token_seconds is not None
    assert response.first_token_seconds <= response.seconds


def test_a_server_that_reports_no_usage(engine: OpenAIEngine, server: Server):
    server.replies = [events({"content": "9.9"}, usage=False), whole(usage=False)]
    assert engine.chat("9.11 or 9.9?").completion_tokens is None
    assert ask(engine).completion_tokens is None
    assert engine.describe()["requests"]["without_token_counts"] == 2


@pytest.mark.parametrize("end", [{"cut": True}, {"finish": None}])
def test_a_stream_that_breaks_off(engine: OpenAIEngine, server: Server, end: dict[str, Any]):
    server.replies = [events({"content": "9."}, **end)]
    shown = []
    with pytest.raises(EngineError, match=server.url):
        shown.extend(delta.text for delta in engine.stream(Request("q", QUESTION)))
    assert len(server.asked) == 1
    assert ask(engine).text == "9.9"  # the engine lives


def test_a_whole_response_that_breaks_off_is_asked_again(engine: OpenAIEngine, server: Server):
    def cut(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.close_connection = True

    server.replies = [cut]
    assert ask(engine).text == "9.9"


def test_no_more_at_once_than_asked_for(server: Server):
    three = threading.Barrier(3)

    def slow(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        three.wait(30)
        whole()(handler, asked)

    server.default, drawn = slow, 0

    def requests() -> Iterator[Request]:
        nonlocal drawn
        for i in range(12):
            drawn += 1
            yield Request(str(i), QUESTION)

    with OpenAIEngine("tiny", server.url, concurrency=3) as engine:
        samples = engine.generate(requests())
        next(samples)
        assert drawn <= 6  # drawn only as there is room: three have come at once
        assert len({sample.request_id for sample in samples}) == 11
    assert server.peak == 3


def test_closing_the_iterator_lets_go_of_the_connection(engine: OpenAIEngine, server: Server):
    def endless(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        while True:
            handler.wfile.write(b'data: {"choices": [{"index": 0, "delta": {"content": "la "}}]}\n\n')
            time.sleep(0.01)

    server.default = endless
    deltas = engine.stream(Request("q", QUESTION))
    assert next(deltas).text == "la "
    assert server.now == 1
    deltas.close()  # pyright: ignore[reportAttributeAccessIssue]  (a generator)
    deadline = time.monotonic() + 30
    while server.now and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (server.now, server.broken_pipes) == (0, 1)


def test_closing_the_engine_ends_what_is_running(server: Server):
    release = threading.Event()
    server.default = lambda handler, asked: (release.wait(10), whole()(handler, asked))[1]
    engine = OpenAIEngine("tiny", server.url)
    samples = engine.generate([Request("q", QUESTION)])
    timer = threading.Timer(0.2, engine.close)
    timer.start()
    with pytest.raises(EngineError, match="closed"):
        next(samples)
    timer.join()
    release.set()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        next(engine.generate([Request("q", QUESTION)]))


def test_what_had_finished_is_yielded_before_the_error(server: Server):
    def reply(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        bad = asked["messages"][0]["content"] == "bad"
        if bad:  # the last to be answered
            deadline = time.monotonic() + 30
            while (len(server.asked) < 3 or server.now > 1) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.5)
        (refusal(403, "no") if bad else whole())(handler, asked)

    server.default = reply
    requests = [Request(name, user(name)) for name in ("bad", "a", "b")]
    seen: list[str] = []
    with OpenAIEngine("tiny", server.url) as engine, pytest.raises(UserError):
        seen.extend(sample.request_id for sample in engine.generate(requests))
    assert sorted(seen) == ["a", "b"]


def test_the_only_model_is_the_default(server: Server):
    with OpenAIEngine(None, server.url) as engine:
        assert engine.model == "tiny"


def test_several_models_want_a_choice(server: Server):
    server.models = [{"id": "qwen-7b"}, {"id": "qwen-32b"}]
    with pytest.raises(UserError, match=r"name one of qwen-7b, qwen-32b"):
        OpenAIEngine("", server.url)
    with pytest.raises(UserError, match=r"no model 'qwen-7B'.*did you mean qwen-7b"):
        OpenAIEngine("qwen-7B", server.url)


def test_a_server_that_lists_no_models(server: Server):
    server.models = 404
    with pytest.raises(UserError, match="does not list its models"):
        OpenAIEngine("", server.url)
    with OpenAIEngine("tiny", server.url) as engine:
        assert ask(engine).text == "9.9"


def test_the_version_is_missing_in_the_url(server: Server):
    server.models, server.default = 404, refusal(404, "Not Found")
    bare = server.url.removesuffix("/v1")
    with OpenAIEngine("tiny", bare) as engine, pytest.raises(UserError, match=f"is it {bare}/v1"):
        ask(engine)


def test_a_wrong_key_is_found_at_once(server: Server):
    server.models = 401
    with pytest.raises(UserError, match="OPENAI_API_KEY"):
        OpenAIEngine("tiny", server.url)


def test_nobody_listens():
    started = time.perf_counter()
    said = r"cannot reach http://127.0.0.1:9/v1: is the server running\?.*: Connection refused\)"
    with pytest.raises(UserError, match=said):
        OpenAIEngine("tiny", "http://127.0.0.1:9/v1")
    assert time.perf_counter() - started < 30


def test_no_address():
    with pytest.raises(UserError, match="no web address"):
        OpenAIEngine("tiny", "localhost:8000/v1")


def test_the_record_has_no_secrets(server: Server):
    with OpenAIEngine("tiny", server.url.replace("http://", "http://me:pw@"), api_key="sk-secret") as engine:
        record = json.dumps(engine.describe())
    assert "sk-secret" not in record
    assert "pw" not in record
    assert server.url in record


@pytest.mark.parametrize("url", ["http://[::1", "http://host:port/v1", "http://:8000/v1", "host:8000/v1"])
def test_a_base_url_that_is_none_is_one_line(url: str) -> None:
    with pytest.raises(UserError, match="is no web address"):
        Endpoint(url, "", {}, 1.0, lambda _: None)


@pytest.mark.parametrize(
    "value", ["http://proxy:port", "http://[::1", "://", "http://", "socks5://u:secret@proxy:1080"]
)
def test_a_proxy_that_is_none_is_one_line(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", value)
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="http_proxy is no address of a proxy") as error:
        Endpoint("http://nowhere.invalid/v1", "", {}, 1.0, lambda _: None)
    assert "secret" not in str(error.value)


def test_a_proxy_is_taken_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with OpenAIEngine("tiny", "http://nowhere.invalid/v1") as engine:  # only the proxy can reach it
        assert ask(engine).text
    monkeypatch.setenv("no_proxy", "nowhere.invalid")
    with pytest.raises(UserError, match="cannot reach"):
        OpenAIEngine("tiny", "http://nowhere.invalid/v1")
