"""Who may use a server of ours: middleware for the page and for `ampo serve`.

Names. A browser lets any web site send requests to a server on the user's own machine. It tells in `Host` under which
name it asks, and in `Origin` and `Sec-Fetch-Site` which site asks. A server answers under its own names only (a foreign
one that resolves to it is DNS rebinding) and to its own pages only.

Key. vLLM asks for a key under some prefixes of its paths and answers without under the others, `/invocations` among
them (https://github.com/vllm-project/vllm/issues/58144). Here it is asked for everywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
OPEN_PATHS = ("/health", "/ping")
"""What load balancers ask without a key. They tell that the server is there, and nothing else."""

Scope = Any


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def host_name(netloc: str) -> str:
    """The name of a `Host` header or of an address's part behind the slashes, in small letters, without its port."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class OwnNames:
    """ASGI middleware: requests under foreign names and from foreign web sites are refused with 403.

    names: besides loopback and bare IP addresses (which can't be rebound) the names that the server has. A name that
        begins with a dot stands for all below it.
    origins: whether the web site that asks is looked at, too.
    """

    def __init__(self, app: Any, names: Iterable[str] = (), origins: bool = True) -> None:
        self._app, self._origins = app, origins
        self._names = {name.casefold().rstrip(".") for name in names}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket") and (refusal := self._refusal(_headers(scope))):
            await refuse(scope, receive, send, 403, refusal)
            return
        await self._app(scope, receive, send)

    def _refusal(self, headers: dict[str, str]) -> str:
        host = headers.get("host", "")
        names = [host_name(host)]
        if "x-forwarded-host" in headers:  # a page's addresses are made of it
            names.append(host_name(headers["x-forwarded-host"].split(",")[0].strip()))
        foreign = [ascii(name[:100]) for name in names if not self._own(name)]
        if foreign:
            return f"this server is not known under the name {foreign[0]}: start it with --allow-host NAME to allow one"
        if not self._origins:
            return ""
        origin = headers.get("origin")
        if origin is not None and not self._same(origin, host):
            return "another web site may not use this server"
        crossing = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
        if crossing and origin is None and headers.get("sec-fetch-mode") != "navigate":
            return "another web site may not use this server"
        return ""

    def _own(self, name: str) -> bool:
        if name in LOOPBACK or name in self._names:
            return True
        if any(own.startswith(".") and name.endswith(own) for own in self._names):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _same(self, origin: str, host: str) -> bool:
        """Whether a page of this server asks. A proxy may have changed the host: then the origin has a name of ours.
        Another port of this machine is another web site."""
        netloc = urlsplit(origin).netloc
        name = host_name(netloc)
        return bool(netloc) and (netloc == host or (name in self._names and not is_loopback(name)))


class LoopbackNames(OwnNames):
    """`OwnNames` for a server that needs no key: it takes no arguments, as vLLM wants it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, [name for name in os.environ.get("AMPO_SERVE_NAMES", "").split(",") if name])


class BearerKey:
    """ASGI middleware: 401 for what doesn't carry `Authorization: Bearer KEY`, but for `OPEN_PATHS`.

    The key is in the environment, `$VLLM_API_KEY`, since vLLM makes the middleware without arguments; on a command line
    every user of the machine could read it. A browser's question whether it may ask (CORS preflight) carries no key.
    """

    def __init__(self, app: Any, key: str | None = None) -> None:
        key = key or os.environ.get("VLLM_API_KEY", "")
        if not key:
            raise ValueError("VLLM_API_KEY is not set: there is no key to ask for")
        self._app, self._digest = app, _digest(key)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket") or self._passes(scope):
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, 401, "a key is needed: Authorization: Bearer KEY")

    def _passes(self, scope: Scope) -> bool:
        headers = _headers(scope)
        if scope["type"] == "http":
            if scope["path"].removeprefix(scope.get("root_path", "")) in OPEN_PATHS:
                return True
            if scope["method"] == "OPTIONS" and {"origin", "access-control-request-method"} <= headers.keys():
                return True  # vLLM's CORS middleware answers it, no route does
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return scheme.casefold() == "bearer" and hmac.compare_digest(_digest(key.strip()), self._digest)


async def refuse(
    scope: Scope, receive: Any, send: Any, status: int, why: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Answer with an error in JSON, in the form of OpenAI's API. A websocket is closed.

    Args:
        scope: The request's, as ASGI gives it.
        receive, send: ASGI's, of the connection.
        status: Of HTTP.
        why: The reason, for a person.
        headers: Further ones, names in lower case.
    """
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why[:120]})
        return
    body = json.dumps({"error": {"message": why, "type": "access", "code": status}, "detail": why}).encode()
    fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _digest(key: str) -> bytes:
    """Of one length for every key, so that comparing takes the same time for all."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
