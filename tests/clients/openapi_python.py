#!/usr/bin/env python3
"""Every response of a running server (TOKENMILL_URL) against OpenAI's own OpenAPI document.

The document is the archive openai-openapi.tar.zst of the shared data (TOKENMILL_SHARED_DATA, or
../shared/data beside the repository); without it the tests are skipped.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import jsonschema

URL = os.environ["TOKENMILL_URL"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
MESSAGES = [{"role": "user", "content": "Name three colours."}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
FLAT_TOOLS = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS,
               "strict": False}]


def document():
    data = pathlib.Path(os.environ.get("TOKENMILL_SHARED_DATA", ROOT / "../shared/data"))
    archive = data / "openai-openapi.tar.zst"
    if not archive.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", folder], check=True)
        return nullable(json.loads(next(pathlib.Path(folder).rglob("openapi.json")).read_text()))


def nullable(node):
    """The document still says "nullable" as OpenAPI 3.0 did; JSON Schema says it otherwise."""
    if isinstance(node, list):
        return [nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {key: nullable(value) for key, value in node.items()}
    return {"anyOf": [out, {"type": "null"}]} if node.get("nullable") is True else out


DOCUMENT = document()


def send(method, path, body=None):
    """Status and text of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"Content-Type": "application/json"},
                                     method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def upload(text):
    """Status and text of the answer to a file."""
    parts = ('--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
             '--b\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
             f"{text}\r\n--b--\r\n")
    request = urllib.request.Request(URL + "/files", parts.encode(),
                                     {"Content-Type": "multipart/form-data; boundary=b"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


def events(text):
    lines = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


@unittest.skipIf(DOCUMENT is None, "OpenAI's OpenAPI document is not here")
class OpenApi(unittest.TestCase):
    def valid(self, name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(value))
        self.assertEqual([f"{e.json_path}: {e.message[:300]}" for e in errors], [], name)

    def answer(self, method, path, body=None, status=200):
        got, text = send(method, path, body)
        self.assertEqual(got, status, text)
        return json.loads(text)

    def test_chat_completions(self):
        for more in ({}, {"n": 2}, {"logprobs": True, "top_logprobs": 2},
                     {"tools": TOOLS, "tool_choice": "required"},
                     {"reasoning_effort": "none"}):
            body = {"model": "default", "messages": MESSAGES, "max_tokens": 16, **more}
            self.valid("CreateChatCompletionResponse",
                       self.answer("POST", "/chat/completions", body))
            body |= {"stream": True, "stream_options": {"include_usage": True}}
            for event in events(send("POST", "/chat/completions", body)[1]):
                self.valid("CreateChatCompletionStreamResponse", event)

    def test_completions(self):
        for more in ({}, {"logprobs": 2}, {"echo": True}, {"n": 2}):
            body = {"model": "default", "prompt": "The mill", "max_tokens": 8, **more}
            self.valid("CreateCompletionResponse", self.answer("POST", "/completions", body))

    def test_responses(self):
        for more in ({}, {"instructions": "Be brief.", "metadata": {"a": "b"}},
                     {"tools": FLAT_TOOLS, "tool_choice": "required"},
                     {"reasoning": {"effort": "low"}}, {"max_output_tokens": 2}):
            body = {"model": "default", "input": "Name three colours.", "max_output_tokens": 24,
                    **more}
            self.valid("Response", self.answer("POST", "/responses", body))
            for event in events(send("POST", "/responses", {**body, "stream": True})[1]):
                self.valid("ResponseStreamEvent", event)

    def test_stored_responses(self):
        made = self.answer("POST", "/responses", {"input": "Hello.", "max_output_tokens": 8})
        self.valid("Response", self.answer("GET", f"/responses/{made['id']}"))
        self.valid("ResponseItemList", self.answer("GET", f"/responses/{made['id']}/input_items"))
        self.answer("DELETE", f"/responses/{made['id']}")
        late = self.answer("POST", "/responses", {"input": "Hello.", "background": True})
        self.valid("Response", late)
        self.valid("Response", self.answer("POST", f"/responses/{late['id']}/cancel"))

    def test_models(self):
        listed = self.answer("GET", "/models")
        self.valid("ListModelsResponse", listed)
        self.valid("Model", self.answer("GET", f"/models/{listed['data'][0]['id']}"))

    def test_files_and_batches(self):
        line = {"custom_id": "a", "method": "POST", "url": "/v1/completions",
                "body": {"prompt": "a", "max_tokens": 2}}
        for text, last in ((json.dumps(line), "completed"), ("{", "failed")):
            file = upload(text)
            self.valid("OpenAIFile", file)
            batch = self.answer("POST", "/batches", {"input_file_id": file["id"],
                                                     "endpoint": "/v1/completions",
                                                     "completion_window": "24h"})
            self.valid("Batch", batch)
            while batch["status"] == "in_progress":
                batch = self.answer("GET", f"/batches/{batch['id']}")
            self.assertEqual(batch["status"], last)
            self.valid("Batch", batch)
            self.valid("ListFilesResponse", self.answer("GET", "/files"))
            self.valid("ListBatchesResponse", self.answer("GET", "/batches?limit=1"))
            self.valid("DeleteFileResponse", self.answer("DELETE", f"/files/{file['id']}"))
        self.valid("ErrorResponse", self.answer("GET", "/files/none", None, 404))
        self.valid("ErrorResponse", self.answer("POST", "/batches", {"endpoint": "/"}, 400))

    def test_errors(self):
        for path, body, status in (("/chat/completions", {"messages": []}, 400),
                                   ("/responses", {"input": []}, 400),
                                   ("/completions", {"prompt": "a", "model": "gpt-5"}, 404)):
            self.valid("ErrorResponse", self.answer("POST", path, body, status))
        self.valid("ErrorResponse", self.answer("GET", "/responses/none", None, 404))


if __name__ == "__main__":
    unittest.main()
