"""The server of the page. It is there at once and says so while the model loads, which takes a minute.

uvicorn runs in a thread with an event loop of its own. What stands in front of Gradio, from the outside in: the
content policy, the names and web sites that may ask, the login, and the count of open pages. What goes wrong in an
answer is one line in the log and an error to the browser.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import threading
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from ampo.access import OwnNames, is_loopback, refuse
from ampo.app.login import Login
from ampo.app.policy import ContentPolicy
from ampo.app.sessions import LOOK_SECONDS, Sessions
from ampo.errors import UserError

log = logging.getLogger(__name__)

FIRST_PORT, PORTS = 7860, 100
_GRACE_SECONDS = 1

LOADING = files("ampo.app").joinpath("loading.html").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is served and to whom.

    auth: (user, password) pairs; empty lets everybody in. allow_host: names of this server besides localhost, the
        machine's own and IP addresses. root_path: where a proxy serves the page.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    auth: tuple[tuple[str, str], ...] = ()
    share: bool = False
    root_path: str | None = None
    open_browser: bool = False
    allow_host: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Under which the page answers."""
        own = [self.host, *self.allow_host, urlsplit(self.root_path or "").hostname or ""]
        if not is_loopback(self.host):
            own += [socket.gethostname(), socket.getfqdn()]
        return [name for name in (*own, ".gradio.live" if self.share else "") if name]

    def bind(self) -> socket.socket:
        """A socket that listens there. Raises UserError where that can't be."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        ports = [self.port] if self.port else range(FIRST_PORT, FIRST_PORT + PORTS)
        error: OSError | None = None
        for port in ports:
            try:
                return socket.create_server((self.host.strip("[]"), port), family=family, backlog=512)
            except OSError as one:
                error = one
        port = f":{self.port}" if self.port else ""
        reason = error.strerror if error else "no port"
        raise UserError(f"cannot serve at {self.host}{port} ({reason}): give another --port or --host")


class Front:
    """ASGI: the page where it is there, and before it that it is being loaded."""

    def __init__(self, what: str) -> None:
        self._page = LOADING.replace("$what", escape(what)).encode()
        self.inner: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.inner is None:
            await self._loading(scope, receive, send)
            return
        begun = False

        async def sending(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.inner(scope, receive, sending)
        except Exception as error:
            log.warning("%s %s: %s: %s", scope.get("method"), scope["path"], type(error).__name__, _line(error))
            log.debug("the same", exc_info=True)
            if not begun:
                await refuse(scope, receive, send, 500, "this call could not be taken")

    async def _loading(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await refuse(scope, receive, send, 503, "the model is being loaded", [(b"retry-after", b"2")])
            return
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
        headers.append((b"content-length", str(len(self._page)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._page})


class Server:
    """Serves from the moment it is made; `open` puts the page there. url: for this machine; others: for other ones."""

    def __init__(self, address: Address, model: str = "") -> None:
        self.address = address
        self._socket = address.bind()
        self.port: int = self._socket.getsockname()[1]
        self._front = Front("The model" if address.auth or not model else model)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._uvicorn = self._make()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()
        self._gradio: Any = None
        self.public = ""

    def _make(self) -> Any:
        import uvicorn

        app = ContentPolicy(OwnNames(self._front, self.address.names))
        config = uvicorn.Config(
            app, lifespan="off", log_level="error", access_log=False, timeout_graceful_shutdown=_GRACE_SECONDS
        )
        return uvicorn.Server(config)

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.address.host, self.address.host)  # noqa: S104 (no binding)
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}/"

    @property
    def others(self) -> str:
        """The address for other machines, where these are let in and it can be told; else ""."""
        if self.address.host not in ("0.0.0.0", "::"):  # noqa: S104 (no binding)
            return ""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing: it only tells by which interface it would
                return f"http://{probe.getsockname()[0]}:{self.port}/"
            except OSError:
                return f"http://{socket.gethostname()}:{self.port}/"

    def open(self, page: Any, **look: Any) -> str:
        """Put a Gradio page there; look: arguments of `gradio.mount_gradio_app`. Gives the public link, if any."""
        from fastapi import FastAPI
        from gradio.routes import mount_gradio_app
        from starlette.middleware.cors import CORSMiddleware

        parent = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        parent.add_middleware(CORSMiddleware)  # allows no other site; Gradio's own would allow any
        mount_gradio_app(
            parent, page, "/", auth=list(self.address.auth) or None, root_path=self.address.root_path, **look
        )
        self._gradio = next(app for route in parent.routes if (app := getattr(route, "app", None)) is not None)
        sessions = Sessions(parent, self._gradio)
        inner: Any = Login(sessions, self._gradio) if self.address.auth else sessions
        opened = asyncio.run_coroutine_threadsafe(self._started(parent, sessions), self._loop)
        opened.result(60)
        page.server_port, page.local_url = self.port, self.url
        self._front.inner = inner
        return self._shared() if self.address.share else ""

    async def _started(self, parent: Any, sessions: Sessions) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()

        async def live() -> None:
            async with parent.router.lifespan_context(parent):
                ready.set_result(None)
                while not self._ended.is_set():
                    try:
                        async with asyncio.timeout(LOOK_SECONDS):
                            await self._ended.wait()
                    except TimeoutError:
                        sessions.sweep()

        self._lives = self._loop.create_task(live())
        done, _ = await asyncio.wait({ready, self._lives}, return_when=asyncio.FIRST_COMPLETED)
        if self._lives in done:
            await self._lives

    def _shared(self) -> str:
        from gradio import networking

        try:
            return networking.setup_tunnel("127.0.0.1", self.port, secrets.token_urlsafe(32), None, None)
        except Exception as error:  # whatever the tunnel's own programme meets
            log.warning("there is no public link (--share): %s", _line(error))
            return ""

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._uvicorn.serve(sockets=[self._socket]))
            self._loop.run_until_complete(self._end())
        finally:
            self._loop.close()

    async def _end(self) -> None:
        if (lives := getattr(self, "_lives", None)) is not None:
            await asyncio.wait({lives}, timeout=_GRACE_SECONDS)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def close(self) -> None:
        """End the server and what the page still does. May be called twice."""
        if not self._thread.is_alive():
            return
        if self._gradio is not None:
            self._gradio.get_blocks()._queue.close()
            self._loop.call_soon_threadsafe(self._gradio.stop_event.set)
        self._loop.call_soon_threadsafe(self._ended.set)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # open pages are cut off on purpose
        self._uvicorn.should_exit = True
        self._thread.join(10)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
