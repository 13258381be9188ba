"""Rewards: r = 0.9 accuracy + 0.1 format, minus 1 for a response that repeats itself; and RLPR's.

Deviation: the authors' code subtracts the repetition penalty only where r is not 0. Here it applies to every response:
otherwise a wrong loop without tags (0) is better off than a wrong loop with them (-0.9).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from ampo.prompts import ANSWER_CLOSE, ANSWER_OPEN

_WINDOW, _TIMES = 10, 10  # words, occurrences: the authors' numbers
_BETWEEN_WORDS = re.compile(r"[\s_]+")  # they split at underscores too


def has_format(text: str) -> bool:
    """`<answer>` and `</answer>` occur once each, in that order."""
    once = text.count(ANSWER_OPEN) == text.count(ANSWER_CLOSE) == 1
    return once and text.index(ANSWER_OPEN) < text.index(ANSWER_CLOSE)


def repeats_itself(text: str) -> bool:
    """Some window of 10 words occurs 10 times or more."""
    words = [word for word in _BETWEEN_WORDS.split(text) if word]
    windows = Counter(zip(*(words[i:] for i in range(_WINDOW)), strict=False))
    return any(count >= _TIMES for count in windows.values())


def reward(accuracy: float, text: str, *, format_reward: float = 0.1, repetition_penalty: bool = True) -> float:
    """The reward of a response: 0, 0.1, 0.9 or 1 by default, less 1 for one that repeats itself.

    Args:
        accuracy: 1 for a correct answer, else 0; for RLPR a probability.
        text: The response, all of it.
        format_reward: What `<answer>` tags are worth; accuracy is worth the rest, up to 1.
        repetition_penalty: Whether repetition costs 1.
    """
    earned = (1 - format_reward) * accuracy + format_reward * has_format(text)
    return earned - (repetition_penalty and repeats_itself(text))


def probability_accuracy(with_reasoning: float, without: float) -> float:
    """RLPR's debiased reward (arXiv 2506.18254): how much the response raises the reference answer's probability.

    Both are mean probabilities of the answer's tokens, after prompt and reasoning, and after the prompt alone.
    """
    return min(max(with_reasoning - without, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class DeviationFilter:
    """RLPR's filter: drops prompts whose rewards deviate little, below beta times a moving average of the deviation.

    average_from, from_step: the steps (from 1) with which the average and the filter begin.
    average: of the mean deviation of the steps so far; None before the first. Carried from step to step (and saved).
    """

    beta: float = 0.5
    ratio: float = 0.99
    average_from: int = 6
    from_step: int = 11
    average: float | None = None

    def update(self, deviations: list[float], step: int) -> tuple[DeviationFilter, list[bool]]:
        """The filter after this step, and which prompts are kept.

        deviations: the standard deviation of each prompt's rewards. step: from 1.
        """
        average = self.average
        if deviations and step >= self.average_from:
            mean = sum(deviations) / len(deviations)
            average = mean if average is None else self.ratio * average + (1 - self.ratio) * mean
        filtering = average is not None and step >= self.from_step
        keep = [not filtering or deviation >= self.beta * (average or 0.0) for deviation in deviations]
        return replace(self, average=average), keep
