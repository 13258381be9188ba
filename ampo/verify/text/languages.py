"""What other languages than English say around an answer, and their units: "答案：", "Ответ:", "La réponse est", 36个.

A table, a language a row. announces: what stands before the answer, a colon or a verb behind it where the language has
one. denies, hedges: what takes it back. units: of counting, money and measure, each as what English calls it, or ""
where it only says what is counted. Digits of other scripts are read everywhere (`ampo.verify.text.normalise`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ampo.verify.text.units import is_unit_word


class Language(NamedTuple):
    """announces, denies, hedges: patterns. ends: what may stand behind the answer and says nothing."""

    announces: str
    denies: str = ""
    hedges: str = ""
    ends: str = ""
    concludes: str = ""
    units: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default, never changed


def _table(text: str) -> dict[str, str]:
    return {word: english for word, _, english in (pair.partition("=") for pair in text.split())}


_HAN = _table(
    """
    个= 個= 只= 隻= 匹= 头= 頭= 条= 條= 本= 张= 張= 块= 塊= 人= 名= 位= 件= 次= 种= 種= 架= 辆= 輛= 棵= 朵= 颗=
    顆= 支= 枝= 枚= 台= 对= 組= 组= 套= 盒= 箱= 袋= 瓶= 杯= 包= 页= 頁= 道= 题= 份= 层= 層= 间= 間= 座= 把= 双=
    雙= 卷= 轮= 場= 场= 倍= 岁= 歲= 人民币= 回= 枚= 冊= 足= 通り= つ= 匹= 羽= 台= 人= 元=yuan 块钱=yuan 円=yen
    美元=dollar 美分=cent 美金=dollar 欧元=euro 角= 米=m 公尺=m 厘米=cm 公分=cm 毫米=mm 千米=km
    公里=km 克=g 千克=kg 公斤=kg 吨=tonne 升=L 毫升=mL 秒=s 分=minute 分钟=minute 分鐘=minute 小时=hour
    小時=hour 时間= 時間=hour 天=day 日=day 周=week 星期=week 年=year 月=month 个月=month 度=degree
    平方米=m^2 平方厘米=cm^2 平方千米=km^2 立方米=m^3 立方厘米=cm^3 英寸=inch 英里=mile 英尺=foot メートル=m
    センチ=cm キロ=km グラム=g ドル=dollar
    """
)
_HANGUL = _table(
    """
    개= 명= 마리= 권= 장= 대= 번= 가지= 살= 배= 쪽= 그루= 송이= 병= 잔= 원= 달러=dollar 센트=cent 미터=m
    센티미터=cm 킬로미터=km 그램=g 킬로그램=kg 초=s 분=minute 시간=hour 일=day 주=week 년=year 도=degree
    인치=inch 리터=L
    """
)
_CYRILLIC = _table(
    """
    штук= шт= раз= раза= человек= книг= яблок= долларов=dollar доллара=dollar доллар=dollar рублей=ruble
    рубля=ruble руб=ruble центов=cent м=m см=cm мм=mm км=km г=g кг=kg т=tonne л=L мл=mL с=s сек=s мин=minute
    минут=minute минуты=minute ч=hour час=hour часа=hour часов=hour дней=day дня=day день=day лет=year
    градусов=degree метров=m метра=m сантиметров=cm километров=km килограммов=kg граммов=g литров=L секунд=s
    """
)
_LATIN = _table(
    """
    Dollar=dollar Euro=euro Cent=cent Meter=m Metern=m Zentimeter=cm Kilometer=km Gramm=g Kilogramm=kg Liter=L
    Sekunden=s Minuten=minute Stunden=hour Tage=day Tagen=day Wochen=week Monate=month Jahre=year Jahren=year
    Grad=degree Stück= euros=euro dollars=dollar centimes=cent mètres=m mètre=m centimètres=cm kilomètres=km
    grammes=g kilogrammes=kg litres=L secondes=s minutes=minute heures=hour jours=day semaines=week mois=month
    ans=year années=year degrés=degree pouces=inch dólares=dollar centavos=cent metros=m centímetros=cm
    kilómetros=km gramos=g kilogramos=kg litros=L segundos=s minutos=minute horas=hour días=day semanas=week
    meses=month años=year grados=degree pulgadas=inch reais= quilômetros=km quilogramas=kg gramas=g dias=day
    anos=year graus=degree polegadas=inch dollari=dollar centesimi=cent metri=m centimetri=cm chilometri=km
    grammi=g chilogrammi=kg litri=L secondi=s minuti=minute ore=hour giorni=day settimane=week mesi=month
    anni=year gradi=degree pollici=inch
    """
)
_ARABIC = _table(
    """
    دولار=dollar دولارًا=dollar دولارا=dollar متر=m مترًا=m مترا=m سم=cm كم=km غرام=g كغ=kg ساعة=hour ساعات=hour
    دقيقة=minute دقائق=minute يوم=day أيام=day سنة=year سنوات=year درجة=degree بوصة=inch
    """
)

LANGUAGES: dict[str, Language] = {
    "Chinese": Language(
        r"(?:故|所以|因此|综上|最终|最后)?的?(?:最终|最后|正确)?(?:答案|【答案】|【解答】|答|结果|結果|解答|選)(?:】)?(?:应)?(?:选择?|選|就)?(?:是|为|為|选|：|:)|"
        r"【(?:答案|解答)】|(?:故|因此|所以|应|應)(?:答案)?(?:为|選|选)(?:择)?|正确(?:答案|选项)(?:是|为)",
        denies=r"(?:不是|并非|不等于|不為|不为|并不|不可能是|不对|错误|是错的)",
        hedges=r"(?:可能|也许|或许|大概|如果|假如|若)",
        ends=r"(?:。|．|！|了|吧)",
        concludes=r"(?:因此|所以|故|综上所述|综上|从而|于是|总共|一共|共)",
        units=_HAN,
    ),
    "Japanese": Language(
        r"(?:最終的な|最終)?(?:答え|解答|正解|解|答)(?:は|：|:|が)",
        denies=r"(?:ではない|ではありません|じゃない|ではなく|でない|違)",
        hedges=r"(?:かもしれ|たぶん|もし|おそらく)",
        ends=r"(?:です|である|となる|となります|になります|だ|でした|あります|。)",
        concludes=r"(?:したがって|よって|ゆえに|以上より)",
    ),
    "Korean": Language(
        r"(?:최종\s*)?(?:정답|답|해답|결과)(?:은|는|이|:|：)",
        denies=r"(?:아닙니다|아니다|아닌|않)",
        hedges=r"(?:아마|만약|일지도|수도)",
        ends=r"(?:입니다|이다|이에요|예요|다|이 된다|됩니다)\.?",
        concludes=r"(?:따라서|그러므로|즉)",
        units=_HANGUL,
    ),
    "Russian": Language(
        r"(?:окончательный\s+|правильный\s+|итоговый\s+)?ответ(?:ом)?(?:\s+(?:равен|является|будет))?\s*(?::|[-–—]|=|"
        r"равен\b|является\b|будет\b)",
        denies=r"\b(?:не|неверно|неправильно)\b",
        hedges=r"\b(?:возможно|может|если|наверное|вероятно)\b",
        concludes=r"(?:таким образом|следовательно|итак|значит|поэтому)\b",
        units=_CYRILLIC,
    ),
    "German": Language(
        r"(?:ist|lautet) (?:die|das) (?:antwort|lösung|ergebnis)|(?:die\s+|das\s+)?(?:endgültige\s+|richtige\s+|"
        r"endgültiges\s+)?(?:antwort|lösung|ergebnis|"
        r"endergebnis)\s*(?:ist|lautet|beträgt|:)(?:\s+(?:also|somit|daher))?",
        denies=r"\b(?:nicht|kein|keine|falsch)\b",
        hedges=r"\b(?:vielleicht|möglicherweise|wenn|falls|eventuell|könnte|wäre)\b",
        concludes=r"(?:also|daher|somit|folglich|damit|insgesamt)\b",
        units=_LATIN,
    ),
    "French": Language(
        r"(?:la\s+|le\s+)?(?:réponse|reponse|solution|résultat)(?:\s+(?:finale|correcte|est|exacte))*\s*(?:est|:|"
        r"vaut)(?:\s+donc)?",
        denies=r"\b(?:n['’]est|pas|faux|fausse|ne)\b",
        hedges=r"\b(?:peut-être|si|probablement|serait|pourrait)\b",
        concludes=r"(?:donc|ainsi|par conséquent|finalement|au total|en tout)\b",
    ),
    "Spanish": Language(
        r"(?:la\s+|el\s+)?(?:respuesta|solución|resultado)(?:\s+(?:final|correcta|correcto))*\s*(?:es|"
        r":)(?:\s+(?:entonces|por lo tanto))?",
        denies=r"\b(?:no|incorrecto|incorrecta|falso)\b",
        hedges=r"\b(?:quizás|quizá|tal vez|si|podría|sería|probablemente)\b",
        concludes=r"(?:por lo tanto|por tanto|así|entonces|en total|luego)\b",
    ),
    "Portuguese": Language(
        r"(?:a\s+|o\s+)?(?:resposta|solução|resultado)(?:\s+(?:final|correta|correto))*\s*(?:é|:)(?:\s+(?:então|"
        r"portanto))?",
        denies=r"\b(?:não|errado|errada|incorreta)\b",
        hedges=r"\b(?:talvez|se|poderia|seria|provavelmente)\b",
        concludes=r"(?:portanto|logo|assim|então|no total)\b",
    ),
    "Italian": Language(
        r"(?:la\s+|il\s+)?(?:risposta|soluzione|risultato)(?:\s+(?:finale|corretta|corretto|esatta))*\s*(?:è|"
        r":)(?:\s+(?:quindi|dunque))?",
        denies=r"\b(?:non|sbagliato|sbagliata|errata)\b",
        hedges=r"\b(?:forse|se|potrebbe|sarebbe|probabilmente)\b",
        concludes=r"(?:quindi|dunque|pertanto|perciò|in totale)\b",
    ),
    "Arabic": Language(
        r"(?:إذن\s+)?(?:الجواب|الإجابة|الاجابة|الحل|الناتج|النتيجة)(?:\s+(?:النهائي|النهائية|الصحيح|"
        r"الصحيحة))*\s*(?:هو|هي|:|：)",
        denies=r"(?:ليس|ليست|غير|لا)\b",
        hedges=r"(?:ربما|إذا|لو|قد)\b",
        ends=r"\.",
        concludes=r"(?:إذن|لذلك|وبالتالي)",
        units=_ARABIC,
    ),
    "Turkish": Language(
        r"(?:nihai\s+|doğru\s+)?(?:cevap|yanıt|sonuç)(?:ımız|ı)?\s*(?::|olarak|ise|=)",
        denies=r"\b(?:değil\w*|yanlış|olamaz)\b",
        hedges=r"\b(?:belki|eğer|olabilir|muhtemelen)\b",
        concludes=r"(?:dolayısıyla|bu nedenle|sonuç olarak|yani|öyleyse|toplam)\b",
    ),
    "Vietnamese": Language(
        r"(?:đáp án|đáp số|câu trả lời|kết quả)(?:\s+(?:cuối cùng|đúng))*\s*(?:là|:)",
        denies=r"\b(?:không|chẳng|sai)\b",
        hedges=r"\b(?:có thể|có lẽ|nếu|giả sử)\b",
        concludes=r"(?:vậy|do đó|vì vậy|suy ra|tổng cộng)\b",
    ),
    "Hindi": Language(
        r"(?:अतः\s+)?(?:अंतिम\s+|सही\s+)?(?:उत्तर|जवाब|परिणाम)(?:\s*(?:है|:))?(?=\s*[-$\\\d])",
        denies=r"(?:नहीं|गलत)",
        hedges=r"(?:शायद|यदि|अगर)",
        ends=r"(?:है|हैं|होगा|होंगे)?\s*[।|]",
        concludes=r"(?:अतः|इसलिए|कुल)",
    ),
}
ANNOUNCES = "|".join(f"(?:{language.announces})" for language in LANGUAGES.values())
DENIES = re.compile("|".join(language.denies for language in LANGUAGES.values()), re.IGNORECASE)
HEDGES = re.compile("|".join(language.hedges for language in LANGUAGES.values()), re.IGNORECASE)
ENDS = "|".join(language.ends for language in LANGUAGES.values() if language.ends)
CONCLUDES = re.compile(
    rf"(?<!\W)\W*+(?:{'|'.join(language.concludes for language in LANGUAGES.values())})[,，、:：]?\s*", re.IGNORECASE
)
UNITS = {
    word: english
    for language in LANGUAGES.values()
    for word, english in language.units.items()
    if not (word.isascii() and is_unit_word(word))  # English as well
}
DENIED_BEFORE = re.compile(
    r"(?:不是|不为|不為|不等于|并非|并不是|不可能是|\bне|\bnicht|\bkeine?|n['’]est pas|\bno es|\bnão é|\bnon è|"
    r"ليس|ليست)\s*$",
    re.IGNORECASE,
)
DENIED_AFTER = re.compile(
    r"^[\s$]*(?:ではない|ではありません|じゃない|ではなく|[이가은는]?\s*아니|[이가은는]?\s*아닙니다|[이가]?\s*아닌|是错|"
    r"是不对|不对|吗|ですか|неверно|ist falsch)"
)
HEDGED_BEFORE = re.compile(
    r"(?:如果|假如|若)[^。]{0,80}(?:就|会|将)是\s*$|(?:如果|假如|可能|也许|或许|大概|もし|たぶん|만약|아마|\bвозможно|\bесли|\bvielleicht|\bwenn\b|"
    r"\bfalls\b|"
    r"peut-être|\bquizás?|\btal vez|\btalvez|\bforse|ربما|إذا)[^。.!?，,]*$",
    re.IGNORECASE,
)
FOREIGN = re.compile(r"[^\x00-\x7f\u2000-\u2bff\u0370-\u03ff\u00b0-\u00be\u00d7\u00f7]")
ENDS_OR_SAYS = re.compile(
    rf"{ENDS}|是|为|為|有|共|总计|合計|равно|это|всего|\b(?:es|son|hay|est|sont|ist|sind|sono|è|é|são|il y a)\b"
    rf"|{'|'.join(language.concludes for language in LANGUAGES.values())}",
    re.IGNORECASE,
)
_WORDS = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_UNIT = re.compile(
    r"(?<=[\d}$)])\s{0,9}(?:\\(?:text|mathrm|mbox|textrm)\s*\{\s*)?"
    rf"({_WORDS})(?![^\W\d_a-zA-Z]|[a-zA-Z])\s*\}}?"
)


_SCALES = (
    "mil|mille|millón|millones|milhão|milhões|million|millions|tausend|hundert|millionen|milliarden|тысяч[аи]?|"
    "миллион(?:а|ов)?|万|萬|亿|億|千|百|만|천|억|ألف|مليون"
)
_BEHIND = re.compile(
    rf"\s?(?:\\?%|°|[/*^+×·=:]\S*|Prozent|por ciento|pour cent|per cento|процент\w*|퍼센트|{_SCALES}|{_WORDS})"
)
_NUMBER = re.compile(r"(?<![\w.,])-?\d[\d,]*(?:\.\d+)?|\$[^$]{1,100}\$")


def stated(sentence: str, any_script: bool = False) -> str | None:
    """The one value that a sentence of another language states, with its unit; None in any other case.

    Args:
        sentence: without what announces it.
        any_script: whether it is known to be of another language; else its signs must show it.
    """
    text = re.sub(r"(?<=[^\x00-\x7f])(?=\d)", " ", sentence)
    found = list(_NUMBER.finditer(text))
    if (
        len(found) != 1
        or not (any_script or FOREIGN.search(text))
        or DENIES.search(text)
        or HEDGES.search(text)
        or re.search("[?？吗]", text)
    ):
        return None
    behind = _BEHIND.match(text, found[0].end())
    return text[found[0].start() : behind.end() if behind else found[0].end()].strip(" .。")


def concluded(sentence: str) -> str | None:
    """The one value that a sentence states where it says nothing else: "所以是27颗。", "Donc 27 dollars"."""
    told = stated(sentence)
    if told is None:
        return None
    rest = ENDS_OR_SAYS.sub(" ", CONCLUDES.sub(" ", sentence.replace(told, " ", 1)))
    return None if re.search(r"[^\W\d_]", rest) else told


def in_english(text: str) -> str:
    """An answer's units and joints of another language in English: 3\\text{元} is 3 \\text{ yuan}, 7只、4只 is 7, 4."""
    if text.isascii() and not _NOT_ENGLISH.search(text):
        return text
    text = _JOINTS.sub(", ", _OR.sub(" or ", text))
    return _UNIT.sub(lambda m: _english(UNITS[m[1]]), text).strip()


def _english(unit: str) -> str:
    if not unit:
        return " "
    if unit == "degree":
        return "^\\circ "
    name, power, exponent = unit.partition("^")
    return f" \\text{{ {name}}}{power}{exponent} "


_NOT_ENGLISH = re.compile(
    rf"\d\s*(?:\\text\s*\{{\s*)?(?:{'|'.join(map(re.escape, (w for w in UNITS if w.isascii())))})\b|"
    r"\s(?:und|oder|et|ou|y|e|o)\s"
)
_JOINTS = re.compile(r"\s*(?:[、，；]|(?<=[\d})$])\s*(?:和|及|以及|과|와|und|et|y|e|и)\s+(?=[-\d\\$(]))\s*")
_OR = re.compile(
    r"(?<=[\w)\]}$])\s*(?:\\text\s*\{\s*(?:或者?|또는|または|あるいは)\s*\}|或者?|또는|または|あるいは)\s*(?=[-+−\w\\$(\[])|"
    r"(?<=[\d)}$])\s+(?:(?:oder|или)\s+(?=[-+−\d\\$(a-z])|(?:ou|o)\s+(?=[-+−\d\\$(]))"
)
