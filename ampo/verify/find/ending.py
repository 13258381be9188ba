"""The ending of a response that marks no answer: "Roots: {2, 3}", "Profit → $70", "..., i.e. 3/5", "21 + 49 = 70. QED".

What a response says goodbye with is passed over. A label counts where each of its words stands in the sentence that
asks, or says no more than that a result follows; a check, a step, or what belongs to another thing has other words.
Behind it, and behind "i.e.", a value must stand and nothing else. A chain of plain arithmetic must hold.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from ampo.verify.find.short_response import HEDGED
from ampo.verify.formula.exact import exact
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import UnreadableError
from ampo.verify.question.asked import asking
from ampo.verify.question.number_sentence import stems
from ampo.verify.question.roots import roots
from ampo.verify.text.words import any_of, of_another

LINE = 400
FAREWELLS = 4  # that are passed over
MAX_WORDS = 3  # of a value: "90 square degrees", "even function"

_SMILE = re.compile("[✓✔✅☑■□∎◼▪✨🎉🎊🏆👍🙌💪🚀🙂\U0001f600-\U0001f60a\ufe0f]")
_FAREWELL = re.compile(
    r"(?:^|(?<=[.!?)\]$*}])\s|\n|\s[-–—]{1,3}\s?)\W{0,4}(?:(?:i )?hope (?:that|this|it) (?:helps|makes sense)"
    r"[^.!?\n]{0,80}|"
    r"(?:please )?let me know (?:if|whether|should)(?![^.!?\n]{0,150}\b(?:wrong|mistaken?|mistakes|errors?|missed|"
    r"differ\w*)\b)[^.!?\n]{0,150}|(?:feel free|(?:i'?m |i am )?happy) to (?:ask|help|explain|elaborate|go)\b"
    r"[^.!?\n]{0,100}|q\.?\s?e\.?\s?d|(?:all |and we're |and we are )?done|cheers|good luck|"
    r"have a (?:nice|great|good) day|easy)[.!?\s]{0,4}$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])(?<!i\.e\.)(?:\*\*)?\s+(?=[A-Z$*\\(\"])")
_ARROW = r"(?:→|⇒|⟶|=>|->|\\to\b|\\Rightarrow\b)"
_LABELLED = re.compile(
    rf"(?P<label>[A-Za-z][A-Za-z'’ -]{{1,60}}?)(?:\s?(?::|{_ARROW})|\s(?:is|are):?(?=\s))\s{{0,3}}(?P<value>[^:→⇒⟶]*)"
)
_IS_THE = re.compile(r"(?P<value>\$[^$]{1,200}\$)\s(?:is|are)\s(?:the\s)?(?P<label>[A-Za-z -]{1,60})[.!]?")
_ROW = re.compile(r"\|\s?(?P<label>[A-Za-z][^|:]{0,60})\|(?P<value>[^|]{1,100})\|")
_IN_BRACKETS = re.compile(r"\s?\([A-Za-z ]{1,30}\)")
_THAT_IS = re.compile(
    r"(?<=[\w$)}\]%.°])[,;:]?\s\(?(?:i\.\s?e\.|that is,?(?=\s[^a-z])|namely|in other words,?|"
    r"in (?:interval notation|lowest terms|simplest form))[,:]?\s",
    re.IGNORECASE,
)
_SO = re.compile(r"[,;]\s(?:so|hence|thus|therefore|giving)\s(?=\$?[([{\\]|\$?[a-z](?:\([a-z]\))?\s?=)", re.IGNORECASE)
_LEADS = re.compile(r"[,;]\s(?:and\s)?(?:so|hence|thus|therefore)\s", re.IGNORECASE)
_NOTHING_SAID = """
answer solution result value verdict conclusion altogether total overall ordered pair triple quadruple form so hence
thus therefore in the of a an all is are final finally for and combined together simplified factored expanded interval
notation only one unique
"""
_STEMS_OF_NOTHING = stems(_NOTHING_SAID)
_NO_RESULT = re.compile(
    r"\b(?:check|note|verif\w*|remark|recall|examples?|case|step|hint|suppose|supposing|assum\w+|guess\w*|estimate\w*|"
    r"naive\w*|wrong\w*|mistakes?|would|wait|hmm+|someone|students?|claims?|if|but|however|not|tempting|"
    r"instead)\b|n['’]t\b|\?|\.\.\.$|…$",
    re.IGNORECASE,
)
_ANOTHER = any_of("calculates", "derives", "falsifies")
_TASK = any_of("plans", "asks", "talks", "orders")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_POINT = re.compile(r"^(?:the )?(?:ordered )?(?:pair|triple|point)\s+(?=[$\\(])", re.IGNORECASE)
_TOTAL = re.compile(r"^[-*•]\s+(?=(?:grand |the )?total\b)", re.IGNORECASE)  # the last of a list
_ASIDE = re.compile(
    r"\s\((?:same as |or |that is,? |i\.e\. )?(?P<about>about |approximately |roughly |≈\s?)?"
    r"(?P<other>[^()A-Za-z]{1,30}(?:[a-z]{2,10})?)\)$"
)
_LEADING = re.compile(r"(?:[A-Za-z']{2,20}[ ,:]{1,2}){1,12}")
_CALCULATION = re.compile(r"[-+*/() \d.]+")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "$": None, ",": None, "°": None})


def without_farewell(body: str) -> str:
    """What stands before "Hope that helps!", "QED", "-- done" and emoji that only please; all where nothing does."""
    text = body.rstrip()
    for _ in range(FAREWELLS):
        end = text[-LINE:]
        while end and (_SMILE.match(end[-1]) or end[-1].isspace()):
            end = end[:-1]
        said = _FAREWELL.search(end)
        end = end[: said.start()] if said else end
        shorter = (text[:-LINE] + end).rstrip()
        if shorter == text or not any(c.isalnum() for c in shorter):
            break
        text = shorter
    return text


def ending(body: str, question: str) -> str | None:
    """The value that the last sentence ends in behind its label or its "i.e."; None where it has neither."""
    before, _, line = body[-4 * LINE :].rstrip().rpartition("\n")
    line = re.sub(r"\*\*|__|^\s{0,3}#{1,6}\s", "", line).strip()
    line = re.sub(rf"^(?:{_SMILE.pattern}|\s){{1,4}}", "", line)
    line = _IN_BRACKETS.sub("", line) if line.startswith("|") else line
    line = _ROW.sub(r"\g<label>: \g<value>", line) if _ROW.fullmatch(line) else line
    line = _TOTAL.sub("", line)
    if not line or len(line) > LINE or re.match(r"(?:[-+*>|•]|\d{1,2}[.)])\s", line):
        return None
    *others, sentence = _SENTENCE.split(line)
    said_before = (others[-1] if others else _last_line(before)).strip()
    if _NO_RESULT.search(said_before[-LINE:]):
        return None
    sentence = sentence.strip()
    if _NO_RESULT.search(sentence):
        return None
    found = _labelled(sentence, said_before, question) or _rephrased(sentence, question)
    if found is None and "=" in sentence and _ASIDE.search(sentence):
        found = _value(sentence, question)
    return found


def _last_line(text: str) -> str:
    return re.sub(r"\*\*|__", "", text.rstrip().rpartition("\n")[2])


def _labelled(sentence: str, said_before: str, question: str) -> str | None:
    clause = sentence[max((m.end() for m in _LEADS.finditer(sentence)), default=0) :]
    found = _LABELLED.fullmatch(clause) or _IS_THE.fullmatch(clause)
    if found is None or not _is_asked(found["label"], question):
        return None
    another = _LABELLED.fullmatch(said_before) or _ROW.fullmatch(said_before)
    if another and not stems(found["label"]) <= _STEMS_OF_NOTHING and _is_asked(another["label"], question):
        return None  # of two things that are asked about, the last is no more the answer than the first
    return _value(found["value"], question)


def _rephrased(sentence: str, question: str) -> str | None:
    """X of "..., i.e. X", and of "..., so X" where X is a tuple, a set, or the value of a name."""
    found = list(_THAT_IS.finditer(sentence)) or list(_SO.finditer(sentence))
    if not found or of_another(sentence, question):
        return None
    value = _value(sentence[found[-1].end() :], question)
    return value if value and re.search(r"\d|\$|\\", value) else None


def _is_asked(label: str, question: str) -> bool:
    """Whether a label has no word but those of what is asked for, and those that announce a result."""
    if _TASK.search(label):
        return False
    asked = stems(" ".join(asking(question))) if question else frozenset()
    if of_another(label, question):
        return False
    return stems(label) <= asked | _STEMS_OF_NOTHING or (question != "" and roots(label) <= _roots_asked(question))


def _roots_asked(question: str) -> frozenset[str]:
    return roots(" ".join(asking(question))) | roots(_NOTHING_SAID)


def _value(text: str, question: str) -> str | None:
    """A text that is a value and nothing else."""
    text = re.sub(r"[.!]$", "", text.strip()).strip("_` ")
    text = _POINT.sub("", text)
    aside = _ASIDE.search(text)
    if aside and re.search(r"\d", text[: aside.start()]):  # the same in another form: said as a chain, it is compared
        text = f"{text[: aside.start()]} {'≈' if aside['about'] else '='} {aside['other']}"
    words = _WORD.findall(text)
    if not text or len(words) > MAX_WORDS or HEDGED.search(text) or of_another(text, question):
        return None
    return text if re.search(r"\w", text) and holds(text) else None


def holds(chain: str) -> bool:
    """Whether the sides of a chain agree, as far as two that stand side by side are plain arithmetic."""
    sides = chain.translate(_SIGNS).rstrip(". ").split("=")
    words = _LEADING.match(sides[0])
    if words and not _ANOTHER.search(words[0]) and not words[0].rstrip().endswith((" of", "root", "base", "log")):
        sides[0] = sides[0][words.end() :]
    return all(_agree(left, right) for left, right in pairwise(sides))


def _agree(left: str, right: str) -> bool:
    """Whether two sides are equal, or as near as the decimals of the right one allow; True where one is not read."""
    if not re.search(r"\d[) ]*[-+*/]", left):
        return True
    if any(len(side) > 80 or not _CALCULATION.fullmatch(side) or re.search(r"\d \d", side) for side in (left, right)):
        return True
    try:
        a, b = exact(read(left)), exact(read(right))
    except (UnreadableError, RecursionError):
        return True
    if a is None or b is None or a == b:
        return True
    places = re.search(r"\.(\d{1,20})\s?$", right)
    return bool(places) and abs(a - b) < Fraction(1, 10 ** len(places[1]))
