"""verifiers and prime-rl: a reward to plug into any taskset, or into a Rubric of verifiers before 0.2.

    --env.taskset.task.rewards.correct.fn ampo.integrations.verifiers:correct      # or the same in a TOML file
    rubric = vf.Rubric(funcs=[correct_answer], weights=[1.0])                      # verifiers 0.1

A task's reference is its field `answer`, or another of FIELDS.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ampo.errors import UserError
from ampo.integrations import shared
from ampo.verify import shared_pool

FIELDS = ("answer", "ground_truth", "solution", "target", "final_answer")


async def correct(task: Any, trace: Any) -> dict[str, float]:
    """1.0 for a right reply, as `correct`. task: the TaskData. trace: the rollout's Trace; its last reply is judged."""
    gold = next((value for name in FIELDS if (value := getattr(task, name, None)) is not None), None)
    if gold is None:
        raise UserError(f"the task has no reference answer: it needs a field named one of {', '.join(FIELDS)}")
    return {"correct": await _judged(gold, trace.last_reply, task.prompt_text)}


async def correct_answer(completion: Any, answer: Any, prompt: Any = None, **_: Any) -> float:
    """The same for a Rubric, which passes a row's fields by name; others are passed over.

    Args:
        completion: The response's messages, or its text.
        answer: The row's reference answer.
        prompt: The messages that were asked, whose question is read.
    """
    return await _judged(answer, completion, prompt)


async def _judged(gold: Any, response: Any, question: Any) -> float:
    verdict = await asyncio.wrap_future(shared_pool().submit(shared.claim(gold, response, question)))
    return float(verdict.correct)
