"""What prose says around a value in other languages than English: by what words a language is known, what concludes,
what takes back, compares or rates, numbers in words, and how numbers are written.

A table, a language a row, for sentences that mark no answer (`ampo.verify.find.foreign`). What announces an answer,
and units, are in `ampo.verify.text.languages`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b(?:the|what|how|is|are|of|so|has|have|there|therefore|answer)\b", re.IGNORECASE)


class Tongue(NamedTuple):
    """Patterns. known_by: words that only it has. concludes, against, reasons: words of a sentence. asks: how it asks,
    up to what is counted. checks: how a check begins, and a farewell. joints: between clauses. numbers: in words."""

    known_by: str
    concludes: str
    against: str
    reasons: str
    asks: str
    checks: str
    joints: str
    numbers: dict[str, int]


def _numbers(words: str, tens: str = "", joint: str = "") -> dict[str, int]:
    """From 2 on, the tens from 20 on, and what is joined of both, ones first."""
    ones = {word: i for i, word in enumerate(words.split(), 2)}
    found = ones | {word: 10 * i for i, word in enumerate(tens.split(), 2)}
    if joint:
        small = {"ein": 1} | {word: i for word, i in ones.items() if i < 10}
        found |= {f"{a}{joint}{b}": i + 10 * j for a, i in small.items() for j, b in enumerate(tens.split(), 2)}
    return found


_HAN_DIGITS = "一二三四五六七八九"
_HAN_NUMBERS = {c: i for i, c in enumerate("二三四五六七八九", 2)} | {"两": 2, "十": 10}
_HAN_NUMBERS |= {f"十{c}": 10 + i for i, c in enumerate(_HAN_DIGITS, 1)}
_HAN_NUMBERS |= {f"{a}十{b}": 10 * i + j for i, a in enumerate(_HAN_DIGITS, 1) for j, b in enumerate(f" {_HAN_DIGITS}")}

TONGUES: dict[str, Tongue] = {
    "German": Tongue(
        r"\b(?:der|die|das|und|ist|ein|eine|wie|viele?|nicht|mit|von|dem|den|wird|hat|für|sich)\b",
        r"\b(?:also|somit|daher|deshalb|folglich|damit|insgesamt|demnach)\b",
        r"\b(?:nicht|kein\w*|falsch|vielleicht|möglicherweise|wenn|falls|eventuell|könnte\w*|wären?|würden?|hätten?|"
        r"oder|"
        r"entweder|aber|doch|jedoch|mehr|weniger|größer|kleiner|fast|knapp|beinahe|etwa|rund|ungefähr|circa|zirka|"
        r"mindestens|höchstens|nur noch|pro|je|jede[rsnm]?|doppelt\w*|halb\w*|Hälfte|davor|vorher|zunächst|zuerst|"
        r"unklar|leider|gibt|gab|gegeben|gekauft|verkauft\w*|verlier\w*|verlor\w*|verbrauch\w*|aus(?:gegeben|gibt)|"
        r"isst|aß|"
        r"gegessen)\b",
        r"\b(?:denn|weil|da)\b",
        r"\b(?:wie ?viele?|welche\w*|was|wie \w+)\b",
        r"(?:Probe|Kontrolle|Überprüfung|Gute Reise|Viel Erfolg|Viel Spaß)\b",
        r"[,;:]\s|\s[–—]\s|\s(?:und|während|wobei|sodass)\s",
        _numbers(
            "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
            "achtzehn neunzehn",
            "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
            "und",
        ),
    ),
    "French": Tongue(
        r"\b(?:le|la|les|des|une|est|et|du|dans|pour|quel(?:le)?s?|combien|avec|sur|au|on|il|elle|que|résoudre)\b",
        r"\b(?:donc|ainsi|par conséquent|finalement|au total|en tout|on (?:trouve|obtient))\b",
        r"\b(?:n['’]\w+|pas|faux|fausse|ne|peut-être|si|probablement|serait|seraient|pourrait|aurait|ou|soit|mais|"
        r"plus de|moins de|de plus|de moins|plus que|moins que|presque|environ|près de|au moins|au plus|par|chaque|"
        r"chacune?|double|triple|moitié|avant|auparavant|d['’]abord|hélas|"
        r"donne\w*|donné\w*|perdu\w*|perd|vendu\w*|vend|dépens\w*|mang\w*|utilis\w*|achet\w*)\b",
        r"\b(?:car|parce que|puisque|comme)\b",
        r"\b(?:combien(?: d['’]| de)?|quel(?:le)?s?(?: est| sont)?|résoudre)\b",
        r"(?:Vérification|Contrôle|N['’]hésitez|Bonne chance|Bon courage)\b",
        r"[,;:]\s|\s[–—]\s|\s(?:et|tandis que|alors que)\s",
        _numbers(
            "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
            "vingt trente quarante cinquante soixante",
        ),
    ),
    "Spanish": Tongue(
        r"[¿¡]|\b(?:el|los|las|una|que|del|por|con|para|cuánt[oa]s?|cuál|tiene|hay|está|se|su)\b",
        r"\b(?:por (?:lo )?tanto|así(?: que| pues)?|entonces|en total|luego|en consecuencia|finalmente)\b",
        r"\b(?:no|incorrect[oa]|falso|quizás?|tal vez|si|podría|sería|serían|habría|tendría|probablemente|o|pero|"
        r"aunque|más|menos|casi|unos|unas|aproximadamente|cerca de|alrededor de|al menos|como máximo|cada|"
        r"por (?!(?:lo )?tanto|\d)|doble|triple|mitad|antes|primero|ni|"
        r"da|dan|dio|dado|perdió|pierde|vend\w*|gast\w*|regal\w*|compr\w*|come|comió|us[aó]|tenían?|había)\b",
        r"\b(?:porque|ya que|puesto que|pues|como)\b",
        r"¿\s*(?:a )?(?:cuánt[oa]s?|cuál(?:es)?|qué|cuándo)(?: es| son)?\b",
        r"(?:Comprobación|Verificación|Suerte|Espero)\b",
        r"[,;:]\s|\s[–—]\s|\s(?:y|mientras que)\s",
        _numbers(
            "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
            "dieciocho diecinueve",
            "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        ),
    ),
    "Chinese": Tongue(
        r"[\u4e00-\u9fff]",
        r"因此|所以|故|综上|从而|于是|可见|总共|一共|共",
        r"不|没|並非|错|矛盾|无法|可能|也许|或|大概|如果|假如|若|但|多(?!少)|大约|约|将近|接近|至少|至多|最多|每|倍|一半|原来|原本|"
        r"先|吗|便宜|贵|给了|用了|卖了|花了|送|吃了|失",
        r"因为|由于",
        r"多少|几(?=[^何])|求",
        r"(?:验算|检验|验证|检查)",
        r"[,，;；]",
        _HAN_NUMBERS,
    ),
}


def spoken(text: str) -> Tongue | None:
    """The language that a text is in, where it is one of the table."""
    if len(HAN.findall(text)) > 4 and not re.search(r"[\u3040-\u30ff\uac00-\ud7af]", text):
        return TONGUES["Chinese"]
    latin = [name for name in TONGUES if name != "Chinese"]
    found = {name: len(re.findall(TONGUES[name].known_by, text, re.IGNORECASE)) for name in latin}
    best = max(found, key=lambda name: found[name])
    known = found[best] > 2 or (found[best] > 1 and len(text.split()) < 12)
    clear = sorted(found.values())[-2] < found[best]
    return TONGUES[best] if known and clear and not ENGLISH.search(text) else None


def number(text: str, tongue: Tongue) -> str | None:
    """A number as English writes it: 2912.5 of 2.912,5; None where it can't be told."""
    if text in tongue.numbers:
        return str(tongue.numbers[text])
    bare = re.sub(r"[\u00a0\u202f]", "", text).replace("−", "-")
    if tongue is TONGUES["Chinese"]:
        return bare.replace(",", "")
    if re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?", bare) and not bare.startswith(("0", "-0")):
        return bare.replace(".", "").replace(",", ".")
    if re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", bare) and tongue is TONGUES["Spanish"]:
        return None  # a thousand in Mexico, a decimal in Spain
    return bare.replace(",", ".") if re.fullmatch(r"-?\d+(?:[.,]\d+)?", bare) else None
