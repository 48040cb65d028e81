"""The conversations that every template is rendered with; see make_template_golden.py."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather at a place.\nUse it for \"now\" only.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city, e.g. Zürich"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                "days": {"type": "integer", "minimum": 1, "nullable": True},
            },
            "required": ["city"],
        },
    },
}
SEARCH = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Search <documents> & notes",
        "parameters": {
            "type": "object",
            "properties": {
                "query": {"type": ["string", "null"]},
                "filters": {
                    "type": "object",
                    "description": "nested",
                    "properties": {
                        "tags": {"type": "array", "items": {"type": "string"}},
                        "score": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                    },
                    "additionalProperties": False,
                },
                "order": {"oneOf": [{"type": "string", "const": "asc"}, {"type": "boolean"}]},
            },
        },
        "return": {"type": "string"},
    },
}
BARE = {
    "name": "ping",
    "description": "no wrapper",
    "parameters": {"type": "object", "properties": {}},
}


def call(arguments, name="get_weather", ident="call_0"):
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def context(messages, **more):
    tokens = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return {"messages": messages, **tokens, "add_generation_prompt": False, **more}


def tool(content, **more):
    return {"role": "tool", "content": content, **more}


TURNS = [user("Hi"), assistant("Hello! How can I help?"), user("What is 2+2?"), assistant(" 4\n"),
         user("  Thanks.  ")]
TOOL_DICT = [
    user("Weather in Zürich?"),
    assistant("", tool_calls=[
        call({"city": "Zürich", "days": 2, "deep": {"a": [1, 2.5, True, None]}})]),
    tool('{"temp": 21.5}', name="get_weather", tool_call_id="call_0"),
]
TOOL_STRING = [
    user("Weather in Zürich?"),
    assistant(None, tool_calls=[call('{"city": "Zürich"}')]),
    tool("21 °C", name="get_weather", tool_call_id="call_0"),
    assistant("It is 21 °C."),
    user("And tomorrow?"),
]
TOOL_PARALLEL = [
    system("Use tools."),
    user("Both please"),
    assistant("Let me look.", tool_calls=[
        call({"city": "Bern"}, ident="abcdefghi"),
        call({"query": "x < y & z", "filters": {"tags": ["a", "b"]}}, "search", "123456789")]),
    tool("cold", name="get_weather", tool_call_id="abcdefghi"),
    tool([{"type": "text", "text": "found"}], name="search", tool_call_id="123456789"),
    assistant("Done.", reasoning_content="two results"),
    user("ok"),
]
THINKING = [
    user("Prime?"),
    assistant("Yes.", reasoning_content="7 has no divisors."),
    user("Why?"),
    assistant("<think>\nLet me see.\n</think>\n\nBecause it is."),
    user("Sure?"),
]
WEIRD = [
    system("sys\r\n\ttab \\ \"quote\" 'single' {{ not jinja }} {% if %}"),
    user("<|im_end|>\u200b\u00a0 zero\x01control <b>&amp;</b> \u2028line</think>"),
    assistant("[INST] x [/INST] ```py\nprint('hi')\n```"),
    user(""),
]
UNICODE = [
    system("Ты — помощник."),
    user("你好，世界 👩‍👩‍👧‍👦 e\u0301 ǅ İ ß ﬁ"),
    assistant("مرحبا \U0001f600"),
    user("नमस्ते"),
]
PARTS = [
    system([{"type": "text", "text": "Be brief."}]),
    user([{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]),
    assistant([{"type": "text", "text": "three"}]),
    user([{"type": "text", "text": "Describe"}, {"type": "image"}, {"type": "text", "text": "it"}]),
]

CONTEXTS = {
    "user": context([user("Hi there")]),
    "user_prompt": context([user("Hi there")], add_generation_prompt=True),
    "system_user": context([system("You are terse."), user("Hi")], add_generation_prompt=True),
    "turns": context(TURNS),
    "turns_prompt": context(TURNS, add_generation_prompt=True, tools=None, documents=None),
    "ends_assistant": context([system("S"), *TURNS[:2]]),
    "tools": context([user("Weather?")], tools=[WEATHER, SEARCH], add_generation_prompt=True),
    "tools_system": context([system("Be kind."), user("Weather?")], tools=[SEARCH]),
    "tools_empty": context([user("Weather?")], tools=[], add_generation_prompt=True),
    "tools_bare": context([user("Ping?")], tools=[BARE], add_generation_prompt=True),
    "tool_dict": context(TOOL_DICT, tools=[WEATHER], add_generation_prompt=True),
    "tool_string": context(TOOL_STRING, tools=[WEATHER, SEARCH], add_generation_prompt=True),
    "tool_parallel": context(TOOL_PARALLEL, tools=[WEATHER, SEARCH], add_generation_prompt=True),
    "tool_no_list": context(TOOL_DICT, add_generation_prompt=True),
    "thinking": context(THINKING, add_generation_prompt=True),
    "thinking_on": context(
        THINKING, add_generation_prompt=True, enable_thinking=True, thinking=True),
    "thinking_off": context(
        THINKING, add_generation_prompt=True, enable_thinking=False, thinking=False),
    "effort": context(TURNS, add_generation_prompt=True, reasoning_effort="high",
                      builtin_tools=["browser", "python"], thinking_budget=512),
    "unicode": context(UNICODE, add_generation_prompt=True),
    "weird": context(WEIRD, add_generation_prompt=True),
    "parts": context(PARTS, add_generation_prompt=True),
    "empty": context([], add_generation_prompt=True),
    "two_users": context([user("a"), user("b")], add_generation_prompt=True),
    "developer": context(
        [{"role": "developer", "content": "dev"}, user("u")], add_generation_prompt=True),
    "odd_role": context([{"role": "narrator", "content": "once"}, user("u")]),
    "no_content": context([{"role": "user"}, {"role": "assistant", "content": None}]),
    "documents": context([user("Read")], add_generation_prompt=True,
                         documents=[{"title": "T", "text": "body", "doc_id": 1}]),
    "no_tokens": {"messages": [user("bare")], "add_generation_prompt": True},
}
