"""For hostile_input_test.py: requests that contradict themselves, lie about their length, or are
none."""

import gzip

from hostile_http import SEND_END, Attack, get, post
from hostile_schemas import CHAT, EITHER, chat, messages, ollama, responses, tool

TEXT = "/v1/completions"
RESPONSES, MESSAGES = "/v1/responses", "/v1/messages"


def text(**more):
    return {"prompt": "the mill", "max_tokens": 4, "temperature": 0, **more}


def said(*spoken, **more):
    return chat(messages=list(spoken), **more)


def user(content):
    return {"role": "user", "content": content}


# path, body, status, error.param
FIELDS = [
    # Options that contradict each other or themselves
    (CHAT, chat(guided_regex="a", guided_choice=["a"]), 400, "guided_choice"),
    (CHAT, chat(structured_outputs={"regex": "a", "json": {}}), 400, "structured_outputs.regex"),
    (CHAT, chat(response_format={"type": "json_object"}, grammar='root ::= "a"'), 400, "grammar"),
    (CHAT, chat(response_format="json"), 400, "response_format"),
    (CHAT, chat(response_format={"type": "json_schema"}), 400,
     "response_format.json_schema.schema"),
    (CHAT, chat(structured_outputs={}), 400, "structured_outputs"),
    (CHAT, chat(structured_outputs={"nope": 1}), 400, "structured_outputs"),
    (CHAT, chat(guided_regex=5), 400, "guided_regex"),
    (CHAT, chat(tool_choice="required"), 400, "tool_choice"),
    (CHAT, chat(tool_choice={"type": "function", "function": {"name": "g"}}, tools=tool({})), 400,
     "tool_choice"),
    (CHAT, chat(tool_choice="always"), 400, "tool_choice"),
    (CHAT, chat(tool_choice=[]), 400, "tool_choice"),
    (CHAT, chat(n=129), 400, "n"),
    (CHAT, chat(n=0), 400, "n"),
    (CHAT, chat(n="2"), 400, "n"),
    (CHAT, chat(n=128, max_tokens=1), 200, ""),
    (CHAT, chat(top_logprobs=3), 400, "top_logprobs"),
    (CHAT, chat(logprobs=True, top_logprobs=21), 400, "top_logprobs"),
    (CHAT, chat(logprobs=5), 400, "logprobs"),
    (CHAT, chat(temperature=-1), 400, "temperature"),
    (CHAT, chat(temperature="hot"), 400, "temperature"),
    (CHAT, chat(temperature=[1]), 400, "temperature"),
    (CHAT, chat(temperature=1e308), 400, "temperature"),
    (CHAT, chat(top_p=-0.1), 400, "top_p"),
    (CHAT, chat(top_k=2**70), 400, "top_k"),
    (CHAT, chat(max_tokens=0), 400, "max_tokens"),
    (CHAT, chat(max_tokens=-1), 400, "max_tokens"),
    (CHAT, chat(max_tokens=2**31), 400, "max_tokens"),
    (CHAT, chat(max_tokens=1.5), 400, "max_tokens"),
    (CHAT, chat(max_tokens=2**31 - 1), 200, ""),
    (CHAT, chat(max_completion_tokens=10**30), 400, "max_completion_tokens"),
    (CHAT, chat(seed=2**64), 400, "seed"),
    (CHAT, chat(logit_bias={"1000000": 1}), 400, "logit_bias"),
    (CHAT, chat(logit_bias={"-1": 1}), 400, "logit_bias"),
    (CHAT, chat(logit_bias={"a": 1}), 400, "logit_bias"),
    (CHAT, chat(logit_bias={"5": 101}), 400, "logit_bias"),
    (CHAT, chat(logit_bias={str(i): -100 for i in range(64)}), 200, ""),
    (CHAT, chat(stop=["a"] * 10_000), 400, "stop"),
    (CHAT, chat(stop=["a" * 1025]), 400, "stop"),
    (CHAT, chat(stop=[""]), 400, "stop"),
    (CHAT, chat(stop={"a": 1}), 400, "stop"),
    (CHAT, chat(stream="yes"), 400, "stream"),
    (CHAT, chat(stream_options={"include_usage": True}), 400, "stream_options"),
    (CHAT, chat(reasoning_effort="all"), 400, "reasoning_effort"),
    (CHAT, chat(thinking_token_budget=-5), 400, "thinking_token_budget"),
    (CHAT, chat(chat_template_kwargs=5), 400, "chat_template_kwargs"),
    (CHAT, chat(model=5), 400, "model"),
    (CHAT, chat(model="a" * 100_000), 404, "model"),
    (CHAT, chat(functions=[]), 400, "functions"),
    (CHAT, chat(suffix="a"), 400, "suffix"),
    # Unknown fields are ignored.
    (CHAT, chat(nope=1, service_tier="auto", store=True, metadata={"a": "b"}), 200, ""),
    (CHAT, chat(**{f"unknown {i}": i for i in range(5_000)}), 200, ""),
    (CHAT, chat(**{"__proto__": {"temperature": -1}, "": None, "\0": 1}), 200, ""),
    # Tools
    (CHAT, chat(tools={}), 400, "tools"),
    (CHAT, chat(tools=[5]), 400, "tools[0]"),
    (CHAT, chat(tools=tool({}) * 2), 400, "tools[1].function.name"),
    (CHAT, chat(tools=tool({}, name=7)), 400, "tools[0].function.name"),
    (CHAT, chat(tools=tool({}, name="")), 400, "tools[0].function.name"),
    (CHAT, chat(tools=tool({}, name="a" * 100_000)), 400, "tools[0].function.name"),
    (CHAT, chat(tools=tool({}, name="../\n\0{{x}}")), 400, "tools[0].function.name"),
    (CHAT, chat(tools=tool([])), 400, "tools[0].function.parameters"),
    (CHAT, chat(tools=tool({}, description=5)), 400, "tools[0].function.description"),
    (CHAT, chat(tools=[t for i in range(513) for t in tool({}, name=f"f{i}")]), 400,
     "tools[512].function"),
    (CHAT, chat(tools=[t for i in range(512) for t in tool({}, name=f"f{i}")]), 200, ""),
    # Messages
    (CHAT, {}, 400, "messages"),
    (CHAT, said(), 400, "messages"),
    (CHAT, chat(messages={"role": "user"}), 400, "messages"),
    (CHAT, said(*[user("a")] * 20_000), 400, "messages"),
    (CHAT, said("a"), 400, "messages[0]"),
    (CHAT, said({"role": "boss", "content": "a"}), 400, "messages[0].role"),
    (CHAT, said({"role": ["user"], "content": "a"}), 400, "messages[0].role"),
    (CHAT, said({"content": "a"}), 400, "messages[0].role"),
    (CHAT, said(user(5)), 400, "messages[0].content"),
    (CHAT, said(user({})), 400, "messages[0].content"),
    (CHAT, said({"role": "user"}), 400, "messages[0].content"),
    (CHAT, said(user([5])), 400, "messages[0].content[0]"),
    (CHAT, said(user([{"type": "text"}])), 400, "messages[0].content[0].text"),
    (CHAT, said(user([{"type": "image_url", "image_url": {"url": "data:,"}}])), 400,
     "messages[0].content[0].type"),
    (CHAT, said({"role": "tool", "content": "a"}), 400, "messages[0].tool_call_id"),
    (CHAT, said({"role": "assistant", "tool_calls": 5}), 400, "messages[0].tool_calls"),
    (CHAT, said({"role": "assistant", "tool_calls": [5]}), 400, "messages[0].tool_calls[0]"),
    (CHAT, said({"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {
        "name": "f", "arguments": "[" * 100_000}}]}, user("a")), 200, ""),
    # The completions
    (TEXT, {}, 400, "prompt"),
    (TEXT, text(prompt={}), 400, "prompt"),
    (TEXT, text(prompt=[]), 400, "prompt"),
    (TEXT, text(prompt=""), 400, "prompt"),
    (TEXT, text(prompt=["a", 5]), 400, "prompt[1]"),
    (TEXT, text(prompt=["a"] * 129), 400, "prompt"),
    (TEXT, text(prompt=[5, 64]), 400, "prompt"),
    (TEXT, text(prompt=[-1]), 400, "prompt"),
    (TEXT, text(prompt=[2**40]), 400, "prompt"),
    (TEXT, text(prompt=[[5], [2**31 - 1]]), 400, "prompt"),
    (TEXT, text(logprobs=21), 400, "logprobs"),
    (TEXT, text(echo=1), 400, "echo"),
    (TEXT, text(best_of=5), 400, "best_of"),
    # The other APIs
    (RESPONSES, {}, 400, "input"),
    (RESPONSES, responses(input=[]), 400, "input"),
    (RESPONSES, responses(input=[{"type": "nope"}]), 400, "input[0].type"),
    (RESPONSES, responses(input=[user([{"type": "input_image", "image_url": "data:,"}])]), 400,
     "input[0].content[0]"),
    (RESPONSES, responses(input=[user(5)]), 400, "input[0].content"),
    (RESPONSES, responses(max_output_tokens=0), 400, "max_output_tokens"),
    (RESPONSES, responses(temperature="hot"), 400, "temperature"),
    (RESPONSES, responses(previous_response_id="resp_none"), 400, "previous_response_id"),
    (RESPONSES, responses(background=True, stream=True), 400, "background"),
    (RESPONSES, responses(tools=[{"type": "web_search"}]), 400, "tools[0].type"),
    (RESPONSES, responses(tools=[{"type": "function", "name": "a b"}]), 400, "tools[0].name"),
    (RESPONSES, responses(tool_choice="required"), 400, "tool_choice"),
    (RESPONSES, responses(text=5), 400, "text"),
    (RESPONSES, responses(text={"format": {"type": "nope"}}), 400, "text.format"),
    (RESPONSES, responses(reasoning={"effort": "all"}), 400, "reasoning.effort"),
    (RESPONSES, responses(nope=1), 200, ""),
    (MESSAGES, {"messages": [user("a")]}, 400, "max_tokens"),
    (MESSAGES, chat(messages=[]), 400, "messages"),
    (MESSAGES, said({"role": "system", "content": "a"}), 400, "messages.0.role"),
    (MESSAGES, said(user(5)), 400, "messages.0.content"),
    (MESSAGES, said(user([{"type": "image", "source": {}}])), 400, "messages.0.content.0.type"),
    (MESSAGES, said(user([{"type": "tool_result"}])), 400, "messages.0.content.0.tool_use_id"),
    (MESSAGES, chat(temperature=1.5), 400, "temperature"),
    (MESSAGES, chat(stop_sequences=["a"] * 10_000), 400, "stop_sequences"),
    (MESSAGES, chat(thinking={"type": "enabled", "budget_tokens": 5}), 400,
     "thinking.budget_tokens"),
    (MESSAGES, messages(input_schema=5), 400, "tools.0.input_schema"),
    (MESSAGES, chat(tools=[{"name": "a" * 100_000, "input_schema": {}}]), 400, "tools.0.name"),
    (MESSAGES, chat(tool_choice={"type": "any"}), 400, "tool_choice"),
    (MESSAGES, chat(model="nope"), 404, "model"),
    (MESSAGES, chat(nope=1), 200, ""),
    ("/v1/messages/count_tokens", {"messages": 5}, 400, "messages"),
    ("/api/chat", {"messages": [user("a")]}, 400, "model"),
    ("/api/chat", ollama(messages=[]), 400, "messages"),
    ("/api/chat", ollama(messages=[{"role": "boss"}]), 400, "messages[0].role"),
    ("/api/chat", ollama(messages=[{**user("a"), "images": ["aaaa"]}]), 400,
     "messages[0].images"),
    ("/api/chat", ollama(format="xml"), 400, "format"),
    ("/api/chat", ollama(options=5), 400, "options"),
    ("/api/chat", ollama(options={"temperature": -1}), 400, "temperature"),
    ("/api/chat", ollama(options={"stop": ["a"] * 10_000}), 400, "stop"),
    ("/api/chat", ollama(options={"mirostat": "?"}, nope=1), 200, ""),
    ("/api/chat", ollama(tools=[5]), 400, "tools[0].function.name"),
    ("/api/chat", ollama(model="nope"), 404, "model"),
    ("/api/generate", {"model": "default"}, 400, "prompt"),
    ("/api/generate", {"model": "default", "prompt": 5}, 400, "prompt"),
    ("/api/generate", {"model": "default", "prompt": "a", "suffix": "b"}, 400, "suffix"),
    ("/api/show", {"model": "nope"}, 404, "model"),
    ("/v1/embeddings", {}, 400, "input"),
    ("/v1/embeddings", {"input": []}, 400, "input"),
    ("/v1/embeddings", {"input": ["a"] * 2_049}, 400, "input"),
    ("/v1/embeddings", {"input": [64]}, 400, "input"),
    ("/v1/embeddings", {"input": ["a", {}]}, 400, "input[1]"),
    ("/v1/embeddings", {"input": "a" * 1_000}, 400, "input"),
    ("/v1/embeddings", {"input": "a", "dimensions": 0}, 400, "dimensions"),
    ("/v1/embeddings", {"input": "a", "encoding_format": "hex"}, 400, "encoding_format"),
    ("/v1/rerank", {"documents": ["a"]}, 400, "query"),
    ("/v1/rerank", {"query": "a", "documents": []}, 400, "documents"),
    ("/v1/rerank", {"query": "a", "documents": [5]}, 400, "documents"),
    ("/v1/rerank", {"query": "a", "documents": ["a"] * 10_000}, 400, "documents"),
    ("/v1/rerank", {"query": "a", "documents": ["a"], "top_n": 0}, 400, "top_n"),
    ("/v1/score", {"text_1": ["a", "b"], "text_2": ["a"]}, 400, "text_1"),
    ("/tokenize", {}, 400, "prompt"),
    ("/tokenize", {"prompt": 5}, 400, "prompt"),
    ("/tokenize", {"messages": []}, 400, "messages"),
    ("/detokenize", {"tokens": [64]}, 400, "tokens"),
    ("/detokenize", {"tokens": [-1]}, 400, "tokens"),
    ("/detokenize", {"tokens": [2**70]}, 400, "tokens"),
    ("/detokenize", {"tokens": ["a"]}, 400, "tokens"),
    ("/detokenize", {"tokens": [5] * 1_000_000}, 200, ""),
]

SHORT = b'{"prompt": "a", "max_tokens": 1}'


def json_text(middle, before=b'{"prompt": "a", "nope": ', after=b"}"):
    return lambda: post(TEXT, before + middle + after)


def head(*lines, body=lambda: SHORT):
    """A request's head with these lines, and a short body, whatever they say of it."""
    first = f"POST {TEXT} HTTP/1.1\r\nHost: here\r\n".encode()
    return lambda: [first + b"".join(line + b"\r\n" for line in lines) + b"\r\n", body()]


def cut_short(make):
    return lambda: [*make(), SEND_END]


def chunked(body):
    return head(b"Transfer-Encoding: chunked", body=lambda: body)


def chunk(note=b"", trailer=b""):
    """SHORT as one chunk."""
    return head(b"Transfer-Encoding: chunked", body=lambda: b"%x%s\r\n%s\r\n0\r\n%s\r\n" % (
        len(SHORT), note, SHORT, trailer))


LENGTH = b"Content-Length: %d" % len(SHORT)

# What is wrong is no field, so error.param is null; name, request, status, what the message says
BODIES = [
    ("no body", lambda: post(TEXT, b""), 400, "not valid JSON"),
    ("half an object", lambda: post(TEXT, b'{"prompt":\n "a"'), 400, "line 2, column"),
    ("two objects", lambda: post(TEXT, b"{} {}"), 400, "line 1, column"),
    ("an array", lambda: post(TEXT, b"[]"), 400, "object"),
    ("null", lambda: post(MESSAGES, b"null"), 400, "object"),
    ("binary", lambda: post(RESPONSES, bytes(range(256))), 400, "line 1, column 1"),
    ("NaN", json_text(b"NaN"), 400, "line 1, column"),
    ("a temperature of 1e400", lambda: post(CHAT, b'{"temperature": 1e400}'), 400, "1e400"),
    ("a comment", json_text(b"1 /* */"), 400, "line 1, column"),
    ("100,000 arrays", json_text(b"[" * 100_000 + b"]" * 100_000), 400, "nested 1000"),
    ("100,000 open objects", json_text(b'{"a":' * 100_000), 400, "nested 1000"),
    ("500,000 keys", json_text(b"{%s}" % b",".join(b'"%d":1' % i for i in range(500_000))), 400,
     "keys"),
    ("3,000,000 values", json_text(b"[" + b"0," * 3_000_000 + b"0]"), 400, "values"),
    ("a number of 1,000,000 digits", json_text(b"1" * 1_000_000), 400, "not valid JSON"),
    ("invalid UTF-8 in a string", json_text(b'"\xc3\x28"'), 400, "UTF-8"),
    ("invalid UTF-8 in a key", json_text(b"1", b'{"prompt": "a", "\xff": '), 400, "UTF-8"),
    ("an overlong slash", json_text(b'"\xc0\xaf"'), 400, "UTF-8"),
    ("half a surrogate pair", json_text(br'"\ud800"'), 400, "surrogate"),
    ("a second half", json_text(br'"\udc00 \ud800"'), 400, "surrogate"),
    ("a raw NUL", json_text(b'"\0"'), 400, "line 1, column"),
    ("a NUL in a prompt", json_text(br'"a\u0000b"', b'{"max_tokens": 1, "prompt": '), 200, ""),
    ("a byte order mark", lambda: post(TEXT, b"\xef\xbb\xbf" + SHORT), EITHER, ""),
    ("UTF-16", lambda: post(TEXT, SHORT.decode().encode("utf-16")), 400, "not valid JSON"),
    ("a form", lambda: post(TEXT, SHORT, "Content-Type: application/x-www-form-urlencoded"), 200,
     ""),
    ("gzip", lambda: post(TEXT, gzip.compress(SHORT), "Content-Encoding: gzip"), (400, 415), ""),
    ("100 MB", lambda: post(TEXT, b"[" + b"0," * 50_000_000), 413, "over 33554432 bytes"),
    ("100 MB in chunks", chunked(b"100000\r\n" + b"0" * (1 << 20) + b"\r\n" * 100), (400, 413), ""),
    ("50 MB in one chunk", chunked(b"3000000\r\n" + b"0" * 50_000_000), 413, ""),
    ("said to be a terabyte", head(b"Content-Length: 1000000000000"), 413, ""),
    ("batches without --state", lambda: post("/v1/batches", {}), 400, "--state"),
]

# Status 0: there is nobody left to answer.
HEADS = [
    ("cut short", cut_short(head(b"Content-Length: 1000")), 0, ""),
    ("a head cut short", cut_short(lambda: [b"POST /v1/comp"]), 0, ""),
    ("a negative length", head(b"Content-Length: -1"), 400, ""),
    ("a length of 10^20", head(b"Content-Length: 100000000000000000000"), 400, ""),
    ("a length in words", head(b"Content-Length: ten"), 400, ""),
    ("two lengths", head(LENGTH, b"Content-Length: 5"), 400, ""),
    ("a length and chunks", head(LENGTH, b"Transfer-Encoding: chunked"), 400, ""),
    ("a length behind a blank", head(b"Content-Length : %d" % len(SHORT)), 400, ""),
    ("chunks of gzip", head(b"Transfer-Encoding: chunked, gzip"), 400, ""),
    ("a folded header", head(LENGTH, b"A: b", b" c"), EITHER, ""),
    ("a NUL in a header", head(LENGTH, b"A: \0"), 400, ""),
    ("a bare CR in a header", head(LENGTH, b"A: b\rContent-Length: 1"), 400, ""),
    ("a header without a name", head(LENGTH, b": b"), 400, ""),
    ("no host", lambda: [b"GET /health HTTP/1.1\r\n\r\n"], 400, "Host"),
    ("two hosts", lambda: [b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"], 400, "Host"),
    ("a header of 1 MB", head(LENGTH, b"A: " + b"a" * 1_000_000), 431, "16384"),
    ("10,000 headers", head(LENGTH, *[b"A%d: b" % i for i in range(10_000)]), 431, "16384"),
    ("1,500 headers", head(LENGTH, *[b"A:b"] * 1_500), 200, ""),
    ("a path of 100 kB", lambda: get("/" + "a" * 100_000), 431, "16384"),
    ("a path of 10 kB", lambda: get("/" + "a" * 10_000), 404, ""),
    ("a path upwards", lambda: get("/v1/../../etc/passwd"), 404, ""),
    ("a path with a NUL", lambda: get("/health%00"), 404, ""),
    ("no path", lambda: get("health"), 400, ""),
    ("no such path", lambda: post("/v2/chat", {}), 404, ""),
    ("no such response", lambda: get("/v1/responses/resp_none"), 404, ""),
    ("GET where it is POST", lambda: get(CHAT), 405, ""),
    ("DELETE of a model", lambda: get("/v1/models/default", "DELETE"), 405, ""),
    ("an invented method", lambda: get("/health", "BREW"), 405, ""),
    ("HTTP/2", lambda: [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], (400, 505), ""),
    ("TLS", lambda: [b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 500], 400, ""),
    ("binary", lambda: [bytes(range(256)) * 10], 400, ""),
    ("a chunk without a size", chunked(b"zz\r\n" + SHORT), 400, ""),
    ("a chunk of 2^64", chunked(b"10000000000000000\r\n" + SHORT), 400, ""),
    ("a chunk of 2^63", chunked(b"7fffffffffffffff\r\n" + SHORT), 413, ""),
    ("a chunk of -1", chunked(b"-1\r\n" + SHORT), 400, ""),
    ("a chunk longer than said", chunked(b"5\r\n" + SHORT + b"\r\n0\r\n\r\n"), 400, ""),
    ("chunks that end early", cut_short(chunked(b"ff\r\n" + SHORT)), 0, ""),
    ("a chunk's note of 1 MB", chunk(note=b";" + b"a" * 1_000_000), (200, 400, 431), ""),
    ("a chunk's note of 40 MB", chunk(note=b";" + b"a" * 40_000_000), (400, 413, 431), ""),
    ("a trailer of 1 MB", chunk(trailer=b"A: " + b"a" * 1_000_000 + b"\r\n"), (400, 431), ""),
    ("1,000,000 trailers", chunk(trailer=b"A: b\r\n" * 1_000_000), (400, 431), ""),
]

LONG = [
    ("a prompt of 1,000", lambda: post(TEXT, text(prompt="a" * 1_000)), "prompt"),
    ("messages of 1,000", lambda: post(CHAT, said(user("a" * 1_000))), "messages"),
    ("messages of 10 MB", lambda: post(CHAT, said(user("a b " * 2_500_000))), "messages"),
    ("1,000,000 tokens", lambda: post(TEXT, text(prompt=[5] * 1_000_000)), "prompt"),
    ("9,000 messages", lambda: post(CHAT, said(*[user("a")] * 9_000)), "messages"),
    ("input of 1,000", lambda: post(RESPONSES, responses(input="a" * 1_000)), "input"),
]


ORDINARY = [*chat().items(), *text().items(), *ollama().items(), *responses().items()]


def title(path, body):
    """The path, and what is not ordinary in the body."""
    said_more = [f"{name}: {value}" for name, value in body.items()
                 if (name, value) not in ORDINARY]
    return f"{path} {', '.join(said_more)[:70]}"


def rows():
    for path, body, status, field in FIELDS:
        yield Attack(title(path, body), lambda p=path, b=body: post(p, b), status, field)
    for name, make, status, says in BODIES:
        yield Attack(name, make, status, "", says)
    for name, make, status, says in HEADS:
        yield Attack(name, make, status, "", says, closes=status in (400, 413, 431))
    yield Attack("messages of 30 MB", lambda: post(CHAT, said(user("a b " * 7_500_000))), 400,
                 "messages", "16777216")
    for name, make, field in LONG:
        yield Attack(name, make, 400, field, "256 together with the answer")
