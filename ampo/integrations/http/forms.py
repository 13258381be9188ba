"""What trainers send and want back. Each form makes claims of a request, and an answer of their verdicts.

A body that is wrong raises UserError with one line, which the server sends with status 422.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from ampo.errors import UserError, nearest
from ampo.integrations import shared
from ampo.types import OUTCOMES, Verdict
from ampo.verify import Claim, NoReferenceError

Body = Mapping[str, Any]
_FIELDS = ("gold", "response", "question", "options", "kind", "protocol", "finish_reason")


class Asked(NamedTuple):
    """The claims of a request, and what makes its answer from their verdicts, in that order.

    A trainer's row without a reference is None, and so is its verdict: one such row must not end a training run.
    """

    claims: Sequence[Claim | None]
    answer: Callable[[Sequence[Any]], dict[str, Any]]


def verify(body: Body) -> Asked:
    """Ours: `{"claims": [{"gold", "response", ...}]}` -> `{"verdicts": [...]}`; one claim as the body -> its verdict.

    A body with `expected_answer` is NeMo Gym's, whose resources servers have the same path.
    """
    if "expected_answer" in body or "responses_create_params" in body:
        return nemo(body)
    rows = body.get("claims", [body])
    if not isinstance(rows, list):
        raise UserError("`claims` must be a list of objects with `gold` and `response`")
    claims = [_claim(row, f"claims[{i}]" if "claims" in body else "the claim") for i, row in enumerate(rows)]
    if "claims" not in body:
        return Asked(claims, lambda verdicts: _told(verdicts[0]))
    return Asked(claims, lambda verdicts: {"verdicts": [_told(verdict) for verdict in verdicts]})


def openrlhf(body: Body) -> Asked:
    """OpenRLHF's remote_url: query (prompt + response), prompts, labels -> rewards, scores, extra_logs.

    It sends one of each and wants numbers then; of several it gets lists.
    """
    queries, prompts, labels = (_list(body, name) for name in ("query", "prompts", "labels"))
    if not len(queries) == len(prompts) == len(labels):
        raise UserError("`query`, `prompts` and `labels` must be lists of one length")
    claims = [
        shared.claim_or_none(gold, shared.response_of(shared.text_of(query), shared.text_of(prompt)), prompt)
        for query, prompt, gold in zip(queries, prompts, labels, strict=True)
    ]

    def answer(verdicts: Sequence[Verdict | None]) -> dict[str, Any]:
        scores: Any = [float(v is not None and v.correct) for v in verdicts]
        outcomes: Any = [-1.0 if v is None else float(OUTCOMES.index(v.outcome)) for v in verdicts]
        failed: Any = [float(v is None) for v in verdicts]
        if len(verdicts) == 1:
            scores, outcomes, failed = scores[0], outcomes[0], failed[0]
        return {"rewards": scores, "scores": scores, "extra_logs": {"outcome": outcomes, "reward_failed": failed}}

    return Asked(claims, answer)


def verl(body: Body) -> Asked:
    """veRL's `compute_score` by its arguments' names, one (`solution_str`) or a batch (`solution_strs`)."""
    from ampo.integrations import verl as adapter

    batch = "solution_strs" in body
    responses = _list(body, "solution_strs") if batch else [_field(body, "solution_str")]
    golds = _list(body, "ground_truths") if batch else [_field(body, "ground_truth")]
    given = body.get("extra_infos") if batch else [body.get("extra_info")]
    infos = [None] * len(responses) if given is None else given
    if not isinstance(infos, list) or not all(info is None or isinstance(info, dict) for info in infos):
        raise UserError("`extra_info` must be an object, and `extra_infos` a list of them")
    if not len(responses) == len(golds) == len(infos):
        raise UserError("`solution_strs`, `ground_truths` and `extra_infos` must be lists of one length")
    claims = [adapter.claim(*row) for row in zip(responses, golds, infos, strict=True)]
    if batch:
        return Asked(claims, lambda verdicts: {"scores": [adapter.score(verdict) for verdict in verdicts]})
    return Asked(claims, lambda verdicts: dict(adapter.score(verdicts[0])))


def sandbox(body: Body) -> Asked:
    """What veRL posts to a Sandbox Fusion's /run_code: `code`, a response's code block, and `stdin`, a test's input.

    Nothing is run: the block is the response, the input its reference, and what a program would have printed is the
    outcome, so that a row's `ground_truth` is {"inputs": [reference], "outputs": ["correct"]}.
    """
    gold = _field(body, "stdin")
    claim = shared.claim(gold, str(_field(body, "code") or "").strip())
    return Asked([claim], lambda verdicts: _run_code(verdicts[0]))


def nemo(body: Body) -> Asked:
    """NeMo Gym's `/verify`, which NeMo-RL trains with: the request comes back with `reward`, 1.0 or 0.0."""
    claim = shared.claim_or_none(
        _field(body, "expected_answer"), _output_text(_field(body, "response")), body.get("question") or ""
    )
    return Asked([claim], lambda verdicts: {**body, **_rewarded(verdicts[0])})


def _claim(row: Any, where: str) -> Claim:
    if not isinstance(row, dict):
        raise UserError(f"{where} is no object with `gold` and `response`")
    if unknown := next((name for name in row if name not in _FIELDS), None):
        raise UserError(f"{where} has an unknown field {unknown!r}: {nearest(unknown, _FIELDS, 'a field')}")
    given = dict(row)
    gold, response = (_field(given, name, where) for name in ("gold", "response"))
    question = given.get("question")
    rest = {name: given[name] for name in ("kind", "protocol", "finish_reason") if given.get(name) is not None}
    options = given.get("options") or ()
    if not isinstance(options, (list, tuple)) or not all(isinstance(text, str) for text in options):
        raise UserError(f"{where}: `options` must be a list of texts")
    try:
        return shared.claim(gold, response, question, options=tuple(options), **rest)
    except NoReferenceError as error:
        raise UserError(f"{where}: {error}") from error


def _told(verdict: Verdict) -> dict[str, Any]:
    return asdict(verdict) | {"correct": verdict.correct, "seconds": round(verdict.seconds, 6)}


def _run_code(verdict: Verdict) -> dict[str, Any]:
    late = verdict.outcome == "timeout"
    return {
        "status": "Failed" if late else "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": "TimeLimitExceeded" if late else "Finished",
            "execution_time": round(verdict.seconds, 6),
            "return_code": None if late else 0,
            "stdout": verdict.outcome,
            "stderr": verdict.reason,
        },
        "executor_pod_name": None,
        "files": {},
    }


def _rewarded(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"reward": 0.0, "extracted_answer": None, "outcome": "no_reference"}
    return {"reward": float(verdict.correct), "extracted_answer": verdict.extracted, "outcome": verdict.outcome}


def _output_text(response: Any) -> str:
    """The text of a response of OpenAI's Responses API: the last message's."""
    if not isinstance(response, dict):
        return shared.text_of(response)
    output = response.get("output") or []
    if not isinstance(output, list):
        raise UserError("`response.output` must be a list of items")
    messages = [item for item in output if isinstance(item, dict) and item.get("type") == "message"]
    return shared.text_of(messages)


def _field(body: Body, name: str, where: str = "the request") -> Any:
    if name not in body:
        raise UserError(f"{where} has no `{name}`")
    return body[name]


def _list(body: Body, name: str) -> list[Any]:
    value = _field(body, name)
    return value if isinstance(value, list) else [value]
