"""A benchmark of ours as a task of lm-eval 0.4.13: what `ampo eval` asks and how it judges, inside the other harness.

What lm-eval's own tasks do otherwise, and why this is a class and not a few lines of YAML: its default filter keeps
one sample of n, its scorers judge one response after the other in process, a task's prompt without a chat template
runs into the system prompt, and a task without stop strings is cut at the first blank line. Here all samples of all
problems go through one pool of the verifier, and every figure is `ampo.eval.metrics`' own.

Results are named by the protocol that judged (`avg_at_k,ampo`). The YAML's `dataset_name` is a benchmark, or the path
of a benchmark's TOML file. `metadata` (in the YAML, or `lm_eval --metadata samples=8 template=boxed`) may give
`samples`, `template`, `data_dir`, and `protocol`, which is ampo, official, or both joined by "+". A user's own YAML
may `include:` one of ours and change any key of lm-eval's.

Other models than ours don't tell whether a response was cut off by its token limit. Then the verifier takes what it
finds, as it would for any text, so a score can be a little higher than that of `ampo eval`.
"""

# ruff: noqa: ARG001, ARG002 (the signatures are lm-eval's)
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import datasets
from lm_eval.api.task import ConfigurableTask
from lm_eval.api.utils import maybe_delimit

from ampo import prompts
from ampo.eval.data import load_problems
from ampo.eval.metrics import Judged, summarise
from ampo.eval.spec import PAPER_SAMPLING
from ampo.eval.suites import Benchmark, resolve
from ampo.prompts import Template, load_template
from ampo.types import Message, Problem, Protocol, as_protocol
from ampo.verify import Claim, shared_pool

log = logging.getLogger(__name__)

Doc = Mapping[str, Any]
METRICS = ("avg_at_k", "pass_at_k", "maj_at_k", "truncated_rate", "no_answer_rate", "timeout_rate", "not_shown_rate")
LENGTH = "mean_completion_tokens"  # only where the model tells


class AmpoTask(ConfigurableTask):
    """See the module's docstring. Raises UserError for an unknown benchmark or template, and for data it can't have."""

    def __init__(self, config: dict[str, Any]) -> None:
        config = {key: value for key, value in config.items() if key != "class"}
        metadata = config.get("metadata") or {}
        (self._benchmark,) = resolve(str(config["dataset_name"]))
        self._template: Template = load_template(metadata.get("template") or self._benchmark.template)
        self._samples_given = bool(metadata.get("samples") or config.get("repeats"))
        super().__init__(config=_settled(config, metadata, self._benchmark))

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:
        """Our loader in place of a hub data set: AMPO_DATA_DIR, the hub, or made offline."""
        folder = (self.config.metadata or {}).get("data_dir")
        problems = load_problems(self._benchmark, data_dir=Path(folder) if folder else None)
        rows = [asdict(problem) | {"options": list(problem.options)} for problem in problems]
        self.dataset = {"test": datasets.Dataset.from_list(rows)}

    def build_all_requests(self, **options: Any) -> None:
        """Greedy samples would all be the same: one is enough, unless a number was asked for."""
        if not _samples(self.config.generation_kwargs or {}) and not self._samples_given:
            self.config.repeats = 1
        super().build_all_requests(**options)

    def fewshot_context(
        self,
        doc: Doc,
        num_fewshot: int = 0,
        system_instruction: str | None = None,
        apply_chat_template: bool = False,
        fewshot_as_multiturn: bool = False,
        chat_template: Callable[..., str] | None = None,
        gen_prefix: str | None = None,
    ) -> str:
        """Our template's conversation: through the model's chat template, or as `ampo eval` asks a model without one.

        A system instruction of lm-eval's stands before our own.
        """
        messages = self._template.render(problem_of(doc))
        if system_instruction:
            own = "".join(m["content"] for m in messages if m["role"] == "system")
            system: Message = {"role": "system", "content": maybe_delimit(system_instruction, own, "\n\n")}
            messages = (system, *(m for m in messages if m["role"] != "system"))
        if apply_chat_template and chat_template:
            return chat_template(list(messages), add_generation_prompt=True)
        return prompts.render(messages, tokenizer=None)

    def doc_to_text(self, doc: Doc, doc_to_text: Any = None) -> str:
        """The user's turn."""
        return self._template.render(problem_of(doc))[-1]["content"]

    def doc_to_target(self, doc: Doc, doc_to_target: Any = None) -> str:
        """The reference answer."""
        return doc["answer"]


def _settled(config: dict[str, Any], metadata: Mapping[str, Any], benchmark: Benchmark) -> dict[str, Any]:
    """The YAML's config with all that it leaves to the benchmark, the paper and us."""
    protocols: list[Protocol] = [as_protocol(name) for name in str(metadata.get("protocol") or "ampo").split("+")]
    metrics = (*METRICS, "avg_at_k_stderr", LENGTH)
    return {
        "output_type": "generate_until",
        "test_split": "test",
        "num_fewshot": 0,
        "process_results": process_results,
        "metric_list": [
            {"metric": name, "aggregation": partial(aggregate, name), "higher_is_better": name.endswith("_at_k")}
            for name in metrics
        ],
        "filter_list": [{"name": protocol, "filter": [_filter(protocol)]} for protocol in protocols],
        **config,
        "repeats": int(metadata.get("samples") or config.get("repeats") or benchmark.samples),
        "generation_kwargs": _generation(benchmark) | (config.get("generation_kwargs") or {}),
    }


def _filter(protocol: Protocol) -> dict[str, Any]:
    return {"function": "custom", "filter_fn": partial(judge, protocol=protocol)}


def _generation(benchmark: Benchmark) -> dict[str, Any]:
    """The paper's sampling by lm-eval's names. `until` is empty on purpose: an answer may hold any string."""
    given = PAPER_SAMPLING.to_dict() | dict(benchmark.sampling)
    return {
        "until": list(given["stop"]),
        "do_sample": given["temperature"] > 0,
        "temperature": given["temperature"],
        "top_p": given["top_p"],
        "top_k": given["top_k"],  # said, because transformers' own default is 50
        "max_gen_toks": given["max_tokens"],
    }


def _samples(generation: Mapping[str, Any]) -> bool:
    """Whether it samples, and so whether two responses can differ."""
    return generation.get("do_sample") is not False and generation.get("temperature", 1.0) > 0


def problem_of(doc: Doc) -> Problem:
    return Problem(**{**doc, "options": tuple(doc["options"])})


def judge(responses: Iterable[Sequence[str]], docs: Iterable[Doc], protocol: Protocol) -> list[list[Judged]]:
    """The filter: every sample of every problem, judged at the same time. One list of rows a problem."""
    problems = [problem_of(doc) for doc in docs]
    pending = [
        [(text, shared_pool().submit(_claim(problem, text, protocol))) for text in texts]
        for problem, texts in zip(problems, responses, strict=True)
    ]
    judged = []
    for problem, futures in zip(problems, pending, strict=True):
        verdicts = [future.result() for _, future in futures]
        votes = shared_pool().classes(
            [v.extracted for v in verdicts], kind=problem.kind, options=problem.options, question=problem.question
        )
        judged.append(
            [
                Judged(
                    benchmark=problem.benchmark,
                    problem=problem.id,
                    sample=sample,
                    outcome=verdict.outcome,
                    vote=vote,
                    completion_tokens=getattr(text, "completion_tokens", 0),
                    finish_reason=getattr(text, "finish_reason", None) or "stop",
                    shown=verdict.shown,
                )
                for sample, ((text, _), verdict, vote) in enumerate(zip(futures, verdicts, votes, strict=True))
            ]
        )
    return judged


def _claim(problem: Problem, text: str, protocol: Protocol) -> Claim:
    return Claim.of(
        problem, str(text), getattr(text, "finish_reason", None), protocol
    )  # only our engines' texts have it


class Score(float):
    """A problem's own value of a metric, and the rows that the metric over all problems is made from."""

    rows: list[Judged]

    def __new__(cls, value: float, rows: list[Judged]) -> Score:
        score = super().__new__(cls, value)
        score.rows = rows
        return score

    def __getnewargs__(self) -> tuple[float, list[Judged]]:
        return float(self), self.rows


def process_results(doc: Doc, results: Sequence[list[Judged]]) -> dict[str, Score]:
    """lm-eval's step for one problem. `results` holds what the filter made of its one request: a row a sample."""
    (rows,) = results
    own = _summary(rows)
    names = (*METRICS, LENGTH) if all(row.completion_tokens for row in rows) else METRICS
    return {name: Score(own[name], rows) for name in names} | {"avg_at_k_stderr": Score(0.0, rows)}


def aggregate(metric: str, scores: Sequence[Score]) -> float:
    """lm-eval's step over all problems: the statistic of `ampo.eval.metrics`, to the last digit.

    `avg_at_k_stderr` goes by the name that lm-eval gives standard errors: it has one of its own for plain means only.
    """
    return _summary([row for score in scores for row in score.rows])[metric]


def _summary(rows: Sequence[Judged]) -> dict[str, float]:
    (found,) = summarise(rows)["benchmarks"].values()
    top = max(found["pass_at_k"], key=int)
    return found | {"pass_at_k": found["pass_at_k"][top], "avg_at_k_stderr": found["stderr"]}
