"""The login in front of the page: before it nothing of the page is told, not even that a model has a name.

Gradio keeps the logins and the cookies; this middleware asks it who has one. Everybody else gets a form of our own.
Each failure makes the next try wait longer, for the address it came from and, more slowly, for all.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from ampo.access import refuse

FREE_TRIES = 4
LONGEST_WAIT = 60.0
FORGOTTEN_AFTER = 900.0
"""Seconds after its last failure that an address is a new one again."""
_MOST_ADDRESSES = 4096
_ALL, _FREE_FOR_ALL, _LONGEST_FOR_ALL = "", 40, 5.0

FORM = files("ampo.app").joinpath("login.html").read_bytes()


class Brake:
    """How long an address must wait before its next try. Keeps the last few thousand addresses."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until the next try is heard; 0 for at once."""
        own = self._wait(address, FREE_TRIES, LONGEST_WAIT)
        return max(own, self._wait(_ALL, _FREE_FOR_ALL, _LONGEST_FOR_ALL))

    def failed(self, address: str) -> None:
        for one in (address, _ALL):
            count, last = self._failures.pop(one, (0, 0.0))
            fresh = self._clock() - last > FORGOTTEN_AFTER
            self._failures[one] = (1 if fresh else count + 1, self._clock())
        while len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def passed(self, address: str) -> None:
        """What was counted as failed has been the right one."""
        self._failures.pop(address, None)
        count, last = self._failures.get(_ALL, (0, 0.0))
        self._failures[_ALL] = (max(0, count - 1), last)

    def _wait(self, address: str, free: int, longest: float) -> float:
        count, last = self._failures.get(address, (0, 0.0))
        if count < free or self._clock() - last > FORGOTTEN_AFTER:
            return 0.0
        return max(0.0, last + min(2.0 ** min(count - free, 10), longest) - self._clock())


class Login:
    """ASGI middleware: see the module's docstring. gradio: the app that keeps the logins."""

    def __init__(self, app: Any, gradio: Any, brake: Brake | None = None) -> None:
        self._app, self._gradio, self._brake = app, gradio, brake or Brake()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket") or self._known(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].rstrip("/") == "/login" and scope["method"] == "POST":
            await self._try(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            await _form(send)
        else:
            await refuse(scope, receive, send, 401, "log in first")

    def _known(self, scope: Any) -> bool:
        from starlette.requests import HTTPConnection

        cookies = HTTPConnection(scope).cookies
        names = (f"access-token-{self._gradio.cookie_id}", f"access-token-unsecure-{self._gradio.cookie_id}")
        return any(cookies.get(name) in self._gradio.tokens for name in names)

    async def _try(self, scope: Any, receive: Any, send: Any) -> None:
        address = (scope.get("client") or ("?",))[0]
        if (wait := self._brake.wait(address)) > 0:
            seconds = str(int(wait) + 1)
            again = f"too many tries: wait {seconds} seconds"
            await refuse(scope, receive, send, 429, again, [(b"retry-after", seconds.encode())])
            return
        self._brake.failed(address)  # until the opposite is known: tries at the same time count, too

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._brake.passed(address)
            await send(message)

        await self._app(scope, receive, sending)


async def _form(send: Any) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(FORM)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": FORM})
