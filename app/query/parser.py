"""Text to tree. Errors carry the column and say what would have been right.

filter   = any
any      = all { OR all }
all      = not { [AND] not }                  two conditions side by side must both hold
not      = NOT not | "(" any ")" | HAS field | condition
condition = field operator value | field IS [NOT] NULL | field [NOT] IN "(" value { "," value } ")"
         | field [NOT] (LIKE | ILIKE) value | field ":" value { "," value } | word

A word that is a yes or no of its own, such as `silent`, is that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Final, NoReturn

from ..errors import FilterError
from ..records import Millis
from .fields import Keys, Name, find_field, is_prefixed, why_not
from .tree import And, Field, Has, Node, Not, Operator, Or, Sort, Words
from .values import Terms, Typed, compare, contain
from .vocabulary import AGE, RUNS, Vocabulary

MOST_CHARACTERS: Final = 100_000
MOST_CONDITIONS: Final = 250
"""SQLite refuses an expression deeper than 1,000; a condition takes up to three levels."""
MOST_DEPTH: Final = 50

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"""[^\s()'"`]+""")
_VALUE = re.compile(r"""[^\s(),'"`]+""")
_NAME = re.compile(r"[\w./@$-]+")
_KEYWORD = re.compile(r"[A-Za-z]+(?![\w./@$:-])")
_SYMBOL = re.compile(r"<=|>=|==|!=|<>|!~|=~|[=<>~:]")
_SYMBOLS: Final[Mapping[str, Operator]] = {"==": "=", "<>": "!=", "=~": "~"}
_OPERATORS = "=, !=, <, <=, >, >=, ~, :, like, ilike, in, not in, is null, is not null"
_QUOTES = "'\"`"


def parse(
    text: str,
    *,
    zone: tzinfo = UTC,
    now: Millis,
    keys: Keys | None = None,
    vocabulary: Vocabulary = RUNS,
) -> Node | None:
    """A filter's text as a tree; None where it is empty. Raises FilterError with a 0-based column.

    `zone` is where times without a zone are meant, `now` what relative times count from. With `keys` (the names
    of the metrics, params and tags that there are, by kind: "metric", "param", "tag") a bare name on the left
    of a comparison may be one of them: `val_auc > 0.9`. `vocabulary` says what is filtered: RUNS, PIPELINES, MODELS
    or CHECKS.
    """
    if len(text) > MOST_CHARACTERS:
        raise FilterError(f"The filter is longer than {MOST_CHARACTERS} characters.", MOST_CHARACTERS)
    _refuse_what_cannot_be_stored(text)
    return _Parser(text, Terms(zone, now, vocabulary), keys or {}).filter()


def _refuse_what_cannot_be_stored(text: str) -> None:
    for column, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise FilterError(f"Column {column + 1} holds a byte that is not text.", column)


def parse_sort(text: str, keys: Keys | None = None, vocabulary: Vocabulary = RUNS) -> Sort:
    """`metrics.val_auc:desc`, `name`, `age`: what to order by. Raises FilterError."""
    name, colon, direction = text.strip().rpartition(":")
    if not colon or direction.lower() not in ("asc", "desc"):
        name, direction = text.strip(), "asc"
    field = _Parser(name, Terms(UTC, 0, vocabulary), keys or {}).only_field()
    descending = direction.lower() == "desc"
    return Sort(vocabulary.age if field == AGE else field, descending != (field == AGE))


class _Parser:
    def __init__(self, text: str, terms: Terms, keys: Keys) -> None:
        self.text = text
        self.at = 0
        self.terms = terms
        self.vocabulary = terms.vocabulary
        self.keys = keys
        self.depth = 0
        self.conditions = 0

    def filter(self) -> Node | None:
        self._skip()
        if self._ended():
            return None
        node = self._any()
        if not self._ended():
            self._fail("There is no “(” for this “)”.")
        return node

    def only_field(self) -> Field:
        name = self._name()
        if name is None or not self._ended():
            self._fail("This is no field to order by: write a name, then :asc or :desc.")
        return self._resolve(name, 0)

    # the grammar, a rule a method

    def _any(self) -> Node:
        parts = [self._all()]
        while self._take_keyword("or"):
            parts.append(self._all())
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> Node:
        parts = [self._not()]
        while self._take_keyword("and") or not (self._ended() or self._here() == ")" or self._keyword() == "or"):
            parts.append(self._not())
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def _not(self) -> Node:
        if self._keyword() == "not":
            return self._deeper(lambda: Not(self._after_not()))
        if self._here() == "(":
            return self._deeper(self._parenthesis)
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            self._fail(f"A filter has at most {MOST_CONDITIONS} conditions.")
        return self._condition()

    def _after_not(self) -> Node:
        self._take_keyword("not")
        return self._not()

    def _deeper(self, rule: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            self._fail(f"This is nested deeper than {MOST_DEPTH} levels.")
        node = rule()
        self.depth -= 1
        return node

    def _parenthesis(self) -> Node:
        opened = self.at
        self._advance(1)
        node = self._any()
        if self._here() != ")":
            self._fail("This “(” is never closed.", opened)
        self._advance(1)
        return node

    def _condition(self) -> Node:
        if self._ended() or self._here() == ")":
            example = self.vocabulary.condition
            self._fail(f"A condition is missing here: write a comparison such as {example}, or a word.")
        if self._keyword() in ("and", "or"):
            self._fail(f"A condition is missing before “{self._keyword()}”. To search for the word, quote it.")
        start = self.at
        if self._take_keyword("has") and not self._operator_follows():
            return Has(self._field())
        self.at = start
        name = self._name()
        self._skip()
        if name is not None and self._operator_follows():
            return self._compared(self._resolve(name, start))
        self.at = start
        return self._words()

    def _operator_follows(self) -> bool:
        if _SYMBOL.match(self.text, self.at) or self._keyword() in ("is", "in", "like", "ilike"):
            return True
        start = self.at
        found = self._take_keyword("not") and self._keyword() in ("in", "like", "ilike")
        self.at = start
        return found

    def _words(self) -> Node:
        start = self.at
        if self._here() in _QUOTES:
            text = self._quoted()
            self._skip()
            if not text:
                self._fail("There is nothing between these quotes to search for.", start)
            return Words(text)
        found = _WORD.match(self.text, self.at)
        assert found is not None  # neither space, quote, parenthesis nor end stands here
        if is_prefixed(found[0], self.vocabulary):
            hint = f"Write one of {_OPERATORS} after “{found[0]}”, or “has {found[0]}”."
            self._fail(f"A comparison is missing here. {hint}", found.end())
        self._advance(len(found[0]))
        own = self.vocabulary.fields.get(found[0].lower())
        return Has(own) if own is not None and own != AGE and own.type == "flag" else Words(found[0])

    def _compared(self, field: Field) -> Node:
        symbol = _SYMBOL.match(self.text, self.at)
        if symbol is not None:
            return self._by_symbol(field, symbol[0])
        if self._take_keyword("is"):
            return self._null(field)
        start = self.at
        negated = self._take_keyword("not")
        if self._take_keyword("in"):
            return compare(field, "not in" if negated else "in", self._list(), start, self.terms)
        operator: Operator = "like" if self._take_keyword("like") else "ilike"
        self._take_keyword("ilike")
        node = compare(field, operator, [self._value()], start, self.terms)
        self._skip()
        return And((Has(field), Not(node))) if negated else node

    def _by_symbol(self, field: Field, symbol: str) -> Node:
        start = self.at
        self._advance(len(symbol))
        if symbol == ":":
            node = contain(field, self._alternatives(), start, self.terms)
        elif symbol == "!~":
            node = And((Has(field), Not(compare(field, "~", [self._value()], start, self.terms))))
        else:
            operator: Operator = _SYMBOLS.get(symbol, symbol)  # type: ignore[arg-type]  # the pattern lets only operators in
            node = compare(field, operator, [self._value()], start, self.terms)
        self._skip()
        return node

    def _null(self, field: Field) -> Node:
        negated = self._take_keyword("not")
        if not self._take_keyword("null"):
            self._fail("After “is” stands “null” or “not null”.")
        present = Has(self._present(field))
        return present if negated else Not(present)

    def _list(self) -> list[Typed]:
        opened = self.at
        if self._here() != "(":
            self._fail("After “in” stands a list in parentheses: in ('a', 'b').")
        values: list[Typed] = []
        while not values or self._here() == ",":
            self._advance(1)
            values.append(self._value())
            self._skip()
        if self._here() != ")":
            self._fail("This list goes on with “,” or ends with “)”.", self.at if not self._ended() else opened)
        self._advance(1)
        return values

    def _alternatives(self) -> list[Typed]:
        values = [self._value()]
        while self._here() == ",":
            self._advance(1)
            values.append(self._value())
        return values

    # fields and values

    def _field(self) -> Field:
        start = self.at
        name = self._name()
        if name is None:
            self._fail(f"The name of a field is missing here: {self.vocabulary.examples} ...")
        self._skip()
        return self._present(self._resolve(name, start))

    def _resolve(self, name: Name, start: int) -> Field:
        field = find_field(name, self.keys, self.vocabulary)
        if field is None:
            self._fail(why_not(name, self.keys, self.vocabulary), start)
        return field

    def _present(self, field: Field) -> Field:
        return self.vocabulary.age if field == AGE else field

    def _name(self) -> Name | None:
        parts: list[tuple[str, bool]] = []
        while not self._ended():
            found = _NAME.match(self.text, self.at)
            if found is not None:
                parts.append((found[0], False))
                self.at = found.end()
            elif self._here() in '`"':
                parts.append((self._quoted(), True))
            else:
                break
        return tuple(parts) or None

    def _value(self) -> Typed:
        start = self.at
        if not self._ended() and self._here() in _QUOTES:
            return Typed(self._quoted(), True, start)
        found = _VALUE.match(self.text, self.at)
        if found is None:
            self._fail("A value is missing here.")
        self.at = found.end()
        return Typed(found[0], False, start)

    # characters

    def _quoted(self) -> str:
        """The text between two equal quotes; the quote itself is written twice inside."""
        start, quote = self.at, self.text[self.at]
        end = self.text.find(quote, start + 1)
        while end >= 0 and self.text[end + 1 : end + 2] == quote:
            end = self.text.find(quote, end + 2)
        if end < 0:
            self._fail(f"This {quote} is never closed.", start)
        self.at = end + 1
        return self.text[start + 1 : end].replace(quote * 2, quote)

    def _keyword(self) -> str:
        found = _KEYWORD.match(self.text, self.at)
        return found[0].lower() if found else ""

    def _take_keyword(self, word: str) -> bool:
        if not word or self._keyword() != word:
            return False
        self._advance(len(word))
        return True

    def _ended(self) -> bool:
        return self.at >= len(self.text)

    def _here(self) -> str:
        return self.text[self.at : self.at + 1]

    def _advance(self, characters: int) -> None:
        self.at += characters
        self._skip()

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        if space:
            self.at = space.end()

    def _fail(self, sentence: str, column: int | None = None) -> NoReturn:
        raise FilterError(sentence, self.at if column is None else column)
