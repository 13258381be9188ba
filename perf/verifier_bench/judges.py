"""The verifiers that are compared, each called as its own package calls it. Runs in an environment of its own.

python judges.py NAME: reads a line of JSON an item ({"gold", "answer", "question"}), writes 1 or 0 for each. The
answer is put into the form that the verifier asks a model for. An exception is a refusal, as in all of their callers.
"""

# The packages are in environments of their own.
# pyright: reportMissingImports=false
from __future__ import annotations

import asyncio
import json
import logging
import resource
import sys
from collections.abc import Callable
from typing import Any

_MEMORY = 6 << 30  # bytes of address space: what more is asked for is a MemoryError, and so a refusal

Judge = Callable[[dict[str, str]], bool]


def ampo(protocol: str = "ampo", asked: bool = True) -> Judge:
    """Ours, and the authors' protocol."""
    from ampo.verify import Claim, VerifierPool

    pool = VerifierPool(workers=1)

    def judge(item: dict[str, str]) -> bool:
        question = item["question"] if asked else ""
        claim = Claim(item["gold"], f"<answer>{item['answer']}</answer>", protocol, question=question)  # type: ignore[arg-type]
        return pool.submit(claim).result().correct

    return judge


def math_verify() -> Judge:
    from math_verify import parse, verify

    return lambda item: verify(parse(f"${item['gold']}$"), parse(rf"The answer is $\boxed{{{item['answer']}}}$."))


def trl() -> Judge:
    from trl.rewards import accuracy_reward

    def judge(item: dict[str, str]) -> bool:
        turn = [{"role": "assistant", "content": rf"The answer is $\boxed{{{item['answer']}}}$."}]
        return accuracy_reward([turn], [f"${item['gold']}$"])[0] == 1.0

    return judge


def inspect_ai() -> Judge:
    from inspect_ai.model import ChatMessageUser, ModelOutput
    from inspect_ai.scorer import Target, math
    from inspect_ai.solver import TaskState

    scorer, loop = math(), asyncio.new_event_loop()

    def judge(item: dict[str, str]) -> bool:
        output = ModelOutput.from_content("mockllm/model", rf"The answer is $\boxed{{{item['answer']}}}$.")
        messages: Any = [ChatMessageUser(content=item["question"] or "?")]
        state = TaskState("mockllm/model", 0, 0, item["question"] or "?", messages, output=output)
        score = loop.run_until_complete(scorer(state, Target(item["gold"])))
        return score is not None and score.value == "C"

    return judge


def minerva() -> Judge:
    from lm_eval.tasks.minerva_math import utils

    def judge(item: dict[str, str]) -> bool:
        said = f"Final Answer: The final answer is ${item['answer']}$. I hope it is correct."
        found = utils.normalize_final_answer(utils.get_unnormalized_answer(said))
        return utils.is_equiv(found, utils.normalize_final_answer(item["gold"]))

    return judge


def hendrycks() -> Judge:
    from lm_eval.tasks.hendrycks_math import utils

    return lambda item: utils.is_equiv(item["answer"], item["gold"])


def latex2sympy2() -> Judge:
    """As graders before Math-Verify did: both sides to sympy, and is the difference zero?"""
    import sympy
    from latex2sympy2 import latex2sympy

    return lambda item: sympy.simplify(latex2sympy(item["gold"]) - latex2sympy(item["answer"])) == 0


def prime_math() -> Judge:
    """veRL's for Numina's data sets (PRIME's grader)."""
    from verl.utils.reward_score import prime_math

    return lambda item: bool(prime_math.compute_score(rf"\boxed{{{item['answer']}}}", item["gold"])[0])


JUDGES: dict[str, Callable[[], Judge]] = {
    "ampo": ampo,
    "ampo-no-question": lambda: ampo(asked=False),
    "official": lambda: ampo("official"),
    "math-verify": math_verify,
    "trl": trl,
    "inspect_ai": inspect_ai,
    "minerva": minerva,
    "hendrycks": hendrycks,
    "latex2sympy2": latex2sympy2,
    "prime_math": prime_math,
}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    out, sys.stdout = sys.stdout, sys.stderr  # what a package prints is not an answer
    logging.disable(logging.CRITICAL)
    judge = JUDGES[sys.argv[1]]()
    warm = {"gold": r"\frac{\sqrt{2}}{2}", "answer": r"\frac{1}{\sqrt{2}}", "question": ""}
    _answer(judge, warm)
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        print(int(_answer(judge, json.loads(line))), file=out, flush=True)


def _answer(judge: Judge, item: dict[str, str]) -> bool:
    try:
        return bool(judge(item))
    except KeyboardInterrupt:
        raise
    except BaseException:  # Math-Verify's TimeoutException is none of Exception's
        return False


if __name__ == "__main__":
    main()
