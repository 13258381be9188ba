"""What processes that a library starts write to stderr: passed on, and the end of it kept, so that the error which
ended one of them can be told in a line of ours.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ampo.files import first_line

_KEPT = 2000  # lines
_PATIENCE = 2.0  # seconds for the last words of a process that has ended, while others still run
# A traceback's last line, after what vLLM puts before each: "(EngineCore pid=1234) " and, of its logger, "ERROR ...".
_ERROR = re.compile(
    r"(?:\([^()]*pid=\d+\) )?(?:ERROR [\d:. -]+\[[^\]]*\] )?((?:[A-Za-z_]\w*\.)*\w*(?:Error|Exception)\b.*)"
)
_ELSEWHERE = re.compile(r"root cause|stack trace|background process", re.IGNORECASE)


class Overheard:
    """See the module's docstring. Made once for each library's start."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._listener: threading.Thread | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Processes that are started inside are listened to for as long as they live.

        By file descriptor: theirs is a copy of ours.
        """
        sys.stderr.flush()
        try:
            before = os.dup(2)
        except OSError:  # closed: there is nothing to listen to
            yield
            return
        out, into = os.pipe()
        os.dup2(into, 2)
        os.close(into)
        self._listener = threading.Thread(target=self._listen, args=(out, os.dup(before)), daemon=True)
        self._listener.start()
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(before, 2)
            os.close(before)

    def cause(self) -> str:
        """The last line that names an error, without what only points elsewhere; "" where there is none."""
        if self._listener is not None:
            self._listener.join(_PATIENCE)
        found = (match[1] for line in reversed(list(self._lines)) if (match := _ERROR.fullmatch(line.strip())))
        told = next((line for line in found if not _ELSEWHERE.search(line)), "")
        return told and first_line(told)

    def _listen(self, out: int, onward: int) -> None:
        torn = b""
        with open(out, "rb", buffering=0) as stream, open(onward, "wb", buffering=0) as there:
            while piece := stream.read(1 << 16):
                with suppress(OSError):  # whoever read it is gone; the processes must not wait for that
                    there.write(piece)
                *lines, torn = (torn + piece).split(b"\n")
                self._lines += [line.decode(errors="replace") for line in lines]
        self._lines.append(torn.decode(errors="replace"))
