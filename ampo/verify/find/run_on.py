"""A response that runs on into another question, which models do that have learnt from lists of questions.

"#### 18\\n\\nQ: A shop sells ...", "The answer is 3.\\n\\nQuestion: ...", "\\n\\nHuman: ...", "### Problem 2", and the
marks that chat templates set between turns. The answer that was given before counts; where none was, the text is read
as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MOST = 3  # places that are tried
HITS = 400  # of a word that are looked at

_TURN_MARKS = ("<|", "_of_turn>", "</s>", "<｜")
_TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|end_of_text|endoftext|user|end|start_header_id)\|>|<(?:end|start)_of_turn>|</s>|"
    r"\[/?INST\]|<｜(?:User|end▁of▁sentence)｜>"
)
_WORDS = (
    "Q", "Question", "Problem", "Exercise", "Example", "Human", "User", "Instruction", "Task", "问题", "题目", "Frage",
    "Вопрос", "Pregunta",
)  # fmt: skip
_NEXT = re.compile(
    r"(?:(?!Example)\w{1,11}?(?:[ \t]{0,2}[#№]?\d{1,3})?(?:\*\*)?[ \t]{0,2}[:：]|"
    r"(?:Question|Problem|Exercise|Example)[ \t]{1,2}[#№]?\d{1,3}(?:\*\*)?[ \t]{0,2}[.:)]?[ \t]{0,2}(?:\*\*)?"
    r"(?=\n|[ \t][A-Z])|(?<=# )(?:Question|Problem|Exercise|Instruction|Task)(?:\*\*)?[ \t]*\n)"
)
_BEGINS = re.compile(r"[ \t]{0,3}(?:#{1,6}[ \t]{0,3}|\*\*|\d{1,2}[.)][ \t])?$|.*[.!?] $")
_TAG = "<answer>"


def before_the_next_question(body: str, answered: Callable[[str], bool]) -> str:
    """The text up to another question. answered: whether a text gives an answer, which decides where one begins."""
    # A lone character is found sooner than a word.
    if ("<" in body and any(mark in body for mark in _TURN_MARKS)) or ("]" in body and "INST]" in body):
        turn = _TURN.search(body)
        if turn and body[: turn.start()].strip():
            body = body[: turn.start()]
    for at in sorted({at for word in _WORDS for at in _begun(body, word)})[:MOST]:
        before = body[:at]
        if _TAG in body and _TAG not in before:
            break
        if before.strip() and answered(before):
            return before
    return body


def _begun(body: str, word: str) -> list[int]:
    """Where a question begins with this word."""
    found: list[int] = []
    at = body.find(word) if word[0] in body else -1
    for _ in range(HITS):
        if at < 0 or len(found) == MOST:
            break
        start = max(body.rfind("\n", 0, at) + 1, at - 200)
        m = _NEXT.match(body, at)
        if m and _BEGINS.match(body[start:at]) and re.match(r"\w+", m[0])[0].rstrip("0123456789") == word:  # type: ignore[index]
            found.append(start)
        at = body.find(word, at + 1)
    return found
