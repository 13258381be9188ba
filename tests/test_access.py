"""Who comes in at `ampo serve`: the middleware alone, and before every route that vLLM has."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.request import urlopen

import pytest

from ampo.access import OPEN_PATHS, BearerKey, LoopbackNames, OwnNames
from ampo.errors import UserError
from ampo.serve import Door

KEY = "a key of some length"


def ask(app: Any, path: str = "/", method: str = "GET", kind: str = "http", **headers: str) -> int:
    """The status of the answer; 0 where a websocket is closed."""
    named = {"host": "localhost:8000"} | {name.replace("_", "-"): value for name, value in headers.items()}
    fields = [(name.encode(), value.encode()) for name, value in named.items()]
    scope = {"type": kind, "path": path, "raw_path": path.encode(), "method": method, "headers": fields}
    scope |= {"query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 8000)}
    scope |= {"http_version": "1.1", "client": ("127.0.0.1", 1)}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return next((m.get("status", 0) for m in sent), 200)


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "127.0.0.1"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "192.168.1.7:8000"}, 200),  # an address can't be rebound
        ({"host": "LOCALHOST"}, 200),
        ({"host": "gpu.example"}, 200),
        ({"host": "a.share.example"}, 200),
        ({"host": "share.example"}, 403),
        ({"host": "evil.example:8000"}, 403),
        ({"host": "localhost.evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": "localhost@evil.example"}, 403),
        ({"host": ""}, 403),
        ({"host": "[::1"}, 403),
        ({"origin": "http://localhost:8000"}, 200),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://gpu.example"}, 200),  # a proxy stands between
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403),
        ({"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 200),  # a link that is followed
        ({"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"}, 200),
    ],
)
def test_foreign_names_and_sites_are_refused(headers: dict[str, str], status: int) -> None:
    assert ask(OwnNames(inside, ["gpu.example", ".share.example"]), **headers) == status


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", f"Basic {KEY}", KEY, f"Bearer {KEY}x", f"Bearer{KEY}"])
def test_only_the_key_opens(given: str) -> None:
    guarded = BearerKey(inside, KEY)
    assert ask(guarded, "/v1/models", authorization=given) == 401
    assert ask(guarded, "/v1/models", kind="websocket", authorization=given) == 0
    assert ask(guarded, "/v1/models", authorization=f"bearer {KEY}") == 200
    assert ask(guarded, "/health/", authorization=given) == 401
    assert ask(guarded, "/health") == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "gpu.example", "::"])
def test_other_machines_come_in_with_a_key_or_knowingly(host: str) -> None:
    with pytest.raises(UserError, match="--no-key"):
        Door(host).check()
    Door(host, api_key=KEY).check()
    Door(host, no_key=True).check()
    Door("127.0.0.1").check()
    assert Door(host, api_key=KEY).environment == {"VLLM_API_KEY": KEY}


@pytest.fixture
def vllm_app() -> Any:
    """vLLM's own server with all its routes and our middleware, without an engine behind it."""
    pytest.importorskip("vllm")
    from vllm.entrypoints.launchers.app import build_app
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    def build(*door: str) -> Any:
        arguments: Any = make_arg_parser(FlexibleArgumentParser()).parse_args([*door])
        return build_app(arguments, ("generate", "render"))

    return build


@pytest.mark.slow
def test_every_route_asks_for_the_key(vllm_app: Any, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    app = vllm_app("--middleware", "ampo.access.BearerKey")
    with urlopen(server.removesuffix("v1") + "openapi.json") as answer:
        listed = {(path, method.upper()) for path, methods in json.load(answer)["paths"].items() for method in methods}
    routes = listed | {(r.path, m) for r in app.routes for m in (getattr(r, "methods", None) or {"GET"})}
    assert {"/invocations", "/tokenize", "/metrics", "/docs", "/v1/chat/completions"} <= {path for path, _ in routes}
    for path, method in routes:
        path = re.sub(r"\{[^}]*\}", "x", path)
        if path not in OPEN_PATHS:  # these ask the engine, which isn't there
            for headers in ({}, {"authorization": "Bearer wrong"}):
                assert ask(app, path, method, **headers) == 401, (path, method)
                assert ask(app, path, method, "websocket", **headers) == 0, path
        assert ask(app, path.rstrip("/") + "/", method) == 401
        assert ask(app, "/" + path, method) == 401
    assert ask(app, "/v1/models", "OPTIONS", origin="http://x", access_control_request_method="GET") == 200
    assert ask(app, "/docs", authorization=f"Bearer {KEY}") == 200


def test_without_a_key_no_web_site_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPO_SERVE_NAMES", "gpu.example")
    app = LoopbackNames(inside)
    assert ask(app, "/v1/models") == 200
    assert ask(app, "/v1/models", host="gpu.example") == 200
    assert ask(app, "/v1/models", host="evil.example") == 403
    assert ask(app, "/v1/chat/completions", "POST", origin="http://evil.example") == 403
