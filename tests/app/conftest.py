"""What the tests of the page share: a remote model server with fixed words, a desk, and pages that are served."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ampo.app.controls import Limits
from ampo.app.desk import Desk
from ampo.engines.base import Engine
from ampo.engines.openai import OpenAIEngine
from ampo.types import SamplingParams
from ampo.verify import VerifierPool


@dataclass
class Remote:
    """A remote OpenAI-compatible server. pieces: the deltas of its next answers; delay: seconds before each.

    broken_after: pieces after which it drops the connection; hangs: it says nothing until it is left; refuses:
    with which words it refuses a conversation that ends in an assistant's message which isn't marked as a prefix.
    every_second: what every second request is answered with instead. open: answers that it is giving now.
    """

    url: str = ""
    pieces: list[dict[str, str]] = field(default_factory=lambda: [{"content": "9.9"}])
    finish: str = "stop"
    delay: float = 0.0
    broken_after: int | None = None
    hangs: bool = False
    refuses: str = ""
    every_second: str = ""
    turns: Iterator[int] = field(default_factory=count)
    asked: list[dict[str, Any]] = field(default_factory=list)
    open: int = 0

    def says(self, text: str, thought: str = "", size: int = 6) -> None:
        """Set its answer."""
        parts = [("reasoning", thought), ("content", text)]
        self.pieces = [{k: t[i : i + size]} for k, t in parts for i in range(0, len(t), size)]


def told(token: str) -> dict[str, Any]:
    """What an endpoint tells of a token's probability."""
    first = {"token": token, "logprob": -0.1}
    return first | {"top_logprobs": [first, {"token": "<b>", "logprob": -3.0}]}


@pytest.fixture
def remote() -> Iterator[Remote]:
    state = Remote()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
            pass

        def do_GET(self) -> None:
            content = json.dumps({"object": "list", "data": [{"id": "thinker", "object": "model"}]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            state.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            last = state.asked[-1]["messages"][-1]
            if state.refuses and last["role"] == "assistant" and not last.get("prefix"):
                content = json.dumps({"error": {"message": state.refuses}}).encode()
                self.send_response(400)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            state.open += 1
            try:
                self._stream()
            except OSError:  # the client went away
                pass
            finally:
                state.open -= 1

        def _stream(self) -> None:
            if state.hangs:
                self.connection.recv(1)
                return
            pieces = list(state.pieces)
            if state.every_second and next(state.turns) % 2:
                pieces = [{"content": state.every_second}]
            for i, delta in enumerate(pieces):
                if i == state.broken_after:
                    self.close_connection = True
                    self.connection.close()
                    return
                time.sleep(state.delay)
                choice = {"index": 0, "delta": delta, "finish_reason": None}
                if state.asked[-1].get("logprobs"):
                    choice["logprobs"] = {"content": [told(next(iter(delta.values())))]}
                self._send(json.dumps({"choices": [choice]}))
            self._send(json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": state.finish}]}))
            usage = {"prompt_tokens": 7, "completion_tokens": len(state.pieces)}
            self._send(json.dumps({"choices": [], "usage": usage}))
            self._send("[DONE]")
            self.wfile.write(b"0\r\n\r\n")

        def _send(self, data: str) -> None:
            line = f"data: {data}\n\n".encode()
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()


@pytest.fixture
def thinker(remote: Remote) -> Iterator[OpenAIEngine]:
    """The engine for the remote server."""
    with OpenAIEngine(None, remote.url, max_retries=0) as engine:
        yield engine


@pytest.fixture(scope="session")
def verifier() -> Iterator[VerifierPool]:
    with VerifierPool(workers=1) as pool:
        yield pool


@pytest.fixture
def make_desk(verifier: VerifierPool, tmp_path: Path) -> Callable[..., Desk]:
    """A desk for engines; keyword arguments replace its fields."""

    def make(*engines: Engine, **fields: Any) -> Desk:
        named = {f"{engine.model}{'' if i == 0 else f' {i + 1}'}": engine for i, engine in enumerate(engines)}
        limits = Limits(max_tokens=1500, samples=16)
        desk = Desk(
            named, verifier, SamplingParams(temperature=0.6, max_tokens=256), limits, votes=tmp_path / "v.jsonl"
        )
        return replace(desk, **fields)

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve a desk on a free port and give its address; it ends with the test."""
    from ampo.app.build import Address, launch

    servers: list[Any] = []

    def start(desk: Desk, **address: Any) -> str:
        servers.append(launch(desk, Address(**address)))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


def wait_until(check: Callable[[], Any], seconds: float = 30.0) -> bool:
    """Whether something becomes true in time: on a busy machine, too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def until() -> Callable[..., bool]:
    return wait_until
