#!/usr/bin/env python3
"""Golden renderings of chat templates, made by Python's jinja2 as transformers sets it up.

    make_template_golden.py ARCHIVE_FOLDER           writes tests/golden/templates/*.json
    make_template_golden.py --show TEMPLATE CONTEXT  prints one rendering, to compare by eye

ARCHIVE_FOLDER is the unpacked shared/data/tokenizers.tar.zst. Its templates are not ours and are
not committed: a rendering is kept as its length and the head of its SHA-256. The snippets are ours
and are kept in full.
"""

import datetime
import hashlib
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox
import transformers
from transformers.utils import chat_template_utils

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import template_contexts

NOW = datetime.datetime(2026, 2, 3, 4, 5, 6)
OUT = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "templates"


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat_template_utils.datetime = Clock


def render(source, context):
    """The text, or None where compiling or rendering fails."""
    try:
        text = chat_template_utils._compile_jinja_template(source).render(**context)
        text.encode("utf-8")  # half a character (a lone surrogate) is no text
        return text
    except Exception as error:  # any failure is one: TypeError, UndefinedError, SecurityError, …
        render.error = f"{type(error).__name__}: {error}"
        return None


def digest(text):
    if text is None:
        return "error"
    data = text.encode("utf-8")
    return f"{len(data)}:{hashlib.sha256(data).hexdigest()[:12]}"


def archive_templates(folder):
    for path in sorted(folder.glob("chat-templates/*.jinja")):
        yield f"chat-templates/{path.name}", path.read_bytes().decode("utf-8")
    for path in sorted(folder.glob("*/chat_template.jinja")):
        yield f"{path.parent.name}/chat_template.jinja", path.read_bytes().decode("utf-8")
    for path in sorted(folder.glob("*/tokenizer_config.json")):
        template = json.loads(path.read_text(encoding="utf-8")).get("chat_template")
        if isinstance(template, str):
            yield f"{path.parent.name}/tokenizer_config.json", template


def write(name, content):
    content = {
        "made_by": f"tools/make_template_golden.py, jinja2 {jinja2.__version__}, "
        f"transformers {transformers.__version__}, Python {sys.version.split()[0]}",
        "now": NOW.isoformat(),
        **content,
    }
    lines = json.dumps(content, ensure_ascii=False, indent=0)
    (OUT / name).write_text(lines + "\n", encoding="utf-8")


def write_renderings(templates):
    contexts = template_contexts.CONTEXTS
    rows = {}
    for name, source in templates:
        results = [digest(render(source, json.loads(json.dumps(c)))) for c in contexts.values()]
        rows[name] = {
            "sha256": hashlib.sha256(source.encode("utf-8")).hexdigest()[:12],
            "renderings": " ".join(results),
        }
    write("renderings.json", {"contexts": contexts, "templates": rows})
    failed = sum(r["renderings"].count("error") for r in rows.values())
    print(f"{len(rows)} templates x {len(contexts)} contexts, {failed} errors")


def write_snippets():
    """Renders the rows of snippets.json again; to add one, add its template (and its context)."""
    old = json.loads((OUT / "snippets.json").read_text(encoding="utf-8"))
    rows = []
    for row in old["snippets"]:
        output = render(row["template"], {**old["context"], **row.get("context", {})})
        outcome = {"error": render.error} if output is None else {"output": output}
        rows.append({**{k: row[k] for k in ("template", "context") if k in row}, **outcome})
    write("snippets.json", {"context": old["context"], "snippets": rows})
    print(f"{len(rows)} snippets, {sum('error' in r for r in rows)} errors")


def main(arguments):
    if arguments[:1] == ["--show"]:
        text = render(pathlib.Path(arguments[1]).read_bytes().decode("utf-8"),
                      template_contexts.CONTEXTS[arguments[2]])
        print(render.error if text is None else text)
        return
    OUT.mkdir(parents=True, exist_ok=True)
    write_snippets()
    write_renderings(archive_templates(pathlib.Path(arguments[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
