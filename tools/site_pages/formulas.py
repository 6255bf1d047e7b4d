"""Formulas as docstrings hold them, ``Σ(Q_A g_A) / Σ(g_A)``, set as TeX inside Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

FUNCTIONS = {
    **{name: rf"\{name}" for name in ("log", "exp", "min", "max", "tan")},
    **{"log2": r"\log_2", "log10": r"\log_{10}", "atan": r"\arctan", "mean": r"\mathrm{mean}\,"},
    "sqrt": r"\sqrt",
}
_NAMES = "alpha gamma kappa lambda mu pi sigma phi Gamma Delta sum prod partial"
GREEK = dict(zip("αγκλμπσφΓΔΣΠ∂", re.split(" ", _NAMES), strict=True))
RELATIONS = {
    **{"=": "=", "+": "+", "-": "-", "<": "<", ">": ">", ",": ",", ";": ";"},
    **{"≥": r"\ge", "≤": r"\le", "∝": r"\propto"},
}
TIMES = {"·": r"\cdot", "×": r"\times"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde"}
_RAISED, _LOWERED = "".join(RAISED), "".join(LOWERED)
_LETTER = "[A-Za-zα-ωΓΔ][\u0302\u0303]?"
_SYMBOL = re.compile(
    rf"(?P<number>\d+(?:\.\d+|\.\.\d+)?(?:e-?\d+)?)"
    rf"|(?P<function>{'|'.join(sorted(FUNCTIONS, key=len, reverse=True))})(?![a-z])"
    rf"|(?P<name>[A-Z]{{2,}}(?=[({_RAISED}])|[ΣΠ]|(?:[σμ∂](?=[a-z])|{_LETTER}))"
)
_BELOW = re.compile(
    rf"_(?P<marked>{_LETTER}(?:{_LETTER})?(?:-1)?(?:,[a-z](?:-1)?)?)"
    rf"|(?P<run>[a-z]{{1,2}}(?![a-z]))|(?P<digits>\d(?!\.))|(?P<low>[{_LOWERED}]+)"
)
_WORD = re.compile(
    rf"[(\[|‖-]*(?:\d[\d.,]*(?:e-?\d+)?|[A-Za-z]['’]*|(?:{'|'.join(FUNCTIONS)})(?:\(.*)?|[A-Za-z]{{1,3}}\(.*"
    rf"|.*[α-ωΓΔΣΠ∂{_RAISED}{_LOWERED}·×≥≤∝‖=^/+<>\u0302\u0303|].*|.*\)\(.*"
    rf"|[(\[|‖]*(?:\d-)?[A-Za-z]['’]*_[A-Za-zα-ω].*|-|[A-Z]\d)[)\]|‖,;]*"
)


class _Unreadable(ValueError):
    """Not a formula after all."""


class _Parser:
    """Recursive descent over one formula; every method returns TeX."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.bars = text, 0, 0

    def formula(self) -> str:
        tex = self.relation()
        if self.at < len(self.text):
            raise _Unreadable(self.text[self.at :])
        return tex

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _blank(self) -> bool:
        start = self.at
        while self._peek() == " ":
            self.at += 1
        return self.at > start

    def relation(self) -> str:
        """Products with ``+``, ``=``, commas between them."""
        parts: list[str] = []
        while True:
            self._blank()
            signs = []
            while self._peek() in RELATIONS and self._peek():
                signs.append(RELATIONS[self._peek()])
                self.at += 1
                self._blank()
            product = self.product() if signs or not parts else ""
            if not product:
                break
            parts += [*signs, product]
        if signs or not parts:
            raise _Unreadable(self.text)
        return " ".join(parts)

    def product(self) -> str:
        """Factors side by side; `` / `` makes a fraction, ``/`` without blanks stays a stroke."""
        factors: list[str] = []
        while True:
            blank = self._blank()
            sign = self._peek()
            if sign == "/":
                self.at += 1
                if blank:
                    factors = self._fraction(factors)
                    continue
                factors.append("/")
            elif sign in TIMES and sign:
                self.at += 1
                factors.append(TIMES[sign])
            factor = self.factor(first=not factors)
            if not factor:
                return " ".join(factors)
            factors.append(factor)

    def _fraction(self, factors: list[str]) -> list[str]:
        """A sum below takes the sum above with it; any other divisor belongs into that sum."""
        self._blank()
        below = self.factor()
        if is_sum := below.startswith((r"\sum", r"\prod")):
            self._blank()
            below += " " + self.factor()
            if below.endswith((r"\log", r"\log_2")):
                below += self.factor()
        sums = [i for i, f in enumerate(factors) if f.startswith((r"\sum", r"\prod"))]
        start = (sums[-1] + (not is_sum)) if sums else 0
        above = " ".join(_bare(f) if len(factors) == start + 1 else f for f in factors[start:])
        return [*factors[:start], rf"\frac{{{above}}}{{{_bare(below)}}}"]

    def factor(self, first: bool = True) -> str:
        """One symbol, call or bracket with its sub- and superscripts, or nothing.

        A bar that is not the first of a product closes what another one opened.
        """
        sign = self._peek()
        if sign in "([" and sign:
            tex = self._bracket()
        elif sign in "|‖" and sign and (first or not self.bars):
            tex = self._between(sign)
        elif found := _SYMBOL.match(self.text, self.at):
            self.at = found.end()
            tex = self._symbol(found)
        else:
            return ""
        return self._scripts(tex)

    def _bracket(self) -> str:
        close = {"(": ")", "[": "]"}[self._peek()]
        opened = self._peek()
        self.at += 1
        bars, self.bars = self.bars, 0
        inner = self.relation()
        self.bars = bars
        self._blank()
        if self._peek() != close:
            raise _Unreadable(self.text)
        self.at += 1
        return _enclosed(opened, inner, close)

    def _between(self, sign: str) -> str:
        tex = {"|": "|", "‖": r"\|"}[sign]
        self.at += 1
        self.bars += 1
        inner = self.relation()
        self.bars -= 1
        self._blank()
        if self._peek() != sign:
            raise _Unreadable(self.text)
        self.at += 1
        return _enclosed(tex, inner, tex)

    def _symbol(self, found: re.Match[str]) -> str:
        text = found.group()
        if found["number"]:
            return re.sub(r"e(.+)", r" \\cdot 10^{\1}", text).replace("..", r" \ldots ")
        if found["function"]:
            tex = FUNCTIONS[text]
            if self._peek() != "(":
                return tex
            inner = self._bracket()
            return rf"\sqrt{{{_bare(inner)}}}" if tex == r"\sqrt" else tex + inner
        if len(text) > 1 and text.isupper():
            return rf"\mathrm{{{text}}}"
        return _letters(text)

    def _scripts(self, tex: str) -> str:
        primes = below = above = ""
        while self._peek() in "'’" and self._peek():
            primes += "'"
            self.at += 1
        is_name = not tex[0].isdigit() and not tex.startswith((r"\left", r"\sqrt"))
        if is_name and (found := _BELOW.match(self.text, self.at)) and self._fits(tex, found):
            self.at = found.end()
            text = "".join(LOWERED.get(c, c) for c in found.group().lstrip("_"))
            below = f"_{{{_letters(text)}}}"
        while self._peek() in RAISED and self._peek():
            above += RAISED[self._peek()]
            self.at += 1
        if self._peek() == "^":
            self.at += 1
            above = self.factor()
        return tex + primes + below + (f"^{{{above}}}" if above else "")

    @staticmethod
    def _fits(tex: str, found: re.Match[str]) -> bool:
        """Whether letters that follow a symbol at once are its index: those of σ, μ and ∂ are."""
        if found["run"]:
            return tex in (r"\sigma", r"\mu", r"\partial")
        return not found["digits"] or (len(tex) == 1 and tex.isupper())


def _letters(text: str) -> str:
    """Letters with accents, and whatever else an index may hold."""
    out = []
    for place, letter in enumerate(text):
        if letter in ACCENTS:
            continue
        tex = "\\" + GREEK[letter] if letter in GREEK else letter
        accent = ACCENTS.get(text[place + 1 : place + 2])
        out.append(f"{accent}{{{tex}}}" if accent else tex)
    return " ".join(out) if any("\\" in part for part in out) else "".join(out)


def _enclosed(opened: str, inner: str, close: str) -> str:
    """Within brackets or bars, which grow with what is high."""
    if re.search(r"\\(?:frac|sum|prod|sqrt)", inner):
        return rf"\left{opened}{inner}\right{close}"
    return f"{opened}{inner}{close}"


def _bare(tex: str) -> str:
    """Without the one round bracket that encloses all of it, unless that holds a list."""
    depth = 0
    for place, letter in enumerate(tex):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 1:
            return tex
        if depth == 0 and (place == 0 or place < len(tex) - 1) and not tex.startswith(r"\left"):
            return tex
        if depth == 0 and place > len(r"\left") and place < len(tex) - 1:
            return tex
    return re.sub(r"^(?:\\left)?\((.*?)(?:\\right)?\)$", r"\1", tex)


def tex_of(formula: str) -> str | None:
    r"""A formula in TeX, or None where it cannot be read.

    Example:
        >>> tex_of("Σ p_X log2(p_X / p_F)")
        '\\sum p_{X} \\log_2\\left(\\frac{p_{X}}{p_{F}}\\right)'
    """
    try:
        return _Parser(formula).formula()
    except (_Unreadable, RecursionError):
        return None


def markdown(text: str, *, display: bool = True) -> str:
    """Prose with formulas, as MyST Markdown with ``$...$``; large ones stand on lines of their own.

    Text between backticks stays as it is.
    """
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    made = "".join(p if p.startswith("`") else "".join(_set(p, display)) for p in parts).strip()
    return re.sub(r"\n\$\$\n\n([.,;:])\s*", r"\1\n$$\n\n", made)


def _set(text: str, display: bool) -> Iterator[str]:
    for is_formula, piece in _pieces(text):
        after = ""
        tex = tex_of(piece) if is_formula else None
        while is_formula and tex is None and " " in piece:  # what follows belongs to the prose
            piece, _, rest = piece.rpartition(" ")
            after, tex = f" {rest}{after}", tex_of(piece)
        if tex is None:
            yield escaped(piece)
        elif display and len(piece) > 24 and re.search(r"\\frac|\\sum|\\prod|\\sqrt", tex):
            yield f"\n\n$$\n{tex}\n$$\n\n"
        else:
            yield f"${tex}$"
        yield escaped(after)


def escaped(text: str) -> str:
    """Prose of which no character means anything to Markdown; code between backticks stays code."""
    return re.sub(r"([\\*_<>\[\]|$#])", r"\\\1", text)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text in order, each piece with whether it may be a formula."""
    run: list[str] = []
    depth = 0
    for word, blank in re.findall(r"(\S*)(\s*)", text):
        core = word.rstrip(".,;:") if depth + _opened(word) <= 0 else word
        mathematical = _is_formula(core, depth) and depth + _opened(word) >= 0
        if mathematical:
            run.append(core)
            depth += _opened(core)
        if mathematical and core == word:
            run.append(blank)
            continue
        yield from _closed(run)
        run, depth = [], 0
        yield False, (word[len(core) :] if mathematical else word) + blank
    yield from _closed(run)


def _is_formula(word: str, depth: int) -> bool:
    """Whether a word may belong to a formula; the article ``a`` may not."""
    letters = "".join(re.split("|".join(FUNCTIONS), word))
    is_prose = bool(re.search("[A-Za-z]{4}", letters)) or (word == "a" and depth <= 0)
    return bool(word) and bool(_WORD.fullmatch(word)) and not is_prose


def _closed(run: list[str]) -> Iterator[tuple[bool, str]]:
    """A run of words, a formula where it has an operator or a letter that prose has not."""
    text = "".join(run)
    core = text.rstrip()
    strong = re.search(
        rf"[=ΣΠ∝≥≤σμλκαπ∂Γ‖×·{_RAISED}{_LOWERED}\u0302\u0303]|\w_\w|[+/^]| - |m(?:in|ax)\(", core
    )
    yield bool(strong) and not re.fullmatch(r"[\d.,x×/-]+|=|/", core), core
    yield False, text[len(core) :]


def _opened(word: str) -> int:
    return sum(word.count(c) for c in "([") - sum(word.count(c) for c in ")]")
