#!/usr/bin/env python3
"""LangChain's OpenAI client against a running server (TOKENMILL_URL); see run.py."""

import os
import unittest

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


def model(**more):
    return ChatOpenAI(base_url=os.environ["TOKENMILL_URL"], api_key="none", model="default",
                      temperature=0, max_tokens=64, max_retries=0, timeout=300, **more)


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}"


class LangChain(unittest.TestCase):
    def test_text(self):
        answer = model().invoke([SystemMessage("You are brief."),
                                 HumanMessage("Name three colours.")])
        self.assertTrue(answer.content.strip())
        self.assertGreater(answer.usage_metadata["output_tokens"], 0)

    def test_streaming(self):
        whole = model().invoke("Name three colours.").content
        self.assertEqual("".join(part.content for part in model().stream("Name three colours.")),
                         whole)

    def test_tools(self):
        question = HumanMessage("What is the weather in Paris?")
        asked = model().bind_tools([get_weather], tool_choice="get_weather").invoke([question])
        calls = asked.tool_calls + asked.invalid_tool_calls
        self.assertEqual(calls[0]["name"], "get_weather")
        told = ToolMessage("Sunny, 21 degrees", tool_call_id="c1")
        call = AIMessage("", tool_calls=[{"name": "get_weather", "args": {"city": "Paris"},
                                          "id": "c1"}])
        self.assertTrue(model().invoke([question, call, told]).content.strip())

    def test_responses(self):
        answer = model(use_responses_api=True).invoke("Name three colours.")
        self.assertTrue(answer.text.strip())


if __name__ == "__main__":
    unittest.main()
