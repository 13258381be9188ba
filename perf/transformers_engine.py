"""How fast the transformers engine decodes the embedded model: against `model.generate`, and by dtype.

All arms run in one process on the same prompts, greedy, with the same number of new tokens each; `generate` gets them
as one left-padded batch. The arms take turns, and the ratios are of the medians.

    python perf/transformers_engine.py [--repeat 3] [--tokens 32] [--batch 1 --batch 8]
"""

from __future__ import annotations

import argparse
import statistics
import time

from ampo import models
from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import TransformersEngine
from ampo.types import Request, SamplingParams

BATCHES = (1, 8, 32)
DTYPES = ("float32", "bfloat16")


def prompt_texts(count: int) -> list[str]:
    """Prompts of the same length, all different, that no model ends by itself within a few tokens."""
    return [
        f"Here is chapter {i + 10} of the long story of the old king and the sea. Once upon a time"
        for i in range(count)
    ]


def arm_ampo(engine: TransformersEngine, texts: list[str], tokens: int) -> float:
    """Tokens a second."""
    params = SamplingParams(temperature=0, max_tokens=tokens)
    started = time.perf_counter()
    samples = list(engine.generate(Request(str(i), text, params) for i, text in enumerate(texts)))
    seconds = time.perf_counter() - started
    made = sum(sample.response.completion_tokens or 0 for sample in samples)
    if made != tokens * len(texts):
        raise SystemExit(f"{made} tokens instead of {tokens * len(texts)}: a response ended early, use fewer --tokens")
    return made / seconds


def arm_generate(engine: TransformersEngine, texts: list[str], tokens: int) -> float:
    """Tokens a second; prompts become tokens and tokens become text here, too."""
    tokenizer, model = engine.tokenizer, engine._module
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    started = time.perf_counter()
    inputs = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left").to(model.device)
    output = model.generate(**inputs, do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens)
    tokenizer.batch_decode(output, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return tokens * len(texts) / (time.perf_counter() - started)


def measure(
    engines: dict[str, TransformersEngine], batch: int, tokens: int, repeat: int
) -> dict[tuple[str, str], float]:
    """Tokens a second by dtype and arm: medians, the arms in turn."""
    texts = prompt_texts(batch)
    speeds: dict[tuple[str, str], list[float]] = {}
    for turn in range(repeat + 1):
        for dtype, engine in engines.items():
            for arm, run in (("ampo", arm_ampo), ("generate", arm_generate)):
                speed = run(engine, texts, tokens if turn else 2)  # the first turn pays for what is set up once
                if turn:
                    speeds.setdefault((dtype, arm), []).append(speed)
    return {key: statistics.median(values) for key, values in speeds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--batch", type=int, action="append")
    options = parser.parse_args()
    path = models.resolve(models.EMBEDDED).path
    engines = {d: TransformersEngine(models.EMBEDDED, path, settings=EngineSettings(dtype=d)) for d in DTYPES}
    print(f"on {engines[DTYPES[0]].describe()['devices'][0]}, tokens/s")
    for batch in options.batch or BATCHES:
        speeds = measure(engines, batch, options.tokens, options.repeat)
        for dtype in DTYPES:
            ours, theirs = speeds[dtype, "ampo"], speeds[dtype, "generate"]
            print(
                f"ratio: transformers engine, batch {batch}, {dtype} ({ours:.0f} tokens/s): speed | generate "
                f"({theirs:.0f} tokens/s) | {ours / theirs:.2f}",
                flush=True,
            )
    for engine in engines.values():
        engine.close()


if __name__ == "__main__":
    main()
