#!/usr/bin/env python3
"""What tools/tidy.py finds and what it lets pass, rule by rule."""

import pathlib
import tempfile
import unittest

import tidy

LONG = "".join("  work();\n" for _ in range(60))


def functions(code):
    return tidy.Blocks(code).functions


class Law(unittest.TestCase):
    def test_floors(self):
        self.assertIsNone(tidy.law("llm/engine.h", "data/tensor.h"))
        self.assertIsNone(tidy.law("llm/engine.h", "llm/runner.h"))
        self.assertIn("sorts after", tidy.law("data/tensor.h", "llm/engine.h"))

    def test_folders_of_a_floor(self):
        self.assertIsNone(tidy.law("llm/models/a.h", "llm/kv/b.h"))
        self.assertIsNone(tidy.law("llm/models/a.h", "llm/b.h"))
        self.assertIsNone(tidy.law("llm/b.h", "llm/models/a.h"))
        self.assertIn("sorts after", tidy.law("llm/kv/b.h", "llm/models/a.h"))

    def test_circles(self):
        self.assertEqual(tidy.circles({"a.h": ["b.h"], "b.h": ["c.h"], "c.h": []}), [])
        self.assertEqual(tidy.circles({"a.h": ["b.h"], "b.h": ["a.h"]}), ["a.h -> b.h -> a.h"])


class Budgets(unittest.TestCase):
    def test_length(self):
        self.assertEqual(functions("\nint f() {\n" + LONG + "}\n"), [(2, 62, 0, 0)])
        self.assertEqual(functions("namespace a {\nvoid f() {\n}\nvoid g() {\n}\n}\n"),
                         [(2, 2, 0, 0), (4, 2, 0, 0)])

    def test_parameters(self):
        for head, count in (("void f()", 0), ("void f(int a)", 1), ("void f(int a, B<C, D> e)", 2),
                            ("A::A(int a, int b) : a_(a), b_{b}", 2), ("auto f(int a) -> int", 1),
                            ("bool operator()(int a, int b) const", 2),
                            ("template <class T> void f(Function<T(T, T)> a, T b = {1, 2})", 2)):
            with self.subTest(head):
                self.assertEqual([row[2] for row in functions(head + " { }\n")], [count])

    def test_nesting(self):
        three = "void f() { for (;;) { if (a) { while (b) { c(); } } } }"
        self.assertEqual(functions(three)[0][3], 3)
        chain = "void f() { if (a) { } else if (b) { } else { } switch (c) { } }"
        self.assertEqual(functions(chain)[0][3], 1)
        across = "void f() { if (a) { g([&] { for (int i = 0; i < 9; ++i) { } }); } }"
        self.assertEqual(functions(across)[0][3], 2)

    def test_what_is_no_function(self):
        for code in ("struct A { int a = 1; };", "constexpr B kB = { 1, {2} };",
                     "enum class C : int { d };",
                     "namespace a::b { }", "// void f() {\nint x;", 'const char* s = "void f() {";',
                     "#define F() void f() { \\\n }\n", 'auto r = R"(void f() {)";'):
            with self.subTest(code):
                self.assertEqual(functions(code), [])

    def test_digit_separators_are_no_literals(self):
        self.assertEqual(len(functions("int k = 1'000'000; void f() { }")), 1)

    def test_a_table_of_data_may_be_long(self):
        text = "int f() {\n" + "  1,\n" * 500 + "}\n"
        self.assertEqual(len(list(tidy.check_budgets(text))), 2)
        self.assertEqual(list(tidy.check_budgets(f"// {tidy.DATA_MARK}\n" + text)), [])


class Form(unittest.TestCase):
    def complaints(self, path, text, *others):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in (path, *others):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("#pragma once\n")
            (root / path).write_text(text)
            return " | ".join(found for _, found in tidy.check_file(root, path))

    def test_names(self):
        self.assertEqual(self.complaints("src/a/good_name.test.cc", ""), "")
        self.assertIn("file name", self.complaints("src/a/BadName.cc", ""))

    def test_headers(self):
        self.assertIn("#pragma once", self.complaints("src/a/b.h", "int x;\n"))
        text = '#include <vector>\n#include "a/b.h"\n'
        self.assertIn("own header", self.complaints("src/a/b.cc", text, "src/a/b.h"))
        self.assertEqual(self.complaints("src/a/b.cc", '#include "a/b.h"\n', "src/a/b.h"), "")

    def test_lines(self):
        self.assertIn("columns", self.complaints("src/a/b.cc", "x" * 101))
        self.assertIn("a tab", self.complaints("src/a/b.cc", "\tx"))
        self.assertIn("note to self", self.complaints("a.md", "TO" + "DO: more"))
        self.assertIn("one machine", self.complaints("a.md", "see /wo" + "rk/x"))
        self.assertEqual(self.complaints("a.md", "see https://a.org/home/x and ~/work/y"), "")

    def test_pages(self):
        page = "web/src/client/a.ts"
        self.assertEqual(self.complaints(page, "import {b} from '../base/b.ts';\n"), "")
        self.assertEqual(self.complaints(page, "import {b} from './b.ts';\n"), "")
        for text in ("import {b} from '../pages/b.ts';\n", "export * from '../pages/b.ts';\n",
                     "import {\n  b,\n} from '../pages/b.ts';\n"):
            self.assertIn("sorts after", self.complaints(page, text))
        self.assertIn("outside", self.complaints(page, "import {b} from '../../mock/b.ts';\n"))
        self.assertIn("401 lines", self.complaints(page, "b();\n" * 401))


if __name__ == "__main__":
    unittest.main()
