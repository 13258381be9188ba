"""Text from tokens as they come: no broken characters, no wrong spaces, and nothing of a stop string.

A token alone has no text: a character may span several, and sentencepiece's spaces depend on what stands before. So
each piece is the difference of two decodings of a short window, as vLLM and TGI do it; the window starts in the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

REPLACEMENT = "\ufffd"
_CONTEXT = 6  # tokens of the prompt in the first window; vLLM takes as many
_PATIENCE = 16  # tokens: a character has at most 4 bytes, so what is still broken after 16 is broken for good


class TextStream:
    """The text of one response.

    Args:
        decode: Token ids to text, without special tokens.
        prompt: The tokens before the response.
        stop: Strings that end it; none of them is part of the text.
        opened: What stands before the first token's text (see `ampo.prompts.opened_thought`), unseen by stop strings.
    """

    def __init__(
        self, decode: Callable[[list[int]], str], prompt: Sequence[int], stop: Sequence[str] = (), opened: str = ""
    ) -> None:
        self._decode = decode
        self._window = list(prompt[-_CONTEXT:])
        self._read = len(self._window)  # so many tokens of the window have become text
        self._stop = [s for s in stop if s]
        self._opened, self._held = opened, ""
        self.text = ""
        self.stopped = False

    def push(self, token: int) -> str:
        """The text that is certain after one more token; often empty. Sets `stopped` at a complete stop string."""
        self._held += self._decoded(token)
        cuts = [at for s in self._stop if (at := self._held.find(s)) >= 0]
        if cuts:
            self.stopped, self._held = True, self._held[: min(cuts)]
            return self.finish()
        return self._show(len(self._held) - self._undecided())

    def finish(self) -> str:
        """What was held back, at the response's end. An unfinished character is dropped."""
        return self._show(len(self._held))

    def _decoded(self, token: int) -> str:
        self._window.append(token)
        before = self._decode(self._window[: self._read])
        after = self._decode(self._window)
        waiting = len(self._window) - self._read
        if after.endswith(REPLACEMENT) and waiting < _PATIENCE:
            return ""
        if len(after) <= len(before):  # a special token, or nothing to see yet
            return ""
        self._window, self._read = self._window[self._read :], waiting
        return after[len(before) :]

    def _undecided(self) -> int:
        """Length of the longest end of the held text that may yet become a stop string."""
        for length in range(min(max(map(len, self._stop), default=1) - 1, len(self._held)), 0, -1):
            if any(s.startswith(self._held[-length:]) for s in self._stop):
                return length
        return 0

    def _show(self, length: int) -> str:
        piece, self._held = self._opened + self._held[:length], self._held[length:]
        self._opened = ""
        self.text += piece
        return piece
