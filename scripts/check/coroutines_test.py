"""The check of coroutine shapes finds each forbidden one and leaves the safe ones alone."""

import unittest

from coroutines import hazards

FORBIDDEN = {
    "designated aggregate": "auto r = co_await f(Req{.a = x});",
    "bare braces": "auto r = co_await f({1, text});",
    "braces deep inside": "co_return g(1, co_await f(std::vector<Item>{a, b}));",
    "declaration with braces": "Thing thing{co_await f()};",
    "conditional around": "auto r = c ? co_await f() : g();",
    "conditional as argument": "co_await f(c ? a() : b());",
    "by-value lambda": "co_await f([x] { return x; });",
    "copying default": "co_await f([=](int a) mutable { use(a); });",
    "moved in": "co_await f([name = std::move(name)]() -> int { return 1; });",
    "in a condition": "if (auto r = co_await f(Req{1}); r) {}",
    "after an if": "if (ok) co_await f(Req{1});",
    "in a loop head": "for (auto& x : co_await f(Req{1})) use(x);",
    "inside a lambda": "spawn([&]() -> Task<void> { co_await f({1, 2}); });",
    "over lines": "auto r = co_await f(\n    a,\n    Req{.b = 2});",
    "statement expression": "auto r = ({ auto s = co_await f(); s; });",
}
SAFE = {
    "parentheses": "auto r = co_await f(Req(1));",
    "named before": "Req req{.a = x};\nauto r = co_await f(std::move(req));",
    "conditional elsewhere": "auto a = c ? x : y;\nco_await f(a);",
    "conditional in the if": "if (c ? x : y) co_await f();",
    "return of an aggregate": "auto r = co_await f();\nco_return Answer{.a = r};",
    "in another branch": "if (co_await f()) { use(Req{1}); } else { g(c ? a : b); }",
    "init statement": "if (auto r = co_await f(); r) { co_return Answer{1}; }",
    "by-reference lambda": "co_await f([&] { return c ? a : b; });",
    "this": "co_await f([this, &x] { use(Req{1}); });",
    "inside of a named lambda": "auto work = [x] { return Req{x}; };\nco_await f(work);",
    "awaiting inside": "spawn(executor, [self, x]() -> Task<void> { co_await f(); }, Req{1});",
    "structured binding": "const auto& [key, value] = co_await f();",
    "comment": "co_await f();  // c ? Req{1} : b",
    "string": 'co_await f("a ? b : c{1}");',
    "index": "co_await f(names[at]);",
    "a number": "co_await f(std::uint64_t{100}, int{c});",
    "empty braces": "co_await f(Options{});",
    "loop": "for (const auto& x : items) {\n    co_await f(x);\n}\nReq r{1};",
    "case": "switch (a) { case b: { co_await f(); break; } default: g({1}); }",
}


def in_function(body):
    return f"namespace a {{\nTask<int> C::run(int x) const {{\n{body}\n}}\n}}  // namespace a\n"


class Shapes(unittest.TestCase):
    def test_each_forbidden_shape_is_found(self):
        for name, body in FORBIDDEN.items():
            with self.subTest(name):
                self.assertEqual(len(hazards(in_function(body))), 1)

    def test_the_line_is_that_of_the_shape(self):
        self.assertEqual(hazards(in_function(FORBIDDEN["over lines"])), [(5, "a brace-made value")])

    def test_safe_shapes_are_left_alone(self):
        for name, body in SAFE.items():
            with self.subTest(name):
                self.assertEqual(hazards(in_function(body)), [])


if __name__ == "__main__":
    unittest.main()
