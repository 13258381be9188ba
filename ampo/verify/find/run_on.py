"""A response that runs on into another question, which models do that have learnt from lists of questions.

"#### 18\\n\\nQ: A shop sells ...", "The answer is 3.\\n\\nQuestion: ...", "\\n\\nHuman: ...", "### Problem 2", and the
marks that chat templates set between turns. The answer that was given before counts; where none was, the text is read
as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MOST = 3  # places that are tried

_TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|end_of_text|endoftext|user|end|start_header_id)\|>|<(?:end|start)_of_turn>|</s>|"
    r"\[/?INST\]|"
    r"<｜(?:User|end▁of▁sentence)｜>"
)
_NEXT = re.compile(
    r"(?:^[ \t]{0,3}(?:#{1,6}[ \t]{0,3}|\*\*|\d{1,2}[.)][ \t])?|(?<=[.!?] ))"
    r"(?:(?:Q|Question|Problem|Exercise|Human|User|Instruction|Task|问题|题目|Frage|Вопрос|"
    r"Pregunta)(?:[ \t]{0,2}[#№]?\d{1,3})?"
    r"(?:\*\*)?[ \t]{0,2}[:：]|(?:Question|Problem|Exercise|"
    r"Example)[ \t]{1,2}[#№]?\d{1,3}(?:\*\*)?[ \t]{0,2}[.:)]?[ \t]{0,2}(?:\*\*)?"
    r"(?=\n|[ \t][A-Z]))",
    re.MULTILINE,
)
_TAG = "<answer>"


def before_the_next_question(body: str, answered: Callable[[str], bool]) -> str:
    """The text up to another question. answered: whether a text gives an answer, which decides where one begins."""
    turn = _TURN.search(body)
    if turn and body[: turn.start()].strip():
        body = body[: turn.start()]
    for tried, m in enumerate(_NEXT.finditer(body)):
        before = body[: m.start()]
        if tried == MOST or (_TAG in body and _TAG not in before):
            break
        if before.strip() and answered(before):
            return before
    return body
