#!/usr/bin/env python3
"""Compares `tokenmill tokenize` with Hugging Face tokenizers and SentencePiece, token for token.

  python3 tools/compare_tokenizers.py --tokenmill build/release/tokenmill --data DIR [--only NAME …]

DIR is the unpacked tokenizers archive. Needs `pip install tokenizers sentencepiece`. The corpus is
generated (the same on every machine); --english FILE adds a text of your own (wikitext-2),
--code DIR the source files of a folder. Exit code 0 if every text gives the same ids and every list
of ids the same text. --write-golden FILE writes the small file that the unit tests read instead.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

SYLLABLES = "ka lo mi ter ing tion est re un pre ly ness er ou th st qu ble ment ize y".split()
MARKS = ["'s", "'t", "'re", "'VE", "'ll", "'D", ", ", ". ", "; ", "? ", "! ", " - ", " (", ") ",
         '"', "…", " — ", "\n", "\n\n", "\r\n", "\t", "  ", "     ", " \n ", "\u00a0", "\u3000",
         "\u180e", "\u200b", "\u2028", "\u0085", "_", "/", "\\", "<", ">", "<|", "|>", "[", "]"]
NUMBERS = ["7", "42", "1234567", "3.14", "٣٤٥", "१२३", "½", "Ⅻ", "①", "１２"]
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪🇫🇷", "❤️", "🧑🏿‍🚀", "1️⃣", "🫠", "☎"]
COMBINED = ["é", "e\u0301", "n\u0303", "ö̲", "각", "ᄀ\u1161\u11a8", "ﬁ", "Å", "\u212b", "ẛ̣",
            "क्षि", "ก็"]
RANGES = [(0x4E00, 0x9FA5), (0x3041, 0x3096), (0x30A1, 0x30FA), (0xAC00, 0xD7A3), (0x0621, 0x064A),
          (0x064B, 0x0652), (0x05D0, 0x05EA), (0x0410, 0x044F), (0x03B1, 0x03C9), (0x0905, 0x0939),
          (0x0E01, 0x0E3A), (0x1780, 0x17B3), (0x10A0, 0x10C5), (0x1F600, 0x1F64F),
          (0x20000, 0x2A6D6), (0x1D400, 0x1D7FF), (0x00A1, 0x024F), (0x2190, 0x22FF),
          (0x2581, 0x2588), (0x0000, 0x007F)]
CODE = ["def f(x, *args):\n    return x ** 2  # squared\n",
        "for (int i = 0; i < n; ++i) {\n\t\ta[i] += b;\n}\n",
        "if (p != nullptr && *p >= 0x7fUL) goto out;\n", "SELECT a.id FROM t AS a WHERE x='y';\n",
        "<div class=\"a b\">&nbsp;</div>\r\n", "std::vector<std::pair<int, float>> v{{1, 2.f}};\n",
        "camelCaseName snake_case_name SCREAMING_CASE HTTPServer2Go\n", "λ x → x ⊕ ¬y\n",
        "#include <stdio.h>\n\n\n", "    " * 9 + "pass\n", "https://example.org/a?b=c&d=%20#e\n"]


def word(rng):
    text = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4)))
    return rng.choice([str, str.capitalize, str.upper, str, str])(text)


def piece(rng, kind):
    if kind == "latin":
        return word(rng) + rng.choice([" ", " ", " ", rng.choice(MARKS)])
    if kind == "code":
        return rng.choice(CODE) if rng.random() < 0.7 else word(rng) + rng.choice(MARKS)
    if kind == "scripts":
        low, high = rng.choice(RANGES)
        run = "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 9)))
        return run + rng.choice(["", " ", "，", "。", "\n"])
    if kind == "emoji":
        return rng.choice(EMOJI + COMBINED) + rng.choice(["", " ", rng.choice(MARKS)])
    if kind == "mixed":
        return piece(rng, rng.choice(["latin", "code", "scripts", "emoji", "number"]))
    return rng.choice(NUMBERS) + rng.choice(["", " ", rng.choice(MARKS)])


def generated(kind, size, seed):
    rng = random.Random(f"{kind}{seed}")
    parts, length = [], 0
    while length < size:
        parts.append(piece(rng, kind))
        length += len(parts[-1].encode())
    return "".join(parts).encode()


def broken(size):
    """UTF-8 with bytes changed, dropped and put in."""
    rng = random.Random("broken")
    data = bytearray(generated("mixed", size, 1))
    for _ in range(size // 20):
        at = rng.randrange(len(data))
        data[at] = rng.randrange(256)
    return bytes(data)


def corpus(args):
    """Name → list of byte strings, each tokenized on its own."""
    texts = {}
    for kind, size in [("latin", 300000), ("code", 300000), ("scripts", 400000), ("emoji", 200000),
                       ("mixed", 500000), ("number", 50000)]:
        whole = generated(kind, size, 0)
        texts[kind] = [whole] + [generated(kind, n, n) for n in range(1, 60)]
    texts["broken"] = [broken(200000)] + [generated("mixed", 40, n)[n % 7:-1] for n in range(60)]
    texts["runs"] = [c.encode() * n for c in ["a", " ", "\n", "▁", "é", "字", "😀", "ab", "1", "."]
                     for n in (1, 2, 3, 17, 300, 5000)] + [b" \n" * 500, b"\r\n\t " * 400]
    if args.english:
        texts["english"] = [pathlib.Path(args.english).read_bytes()]
    if args.code:
        found = pathlib.Path(args.code).rglob("*")
        files = sorted(p for p in found if p.suffix in (".h", ".py", ".c"))
        texts["source files"] = [p.read_bytes() for p in files[:200]]
    return texts


def specials(names, rng):
    """Texts with control tokens in them, glued and spaced."""
    out = []
    for _ in range(200):
        parts = [rng.choice([rng.choice(names), piece(rng, "mixed"), " ", "\n"]) for _ in range(8)]
        out.append("".join(parts).encode())
    return out


class Mill:
    def __init__(self, program, model):
        self.base = [program, "tokenize", "--model", str(model), "--json", "--batch"]

    def run(self, flags, blobs):
        """--batch: 8-byte little-endian length and that many bytes, again and again."""
        stream = b"".join(len(b).to_bytes(8, "little") + b for b in blobs)
        done = subprocess.run(self.base + flags, input=stream, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"{self.base}: {done.stderr.decode()}")
        return [json.loads(line) for line in done.stdout.split(b"\n") if line]

    def encode(self, texts, flags):
        return [row["tokens"] for row in self.run(flags, texts)]

    def decode(self, lists, flags):
        blobs = [" ".join(map(str, ids)).encode() for ids in lists]
        return [row["text"] for row in self.run(["--decode"] + flags, blobs)]


class HuggingFace:
    def __init__(self, path):
        import tokenizers
        self.t = tokenizers.Tokenizer.from_file(str(path))
        self.t.no_truncation()
        self.t.no_padding()
        self.size = self.t.get_vocab_size()
        self.names = [a.content for a in self.t.get_added_tokens_decoder().values()][:400]
        self.byte_tokens = self.t.token_to_id("<0x0A>") is not None

    def encode(self, text, special):
        return self.t.encode(text, add_special_tokens=special).ids

    def decode(self, ids, skip):
        return self.t.decode(ids, skip_special_tokens=skip)


class SentencePiece:
    names = []

    def __init__(self, path):
        import sentencepiece
        self.t = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.size = self.t.vocab_size()
        self.byte_tokens = True

    def encode(self, text, special):
        return ([self.t.bos_id()] if special else []) + self.t.encode(text)

    def decode(self, ids, skip):
        return self.t.decode(ids)


def report(kind, got, want, what):
    for i, (a, b) in enumerate(zip(got, want)):
        if a != b:
            at = next((k for k in range(min(len(a), len(b))) if a[k] != b[k]), min(len(a), len(b)))
            print(f"    DIFFERS {kind}[{i}] at {at}: {a[max(0, at - 3):at + 6]!r} "
                  f"expected {b[max(0, at - 3):at + 6]!r} {what(i, at, b)}")
            return 1
    return 0


def compare(name, peer, mill, texts):
    rng = random.Random(name)
    groups = dict(texts)
    if peer.names:
        groups["control tokens"] = specials(peer.names, rng)
    size = count = faults = 0
    encoded = []
    for kind, blobs in groups.items():
        strings = [b.decode("utf-8", "replace") for b in blobs]
        want = [peer.encode(s, False) for s in strings]
        got = mill.encode(blobs, ["--no-special"])

        def show(i, at, b):
            return repr(peer.decode(b[max(0, at - 3):at + 6], False))
        faults += report(kind, got, want, show)
        back = mill.decode(want, [])
        faults += report(kind + " decoded", back, [peer.decode(w, False) for w in want],
                         lambda *_: "")
        size += sum(map(len, blobs))
        count += sum(map(len, want))
        encoded += want
    strings = [s for s in ["Hello", " Hello", "", "a b"]]
    faults += report("with BOS", mill.encode([s.encode() for s in strings], []),
                     [peer.encode(s, True) for s in strings], lambda *_: "")
    faults += compare_random_ids(peer, mill, rng)
    verdict = "equal" if faults == 0 else f"{faults} FAULTS"
    print(f"{name:24} {size / 1e6:6.2f} MB {count:9} tokens  {verdict}", flush=True)
    return faults


def compare_random_ids(peer, mill, rng):
    """Ids that no text gives. Runs of byte tokens that are no UTF-8 are left out: there our bytes
    stay bytes, which become U+FFFD one by one only where they are printed."""
    lists = [[rng.randrange(peer.size) for _ in range(12)] for _ in range(300)]
    want = [peer.decode(ids, True) for ids in lists]
    if peer.byte_tokens:
        keep = [i for i, w in enumerate(want) if "\ufffd" not in w and "\u2047" not in w]
        lists, want = [lists[i] for i in keep], [want[i] for i in keep]
    return report("random ids", mill.decode(lists, ["--no-special"]), want, lambda *_: "")


GOLDEN = ["Hello world", " Hello  world!\n", "", " ", "\n\n", "it's WE'LL I'D 'S", "12345 6.78 ½",
          "camelCaseHTTPServer2Go", "def f(x):\n    return x ** 2  # é\n\n\n\tpass\r\n", "a\u180eb",
          "e\u0301 \u212b 각 ﬁ", "你好，世界。こんにちは", "مَرْحَبًا بالعالم", "हिन्दी กำ ខ្មែរ",
          "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 1️⃣", "<s>[INST] <|im_start|>user<|im_end|> </s>", "▁▁x ▁",
          "\ufffd\u0000\u0007",
          "~!@#$%^&*()_+{}|:\"<>?`-=[]\\;',./", " " * 40 + "x" * 40]


def write_golden(path, jobs):
    """Texts, and for each vocabulary the ids of each and the text they decode to."""
    import sentencepiece
    import tokenizers
    texts = GOLDEN + [generated("mixed", 60, n).decode() for n in range(12)]
    rows = {}
    for _, file, kind in jobs:
        peer = kind(file)
        ids = [peer.encode(t, False) for t in texts]
        rows[f"{file.parent.name}/{file.name}"] = {
            "ids": ids, "decoded": [peer.decode(i, False) for i in ids]}
    made = (f"tools/compare_tokenizers.py --write-golden, tokenizers {tokenizers.__version__}, "
            f"sentencepiece {sentencepiece.__version__}")
    golden = {"provenance": made, "texts": texts, "vocabularies": rows}
    pathlib.Path(path).write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenmill")
    parser.add_argument("--write-golden")
    parser.add_argument("--data", required=True)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--english")
    parser.add_argument("--code")
    args = parser.parse_args()
    data = pathlib.Path(args.data)
    jobs = [(p.parent.name, p, HuggingFace) for p in sorted(data.glob("*/tokenizer.json"))]
    jobs += [("llama2.model", data / "llama2/tokenizer.model", SentencePiece)]
    jobs += [(p.name[-24:], p, SentencePiece) for p in sorted((data / "mistral").glob("*.model*"))]
    if args.write_golden:
        return write_golden(args.write_golden, jobs)
    texts = corpus(args)
    faults = 0
    for name, path, kind in jobs:
        if path.exists() and (not args.only or name in args.only):
            with tempfile.TemporaryDirectory() as alone:  # without tokenizer_config.json beside it
                link = pathlib.Path(alone) / path.name
                link.symlink_to(path.resolve())
                faults += compare(name, kind(path), Mill(args.tokenmill, link), texts)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
