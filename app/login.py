"""The login in front of the page: before it nothing of the page is told, not even that a model has a name.

Gradio keeps the logins and the cookies; this middleware asks it who has one. Everybody else gets a form of our own.
Each failure makes the next try wait longer: from the same address, for the same account, and, more slowly, for all. An
address can be made up where a proxy passes on what its clients say of it, an account can't. Waits are short: behind a
proxy, and for an account that is being attacked, they meet the rightful user, too.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, NamedTuple

from ampo.access import refuse

FORGOTTEN_AFTER = 900.0
"""Seconds after its last failure that an address, or an account, is a new one again."""
_MOST_KEPT = 8192
_MOST_BYTES = 8192  # of a login: a name and a password


class Slowing(NamedTuple):
    """free: tries before there is a wait. longest: seconds that it may grow to."""

    free: int
    longest: float


ADDRESS, ACCOUNT, ALL = Slowing(4, 30.0), Slowing(6, 15.0), Slowing(40, 5.0)
Key = tuple[Slowing, str]

FORM = files("ampo.app").joinpath("login.html").read_bytes()


class Brake:
    """How long a try to log in must wait. Keeps the last few thousand addresses and accounts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Key, tuple[int, float]] = OrderedDict()

    def wait(self, address: str, account: str) -> float:
        """Seconds until the next try is heard; 0 for at once."""
        return max(map(self._wait, _keys(address, account)))

    def failed(self, address: str, account: str) -> None:
        for key in _keys(address, account):
            count, last = self._failures.pop(key, (0, 0.0))
            fresh = self._clock() - last > FORGOTTEN_AFTER
            self._failures[key] = (1 if fresh else count + 1, self._clock())
        while len(self._failures) > _MOST_KEPT:
            self._failures.popitem(last=False)

    def passed(self, address: str, account: str) -> None:
        """What was counted as failed has been the right one."""
        *own, everybody = _keys(address, account)
        for key in own:
            self._failures.pop(key, None)
        count, last = self._failures.get(everybody, (0, 0.0))
        self._failures[everybody] = (max(0, count - 1), last)

    def _wait(self, key: Key) -> float:
        count, last = self._failures.get(key, (0, 0.0))
        (free, longest), _ = key
        if count < free or self._clock() - last > FORGOTTEN_AFTER:
            return 0.0
        return max(0.0, last + min(2.0 ** min(count - free, 10), longest) - self._clock())


def _keys(address: str, account: str) -> tuple[Key, ...]:
    return (ADDRESS, address), (ACCOUNT, account), (ALL, "")


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
        if (body := await _body(receive)) is None:
            await refuse(scope, receive, send, 413, f"a login has at most {_MOST_BYTES:,} bytes")
            return
        who = (scope.get("client") or ("?",))[0], await _account(scope, body)
        if (wait := self._brake.wait(*who)) > 0:
            seconds = str(int(wait) + 1)
            again = f"too many tries: wait {seconds} seconds"
            await refuse(scope, receive, send, 429, again, [(b"retry-after", seconds.encode())])
            return
        self._brake.failed(*who)  # until the opposite is known: tries at the same time count, too

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._brake.passed(*who)
            await send(message)

        await self._app(scope, _again(body, receive), sending)


async def _body(receive: Any) -> bytes | None:
    """What is sent; None for more than a login has."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            return None
        more = message.get("more_body", False)
    return body


def _again(body: bytes, receive: Any) -> Callable[[], Awaitable[Any]]:
    """Gives what was received once more, then what follows."""
    messages = [{"type": "http.request", "body": body}]

    async def receiving() -> Any:
        return messages.pop() if messages else await receive()

    return receiving


async def _account(scope: Any, body: bytes) -> str:
    """Whose login it is, read as Gradio does; "" where that can't be told."""
    from starlette.formparsers import MultiPartException
    from starlette.requests import Request

    try:
        async with Request(scope, _again(body, None)).form(max_files=0, max_fields=20) as form:
            name = form.get("username")
    except MultiPartException:  # no form: Gradio refuses it
        return ""
    return name.strip() if isinstance(name, str) else ""


async def _form(send: Any) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(FORM)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": FORM})
