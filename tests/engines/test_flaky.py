"""Endpoints that break, refuse and stay silent: each answer is right, or one clear line, and the run goes on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from ampo.engines.background import BackgroundLoop
from ampo.engines.openai import OpenAIEngine
from ampo.errors import EngineError, UserError
from ampo.types import Request, Response, SamplingParams

Reply = Callable[[dict[str, Any]], web.StreamResponse | Awaitable[web.StreamResponse]]


def chat(content: Any = "9.9", usage: Any = None, finish: Any = "stop", **message: Any) -> web.Response:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    return web.json_response({"choices": [choice]} | ({"usage": usage} if usage is not None else {}))


def raw(content: str, kind: str = "application/json", status: int = 200, **headers: str) -> Reply:
    return lambda _: web.Response(text=content, content_type=kind, status=status, headers=headers)


def error(status: int, message: str, **more: Any) -> Reply:
    return lambda _: web.json_response({"error": {"message": message, **more}}, status=status)


@dataclass
class Flaky:
    """Answers with `replies` in order, then with `default`; `by` picks by what is asked."""

    url: str = ""
    default: Reply = field(default_factory=lambda: lambda _: chat())
    replies: list[Reply] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "tiny"}]})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.asked.append(asked)
        self.headers.append(dict(request.headers))
        made = (self.replies.pop(0) if self.replies else self.default)(asked)
        return made if isinstance(made, web.StreamResponse) else await made


class Servers:
    """Several of them in one thread."""

    def __init__(self) -> None:
        self.loop = BackgroundLoop("flaky")
        self.runners: dict[str, web.AppRunner] = {}

    def start(self, flaky: Flaky, port: int = 0) -> Flaky:
        flaky.url = self.loop.run(self._start(flaky, port))
        return flaky

    async def _start(self, flaky: Flaky, port: int) -> str:
        app = web.Application()
        app.router.add_get("/v1/models", flaky.models)
        app.router.add_post("/v1/chat/completions", flaky.answer)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self.runners[url] = runner
        return url

    def stop(self, flaky: Flaky) -> None:
        self.loop.run(self.runners.pop(flaky.url).cleanup())


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    for runner in servers.runners.values():
        servers.loop.run(runner.cleanup())
    servers.loop.close()


@pytest.fixture
def flaky(servers: Servers) -> Flaky:
    return servers.start(Flaky())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ampo.engines.openai.client._FIRST_WAIT", 0.01)
    monkeypatch.setattr("ampo.engines.openai.endpoint._LEFT_OUT", 0.3)


def requests(*names: str, **params: Any) -> list[Request]:
    return [Request(name, ({"role": "user", "content": name},), SamplingParams(**params)) for name in names]


def run(engine: OpenAIEngine, *names: str, **params: Any) -> dict[str, Response]:
    return {s.request_id: s.response for s in engine.generate(requests(*names, **params))}


BROKEN: dict[str, Reply] = {
    "cut short": raw('{"choices": [{"message": {"content": "9'),
    "no JSON": raw("Service temporarily"),
    "HTML": raw("<html><style>p {}</style><body><h1>Bad</h1> gateway</body></html>", "text/html"),
    "empty": raw(""),
    "a list": raw("[1]"),
    "choices null": raw('{"choices": null}'),
    "choices empty": raw('{"choices": []}'),
    "choices a dict": raw('{"choices": {"0": {}}}'),
    "choices strings": raw('{"choices": ["9.9"]}'),
    "message a string": raw('{"choices": [{"message": "9.9"}]}'),
    "content a number": raw('{"choices": [{"message": {"content": 9.9}}]}'),
    "an error inside": raw('{"error": {"message": "model is loading"}}'),
    "deep": raw("[" * 50_000),
}


@pytest.mark.parametrize("mode", BROKEN)
def test_a_broken_reply_is_asked_again(flaky: Flaky, mode: str) -> None:
    flaky.replies = [BROKEN[mode]]
    with OpenAIEngine("tiny", flaky.url) as engine:
        assert run(engine, "a")["a"].text == "9.9"
    assert len(flaky.asked) == 2


@pytest.mark.parametrize("mode", BROKEN)
def test_what_stays_broken_costs_that_sample_alone(flaky: Flaky, mode: str) -> None:
    flaky.default = lambda asked: BROKEN[mode](asked) if asked["messages"][0]["content"] == "bad" else chat()
    said: list[str] = []
    with OpenAIEngine("tiny", flaky.url, max_retries=1, say=said.append) as engine:
        found = run(engine, "bad", "a", "b")
        assert engine.describe()["requests"] == {
            "without_token_counts": 2, "without_response": {"failed at the server": 1}, "retries": 1,
        }  # fmt: skip
    assert {name: r.finish_reason for name, r in found.items()} == {"bad": "error", "a": "stop", "b": "stop"}
    assert said == ["note: 1 samples have no response: 1 failed at the server"]


def test_where_nothing_succeeds_any_more_the_run_ends_and_those_are_asked_again(flaky: Flaky) -> None:
    flaky.default = lambda asked: chat() if asked["messages"][0]["content"] == "a" else BROKEN["HTML"](asked)
    seen: list[str] = []
    ending = pytest.raises(EngineError, match=r"answered with no JSON: Bad gateway$")
    with OpenAIEngine("tiny", flaky.url, max_retries=0, concurrency=1) as engine, ending:
        seen.extend(s.request_id for s in engine.generate(requests("a", *map(str, range(40)))))
    assert seen == ["a"]
    assert len(flaky.asked) < 20


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error(400, "The response was filtered", code="content_filter"), "moderated"),
        (error(400, "Your input was flagged by our moderation"), "moderated"),
        (raw("<h1>413 Request Entity Too Large</h1>", "text/html", 413), "too large (HTTP 413)"),
        (error(422, "cannot do that"), "refused (HTTP 422)"),
        (lambda _: chat("", finish="content_filter"), "moderated"),
    ],
)
def test_a_request_refused_for_itself_is_counted_and_named(flaky: Flaky, reply: Reply, reason: str) -> None:
    flaky.default = lambda asked: reply(asked) if asked["messages"][0]["content"] == "bad" else chat()
    with OpenAIEngine("tiny", flaky.url, concurrency=1) as engine:
        found = run(engine, "bad", "a")
        assert engine.describe()["requests"]["without_response"] == {reason: 1}
    assert {name: r.finish_reason for name, r in found.items()} == {"bad": "error", "a": "stop"}
    assert len(flaky.asked) == 2  # it is not asked again


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "9."}, {"type": "text", "text": "9"}], "9.9"),
        (["9.", "9"], "9.9"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "9.9"}],
         "<think>hm</think>9.9"),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "9.9"}], "<think>hm</think>9.9"),
        (None, ""),
    ],
)  # fmt: skip
def test_content_in_parts(flaky: Flaky, content: Any, text: str) -> None:
    flaky.replies = [lambda _: chat(content)]
    with OpenAIEngine("tiny", flaky.url) as engine:
        assert run(engine, "a")["a"].text == text


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (None, (None, None)),
        ({"prompt_tokens": "7", "completion_tokens": "3"}, (7, 3)),
        ({"prompt_tokens": "many", "completion_tokens": None}, (None, None)),
        ({"prompt_tokens": -1, "completion_tokens": 3.5}, (None, None)),
        ({"prompt_tokens": True, "completion_tokens": 1e300}, (None, None)),
        ("7", (None, None)),
    ],
)
def test_usage_of_any_form(flaky: Flaky, usage: Any, counts: tuple[int | None, int | None]) -> None:
    flaky.replies = [lambda _: chat(usage=usage)]
    with OpenAIEngine("tiny", flaky.url) as engine:
        response = run(engine, "a")["a"]
    assert (response.prompt_tokens, response.completion_tokens) == counts


REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "max_tokens": (400, {"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
                         "Use 'max_completion_tokens' instead.", "param": "max_tokens"}}),
    "temperature": (400, {"error": {"message": "Unsupported value: 'temperature' does not support 0.5 with this model."
                                    " Only the default (1) value is supported.", "param": "temperature"}}),
    "seed": (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"],
                               "msg": "Extra inputs are not permitted"}]}),
    "top_p": (400, {"message": "`temperature` is fine; unsupported: top_p", "param": "top_p"}),
    "stop": (400, {"error": "Unknown parameter: stop"}),
    "n": (400, {"error": {"message": "n is not supported"}}),
    "logprobs": (400, {"error": {"message": "This model does not support logprobs", "param": "logprobs"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_parameter_that_is_refused_is_learnt(flaky: Flaky, name: str) -> None:
    status, told = REFUSALS[name]
    flaky.default = lambda asked: web.json_response(told, status=status) if name in asked else chat()
    said: list[str] = []
    sampling: dict[str, Any] = {"max_tokens": 5, "temperature": 0.5, "seed": 1, "top_p": 0.9, "stop": ("x",)}
    with OpenAIEngine(
        "tiny", flaky.url, extra_body={"n": 1, "logprobs": True}, say=said.append, concurrency=2
    ) as engine:
        assert {r.text for r in run(engine, "a", "b", "c", **sampling).values()} == {"9.9"}
        assert list(engine.describe()["refused_parameters"][flaky.url]) == [name]
    assert len(said) == 1
    assert f"refuses {name}" in said[0]
    assert flaky.asked[-1].get("max_completion_tokens") == (5 if name == "max_tokens" else None)
    assert len(flaky.asked) <= 5


def test_a_refusal_of_a_prompt_is_no_refusal_of_a_parameter(flaky: Flaky) -> None:
    flaky.default = error(400, "max_tokens is too large: 5. This model supports at most 4 completion tokens")
    with OpenAIEngine("tiny", flaky.url) as engine, pytest.raises(UserError, match="max_tokens is too large"):
        run(engine, "a", max_tokens=5)


def test_a_refused_system_role_names_the_template(flaky: Flaky) -> None:
    flaky.default = error(400, "System role not supported")
    with OpenAIEngine("tiny", flaky.url) as engine, pytest.raises(UserError, match="--template plain"):
        run(engine, "a", "b")


def test_requests_that_come_too_often_wait_as_long_as_it_takes(flaky: Flaky) -> None:
    flaky.replies = [error(429, "slow down")] * 6
    with OpenAIEngine("tiny", flaky.url, max_retries=1) as engine:
        assert run(engine, "a")["a"].text == "9.9"
    assert len(flaky.asked) == 7
    flaky.default = error(429, "slow down")
    with OpenAIEngine("tiny", flaky.url, timeout=0.5) as engine, pytest.raises(EngineError, match="slow down"):
        run(engine, "a")


def test_an_empty_account_ends_the_run(flaky: Flaky) -> None:
    flaky.default = error(429, "You exceeded your current quota", code="insufficient_quota")
    with OpenAIEngine("tiny", flaky.url) as engine, pytest.raises(UserError, match="current quota"):
        run(engine, "a")
    assert len(flaky.asked) == 1


def test_silence_is_told_and_ends(flaky: Flaky) -> None:
    async def silent(_: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(2)
        return chat()

    flaky.replies = [lambda _: chat(), silent]
    with OpenAIEngine("tiny", flaky.url, timeout=0.4, concurrency=1) as engine:
        samples = engine.generate(requests("a", "b"))
        assert next(samples).request_id == "a"
        assert next(samples).response.text == "9.9"  # asked again
        assert "1 retries, the last error: " in engine.activity()
        assert "gave no answer within 0 s" in engine.activity()


def streamed(*lines: str) -> Reply:
    async def reply(_: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body="".join(line + "\n\n" for line in lines), content_type="text/event-stream")

    return reply


PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "9.9"}, "finish_reason": null}]}'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((PIECE, END), "9.9"),  # without [DONE]
        ((": alive", PIECE, END, 'data: {"choices": [], "usage": {"completion_tokens": 2}}', "data: [DONE]"), "9.9"),
        ((PIECE.replace('"9.9"', '[{"type": "text", "text": "9.9"}]'), END), "9.9"),
    ],
)
def test_streams(flaky: Flaky, lines: tuple[str, ...], text: str) -> None:
    flaky.replies = [streamed(*lines)]
    with OpenAIEngine("tiny", flaky.url) as engine:
        assert engine.chat("a").text == text


@pytest.mark.parametrize("lines", [(PIECE,), (PIECE, "data: {broken"), (PIECE, 'data: {"error": {"message": "oh"}}')])
def test_a_stream_that_breaks_is_one_line(flaky: Flaky, lines: tuple[str, ...]) -> None:
    flaky.replies = [streamed(*lines)]
    with OpenAIEngine("tiny", flaky.url) as engine, pytest.raises(EngineError, match=flaky.url):
        engine.chat("a")


def test_a_stream_that_fails_before_its_first_word_is_asked_again(flaky: Flaky) -> None:
    flaky.replies = [error(503, "busy"), streamed("data: <html>"), raw("<p>gateway</p>", "text/html"), lambda _: chat()]
    with OpenAIEngine("tiny", flaky.url, max_retries=4) as engine:
        assert engine.chat("a").text == "9.9"  # in the end by a server that doesn't stream


def test_keys_and_headers_come_from_files_and_the_environment(flaky: Flaky, tmp_path, monkeypatch) -> None:
    (tmp_path / "key").write_text("sk-file\n")
    monkeypatch.setenv("TENANT", "t-secret")
    given = {"X-Tenant": "env:TENANT", "X-Plain": "p"}
    with OpenAIEngine("tiny", flaky.url, api_key=f"@{tmp_path / 'key'}", headers=given, extra_body={"a": 1}) as engine:
        run(engine, "a")
        record = json.dumps(engine.describe())
    assert flaky.asked[-1]["a"] == 1
    sent = flaky.headers[-1]
    assert (sent["Authorization"], sent["X-Tenant"], sent["X-Plain"]) == ("Bearer sk-file", "t-secret", "p")
    assert "X-Tenant" in record
    assert "secret" not in record
    for wrong in (f"@{tmp_path / 'none'}", "env:NOT_SET"):
        with pytest.raises(UserError, match="key"):
            OpenAIEngine("tiny", flaky.url, api_key=wrong)


def test_several_endpoints_share_the_work_and_a_dead_one_is_left_out(servers: Servers) -> None:
    async def slow(_: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return chat()

    one, two = servers.start(Flaky(default=slow)), servers.start(Flaky(default=slow))
    said: list[str] = []
    with OpenAIEngine(None, [one.url, two.url], concurrency=8, say=said.append) as engine:
        assert engine.model == "tiny"
        assert len(run(engine, *map(str, range(40)))) == 40
        assert min(len(one.asked), len(two.asked)) >= 10
        port = int(two.url.split(":")[2].removesuffix("/v1"))
        servers.stop(two)
        assert {r.text for r in run(engine, *map(str, range(40))).values()} == {"9.9"}
        deadline = time.monotonic() + 20
        asked = len(servers.start(two, port).asked)
        while len(two.asked) == asked and time.monotonic() < deadline:
            run(engine, "a", "b", "c")
            time.sleep(0.1)
        assert len(two.asked) > asked, "it was not tried again"
    with pytest.raises(UserError, match="cannot reach"):
        OpenAIEngine(None, ["http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"])
    with OpenAIEngine(None, ["http://127.0.0.1:9/v1", one.url], say=said.append) as engine:
        assert run(engine, "a")["a"].text == "9.9"
    assert "it is left out until it answers" in said[-1]
