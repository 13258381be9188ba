"""What the token that closes a teacher's solution changes: the embedded model, a few updates, twice over.

The same rows, order and settings; one arm closes them with what the chat template writes at the end of a turn
(`<|im_end|>`), the other with `<|im_start|>`, which the file of the weights once gave as the end. Shown are, on
questions that are not trained on, the mean log-probability of both tokens behind a whole answer, and the share of
sampled responses that don't end at `<|im_end|>` within the limit, which is where others' engines stop.

    python perf/end_of_turn.py [--updates 8] [--rows 4] [--lr 2e-5] [--tokens 48] [--closing TOKEN...]
"""

from __future__ import annotations

import argparse
from typing import Any

NOTHING = "nothing is trained"
SYSTEM = "Give the answer in a sentence."


def asked(tokenizer: Any, a: int, b: int) -> tuple[int, ...]:
    chat = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"What is {a} + {b}?"}]
    return tuple(tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False))


def answer(tokenizer: Any, a: int, b: int) -> tuple[int, ...]:
    return tuple(tokenizer(f"{a} + {b} is {a + b}.", add_special_tokens=False)["input_ids"])


HELD_OUT = [(2, 2), (30, 12), (7, 15), (41, 8)]


def ends(model: Any, tokenizer: Any, tokens: dict[str, int]) -> dict[str, float]:
    """The mean log-probability of each token behind a whole answer."""
    import torch

    found = dict.fromkeys(tokens, 0.0)
    with torch.inference_mode():
        for a, b in HELD_OUT:
            ids = torch.tensor([asked(tokenizer, a, b) + answer(tokenizer, a, b)])
            log_probs = model(ids).logits[0, -1].float().log_softmax(-1)
            for name, token in tokens.items():
                found[name] += log_probs[token].item() / len(HELD_OUT)
    return found


def cut_off(model: Any, tokenizer: Any, stop: int, limit: int) -> float:
    """The share of sampled responses that have not ended at the stop token within the limit."""
    from ampo.training.rollout import Sampler
    from ampo.types import SamplingParams

    sampler = Sampler(model, tokenizer, frozenset({stop}), 32)
    params = SamplingParams(n=8, temperature=1.0, max_tokens=limit)
    prompts = [asked(tokenizer, a, b) for a, b in HELD_OUT]
    found = [one.finish_reason == "length" for one in sampler.sample(prompts, list(range(0, 800, 200)), params)]
    return sum(found) / len(found)


def trained(model: Any, tokenizer: Any, closing: int, options: argparse.Namespace) -> None:
    from ampo.algorithm import load_preset
    from ampo.training.config import Optimizer
    from ampo.training.rows import MixedRow
    from ampo.training.update import Policy

    policy = Policy(model, Optimizer(lr=options.lr, weight_decay=0.0), options.updates, 1.0)
    for step in range(1, options.updates + 1):
        pairs = [(11 + 3 * i + 7 * step, 20 + 5 * i + step) for i in range(options.rows)]
        rows = [
            MixedRow(asked(tokenizer, a, b), (*answer(tokenizer, a, b), closing), 1.0, 1.0, "teacher") for a, b in pairs
        ]
        policy.update(rows, [None] * len(rows), load_preset("sft"), step)
    model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--updates", type=int, default=8)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--closing", nargs="*", default=[NOTHING, "<|im_end|>", "<|im_start|>"])
    options = parser.parse_args()
    from ampo import models
    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers.loading import load

    path = models.resolve(models.EMBEDDED).path
    print("| rows closed with | log p of `<|im_end|>` | of `<|im_start|>` | not ended |")
    print("| :-- | --: | --: | --: |")
    for closing in options.closing:
        loaded = load(path, None, EngineSettings(dtype="float32"), "cpu", None)
        model, tokenizer = loaded.model, loaded.tokenizer
        tokens = {name: tokenizer.convert_tokens_to_ids(name) for name in ("<|im_end|>", "<|im_start|>")}
        if closing != NOTHING:
            trained(model, tokenizer, tokens[closing], options)
        found = ends(model, tokenizer, tokens)
        share = cut_off(model, tokenizer, tokens["<|im_end|>"], options.tokens)
        shown = closing if closing == NOTHING else f"`{closing}`"
        values = " | ".join(f"{value:.2f}" for value in found.values())
        print(f"| {shown} | {values} | {share:.0%} |", flush=True)


if __name__ == "__main__":
    main()
