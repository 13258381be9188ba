"""inspect_ai: a scorer, in place of `math()`, `match()` or a model's.

    from ampo.integrations.inspect_ai import ampo
    Task(dataset=..., solver=generate(), scorer=ampo(), epochs=4)

Epochs of one sample are averaged before the standard error is taken, so it is over problems, not responses. Where
several samples belong to one problem, give `metrics=[accuracy(), stderr(cluster="problem")]` to the Task, with the
problem's name in the samples' metadata.
"""

# It is in an environment of its own.
# pyright: reportMissingImports=false
from __future__ import annotations

from functools import partial

from ampo.integrations import shared
from ampo.types import Protocol, Verdict

with shared.needing("inspect-ai"):
    import anyio.to_thread
    from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score, Scorer, Target, accuracy, scorer, stderr
    from inspect_ai.solver import TaskState


@scorer(metrics=[accuracy(), stderr()], name="ampo")
def ampo(protocol: Protocol = "ampo") -> Scorer:
    """C for a right answer, N where there is none, I for the rest. Of several targets, any will do."""

    async def score(state: TaskState, target: Target) -> Score:
        judged = await anyio.to_thread.run_sync(partial(_judged, state, list(target), protocol))
        verdict = next((v for v in judged if v.correct), judged[0])
        none = verdict.outcome in ("no_answer", "truncated")
        return Score(
            value=CORRECT if verdict.correct else NOANSWER if none else INCORRECT,
            answer=verdict.extracted,
            explanation=verdict.reason,
            metadata={"outcome": verdict.outcome, "shown": verdict.shown, "protocol": verdict.protocol},
        )

    return score


def _judged(state: TaskState, targets: list[str], protocol: Protocol) -> list[Verdict]:
    options = tuple(choice.value for choice in state.choices)
    more = {
        "protocol": protocol,
        "options": options,
        "kind": "choice" if options else "auto",
        "finish_reason": "length" if state.output.stop_reason in ("max_tokens", "model_length") else None,
    }
    return shared.judge(shared.claim(target, state.output.completion, state.input_text, **more) for target in targets)
