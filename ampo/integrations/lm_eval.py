"""lm-eval: a filter and a metric for any task's YAML. (Our own benchmarks are tasks: `ampo.eval.lm_eval_tasks`.)

    include: gsm8k.yaml
    task: gsm8k_ampo
    filter_list:
      - name: ampo
        filter:
          - function: custom
            filter_fn: !function ampo.integrations.lm_eval.judge
    process_results: !function ampo.integrations.lm_eval.process_results
    metric_list:
      - {metric: ampo, aggregation: mean, higher_is_better: true}

The filter judges every response of every problem at the same time; the metric is the mean over a problem's samples.
Without the filter the metric judges what it gets, a problem at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ampo.integrations import shared
from ampo.verify import Claim

QUESTIONS = ("question", "problem", "query", "prompt")


def judge(resps: Iterable[Sequence[str]], docs: Iterable[Mapping[str, Any]]) -> list[list[float]]:
    """The filter: 1.0 or 0.0 for every response."""
    rows = [(list(texts), doc) for texts, doc in zip(resps, docs, strict=True)]
    verdicts = iter(shared.judge(_claim(doc, text) for texts, doc in rows for text in texts))
    return [[float(next(verdicts).correct) for _ in texts] for texts, _ in rows]


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """The metric of one problem: of what the filter made of its responses, or of these themselves."""
    (found,) = results if len(results) == 1 and isinstance(results[0], list) else (list(results),)
    texts = [item for item in found if isinstance(item, str)]
    scores = judge([texts], [doc])[0] if texts else found
    return {"ampo": sum(scores) / len(scores)}


def _claim(doc: Mapping[str, Any], response: str) -> Claim:
    """The document's own answer, in the form that its data set has: an `answer` with ####, a `solution` with a box."""
    return shared.claim(dict(doc), response, next((doc[name] for name in QUESTIONS if doc.get(name)), None))
