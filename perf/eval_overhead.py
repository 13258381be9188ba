"""What `ampo eval` costs over bare vLLM: wall time after engine start, on the demo suite, as a ratio.

Two arms, alternating in processes of their own on the same machine: `ampo eval` (prompts, generation, verification,
files, metrics) and `LLM.generate` on the same prompts with the same sampling parameters, seeds and engine settings.

    python perf/eval_overhead.py [--repeat 3] [--limit N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ampo import models
from ampo.engines.settings import EngineSettings
from ampo.eval.run import evaluate
from ampo.eval.rundir import RunDir
from ampo.eval.spec import build_spec
from ampo.eval.suites import resolve

ARMS = ("eval", "bare")
BOUNDS = ("max_num_seqs", "max_num_batched_tokens")
"""What bounds a step of vLLM: where the arms differ in it, nothing can be compared."""


def arm_eval(limit: int | None) -> dict[str, float]:
    from ampo.engines.vllm import VLLMEngine

    class Measured(VLLMEngine):
        """Starts the clock once it is there; its end isn't measured in the other arm either."""

        def __init__(self) -> None:
            super().__init__(models.resolve(models.EMBEDDED), EngineSettings())
            self.ready = time.perf_counter()

        def close(self) -> None: ...

    engines: list[Measured] = []

    def start() -> Measured:
        engines.append(Measured())
        return engines[0]

    spec = build_spec(resolve(["demo"]), models.EMBEDDED, limit=limit)
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(Path(folder) / "run")
        evaluate(spec, run, start, say=lambda _: None, quiet=True)
        seconds = time.perf_counter() - engines[0].ready
        tokens = sum(record.completion_tokens or 0 for record in run.read_responses().values())
    settings = engines[0].describe()["settings"]
    return {"seconds": seconds, "tokens": tokens, **{name: settings[name] for name in BOUNDS}}


def arm_bare(limit: int | None) -> dict[str, float]:
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # as our engine runs it on a CPU
    from ampo import prompts
    from ampo.engines.vllm import bare_params, cpu_arguments, engine_arguments, import_vllm

    import_vllm()
    from vllm import LLM

    ref, settings = models.resolve(models.EMBEDDED), EngineSettings()
    arguments = engine_arguments(None, settings) | cpu_arguments(ref.path, settings)
    llm = LLM(model=ref.path, disable_log_stats=True, **arguments)
    requests = list(build_spec(resolve(["demo"]), models.EMBEDDED, limit=limit).requests(set()))
    tokenizer = llm.get_tokenizer()
    started = time.perf_counter()
    texts = [r.prompt if isinstance(r.prompt, str) else prompts.render(r.prompt, tokenizer) for r in requests]
    ids: list[Any] = [{"prompt_token_ids": tokenizer.encode(text, add_special_tokens=False)} for text in texts]
    outputs = llm.generate(ids, [bare_params(r.params) for r in requests], use_tqdm=False)
    seconds = time.perf_counter() - started
    tokens = sum(len(part.token_ids) for out in outputs for part in out.outputs)
    scheduler = llm.llm_engine.vllm_config.scheduler_config
    return {"seconds": seconds, "tokens": tokens, **{name: getattr(scheduler, name) for name in BOUNDS}}


def measure(arm: str, limit: int | None) -> dict[str, float]:
    command = [sys.executable, __file__, "--arm", arm, *(["--limit", str(limit)] if limit else [])]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        print(json.dumps({"eval": arm_eval, "bare": arm_bare}[options.arm](options.limit)), flush=True)
        os._exit(0)  # vLLM's shutdown is not what is measured
    seconds: dict[str, list[float]] = {arm: [] for arm in ARMS}
    bounds: set[tuple[float, ...]] = set()
    for _ in range(options.repeat):
        for arm in ARMS:
            result = measure(arm, options.limit)
            seconds[arm].append(result["seconds"])
            rate = result["tokens"] / result["seconds"]
            told = ", ".join(f"{name} {result[name]}" for name in BOUNDS)
            print(
                f"{arm:5} {result['seconds']:7.1f} s  {result['tokens']:7.0f} tokens  {rate:6.0f} tokens/s  {told}",
                flush=True,
            )
            bounds.add(tuple(result[name] for name in BOUNDS))
            if len(bounds) > 1:
                sys.exit("the arms' batches are bounded differently: this compares settings, not programs")
    medians = {arm: statistics.median(seconds[arm]) for arm in ARMS}
    against = "LLM.generate, same prompts, seeds and settings"
    ratio = medians["eval"] / medians["bare"]
    print(f"ratio: ampo eval on the demo suite after engine start: seconds | {against} | {ratio:.2f}")


if __name__ == "__main__":
    main()
