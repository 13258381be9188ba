"""`ampo.evaluate` and `score`: what the commands of the same names do, from Python.

They work in a script, in a thread and in a notebook: nothing here needs the main thread or an event loop of its own,
and no worker process runs the caller's script again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.api.arguments import check_arguments, sampling_of, told_apart
from ampo.api.folders import folder_of, path_of
from ampo.api.questions import benchmarks_of
from ampo.console import say as to_stderr
from ampo.errors import UserError
from ampo.types import Protocol, SamplingParams, as_protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampo.engines import EndpointSettings, Engine, EngineSettings
    from ampo.engines.source import Source
    from ampo.eval.adaptive import Rule
    from ampo.eval.result import Run
    from ampo.eval.run import RunSpec
    from ampo.eval.score import SecondOpinion
    from ampo.eval.suites import Benchmark


def evaluate(
    model: str | Engine | None = None,
    benchmarks: str | Path | Benchmark | Iterable[Any] = "demo",
    *,
    output_dir: str | Path | None = None,
    samples: int | None = None,
    limit: int | None = None,
    protocols: str | Sequence[str] = ("ampo",),
    template: str | None = None,
    sampling: SamplingParams | Mapping[str, Any] | None = None,
    seed: int | None = 0,
    rule: Rule | None = None,
    strict: bool = False,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
    data_dir: str | Path | None = None,
    backend: str = "auto",
    base_url: str | Sequence[str] | None = None,
    api_key: str | None = None,
    settings: EngineSettings | None = None,
    endpoint: EndpointSettings | None = None,
    say: Callable[[str], None] | None = None,
    quiet: bool = False,
    **more: Any,
) -> Run:
    """Evaluate a model. The same call with the same output_dir goes on with what is there.

    Args:
        model: A hub id, a local folder, "smollm2-135m", or a running engine, which stays open.
        benchmarks: Names of suites and benchmarks, FILE.toml, data files; or rows with a question and an answer: dicts,
            `Problem`s, a `datasets.Dataset`, a DataFrame.
        output_dir: The run's folder. Default: a temporary one, and a line says where.
        samples: Of each problem. Default: the benchmark's own.
        limit: Only the first problems of each benchmark.
        protocols: "ampo", "official", or both; the first one's figures are the run's.
        template: The prompt template's name, or FILE.toml#NAME.
        sampling: All sampling parameters, or some by name. What isn't given is the benchmark's own, else the paper's.
        seed: From which each sample has its own; None leaves it to chance.
        rule: Sample on until an interval is narrow enough (`ampo.eval.adaptive.Rule`).
        strict: Refuse reference answers that can't be read, rather than name them.
        columns: Of rows: {"question": ..., "answer": ..., "id": ..., "options": ...}. Default: by their usual names.
        name: Of rows, in the results.
        data_dir: A folder of offline copies of benchmarks. Default: AMPO_DATA_DIR.
        backend: "auto", "vllm", "transformers", "openai", one that another package brings, or one of your own as
            "FILE.py:NAME".
        base_url: An OpenAI-compatible endpoint, or several of the same model.
        api_key: Its key: "@FILE", "env:NAME", or the key. Default: OPENAI_API_KEY.
        settings: How to load the model.
        endpoint: How to ask an endpoint.
        say: Takes each line of progress. Default: the standard error.
        quiet: No progress.
        more: Sampling parameters and settings by their own names: `temperature=0`, `max_model_len=4096`,
            `concurrency=64`.

    Returns:
        The run: `.metrics["demo"].avg_at_k`, `.responses`, `.to_pandas()`, `.path`.

    Raises:
        UserError: The input is wrong: one line says what, and how to mend it.
        EngineError: The engine died. What was answered is kept; the same call goes on.
    """
    from ampo.engines.source import source_of
    from ampo.eval.spec import build_spec
    from ampo.verify.audit import name_unreadable

    tell = say or (_nobody if quiet else to_stderr)
    check_arguments({"samples": samples, "limit": limit, "seed": seed, "template": template, "sampling": sampling})
    check_arguments({"output_dir": output_dir, "data_dir": data_dir, "columns": columns, "name": name})
    check_arguments({"backend": backend, "settings": settings, "endpoint": endpoint})
    given, loading = told_apart(more, signature(evaluate).parameters.keys() - {"more"})
    spec = build_spec(
        benchmarks_of(benchmarks, columns, name),
        samples=samples,
        limit=limit,
        protocols=protocols_of(protocols),
        template=template,
        data_dir=None if data_dir is None else Path(data_dir),
        sampling=_sampling(sampling) | given,
        seed=seed,
        rule=rule,
    )
    name_unreadable((problem for task in spec.tasks for problem in task.problems), tell, strict)
    source = source_of(
        model,
        backend,
        base_url=base_url,
        api_key=api_key,
        settings=settings,
        endpoint=endpoint,
        say=tell,
        **loading,
    )
    return carry_out(spec, source, folder_of(output_dir, tell), tell, quiet)


def carry_out(
    spec: RunSpec, source: Source, folder: Path, say: Callable[[str], None] = to_stderr, quiet: bool = False
) -> Run:
    """Run what is missing of a specified run in a folder.

    Args:
        spec: What is asked; the source's model takes the place of its own.
        source: Who is asked.
        folder: The run directory.
        say: Takes each line of progress.
        quiet: Show no progress bar.

    Returns:
        The finished run.

    Raises:
        UserError: The folder holds another run, or what is asked can't be.
        EngineError: The engine failed; the same call goes on.
    """
    from ampo.eval.result import Run
    from ampo.eval.run import evaluate as run_spec
    from ampo.eval.rundir import RunDir

    run_spec(replace(spec, model=source.name, revision=source.revision), RunDir(folder), source.start, say, quiet)
    return Run(folder)


def score(
    run: Run | str | Path,
    protocols: str | Sequence[str] = ("ampo",),
    *,
    benchmarks: str | Path | Benchmark | Iterable[Any] | None = None,
    second: SecondOpinion | None = None,
    say: Callable[[str], None] | None = None,
    quiet: bool = False,
) -> Run:
    """Judge the responses of a run again. Needs no model, but for a second opinion.

    Args:
        run: A run, or its folder.
        protocols: "ampo", "official", or both; the first one's figures become the run's.
        benchmarks: Find the answers of these as they say now (`extract`), and record that: names or FILE.toml. Default:
            as the run has it.
        second: Asks a model about what the rules leave open; its verdicts stand beside theirs, as protocol "judge".
        say: Takes each line of progress. Default: the standard error.
        quiet: No progress.

    Returns:
        The run, with its new metrics.

    Raises:
        UserError: The folder holds no run, or a line of it is broken.
    """
    from ampo.eval.result import Run
    from ampo.eval.rundir import RunDir
    from ampo.eval.score import rescore

    folder = path_of(run)
    say = say or (_nobody if quiet else to_stderr)
    present = () if benchmarks is None else benchmarks_of(benchmarks)
    rescore(RunDir.existing(folder), protocols_of(protocols), say, quiet, second, present)
    return Run(folder)


def protocols_of(given: str | Sequence[str]) -> tuple[Protocol, ...]:
    """Protocols by their names; UserError for an unknown one, and for none."""
    if not isinstance(given, Iterable):
        raise UserError(f"protocols is {given!r}: it must be ampo, official, or a list of both")
    names = [given] if isinstance(given, str) else given
    found: tuple[Protocol, ...] = tuple(as_protocol(name) for name in names)
    if not found:
        raise UserError("no protocol is given: ampo, official, or both")
    return found


def _sampling(given: SamplingParams | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(given, SamplingParams):
        if given.n != 1 or given.seed is not None:
            raise UserError("sampling has n or seed: give samples= and seed= instead")
        given = {name: value for name, value in given.to_dict().items() if name not in ("n", "seed")}
    return sampling_of(given or {})


def _nobody(line: str) -> None:
    """Nobody is told."""
