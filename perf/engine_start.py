"""How long an engine takes to start on the embedded model: ours against a plain `LLM(...)`, in one run.

Each arm is a process of its own, timed from its first line to its first generated token.

    python perf/engine_start.py [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

STARTED = time.perf_counter()
ARMS = ("ampo", "plain")


def arm_ampo() -> dict[str, float]:
    from ampo import SamplingParams, load_engine

    engine = load_engine("smollm2-135m", "vllm", say=lambda _: None)
    loaded = time.perf_counter() - STARTED
    engine.chat("What is 7 + 5?", SamplingParams(max_tokens=1))
    parts = engine.start_seconds  # pyright: ignore[reportAttributeAccessIssue]
    return {"import": parts["import"], "engine": parts["engine"], "loaded": loaded, "total": _now()}


def arm_plain() -> dict[str, float]:
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")
    from ampo import models

    path = models.resolve(models.EMBEDDED).path
    before = time.perf_counter()
    from vllm import LLM, SamplingParams

    imported = time.perf_counter()
    llm = LLM(path, enforce_eager=True)
    loaded = time.perf_counter()
    llm.generate(["What is 7 + 5?"], SamplingParams(max_tokens=1), use_tqdm=False)
    return {
        "import": imported - before,
        "engine": loaded - imported,
        "loaded": loaded - STARTED,
        "total": _now(),
    }


def _now() -> float:
    return time.perf_counter() - STARTED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        print(json.dumps({"ampo": arm_ampo, "plain": arm_plain}[options.arm]()), flush=True)
        os._exit(0)
    totals: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for _ in range(options.repeat):
        for arm in ARMS:
            out = subprocess.run(
                [sys.executable, __file__, "--arm", arm], check=True, stdout=subprocess.PIPE, text=True
            )
            result = json.loads(out.stdout.splitlines()[-1])
            totals[arm].append(result["total"])
            print(f"{arm:6}" + "".join(f"  {name} {value:6.1f} s" for name, value in result.items()), flush=True)
    medians = {arm: statistics.median(totals[arm]) for arm in ARMS}
    what = f"engine start to first token ({medians['ampo']:.0f} s): seconds"
    print(f"ratio: {what} | plain LLM(...) ({medians['plain']:.0f} s) | {medians['ampo'] / medians['plain']:.2f}")


if __name__ == "__main__":
    main()
