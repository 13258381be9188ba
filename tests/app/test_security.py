"""The page and who comes in: logins, foreign web sites and names, bad calls, closed pages."""

from __future__ import annotations

import asyncio
import http.server
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")
import httpx
from gradio_client import Client

from ampo.app.login import ACCOUNT, ADDRESS, ALL, Brake
from ampo.app.server import Address, Server
from ampo.app.sessions import KEPT_SECONDS, Sessions

SECRET = "the system prompt that nobody is told"


def test_before_the_login_nothing_is_told_and_failures_wait(make_desk, thinker) -> None:
    from ampo.app.build import launch

    server = launch(make_desk(thinker, system=SECRET), Address(auth=(("ada", "secret"),)))
    url = server.url
    try:
        page = httpx.get(url)
        assert "Password" in page.text
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
        routes = {(m, r.path) for r in server._gradio.routes for m in (getattr(r, "methods", None) or {"GET"})}
        assert len(routes) > 40
        for method, path in sorted(routes - {("POST", "/login"), ("POST", "/login/")}):
            answer = httpx.request(method, url.rstrip("/") + re.sub(r"\{[^}]*\}", "x", path))
            assert SECRET not in answer.text
            assert "thinker" not in answer.text
            assert answer.status_code == 401 or path == "/", (method, path)
        with pytest.raises(Exception, match=r"(?i)auth|credentials|log"):
            Client(url, verbose=False)
        assert Client(url, auth=("ada", "secret"), verbose=False).submit("q", api_name="/chat").result()

        def tried(password: str) -> httpx.Response:
            return httpx.post(url + "login", data={"username": "ada", "password": password})

        assert [tried(str(i)).status_code for i in range(ADDRESS.free + 1)] == [400] * ADDRESS.free + [429]
        right = tried("secret")
        assert right.status_code == 429  # else one could go on guessing
        assert int(right.headers["retry-after"]) >= 1
    finally:
        server.close()


def test_a_made_up_address_does_not_let_one_go_on_guessing(serve, make_desk, thinker) -> None:
    url = serve(make_desk(thinker), auth=(("ada", "secret"), ("bob", "word")))

    def tried(i: int, name: str, password: str = "wrong", **form: Any) -> int:
        headers = {"x-forwarded-for": f"10.0.0.{i}"} | form.pop("headers", {})
        data = form or {"data": {"username": name, "password": password}}
        return httpx.post(url + "login", headers=headers, **data).status_code

    names = ("ada", " ada", "ada ")
    assert [tried(i, names[i % 3]) for i in range(ACCOUNT.free + 3)] == [400] * ACCOUNT.free + [429] * 3
    assert tried(50, "ada", "secret") == 429
    assert tried(51, "", files={"username": (None, "ada"), "password": (None, "secret")}) == 429
    assert tried(52, "", files={"username": ("a", b"ada"), "password": (None, "secret")}) == 422
    assert tried(53, "", data={"username": "x" * 9000}) == 413
    assert tried(54, "", content=b"--x", headers={"content-type": "multipart/form-data"}) in (400, 422)
    assert tried(0, "bob", "word") == 200  # another account, although from an address that has failed


def test_the_wait_grows_ends_and_is_forgotten() -> None:
    now = 0.0
    brake = Brake(lambda: now)
    for i in range(ADDRESS.free):
        assert brake.wait("a", "ada") == 0
        brake.failed("a", str(i))
    assert brake.wait("a", "ada") == 1
    assert brake.wait("b", "ada") == 0
    brake.failed("a", "x")
    assert brake.wait("a", "ada") == 2
    now = 2.0
    assert brake.wait("a", "ada") == 0
    for i in range(20):
        brake.failed("a", f"y{i}")
    assert brake.wait("a", "ada") == ADDRESS.longest
    for i in range(30):
        brake.failed(str(i), "ada")
    assert brake.wait("new", "ada") == ACCOUNT.longest
    assert 0 < brake.wait("new", "bob") <= ALL.longest  # many addresses are one attacker
    now += ACCOUNT.longest
    assert brake.wait("new", "ada") == 0  # nobody is kept out for long
    brake.failed("new", "ada")
    brake.passed("new", "ada")
    assert brake.wait("new", "ada") <= ALL.longest
    now = 10_000.0
    assert brake.wait("a", "ada") == brake.wait("new", "ada") == 0


def test_foreign_names_and_origins(serve, make_desk, thinker) -> None:
    url = serve(make_desk(thinker), allow_host=("page.example",))
    tried: list[tuple[dict[str, str], int]] = [
        ({}, 200),
        ({"host": "evil.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9"}, 403),  # another port is another web site
        ({"x-forwarded-host": "evil.example"}, 403),
        ({"x-forwarded-host": "page.example"}, 200),
        ({"host": "page.example", "origin": "https://page.example"}, 200),
    ]
    for headers, status in tried:
        for path in ("", "config", "gradio_api/info"):
            answer = httpx.get(url + path, headers=headers)
            assert answer.status_code == status
            assert "access-control-allow-origin" not in answer.headers
            asked = {"access-control-request-method": "POST", "origin": "http://evil.example"} | headers
            assert "access-control-allow-origin" not in httpx.options(url + path, headers=asked).headers


HOSTILE = """<!doctype html><title>hostile</title><iframe id="frame" src="URL"></iframe><script>
window.seen = {};
const tell = (name, promise) => promise.then(async (answer) => { window.seen[name] = await answer.text(); })
  .catch((error) => { window.seen[name] = "refused"; });
tell("read", fetch("URLconfig", {credentials: "include"}));
tell("ask", fetch("URLgradio_api/call/chat", {method: "POST", body: '{"data": ["hostile"]}', mode: "no-cors"}));
</script>"""


@pytest.fixture
def hostile(serve, make_desk, thinker) -> Iterator[Callable[[str], str]]:
    """A web site that does what it can to a page."""
    pages: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(pages[0])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def at(url: str) -> str:
        pages[:] = [HOSTILE.replace("URL", url).encode()]
        return f"http://localhost:{server.server_address[1]}/"

    yield at
    server.shutdown()


@pytest.mark.browser
def test_another_web_site_neither_reads_nor_asks_nor_frames(
    browser: Any, serve, make_desk, thinker, remote, hostile, until
) -> None:
    url = serve(make_desk(thinker, system=SECRET))
    for page in (url, url.replace("127.0.0.1", "localhost")):  # another site, and another port of the same
        browser.get(hostile(page))
        assert until(lambda: len(browser.execute_script("return Object.keys(window.seen)")) == 2)
        seen = browser.execute_script("return window.seen")
        assert seen["read"] == "refused"
        assert SECRET not in json.dumps(seen)
        browser.switch_to.frame("frame")
        assert not browser.find_elements("css selector", "#ampo-head")
        browser.switch_to.default_content()
    assert remote.asked == []


BAD = [
    ["q"],
    ["q", None, {"temperature": 9}],
    [{"text": "q"}],
    [None],
    [["q"] * 3],
    ["q", 7],
    ["q"] * 40,
]


def test_bad_calls_are_errors_without_a_traceback(serve, make_desk, thinker, capfd, caplog) -> None:
    url = serve(make_desk(thinker)).rstrip("/") + "/gradio_api"
    caplog.set_level(logging.WARNING)
    for name in ("chat", "sample", "compare", "go_on", "check", "nothing"):
        for data in BAD:
            asked = httpx.post(f"{url}/call/{name}", json={"data": data})
            if asked.status_code == 200:
                httpx.get(f"{url}/call/{name}/{asked.json()['event_id']}", timeout=60)
    for body in (b"", b"{", b"[]", b'{"data": 1}', b'{"fn_index": 10000, "data": [], "session_hash": "x"}'):
        for path in ("call/chat", "queue/join", "run/chat", "cancel"):
            httpx.post(f"{url}/{path}", content=body, headers={"content-type": "application/json"}, timeout=60)
    assert "Traceback" not in capfd.readouterr().err


def test_calls_are_bounded_as_the_page_is(serve, make_desk, thinker, remote) -> None:
    client = Client(serve(make_desk(thinker)), verbose=False)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"temperature": 1e9}, "at most 2"),
        ({"temperature": float("inf")}, "."),
        ({"stop": "x" * 1_000_000}, "at most 1,000"),
        ({"max_tokens": -1}, "."),
        ({"top_k": 1e300}, "."),
    ]
    for arguments, message in bad:
        with pytest.raises(Exception, match=message):
            client.submit("q", **arguments, api_name="/chat").result()
    with pytest.raises(Exception, match=r"can't be taken|k is"):
        client.submit("q", k="many", api_name="/sample").result()
    with pytest.raises(Exception, match="maximum value 16"):
        client.submit("q", k=10_000, api_name="/sample").result()
    assert remote.asked == []


def test_where_the_endpoint_is_stays_its_owners_business(serve, make_desk, thinker, remote) -> None:
    remote.broken_after = 0
    client = Client(serve(make_desk(thinker)), verbose=False)
    said = json.dumps(client.submit("q", api_name="/chat").result())
    assert "ampo-error" in said
    assert "the endpoint" in said
    assert thinker.base_url not in said
    assert "127.0.0.1" not in said


def test_closed_pages_are_let_go() -> None:
    now = 0.0

    class Holder(SimpleNamespace):
        def __contains__(self, session: str) -> bool:
            return session in self.session_data

    holder = Holder(session_data={"a": SimpleNamespace(is_closed=True)}, time_last_used={})
    holder.delete_state = lambda session: None
    release = threading.Event()

    async def heartbeat(scope: Any, receive: Any, send: Any) -> None:
        assert not holder.session_data["a"].is_closed  # the page has come back
        release.set()

    sessions = Sessions(heartbeat, SimpleNamespace(state_holder=holder), lambda: now)
    asyncio.run(sessions({"type": "http", "path": "/gradio_api/heartbeat/a"}, None, None))
    assert release.is_set()
    assert sessions.sweep() == []
    now = KEPT_SECONDS + 1
    assert sessions.sweep() == ["a"]
    assert holder.session_data == {}


def test_an_answer_on_its_way_is_cut_off_without_a_traceback(make_desk, thinker, remote, until, capfd) -> None:
    from ampo.app.build import launch

    remote.says("slow " * 400)
    remote.delay = 0.05
    server = launch(make_desk(thinker), Address())
    program = "import sys; from gradio_client import Client; Client(sys.argv[1]).predict('q', api_name='/chat')"
    command = [sys.executable, "-c", program, server.url]  # not in this process: a client that is cut off prints, too
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        assert until(lambda: remote.open == 1)
        server.close()
        client.kill()
    assert not server._thread.is_alive()
    assert capfd.readouterr().err == ""


@pytest.mark.browser
def test_the_page_is_there_while_the_model_loads(browser: Any, make_desk, thinker, until) -> None:
    from ampo.app.build import launch

    server = Server(address := Address(), "a/model")
    try:
        browser.get(server.url)
        assert until(lambda: "a/model is being loaded" in browser.find_element("css selector", "body").text)
        assert httpx.get(server.url + "config").status_code == 503
        launch(make_desk(thinker), address, server)
        assert until(lambda: browser.find_elements("css selector", "#ampo-question textarea"), 60)
    finally:
        server.close()
    assert until(lambda: not server._thread.is_alive())
