"""What a response says behind its answer: a check, an offer, a comparison, what would be if.

"The number is 70. Let me verify: 30% of 70 is 21, and 70 + 21 = 91.", "Would you like to see it with a proportion?",
"If she kept this up for a year, she would reach $2,184." What takes something back is kept, and so is what concludes.
"""

from __future__ import annotations

import re

from ampo.verify.find.last_sentence import SENTENCE
from ampo.verify.find.told import values
from ampo.verify.question.ask import ask
from ampo.verify.text.words import any_of

_READ = 900  # characters at the end
_MOST = 3
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CALCULATED_AGAIN = re.compile(
    r"(?:,?\s(?:as|since|because|which (?:satisfies|checks|works))|[.;]\s(?:indeed|check|and indeed),?)\s\(?\$?"
    r"(?=[^a-z.]*=)[-\d(a-z+*/×·÷^ .−$]{2,40}=\s?[\d.,$]{1,15}\)?[.$]*$",
    re.IGNORECASE,
)
_IT_IS = re.compile(
    r",? (?:and )?(?:so|thus|hence|therefore) (?:this|that|it) is (?:the|our|my) (?:number|answer|value|result)\b"
    r"(?:(?!\bnot\b)[^.\d]){0,60}\.?$"
)
_CHECK = re.compile(
    r"(?:^|(?<=[.!?]\s)|\n)\W{0,4}(?:as a (?:quick |sanity )?check|(?:(?:to|we can|i can|let me|let us|let['’]s|now|"
    r"and) )*"
    r"(?:quickly )?(?:double[- ]?check|verify|check|sanity[- ]check)(?:ing)?|verification|"
    r"proof)\b(?:\s\w+){0,4}?\W{0,3}[:,.]\s",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\W*(?:would you like|do you want|want me|shall i|should i|need (?:any|more|me)|any (?:other )?questions|"
    r"does (?:that|this) (?:make sense|help)|is (?:that|this) clear|let me know)\b.*[?!.]\W*$",
    re.IGNORECASE | re.DOTALL,
)
_REMARK = re.compile(
    r"\W*(?:that|this)(?:['’]s| is) how (?:far|much|many|long|old)\b[^\d?]*$|"
    r"\W*(?:(?:for|by|in) comparison|by the way|incidentally|fun fact|as an aside|interestingly|compare)\b|"
    r".*\bby the way\W*$",
    re.IGNORECASE | re.DOTALL,
)
_UNREAL = re.compile(
    r"\W*(?:(?:even )?if|had|were)\b.*(?:\b(?:would|could|might)\b|['’]d\b)", re.IGNORECASE | re.DOTALL
)
_SUPPOSED = re.compile(r"\b(?:would|could|if)\b", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:so|hence|thus|therefore|answer|actually|instead|correct(?:ed|ion)|should)\b", re.IGNORECASE
)
_TAKES_BACK = re.compile(any_of("denies", "contrasts", "falsifies", "hedges").pattern, re.IGNORECASE)


def without_remarks(body: str, question: str) -> str:
    """What stands before the remarks; all where there are none, or nothing with a value stands before them."""
    text = _without_proof(body.rstrip())
    check = _last_check(text)
    text = text[:check].rstrip() if check else text
    for _ in range(_MOST):
        ends = list(SENTENCE.finditer(text, max(0, len(text) - _READ)))
        start = max(ends[-1].end() if ends else 0, text.rfind("\n") + 1)
        if not start or not _is_remark(text[start:], question) or not values(text[:start].rstrip()[-_READ // 3 :]):
            break
        text = text[:start].rstrip()
    return text[:-_READ] + _IT_IS.sub("", text[-_READ:])


def _without_proof(text: str) -> str:
    """Without a calculation behind the answer in which the answer is a term: "14 dogs, as 30 + 14 = 44"."""
    m = _CALCULATED_AGAIN.search(text, max(0, len(text) - _READ))
    told = values(text[: m.start()][-_READ // 3 :]) if m else []
    stated = _NUMBER.findall(told[-1].text)[-1:] if told else []
    return text[: m.start()] if m and stated and stated[0] in _NUMBER.findall(m[0].rpartition("=")[0]) else text


def _last_check(text: str) -> int:
    """Where a check begins that goes on to the end; 0 where none does."""
    found = next(_CHECK.finditer(text, max(0, len(text) - _READ)), None)
    if found is None or not values(text[: found.start()].rstrip()[-_READ // 3 :]):
        return 0
    said = text[found.end() :]
    return 0 if _CONCLUDES.search(said) or _TAKES_BACK.search(said) else found.start()


def _is_remark(sentence: str, question: str) -> bool:
    if _OFFER.match(sentence):
        return True
    if _CONCLUDES.search(sentence) or _TAKES_BACK.search(sentence.replace("would", "will")):
        return False
    unreal = _UNREAL.match(sentence) is not None and not _SUPPOSED.search(ask(question).text)
    return unreal or _REMARK.match(sentence) is not None
