"""`ampo pool build`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.cli.flags import DataFlags, Loads, SamplingFlags
from ampo.cli.groups import grouped
from ampo.cli.options import (
    ApiKey,
    Concurrency,
    DataDir,
    Dtype,
    EngineArg,
    GpuMemory,
    MaxModelLen,
    MaxNumSeqs,
    Quantization,
    RayAddress,
    Replicas,
    Seed,
    TemplateName,
    TensorParallel,
    TrustRemoteCode,
)
from ampo.cli.pool.shared import console, progress
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.cli.pool.teachers import Teacher
    from ampo.eval.run import RunSpec
    from ampo.eval.rundir import RunDir
    from ampo.guidance.build import BuildReport
    from ampo.types import Problem


@dataclass(frozen=True)
class ProblemFlags:
    """Which problems teachers are asked, and how."""

    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", "-s", help="Suites, benchmarks or FILE.toml; default: the problems of the given runs."),
    ] = None
    samples: Annotated[int, typer.Option("--samples", min=1, help="Of each problem, by each teacher.")] = 1
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first problems of each benchmark.")] = None
    template: TemplateName = None
    data_dir: DataDir = None
    seed: Seed = 0

    def spec(self, data: DataFlags, sampling: dict[str, Any]) -> RunSpec | None:
        """What each teacher is asked; None where no problems are named, and those of the given runs are meant."""
        from ampo.eval.spec import build_spec

        if not (self.suite or data.data or data.columns):
            return None
        how: dict[str, Any] = {name: value for name, value in asdict(self).items() if name != "suite"}
        return build_spec(data.benchmarks(self.suite), sampling=sampling, **how)


@dataclass(frozen=True)
class TeacherFlags(Loads):
    """How a teacher's model is loaded, or its endpoint asked."""

    api_key: ApiKey = None
    concurrency: Concurrency = 32
    dtype: Dtype = "auto"
    quantization: Quantization = None
    trust_remote_code: TrustRemoteCode = False
    max_model_len: MaxModelLen = None
    max_num_seqs: MaxNumSeqs = None
    gpu_memory_utilization: GpuMemory = 0.9
    tensor_parallel_size: TensorParallel = 1
    ray_address: RayAddress = None
    replicas: Replicas = None
    engine_arg: EngineArg = None


@grouped
def build(
    data: DataFlags,
    sampling: SamplingFlags,
    teacher: Annotated[
        list[str],
        typer.Option(
            "--teacher",
            "-t",
            metavar="[LABEL=]NAME",
            help="A hub id, local folder, smollm2-135m, http://HOST/v1#MODEL, or a run of ampo eval; repeat.",
        ),
    ],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="The same command goes on in it.")],
    what: ProblemFlags,
    model: TeacherFlags,
) -> None:
    """Make a pool: teachers answer, the verifier judges, what is right and new is kept. The same command resumes.

    Each teacher asked has a run directory of ampo eval under OUTPUT_DIR/teachers; the pool is OUTPUT_DIR/pool.jsonl.
    """
    from ampo.cli.pool.teachers import ask, teachers_of
    from ampo.eval.spec import PAPER_SAMPLING
    from ampo.files import write_json
    from ampo.guidance.tables import build_dict, show_build

    given, settings = sampling.given(), model.settings()
    teachers = teachers_of(teacher)
    spec = what.spec(data, given)
    problems = [p for task in spec.tasks for p in task.problems] if spec else _problems_of(teachers, what.limit)
    _make_folder(output_dir)
    folder = output_dir / "teachers"
    runs = {
        one.label: ask(one, spec, folder / one.label, settings, model.api_key, model.concurrency) for one in teachers
    }
    file = output_dir / "pool.jsonl"
    report = _assembled(runs, problems, file, sampling.max_tokens or PAPER_SAMPLING.max_tokens)
    write_json(output_dir / "report.json", build_dict(report))
    show_build(report, console())
    say(f"wrote {file}; before training on it: ampo pool check {file}")


def _problems_of(teachers: Sequence[Teacher], limit: int | None) -> list[Problem]:
    """The problems of the runs that are given as teachers. UserError where a teacher is to be asked."""
    from ampo.eval.rundir import RunDir

    if not all(one.run for one in teachers):
        raise UserError("a pool of which problems? Give --suite or --data")
    found = [RunDir.existing(one.run).read_problems() for one in teachers if one.run]
    return list({id_: problem for run in found for id_, problem in run.items()}.values())[:limit]


def _make_folder(output_dir: Path) -> None:
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {output_dir} ({error.strerror}): choose another --output-dir") from error


def _assembled(
    runs: Mapping[str, RunDir], problems: Sequence[Problem], file: Path, max_tokens: int | None
) -> BuildReport:
    """Judge all responses and write the pool. runs: of each teacher, by label."""
    from ampo.cli.pool.teachers import candidates_of, prompt_of
    from ampo.guidance.build import assemble
    from ampo.guidance.writer import writing
    from ampo.verify import VerifierPool

    candidates = (one for label, run in runs.items() for one in candidates_of(label, run, problems))
    total = sum(_lines(run.responses) for run in runs.values())
    prompts = [prompt_of(problem) for problem in problems]
    with writing(file) as keep, VerifierPool(eager=False) as verifiers, progress(total, "responses") as done:
        return assemble(prompts, candidates, verifiers, max_tokens, keep, file.parent, progress=done)


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for _ in stream)
