"""Comprehension scores of a step's triggered prompts, against one padded forward pass a prompt as in the authors' code.

32 prompts with 4 teacher solutions each, of lengths drawn from a long-thought distribution (log-normal, up to 2,048
tokens with the prompt), scored with the embedded model in two arms of one run, which must agree to 1e-4:

- ours: every row of all prompts in one call, what rows begin with in common once, the answers' logits only, the linear
  layers by the faster of torch's two libraries (--plain-linear: as torch does by itself);
- padded: for each prompt its four rows padded to the maximum, and the log-probability of every token of them.

The second arm takes some twelve minutes on two cores.

    python perf/comprehension.py [--prompts 32] [--repeat 1] [--plain-linear]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from ampo import models, prompts
from ampo.engines.transformers import onednn
from ampo.guidance.comprehension import Query, ScoringRow, comprehension_scores
from ampo.guidance.splice import SolutionTokenizer
from ampo.training.logprobs import log_prob_fn
from ampo.types import Problem

MAXIMUM = 2048  # tokens of prompt and solution
TEACHERS = 4
STEP = 10  # tokens of a step of a solution, about


def solution_text(rng: random.Random, tokens: int) -> str:
    steps = max(tokens // STEP, 1)
    body = " ".join(f"{rng.randrange(100)} + {rng.randrange(100)} makes a step" for _ in range(steps))
    return f"<think> {body} </think> <answer> {rng.randrange(1000)} </answer>"


def make_queries(tokenizer, n: int, seed: int) -> list[Query]:
    """Solutions with a median near 600 tokens and a long tail, as verified long thoughts have."""
    rng = random.Random(seed)
    splicer = SolutionTokenizer(tokenizer)
    template = prompts.load_template("ampo")
    queries = []
    for i in range(n):
        question = " ".join(
            f"What is {rng.randrange(100)} + {rng.randrange(100)}?" for _ in range(rng.randrange(1, 12))
        )
        rendered = prompts.render(template.render(Problem(str(i), question, "")), tokenizer)
        prompt_ids = tokenizer(rendered, add_special_tokens=False)["input_ids"]
        room = MAXIMUM - len(prompt_ids) - 16
        solutions = []
        while len(solutions) < TEACHERS:
            tokens = min(int(rng.lognormvariate(6.4, 0.7)), room)
            found = splicer.solution(solution_text(rng, tokens), str(rng.randrange(1000)))
            if len(found.prefix_ids) + len(found.answer_ids) <= room:
                solutions.append(found)
        queries.append(Query(str(i), prompt_ids, solutions))
    return queries


@torch.no_grad()
def padded(model, queries: list[Query], pad: int) -> list[list[float]]:
    """One forward pass a prompt, rows padded on the right to the maximum, logits of every position."""
    scores = []
    for query in queries:
        rows = [(*query.prompt_ids, *s.prefix_ids, *s.answer_ids) for s in query.solutions]
        ids = torch.tensor([[*row, *[pad] * (MAXIMUM - len(row))] for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (MAXIMUM - len(row)) for row in rows])
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
        log_probs = logits.gather(-1, ids[:, 1:, None])[..., 0] - logits.logsumexp(-1)  # of every position, as veRL
        of_prompt = []
        for row, tokens, solution in zip(log_probs, rows, query.solutions, strict=True):
            start = len(tokens) - len(solution.answer_ids) + solution.scored
            of_prompt.append(row[start - 1 : len(tokens) - 1].exp().mean().item())
        scores.append(of_prompt)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompts", type=int, default=6)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--plain-linear", action="store_true")
    options = parser.parse_args()
    if options.plain_linear:
        onednn._worth_it = lambda: False
    path = models.resolve(models.EMBEDDED).path
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    queries = make_queries(tokenizer, options.prompts, 0)
    lengths = [len(q.prompt_ids) + len(s.prefix_ids) + len(s.answer_ids) for q in queries for s in q.solutions]
    print(
        f"{len(lengths)} rows, tokens: median {statistics.median(lengths):.0f}, mean {statistics.mean(lengths):.0f}, "
        f"longest {max(lengths)}",
        flush=True,
    )
    log_probs = log_prob_fn(model)
    log_probs([ScoringRow((1, 2, 3), 2)])  # the first call of a process is not what is measured
    ratios = []
    for _ in range(options.repeat):
        started = time.perf_counter()
        ours = [[c.score for c in found] for found in comprehension_scores(log_probs, queries)]
        middle = time.perf_counter()
        print(f"ours {middle - started:.1f} s", flush=True)
        theirs = padded(model, queries, tokenizer.pad_token_id or 0)
        ended = time.perf_counter()
        ratios.append((ended - middle) / (middle - started))
        difference = max(abs(a - b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True))
        print(f"padded {ended - middle:.1f} s, scores differ by {difference:.1e} at most", flush=True)
        if difference > 1e-4:
            raise SystemExit("the scores differ by more than 1e-4")
    what = f"comprehension scores, {len(lengths)} rows of up to {max(lengths)} tokens: speed"
    print(f"ratio: {what} | a forward pass a prompt, padded | {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
