"""For hostile_input_test.py: schemas, patterns and grammars that nobody means well with."""

import json

from hostile_http import Attack, post

CHAT = "/v1/chat/completions"
EITHER = (200, 400)  # keeping to it and refusing it are both right


def chat(**more):
    return {"messages": [{"role": "user", "content": "the mill"}], "max_tokens": 8,
            "temperature": 0, **more}


def nested(levels):
    """The text of a schema so deep."""
    return '{"items":' * levels + "{}" + "}" * levels


def chain(length):
    """$refs, each to the next."""
    defs = {f"r{i}": {"$ref": f"#/$defs/r{i + 1}"} for i in range(length)}
    return {"$ref": "#/$defs/r0", "$defs": {**defs, f"r{length}": {"type": "integer"}}}


def product(factors, terms, key="anyOf"):
    """All of so many, of which each has so many alternatives: terms ** factors cases."""
    return {"allOf": [{key: [{"type": "object", "properties": {f"p{i}": {"const": k}},
                              "required": [f"p{i}"]} for k in range(terms)]}
                      for i in range(factors)]}


def tangle(count):
    """A graph of rules, each of which may go on with every other."""
    names = [f"r{i}" for i in range(count)]
    others = [{"$ref": f"#/$defs/{name}"} for name in names]
    return {"$ref": "#/$defs/r0", "$defs": {
        name: {"type": "object", "properties": {n: {"anyOf": others} for n in names}}
        for name in names}}


def string(pattern, **more):
    return {"type": "string", "pattern": pattern, **more}


def object_of(count, **more):
    return {"type": "object", "properties": {f"p{i}": {"type": "integer"} for i in range(count)},
            **more}


CONDITIONS = {"allOf": [{"if": {"properties": {f"p{i}": {"const": i}}, "required": [f"p{i}"]},
                         "then": {"required": [f"q{i}"]}, "else": {"required": [f"r{i}"]}}
                        for i in range(20)]}
NEITHER = {"not": {"anyOf": [{"properties": {f"p{i}": string(f".*a.{{{i}}}")}} for i in range(30)]}}
DEPENDENT = object_of(25, dependentRequired={
    f"p{i}": [f"p{k}" for k in range(25) if k != i] for i in range(25)})
BEHIND = ".*a.{24}"  # as an automaton: 2^25 states

# name, JSON Schema, status
SCHEMAS = [
    ("50 levels", json.loads(nested(50)), EITHER),
    ("itself", {"$ref": "#"}, 200),
    ("each other", {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"},
                                                   "b": {"$ref": "#/$defs/a"}}}, 200),
    ("all of itself", {"allOf": [{"$ref": "#"}, {"type": "integer"}]}, EITHER),
    ("itself or an integer", {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}, EITHER),
    ("not itself", {"not": {"$ref": "#"}}, 400),
    ("itself if itself", {"if": {"$ref": "#"}, "then": False}, EITHER),
    ("dynamically itself", {"$dynamicRef": "#"}, 200),
    ("no end", {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}, 400),
    ("arrays of itself", {"type": "array", "items": {"$ref": "#"}}, 200),
    ("$ref to nowhere", {"$ref": "#/$defs/none"}, 400),
    ("$ref to a host", {"$ref": "http://127.0.0.1:1/schema.json"}, 400),
    ("$ref to a file", {"$ref": "file:///etc/passwd"}, 400),
    ("$ref of 100,000 steps", {"$ref": "#" + "/a" * 100_000}, 400),
    ("$ref that is a number", {"$ref": 7}, 400),
    ("8,000 $refs in a row", chain(8_000), EITHER),
    ("40 rules that name each other", tangle(40), EITHER),
    ("enum of 10,000", {"enum": [f"value {i}" for i in range(10_000)]}, 200),
    ("enum of 200,000", {"enum": [f"value {i}" for i in range(200_000)]}, EITHER),
    ("enum of a megabyte", {"enum": ["a" * 1_000_000]}, EITHER),
    ("20 anyOfs of 20", product(20, 20), 400),
    ("20 oneOfs of 20", product(20, 20, "oneOf"), 400),
    ("10 anyOfs of 2", product(10, 2), EITHER),
    ("oneOf 300 alike", {"oneOf": [{"type": "integer"}] * 300}, 400),
    ("oneOf 300 that overlap", {"oneOf": [object_of(i) for i in range(300)]}, EITHER),
    ("20 conditions", CONDITIONS, EITHER),
    ("neither of 30 patterns", NEITHER, EITHER),
    ("25 that need each other", DEPENDENT, EITHER),
    ("9,000 properties", object_of(9_000), EITHER),
    ("7 patternProperties", {"patternProperties": {f"^{c}": {} for c in "abcdefg"}}, 400),
    ("6 patternProperties that explode",
     {"patternProperties": {f"{c}.{{20}}$": {"minLength": i} for i, c in enumerate("abcdef")}},
     EITHER),
    ("an integer that is a string", {"type": "integer", "enum": ["a"]}, 400),
    ("minimum over maximum", {"type": "integer", "minimum": 2, "maximum": 1}, 400),
    ("minLength over maxLength", {"type": "string", "minLength": 2, "maxLength": 1}, 400),
    ("needed and forbidden", {"type": "object", "required": ["a"],
                              "additionalProperties": False}, 400),
    ("nothing", False, 400),
    ("not anything", {"not": {}}, 400),
    ("type of a number", {"type": 5}, 400),
    ("unknown type", {"type": "nope"}, 400),
    ("properties of a number", {"properties": 5}, 400),
    ("required that is a string", {"required": "a"}, 400),
    ("minimum that is a string", {"minimum": "x"}, 400),
    ("items of a number", {"type": "array", "items": 7}, 400),
    ("enum of a number", {"enum": 3}, 400),
    ("enum of none", {"enum": []}, 400),
    ("anyOf an object", {"anyOf": {}}, 400),
    ("pattern that is a number", {"pattern": 3}, 400),
    ("minLength -1", {"type": "string", "minLength": -1}, 400),
    ("minLength 10^18", {"type": "string", "minLength": 10**18}, EITHER),
    ("maxLength 10^18", {"type": "string", "maxLength": 10**18}, 200),
    ("maxLength 2^53 - 1", {"type": "string", "maxLength": 2**53 - 1}, 200),
    ("minItems 10^18", {"type": "array", "minItems": 10**18}, EITHER),
    ("minProperties 10^18", {"type": "object", "minProperties": 10**18}, 400),
    ("multipleOf 0", {"type": "integer", "multipleOf": 0}, 400),
    ("multipleOf -1", {"type": "integer", "multipleOf": -1}, 400),
    ("multipleOf 1e-300", {"type": "number", "multipleOf": 1e-300}, EITHER),
    ("multipleOf 999999999989", {"type": "integer", "multipleOf": 999999999989}, EITHER),
    ("300 different items", {"type": "array", "uniqueItems": True, "minItems": 300,
                             "items": {"enum": list(range(300))}}, EITHER),
    ("(a|a)*{1000}{1000}", string("^(a|a)*{1000}{1000}$"), 400),
    ("((a|a)*){1000} counted", string("^(((a|a)*){1000}){1000}$"), EITHER),
    ("(a*)*b", string("^(a*)*b$"), 200),
    (".{0,100000} counted", string("^(.{0,100000}){0,100000}$"), EITHER),
    (".*a.{24}", string(f"^{BEHIND}$"), EITHER),
    ("20 lookaheads", string("^" + "".join(f"(?=.*{c})" for c in "abcdefghijklmnopqrst")), EITHER),
    ("lookaheads that explode", string(f"^(?={BEHIND})(?!.*b.{{24}})(?=.*c.{{24}})"), EITHER),
    ("lookahead repeated", string("^(?=a)*a$"), EITHER),
    ("backreference", string(r"^(a)\1$"), 400),
    ("lookbehind", string("(?<=a)b"), 400),
    ("an open group", string("(a"), 400),
    ("a class backwards", string("[z-a]"), 400),
    ("a count backwards", string("a{2,1}"), 400),
    ("1,000 groups", string("(" * 1_000 + "a" + ")" * 1_000), 400),
    ("a pattern of 100,000", string("a" * 100_000), 400),
    ("pattern, format, length", string(BEHIND, format="uri", maxLength=200), EITHER),
]

# name, EBNF, status
EBNFS = [
    ("left recursion", 'root ::= root "a" | "a"', 400),
    ("hidden left recursion", 'root ::= x? y "a"\nx ::= "b"?\ny ::= root | "c"', 400),
    ("rule that is itself", "root ::= root", 400),
    ("undefined rule", "root ::= nobody", 400),
    ("no root", 'other ::= "a"', 400),
    ("no grammar", "", 400),
    ("open string", 'root ::= "a', 400),
    ("open class", "root ::= [a", 400),
    ("no such character", r'root ::= "\U7FFFFFFF"', 400),
    ("100,000 groups", "root ::= " + "(" * 100_000 + '"a"' + ")" * 100_000, 400),
    ("a megabyte of alternatives", "root ::= " + '"a" | ' * 170_000 + '"b"', EITHER),
    ("two megabytes", "root ::= " + '"a" | ' * 340_000 + '"b"', 400),
    ("20,000 rules in a row", "root ::= r0\n" + "".join(
        f"r{i} ::= r{i + 1}\n" for i in range(20_000)) + 'r20000 ::= "a"', EITHER),
    ("counts of counts", 'root ::= (("a"{1000000}){1000000}){1000000}', EITHER),
    ("nothing, for ever", 'root ::= ((""*)*)*', EITHER),
    ("2^17 ways", "root ::= r0\n" + "".join(
        f'r{i} ::= "a" r{i + 1} "b" | "a" r{i + 1} "c"\n' for i in range(17)) + 'r17 ::= "d"',
     EITHER),
    ("ways without end", 'root ::= x x x x x x x x "b"\nx ::= ("a" | "a" x | x1)*\nx1 ::= "a" x',
     EITHER),
]

# name, regular expression, status
REGEXES = [
    ("(x+x+)+y", "(x+x+)+y", 200),
    ("(a?){5000}a{5000}", "(a?){5000}a{5000}", EITHER),
    ("12 times .*", ".*" * 12 + "=", EITHER),
    ("nothing, for ever", "(()*)*", EITHER),
    (".*a.{24}", BEHIND, EITHER),
    ("a count of 10^9", "a{1000000000}", 400),
    ("an open class", "[a", 400),
    ("no such property", r"\p{Nope}", 400),
]

MANY = [f"choice {i}" for i in range(10_001)]
CHOICES = [
    ("10,001 texts", MANY, 400),
    ("10,000 texts", MANY[:10_000], 200),
    ("no texts", [], 400),
    ("a number", [1], 400),
    ("an object", {}, 400),
    ("a megabyte", ["a" * 1_000_000], EITHER),
]

# The worst schemas by every way that leads to a grammar: status if it is kept to as a whole.
WORST = [
    ("20 anyOfs of 20", product(20, 20), 400),
    ("no end", {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}, 400),
    ("type of a number", {"type": "object", "properties": {"a": {"type": 5}}}, 400),
    (".*a.{24}", {"type": "object", "properties": {"a": string(f"^{BEHIND}$")}}, EITHER),
]


# Six of them at once: a server may be too busy for some, but not for its other clients.
STORMS = [
    ("different", [string(f"^(((a|a)*){{{1000 + i}}}){{1000}}$") for i in range(6)]),
    ("alike", [object_of(9_000)] * 6),
]


def tool(schema, **more):
    return [{"type": "function", "function": {"name": "f", "parameters": schema, **more}}]


def ollama(**more):
    return {"model": "default", "stream": False, "options": {"num_predict": 8}, **chat(**more)}


def responses(**more):
    return {"input": "the mill", "max_output_tokens": 8, **more}


def messages(**more):
    return chat(tools=[{"name": "f", **more}])


# name, path, body with the schema, error.param, and whether what cannot be kept to is left out
WAYS = [
    ("response_format", CHAT, lambda s: chat(response_format={
        "type": "json_schema", "json_schema": {"name": "s", "schema": s}}),
     "response_format.json_schema.schema", False),
    ("structured_outputs", CHAT, lambda s: chat(structured_outputs={"json": s}),
     "structured_outputs.json", False),
    ("json_schema", "/v1/completions", lambda s: {"prompt": "a", "json_schema": s},
     "json_schema", False),
    ("its text", CHAT, lambda s: chat(guided_json=json.dumps(s)), "guided_json", False),
    ("text.format", "/v1/responses", lambda s: responses(text={
        "format": {"type": "json_schema", "name": "s", "schema": s}}), "text.format", False),
    ("Ollama's format", "/api/chat", lambda s: ollama(format=s), "format", False),
    ("Ollama's generate", "/api/generate", lambda s: {
        "model": "default", "prompt": "a", "stream": False, "format": s}, "format", False),
    ("a strict tool", CHAT, lambda s: chat(tools=tool(s, strict=True)), "tools", False),
    ("a tool", CHAT, lambda s: chat(tools=tool(s)), "tools", True),
    ("a tool that is required", CHAT,
     lambda s: chat(tools=tool(s), tool_choice="required", max_tokens=40), "tools", True),
    ("Responses' tool", "/v1/responses", lambda s: responses(
        tools=[{"type": "function", "name": "f", "parameters": s}]), "tools", True),
    ("Anthropic's tool", "/v1/messages", lambda s: messages(input_schema=s), "tools", True),
]


def rows():
    deep = ((500, "500 levels"), (100_000, "100,000 levels"))
    yield from (Attack(name, lambda n=n: post(CHAT, '{"messages": [], "guided_json": '
                                              + nested(n) + "}"), 400, "", "nested")
                for n, name in deep)
    yield from (Attack(f"text of {name}", lambda n=n: post(CHAT, chat(guided_json=nested(n))),
                       400, "guided_json", "nested") for n, name in deep)
    for field, cases in (("guided_json", SCHEMAS), ("guided_grammar", EBNFS),
                         ("guided_regex", REGEXES), ("guided_choice", CHOICES)):
        for name, value, status in cases:
            yield Attack(f"{field}: {name}",
                         lambda f=field, v=value: post(CHAT, chat(**{f: v}, max_tokens=40)),
                         status, field)
    for way, path, body, field, lenient in WAYS:
        for name, schema, status in WORST:
            yield Attack(f"{way}: {name}", lambda p=path, b=body, s=schema: post(p, b(s)),
                         200 if lenient else status, field)
    for name, schemas in STORMS:
        for schema in schemas:
            yield Attack(f"a storm, {name}", lambda s=schema: post(CHAT, chat(guided_json=s)),
                         (*EITHER, 503), "guided_json")
