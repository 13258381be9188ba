"""A teacher solution with the reference answer in its place, in token ids: what a comprehension score is taken on.

The reference answer y* takes the place of the content of the last `<answer>`; where there is none, of the last
`\\boxed{}`; where there is neither, ` y* ` in `<answer>` tags is appended (the authors' code scores the last two cases
0 in silence: a deviation). The solution's ids are spliced, never decoded and encoded again: only the few characters of
a token that straddles the place, and y* itself, are encoded.

What follows y* (the closing of the answer) cannot change the probability of what stands before it, so it is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ampo.algorithm.rewards import has_format
from ampo.prompts import ANSWER_OPEN, answer_span, boxed_span

Placement = Literal["answer", "boxed", "appended"]


@dataclass(frozen=True, slots=True)
class TokenizedSolution:
    """ids: the whole solution. prefix_ids: up to its answer. answer_ids: y* as it stands there, after its space.

    scored: index in answer_ids of the first token that belongs to y* itself. formatted: see `rewards.has_format`.
    """

    ids: tuple[int, ...]
    prefix_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]
    scored: int
    formatted: bool
    placement: Placement


class SolutionTokenizer:
    """Makes TokenizedSolutions with a model's (fast) tokenizer, and remembers them."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[tuple[str, str], TokenizedSolution] = {}

    def solution(self, text: str, answer: str, *, keep: bool = True) -> TokenizedSolution:
        """A teacher's solution, or a response of the model's own, with the reference answer in it.

        keep: remember it; for what is seen once there is no use in that.
        """
        key = (text, answer)
        if key in self._known:
            return self._known[key]
        found = self._splice(text, answer)
        if keep:
            self._known[key] = found
        return found

    def answer_alone(self, answer: str) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """(prefix_ids, answer_ids, scored) of y* in `<answer>` tags without a solution before it."""
        return (tuple(self._encode(ANSWER_OPEN)[0]), *self._answer(" ", answer))

    def _splice(self, text: str, answer: str) -> TokenizedSolution:
        ids, offsets = self._encode(text)
        tagged = answer_span(text)
        span = tagged or boxed_span(text)
        placement: Placement = "answer" if tagged else "boxed" if span else "appended"
        if span:
            content = text[slice(*span)]
            space = content[: len(content) - len(content.lstrip())]
            prefix = self._up_to(span[0], text, ids, offsets)
        else:
            space = " "
            prefix = [*ids, *self._encode(ANSWER_OPEN)[0]]
        answer_ids, scored = self._answer(space, answer)
        return TokenizedSolution(tuple(ids), tuple(prefix), answer_ids, scored, has_format(text), placement)

    def _up_to(self, place: int, text: str, ids: list[int], offsets: list[tuple[int, int]]) -> list[int]:
        """The ids of text[:place]; a token that straddles the place gives way to those of its part before it."""
        whole = next((i for i, (_, end) in enumerate(offsets) if end > place), len(ids))
        rest = text[offsets[whole - 1][1] if whole else 0 : place]
        return [*ids[:whole], *(self._encode(rest)[0] if rest else [])]

    def _answer(self, space: str, answer: str) -> tuple[tuple[int, ...], int]:
        ids, offsets = self._encode(space + answer)
        scored = next((i for i, (_, end) in enumerate(offsets) if end > len(space)), len(ids))
        return tuple(ids), scored

    def _encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        return encoded["input_ids"], encoded["offset_mapping"]
