"""How parent and worker speak: JSON with a length in front.

Unlike a pickle, a frame runs no code when it is read, whichever side was fooled; and it carries NUL bytes and lone
surrogates.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_HEADER = struct.Struct(">Q")
_NO_SIGPIPE = getattr(socket, "MSG_NOSIGNAL", 0)  # a host program may have given SIGPIPE its deadly default back


def send(channel: socket.socket, message: Any) -> None:
    """Write one frame. Raises OSError where the other side is gone, TimeoutError after the socket's time-out."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    channel.sendall(_HEADER.pack(len(body)) + body, _NO_SIGPIPE)


def receive(channel: socket.socket) -> Any:
    """Read one frame. Raises EOFError where the other side is gone, TimeoutError after the socket's time-out."""
    (length,) = _HEADER.unpack(_read(channel, _HEADER.size))
    return json.loads(_read(channel, length))


def _read(channel: socket.socket, length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = channel.recv(min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
