"""What a judge is asked, and how its reply is read.

`own` asks any instruction-tuned model. The others are the prompts that published verifier models were trained with,
word for word, so each goes with its own model:

    xverify            IAAR-Shanghai/xVerify-* (arXiv 2504.10481): the end of the response, [Correct] or [Incorrect]
    compass-verifier   opencompass/CompassVerifier-* (arXiv 2508.03686): the end of the response, A, B or C
    general-verifier   TIGER-Lab/general-verifier (arXiv 2505.14652): the final answer alone, no chat template

The texts are in forms/*.txt.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ampo.errors import UserError, nearest
from ampo.prompts import in_full, split
from ampo.types import Problem, Request, SamplingParams

LONGEST = 4000  # characters of a response's end that a judge reads, and of a question's
_VERDICT = re.compile(r"verdict\W{0,10}(same|different)\b", re.IGNORECASE)
_BRACKETED = re.compile(r"\[?\s?\b(correct|incorrect)\b", re.IGNORECASE)
_LETTER = re.compile(r"\s{0,9}(?:\W{0,9}|\\boxed\{)?(A|B|C|CORRECT|INCORRECT|INVALID)\b")
_DECISION = re.compile(r"final decision:?\W{0,5}(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """chat: through the model's chat template, else as it is. reply: where its last match, or for `first` its first,
    says what was decided, by a word of `right`. tokens: of a reply, at most.
    """

    name: str
    reply: re.Pattern[str]
    right: tuple[str, ...]
    chat: bool = True
    first: bool = False
    tokens: int = 512

    @property
    def text(self) -> str:
        return _text(self.name)

    def prompt(self, problem: Problem, response: str, answer: str | None) -> str:
        """What is asked about a response. answer: what the rules found in it."""
        body = split(response).body.strip()
        end = body if len(body) <= LONGEST else f"[...] {body[-LONGEST:]}"
        question = in_full(problem)[:LONGEST]
        fields = {"question": question, "gold": problem.answer, "response": end, "answer": answer or end[-400:]}
        return self.text.format(**fields, mark=_mark(*fields.values()))

    def read(self, reply: str) -> bool | None:
        """Whether the reply says that the answer is right; None where it doesn't say."""
        said = [m[1].lower() for m in self.reply.finditer(split(reply).body)]
        if not said:
            return None
        return (said[0] if self.first else said[-1]) in self.right

    def request(self, id_: str, prompt: str) -> Request:
        params = SamplingParams(temperature=0.0, max_tokens=self.tokens)
        return Request(id_, ({"role": "user", "content": prompt},) if self.chat else prompt, params)


OWN = Form("own", _VERDICT, ("same",))
FORMS = {
    form.name: form
    for form in (
        OWN,
        Form("xverify", _BRACKETED, ("correct",), first=True, tokens=32),
        Form("compass-verifier", _LETTER, ("a", "correct"), first=True, tokens=32),
        Form("general-verifier", _DECISION, ("yes",), chat=False, tokens=1024),
    )
}


def form_of(name: str | None, model: str) -> Form:
    """A form by its name; without one that of the model's name, else our own. UserError for an unknown one."""
    if name is not None:
        if name not in FORMS:
            raise UserError(f"unknown judge form {name!r}: {nearest(name, FORMS, 'a form')}")
        return FORMS[name]
    plain = re.sub(r"[^a-z]", "", model.lower())
    return next((form for key, form in FORMS.items() if key.replace("-", "") in plain), OWN)


@cache
def _text(name: str) -> str:
    return files("ampo.eval.judge").joinpath("forms", f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n")


def _mark(*texts: str) -> str:
    """A mark that nobody who wrote the texts could have written into them."""
    return f"=={hashlib.sha256(repr(texts).encode()).hexdigest()[:12]}=="
