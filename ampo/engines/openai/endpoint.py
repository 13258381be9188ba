"""One HTTP endpoint, and several of them: who is asked, who is left out for a while, and what went wrong in words.

aiohttp carries it: of a short request it takes a third of the CPU time of httpx, which is what bounds an evaluation
against a fast server. Proxies are taken from the environment, once: aiohttp would look, in a thread, for each request.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from ampo.engines.openai import wire
from ampo.engines.openai.learnt import Learnt
from ampo.errors import UserError

_CONNECT = 10.0  # seconds
_LEFT_OUT = 60.0  # seconds that a dead endpoint is left out, at most
_DONE = "[DONE]"


class FailedError(Exception):
    """It may work when it is asked again: the server is busy, broken, gone, or its reply was no response.

    Args:
        text: What happened.
        lost: Whether nobody answered at all.
        busy: Whether it was asked too often (HTTP 429).
        wait: Seconds after which the server asks to be asked again; None where it doesn't say.
    """

    def __init__(self, text: str, *, lost: bool = False, busy: bool = False, wait: float | None = None) -> None:
        super().__init__(text)
        self.lost, self.busy, self.wait = lost, busy, wait


class RefusedError(Exception):
    """The server refused the request for what it is (HTTP 4xx)."""

    def __init__(self, status: int, data: Any, text: str) -> None:
        super().__init__(text)
        self.status, self.data = status, data


class Endpoint:
    """See the module's docstring.

    Args:
        url: Up to and with the version, as in http://localhost:8000/v1; it may carry a login.
        key: Sent as a bearer token; never logged nor recorded. "" for none.
        headers: Sent with each request.
        timeout: Seconds that an answer may take; of a streamed one, that it may be silent.
        say: Takes each line about what the server refuses.

    Raises:
        UserError: The URL is none.
    """

    def __init__(self, url: str, key: str, headers: Mapping[str, str], timeout: float, say: Callable[[str], None]):
        try:
            parts = urlsplit(url)
            known = parts.hostname and parts.port != 0 and parts.scheme in {"http", "https"}
        except ValueError:
            known = False
        if not known:
            raise UserError(f"base URL {url!r} is no web address: give one like http://localhost:8000/v1")
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._key, self._timeout = key, timeout
        login = f"Basic {b64encode(parts.netloc.rpartition('@')[0].encode()).decode()}" if parts.username else ""
        bearer = f"Bearer {key}" if key else login
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": bearer} if bearer else {})
        self._headers |= dict(headers)
        self._proxy = _proxy(self.url)
        self.learnt = Learnt(self.url, say)
        self.in_flight, self.failures, self.back = 0, 0, 0.0

    async def get(self, session: aiohttp.ClientSession, path: str, timeout: float) -> dict[str, Any]:
        """A JSON object from a path. Raises FailedError and RefusedError."""
        return await self._whole(session, "GET", path, None, timeout)

    async def post(self, session: aiohttp.ClientSession, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON object in reply to one. Raises FailedError and RefusedError."""
        return await self._whole(session, "POST", path, json.dumps(fields).encode(), self._timeout)

    async def _whole(
        self, session: aiohttp.ClientSession, method: str, path: str, content: bytes | None, timeout: float
    ) -> dict[str, Any]:
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=_CONNECT)
        try:
            async with session.request(
                method, self._address(path), data=content, timeout=limits, **self._sent
            ) as answer:
                received = await answer.read()
                self._check(answer.status, answer.headers, received)
                return self._parsed(received)
        except (aiohttp.ClientError, OSError) as error:
            raise self._lost(error, timeout) from error
        except wire.BrokenReplyError as error:
            raise self.broken(error) from error

    async def events(
        self, session: aiohttp.ClientSession, path: str, fields: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any]]:
        """The pieces of a streamed reply. A server that answers in one piece gives one. Raises as `post` does."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=self._timeout)
        content = json.dumps(fields).encode()
        try:
            async with session.post(self._address(path), data=content, timeout=limits, **self._sent) as answer:
                if answer.status != 200 or answer.content_type == "application/json":
                    received = await answer.read()
                    self._check(answer.status, answer.headers, received)
                    yield self._parsed(received)
                    return
                async for data in _data_lines(answer.content):
                    if data == _DONE:
                        return
                    yield self._parsed(data.encode())
        except (aiohttp.ClientError, OSError) as error:
            raise self._lost(error, self._timeout) from error
        except wire.BrokenReplyError as error:
            raise self.broken(error) from error

    @property
    def _sent(self) -> dict[str, Any]:
        """What goes with each request. A redirection is not followed: what is asked would go to who knows whom."""
        return {"headers": self._headers, "allow_redirects": False, **self._proxy}

    def _parsed(self, content: bytes) -> dict[str, Any]:
        """A server may tell the key in an error, also in the middle of a stream; it goes no further."""
        return wire.parsed(content.replace(self._key.encode(), b"[key]") if self._key else content)

    def _address(self, path: str) -> str:
        return f"{self.url}/{path}" if not path.startswith("/") else f"{self.url.removesuffix('/v1')}{path}"

    def _check(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            to = wire.shortened(headers.get("Location", "another address"), self._key)
            raise RefusedError(status, None, f"{self.url} (HTTP {status}), which sends on to {to}: give that address")
        try:
            data: Any = json.loads(content)
        except (ValueError, RecursionError):
            data = wire.shortened(content)
        text = f"{self.url} (HTTP {status}): {wire.said(data, self._key) or 'no words'}"
        if status == 429 and wire.code(data) == "insufficient_quota":
            raise RefusedError(402, data, text)
        if status in {408, 409, 429} or status >= 500:
            raise FailedError(text, busy=status == 429, wait=_seconds(headers.get("Retry-After")))
        raise RefusedError(status, data, text)

    def broken(self, error: wire.BrokenReplyError) -> FailedError:
        """A reply that is none, as an error that is tried again."""
        return FailedError(f"{self.url} answered with {wire.shortened(str(error), self._key)}")

    def _lost(self, error: Exception, timeout: float) -> FailedError:
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
            return FailedError(f"{self.url} gave no answer within {timeout:.0f} s", lost=True)
        return FailedError(f"lost the connection to {self.url}: {_cause(error)}", lost=True)


def _cause(error: Exception) -> str:
    """In the system's words where it refused the connection: aiohttp's name the address once more, and twice."""
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientProxyConnectionError):
        number = error.os_error.errno or 0
        if number > 0:
            return os.strerror(number)
    return " ".join(str(error).split()) or type(error).__name__


def _proxy(url: str) -> dict[str, Any]:
    """What aiohttp is told of the proxy to an address, as http_proxy, https_proxy and no_proxy say.

    Raises UserError for one that is no address.
    """
    parts = urlsplit(url)
    found = getproxies().get(parts.scheme)
    if not found or proxy_bypass(parts.netloc):
        return {}
    name = f"{parts.scheme}_proxy"
    try:
        proxy = URL(found if "://" in found else f"http://{found}")
        known = proxy.host and proxy.port and proxy.scheme in {"http", "https"}
    except ValueError:
        known = False
    if not known:  # it may hold a password, and is not repeated
        raise UserError(f"{name} is no address of a proxy: set it as in {name}=http://proxy.example:3128, or unset it")
    login = {"proxy_auth": aiohttp.BasicAuth(proxy.user, proxy.password or "")} if proxy.user else {}
    return {"proxy": proxy.with_user(None), **login}


async def _data_lines(stream: aiohttp.StreamReader) -> AsyncIterator[str]:
    """What follows `data:` on each line of an event stream, of any length."""
    held = b""
    async for piece in stream.iter_any():
        *lines, held = (held + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and (data := line[5:].strip()):
                yield data.decode("utf-8", "replace")
    if held.startswith(b"data:") and (data := held[5:].strip()):
        yield data.decode("utf-8", "replace")


def _seconds(value: str | None) -> float | None:
    """Retry-After in seconds; its form with a date is rare and left out."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


class Endpoints:
    """Several endpoints of one model: the least busy is asked, one that fails is left out for a while."""

    def __init__(self, members: Sequence[Endpoint], say: Callable[[str], None]) -> None:
        self.members, self._say = members, say

    @property
    def where(self) -> str:
        """Their addresses, for who reads."""
        return ", ".join(one.url for one in self.members)

    def pick(self) -> Endpoint:
        """The least busy of those that are there; where none is, the one that is to be tried first.

        One that has failed gets one request, and the next when that has succeeded.
        """
        now = time.monotonic()
        there = [one for one in self.members if one.back <= now and not (one.failures and one.in_flight)]
        return min(there, key=lambda one: one.in_flight) if there else min(self.members, key=lambda one: one.back)

    def others_than(self, one: Endpoint) -> bool:
        """Is there another one to be asked at once?"""
        now = time.monotonic()
        return any(other.back <= now for other in self.members if other is not one)

    def succeeded(self, one: Endpoint) -> None:
        """It has answered."""
        if one.failures > 1 and len(self.members) > 1:
            self._say(f"{one.url} answers again")
        one.failures, one.back = 0, 0.0

    def failed(self, one: Endpoint, error: FailedError) -> None:
        """It has not. A server that is only busy is asked again like any other."""
        if error.busy and error.wait is None:
            return
        one.failures += 1
        wait = error.wait if error.wait is not None else min(_LEFT_OUT, 2.0 ** min(one.failures - 1, 6))
        one.back = max(one.back, time.monotonic() + wait)
        if one.failures == 2 and len(self.members) > 1:
            self._say(f"note: {one.url} is left out for a while ({error}); it is tried again")

    async def pause(self, one: Endpoint, seconds: float) -> None:
        """Wait before the next try, unless somebody else can be asked at once."""
        if not self.others_than(one):
            await asyncio.sleep(seconds)
