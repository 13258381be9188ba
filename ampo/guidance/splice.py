"""A teacher solution with the reference answer in its place, in token ids: what a comprehension score is taken on.

The reference answer y* takes the place of the content of the last `<answer>`, after the space that stands there or, as
in the authors' code, after one where there is none; where there are no tags, of the content of the last `\\boxed{}`;
where there is neither, ` y* ` in `<answer>` tags is appended (the authors' code scores the last two cases 0 in silence:
a deviation). The solution's ids are spliced, never decoded and encoded again: only the few characters of
a token that straddles the place, and y* itself, are encoded. A response of the policy's own is spliced the same way,
in the tokens that it was sampled in, which need not be those that its text is encoded to.

What follows y* (the closing of the answer) cannot change the probability of what stands before it, so it is left out.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ampo.algorithm.rewards import has_format
from ampo.prompts import ANSWER_OPEN, answer_span, boxed_span

Placement = Literal["answer", "boxed", "appended"]

_REMEMBERED = 4096  # solutions: about half a GiB where each has 8,192 tokens

_Cut = Callable[[int], Sequence[int]]
"""From a place in the text to the ids of what stands before it."""


@dataclass(frozen=True, slots=True)
class TokenizedSolution:
    """ids: the whole solution. prefix_ids: up to its answer. answer_ids: y* as it stands there, after its space.

    scored: index in answer_ids of the first token that belongs to y* itself. formatted: see `rewards.has_format`.
    """

    ids: Sequence[int]
    prefix_ids: Sequence[int]
    answer_ids: Sequence[int]
    scored: int
    formatted: bool
    placement: Placement


class SolutionTokenizer:
    """Makes TokenizedSolutions with a model's (fast) tokenizer, and remembers those of teachers, last used longest."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._solution)

    def solution(self, text: str, answer: str) -> TokenizedSolution:
        """A teacher's solution with the reference answer in it."""
        return self._remembered(text, answer)

    def response(self, sampled: Sequence[int], text: str, answer: str) -> TokenizedSolution:
        """The same of a response of the policy's own. sampled: its tokens, whose text it is."""
        ids, offsets = self._encode(text)
        as_encoded = tuple(ids) == tuple(sampled[: len(ids)])

        def cut(place: int) -> Sequence[int]:
            return self._up_to(place, text, ids, offsets) if as_encoded else self._sampled(place, text, sampled)

        return self._splice(text, answer, sampled, cut)

    def answer_alone(self, answer: str) -> tuple[tuple[int, ...], int]:
        """(answer_ids, scored) of a bare ` y*`, as RLPR's baseline has it: no tags, and nothing before it."""
        return self._answer(" ", answer)

    def _solution(self, text: str, answer: str) -> TokenizedSolution:
        ids, offsets = self._encode(text)
        return self._splice(text, answer, ids, lambda place: self._up_to(place, text, ids, offsets))

    def _splice(self, text: str, answer: str, ids: Sequence[int], cut: _Cut) -> TokenizedSolution:
        tagged = answer_span(text)
        span = tagged or boxed_span(text)
        placement: Placement = "answer" if tagged else "boxed" if span else "appended"
        if span:
            content = text[slice(*span)]
            space = content[: len(content) - len(content.lstrip())] or (" " if tagged else "")
            prefix = cut(span[0])
        else:
            space = " "
            prefix = [*cut(len(text)), *self._encode(ANSWER_OPEN)[0]]
        answer_ids, scored = self._answer(space, answer)
        return TokenizedSolution(_packed(ids), _packed(prefix), answer_ids, scored, has_format(text), placement)

    def _up_to(self, place: int, text: str, ids: Sequence[int], offsets: list[tuple[int, int]]) -> Sequence[int]:
        """The ids of text[:place]; a token that straddles the place gives way to those of its part before it."""
        whole = next((i for i, (_, end) in enumerate(offsets) if end > place), len(ids))
        rest = text[offsets[whole - 1][1] if whole else 0 : place]
        return [*ids[:whole], *(self._encode(rest)[0] if rest else [])]

    def _sampled(self, place: int, text: str, ids: Sequence[int]) -> Sequence[int]:
        """The same for ids that are not those of the encoded text, whose offsets nobody knows: found by decoding."""
        whole = bisect_left(range(len(ids)), place, key=lambda n: len(self._decode(ids[:n])))
        while not text[:place].startswith(told := self._decode(ids[:whole])):  # it straddles, or ends amid a character
            whole -= 1
        rest = text[len(told) : place]
        return [*ids[:whole], *(self._encode(rest)[0] if rest else [])]

    def _answer(self, space: str, answer: str) -> tuple[tuple[int, ...], int]:
        ids, offsets = self._encode(space + answer)
        scored = next((i for i, (_, end) in enumerate(offsets) if end > len(space)), len(ids))
        return tuple(ids), scored

    def _encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        return encoded["input_ids"], encoded["offset_mapping"]

    def _decode(self, ids: Sequence[int]) -> str:
        """As rollouts are: without the end token."""
        if not ids:
            return ""
        return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _packed(ids: Sequence[int]) -> Sequence[int]:
    """Four bytes a token, where a tuple of ints has up to forty."""
    return array("i", ids)
