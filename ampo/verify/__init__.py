"""Response text in, Verdict out: extraction, equivalence, and the worker pool that keeps both harmless.

`verify` judges one response, `VerifierPool` many; both need nothing but the light install. `shared_pool` is the pool of
this process, which `verify` and the adapters use.

The map, from what is called to what it stands on; nothing imports upwards:

    claim, ruling       what is to be judged; what was ruled, and by which rule
    references          the forms that data files hold reference answers in
    crew/               the pool of workers that can be killed, and what it is asked
    judge, rules        the judgement of one claim: the cheap rules, then all others in their order
    reading, compat     what each side was read as, in words; Math-Verify's own functions
    official            protocol `official`, the authors' scorer
    audit, spellings    reference answers that will make trouble, tried in other spellings of themselves
    find/               response -> final answer: marks, endings, conclusions
    kinds/              the kinds of answers: how each is read, and when two are the same
    question/           what the question asks for: a unit, an order, a form
    formula/            text -> tree -> number; the bounds on what is read; equality of trees
    text/               spelling: unicode and LaTeX, numbers in words, units, phrases

Where a change goes: a new kind of answer is a file in kinds/ with a `KIND`; a new ending of a response is in find/; a
new unit in text/units.py; a new case for the tests in tests/cases/.
"""

from ampo.verify.claim import Claim
from ampo.verify.crew.job import WorkerStartError
from ampo.verify.crew.pool import Counters, VerifierPool
from ampo.verify.crew.shared import shared_pool, verify
from ampo.verify.references import NoReferenceError

__all__ = ["Claim", "Counters", "NoReferenceError", "VerifierPool", "WorkerStartError", "shared_pool", "verify"]


def __dir__() -> list[str]:
    return sorted(__all__)
