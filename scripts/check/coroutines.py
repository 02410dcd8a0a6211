#!/usr/bin/env python3
"""Shapes that g++ 12 compiles wrongly when they share a full expression with co_await.

They free an object twice or do not compile: a brace-made aggregate, `?:`, a lambda that captures by
value, a statement expression. Written otherwise (a name on the line above, if/else) they are fine.
"""

from pathlib import Path

from source import run, tokens, tracked

CLOSES = {")": "(", "]": "[", "}": "{"}
CONTROL = {"if", "while", "for", "switch", "catch", "constexpr"}
BEFORE_BLOCK = {"", ")", ";", "}", ":", "else", "do", "try", "const", "noexcept", "override", "final",
                "mutable"}
SCOPE_HEADS = {"namespace", "class", "struct", "union", "enum"}
BEFORE_LAMBDA_WORDS = {"return", "co_return", "co_await", "co_yield", "case", "else"}
AFTER_CAPTURES = {"(", "{", "<", "->", "mutable", "noexcept"}
# Values of these have no destructor that could run twice.
ARITHMETIC = {"bool", "char", "int", "unsigned", "long", "float", "double", "size_t", "ptrdiff_t", "byte",
              *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64))}


def is_word(text):
    return text[:1].isalnum() or text[:1] == "_"


class Shape:
    """Which bracket belongs to which, and what each opening brace opens."""

    def __init__(self, stream):
        self.stream = stream
        self.partner = {}
        self.opens = {}  # index of "{" -> "block", "lambda" or "initialiser"
        self.captures = {}  # index of "[" of a lambda -> its items, each a list of words
        stack = []
        for at, token in enumerate(stream):
            if token.text in "([{":
                if token.text == "{":
                    self.opens[at] = self._kind(at, stack[-1] if stack else -1)
                stack.append(at)
            elif token.text in CLOSES and stack and self.text(stack[-1]) == CLOSES[token.text]:
                opening = stack.pop()
                self.partner[at], self.partner[opening] = opening, at
                if token.text == "]" and self._is_lambda(opening, at):
                    self.captures[opening] = self._items(opening, at)

    def text(self, at):
        return self.stream[at].text if 0 <= at < len(self.stream) else ""

    def _is_lambda(self, opening, closing):
        """Tells a capture list from a subscript, an attribute and a structured binding."""
        before = self.text(opening - 1)
        follows_value = before in CLOSES or before == '""' or (
            is_word(before) and before not in BEFORE_LAMBDA_WORDS)
        is_attribute = before == "[" or self.text(opening + 1) == "["
        return not follows_value and not is_attribute and self.text(closing + 1) in AFTER_CAPTURES

    def _items(self, opening, closing):
        items, depth = [[]], 0
        for at in range(opening + 1, closing):
            text = self.text(at)
            depth += (text in "([{<") - (text in ")]}>")
            if text == "," and depth == 0:
                items.append([])
            else:
                items[-1].append(text)
        return items

    def _kind(self, at, around):
        if self._follows_lambda_head(at):
            return "lambda"
        before = self.text(at - 1)
        nested = self.opens.get(around) == "initialiser"
        if before in BEFORE_BLOCK or before == "{" and not nested or self._declares_scope(at):
            return "block"
        return "initialiser"

    def _follows_lambda_head(self, at):
        """True if `[...]`, parameters and a return type stand before the brace."""
        back = at - 1
        while back >= 0:
            text = self.text(back)
            if text == "]":
                return self.partner.get(back) in self.captures
            if text == ")":
                back = self.partner.get(back, 0) - 1
                if self.text(back) != "]" and self.text(back) != "noexcept" \
                        and self.text(back) != ">":
                    return False
            elif is_word(text) or text in ("->", "::", "<", ">", "&", "*", ","):
                back -= 1
            else:
                return False
        return False

    def _declares_scope(self, at):
        """True for the brace of a namespace or class, or of a function with `-> type`."""
        back = at - 1
        while back >= 0 and self.text(back) not in (";", "{", "}", "(", "="):
            if self.text(back) == ")":
                return self.text(back + 1) == "->"
            if self.text(back) in SCOPE_HEADS:
                return True
            back -= 1
        return False

    def _ends_before(self, at):
        """True if a full expression cannot reach back over the token at `at`."""
        text = self.text(at)
        if text in ("(", ")"):
            opening = at if text == "(" else self.partner.get(at, at)
            return self.text(opening - 1) in CONTROL
        if text == "{":
            return self.opens[at] != "initialiser"
        if text == "}":
            return self.opens.get(self.partner.get(at)) == "block"
        return text in (";", "else", "do")

    def full_expression(self, at):
        """Indices of the tokens of the full expression around `at`, lambda bodies left out."""
        first = at
        while first > 0 and not self._ends_before(first - 1):
            first = self.partner.get(first - 1, 0) if self.text(first - 1) in CLOSES else first - 1
        here = first
        while here < len(self.stream):
            text = self.text(here)
            if text == ";" or text in CLOSES and self.partner.get(here, -1) < first \
                    or text == "{" and self.opens[here] == "block":
                return
            yield here
            if text == "{" and self.opens[here] == "lambda":
                here = self.partner.get(here, here)
            here += 1

    def is_statement_expression(self, at):
        """True for `({` with a statement of its own inside."""
        if self.text(at) != "{" or self.text(at - 1) != "(":
            return False
        inside = at + 1
        while inside < self.partner.get(at, at):
            if self.text(inside) == ";":
                return True
            inside = self.partner[inside] + 1 if self.text(inside) in "([{" else inside + 1
        return False


def by_value(items):
    return any(item and item[0] not in ("&", "this") for item in items)


def what_is_wrong(shape, at):
    text = shape.text(at)
    if text == "?":
        return "?:"
    if text == "{" and shape.opens[at] == "initialiser" and shape.text(at + 1) != "}" \
            and shape.text(at - 1) not in ARITHMETIC:
        return "a brace-made value"
    if at in shape.captures and by_value(shape.captures[at]):
        return "a lambda that captures by value"
    return None


def hazards(text):
    """(line, what) of each shape that is dangerous in a full expression with co_await."""
    shape, found = Shape(tokens(text)), set()
    for at, token in enumerate(shape.stream):
        if shape.is_statement_expression(at):
            found.add((token.line, "a statement expression"))
        elif token.text == "co_await":
            expression = [index for index in shape.full_expression(at)
                          if not shape.is_statement_expression(index)]
            found.update((shape.stream[index].line, what) for index in expression
                         if (what := what_is_wrong(shape, index)))
    return sorted(found)


def check(root):
    return [f"{name}:{line}: {what} in one full expression with co_await"
            for name in tracked(root, ".h", ".cpp")
            for line, what in hazards((Path(root) / name).read_text())]


if __name__ == "__main__":
    run(check)
