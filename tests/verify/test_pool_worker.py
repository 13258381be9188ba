"""What a worker says of an item, whatever becomes of it."""

from __future__ import annotations

import socket

import pytest

from ampo.verify.crew import messages, worker


def deep(n: int = 0) -> int:
    return deep(n + 1)


def leave() -> None:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("operation", "reply"),
    [
        (lambda: bytearray(1 << 62), {"lost": "out of memory"}),
        (deep, {"lost": "out of stack"}),
        (leave, {"lost": "SystemExit"}),
        (lambda: [][1], {"failed": "IndexError: list index out of range"}),
    ],
)
def test_a_failure_is_an_answer(operation, reply):
    assert worker._answer(operation, {}) == reply


def test_frames_carry_odd_text():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        message = ["\0", "\ud800", "\u202e", "x" * 1000, {"a": None}]
        messages.send(ours, message)
        assert messages.receive(theirs) == message
        ours.close()
        with pytest.raises(EOFError):
            messages.receive(theirs)


def test_a_half_frame_waits_no_longer_than_told():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\0\0\0")
        theirs.settimeout(0.05)
        with pytest.raises(TimeoutError):
            messages.receive(theirs)
