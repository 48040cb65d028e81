#!/usr/bin/env python3
"""The official Python client against a running server (TOKENMILL_URL); see run.py."""

import concurrent.futures
import json
import os
import time
import unittest

import openai

CLIENT = openai.OpenAI(base_url=os.environ["TOKENMILL_URL"], api_key="none", max_retries=0,
                       timeout=300)
QUESTION = [{"role": "user", "content": "Name three colours."}]


def chat(**more):
    arguments = {"model": "default", "messages": QUESTION, "max_tokens": 24, "seed": 7, **more}
    return CLIENT.chat.completions.create(**arguments)


def complete(**more):
    arguments = {"model": "default", "prompt": "The mill stands by the", "max_tokens": 24,
                 "seed": 7, **more}
    return CLIENT.completions.create(**arguments)


def streamed(stream):
    """The text and the last reason of the first choice of a chat stream."""
    text, reason = "", None
    for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return text, reason


class Chat(unittest.TestCase):
    def test_answer(self):
        answer = chat(temperature=0)
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.choices[0].message.role, "assistant")
        self.assertTrue(answer.choices[0].message.content.strip())
        self.assertIn(answer.choices[0].finish_reason, ("stop", "length"))
        usage = answer.usage
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
        self.assertLessEqual(usage.completion_tokens, 24)
        again = chat(temperature=0)
        self.assertEqual(again.choices[0].message.content, answer.choices[0].message.content)
        self.assertGreaterEqual(again.usage.prompt_tokens_details.cached_tokens, 0)

    def test_stream_is_the_answer(self):
        for more in ({"temperature": 0}, {"temperature": 1.2, "top_p": 0.9},
                     {"stop": ["\n", "blue"]}, {"max_tokens": 1}):
            whole = chat(**more).choices[0]
            text, reason = streamed(chat(stream=True, **more))
            self.assertEqual((text, reason), (whole.message.content, whole.finish_reason), more)

    def test_stream_tells_usage_when_asked(self):
        chunks = list(chat(stream=True, stream_options={"include_usage": True}))
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage, chat().usage.model_copy(
            update={"prompt_tokens_details": chunks[-1].usage.prompt_tokens_details}))
        self.assertTrue(all(chunk.usage is None for chunk in chunks[:-1]))
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)

    def test_n_answers(self):
        answer = chat(n=2, temperature=1)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1])
        texts = [choice.message.content for choice in answer.choices]
        self.assertNotEqual(texts[0], texts[1])
        self.assertEqual(texts[0], chat(temperature=1).choices[0].message.content)
        self.assertEqual(texts[1], chat(temperature=1, seed=8).choices[0].message.content)

    def test_stop(self):
        free = chat(temperature=0).choices[0].message.content
        stop = free[len(free) // 2:][:3]
        answer = chat(temperature=0, stop=stop).choices[0]
        self.assertEqual(answer.message.content, free[:free.index(stop)])
        self.assertEqual(answer.finish_reason, "stop")

    def test_logprobs(self):
        answer = chat(temperature=0, logprobs=True, top_logprobs=3)
        tokens = answer.choices[0].logprobs.content
        self.assertEqual(len(tokens), answer.usage.completion_tokens)
        for token in tokens:
            self.assertLessEqual(token.logprob, 0)
            self.assertEqual(len(token.top_logprobs), 3)
            self.assertEqual(token.token, token.top_logprobs[0].token)
        spelt = b"".join(bytes(token.bytes) for token in tokens)
        self.assertTrue(spelt.decode().startswith(answer.choices[0].message.content))

    def test_parts_of_text(self):
        parts = [{"type": "text", "text": "Name three "}, {"type": "text", "text": "colours."}]
        self.assertEqual(
            chat(messages=[{"role": "user", "content": parts}]).choices[0].message.content,
            chat().choices[0].message.content)

    def test_cancel_in_the_middle(self):
        stream = chat(stream=True, max_tokens=None, temperature=1,
                      logit_bias={"2": -100, "0": -100})
        for count, _ in enumerate(stream):
            if count == 5:
                break
        stream.close()
        self.assertTrue(chat().choices[0].message.content)


class Completions(unittest.TestCase):
    def test_answer_and_stream(self):
        for more in ({"temperature": 0}, {"temperature": 1}, {"echo": True}):
            whole = complete(**more).choices[0]
            text = "".join(choice.text for chunk in complete(stream=True, **more)
                           for choice in chunk.choices)
            self.assertEqual(text, whole.text)
        self.assertTrue(complete(echo=True).choices[0].text.startswith("The mill stands by the"))
        self.assertEqual(len(complete(max_tokens=None, temperature=0).choices), 1)

    def test_prompts(self):
        answer = complete(prompt=["One, two,", "Red, green,"], n=2, max_tokens=5)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2, 3])
        alone = complete(prompt="Red, green,", max_tokens=5)
        self.assertEqual(answer.choices[2].text, alone.choices[0].text)
        self.assertTrue(complete(prompt=[504, 2365], max_tokens=3).choices[0].text)

    def test_logprobs_of_an_echo(self):
        answer = complete(echo=True, logprobs=2, max_tokens=1, temperature=0)
        told = answer.choices[0].logprobs
        self.assertIsNone(told.token_logprobs[0])
        self.assertTrue(all(value <= 0 for value in told.token_logprobs[1:]))
        self.assertEqual(len(told.tokens), answer.usage.total_tokens)
        self.assertEqual("".join(told.tokens), answer.choices[0].text)
        self.assertEqual(told.text_offset[-1], len("".join(told.tokens[:-1])))
        self.assertGreaterEqual(len(told.top_logprobs[1]), 1)

    def test_bias(self):
        token = complete(temperature=0, max_tokens=1, logprobs=1)
        forced = complete(temperature=0, max_tokens=3, logit_bias={"504": 100}, echo=False)
        self.assertNotEqual(token.choices[0].text, forced.choices[0].text)
        self.assertEqual(len(set(forced.choices[0].text.split())), 1)


class Server(unittest.TestCase):
    def test_models(self):
        models = CLIENT.models.list().data
        self.assertEqual(len(models), 1)
        self.assertEqual(CLIENT.models.retrieve(models[0].id).id, models[0].id)
        self.assertEqual(CLIENT.models.retrieve("default").id, models[0].id)
        self.assertEqual(chat(model=models[0].id).model, models[0].id)

    def test_errors(self):
        with self.assertRaises(openai.NotFoundError) as raised:
            chat(model="gpt-5")
        self.assertEqual(raised.exception.code, "model_not_found")
        self.assertIn(CLIENT.models.list().data[0].id, raised.exception.message)
        with self.assertRaises(openai.BadRequestError) as raised:
            chat(temperature=3)
        self.assertEqual(raised.exception.param, "temperature")
        with self.assertRaises(openai.BadRequestError) as raised:
            complete(prompt="mill " * 3000)
        self.assertEqual(raised.exception.code, "context_length_exceeded")
        self.assertIn("2048", raised.exception.message)
        with self.assertRaises(openai.BadRequestError) as raised:
            chat(response_format={"type": "xml"})
        self.assertEqual(raised.exception.param, "response_format")
        with self.assertRaises(openai.BadRequestError):
            chat(messages=[{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}])

    def test_eight_at_once_answer_as_alone(self):
        def ask(seed):
            messages = [{"role": "user", "content": f"Tell me about the number {seed}."}]
            return streamed(chat(messages=messages, seed=seed, temperature=1, stream=True))
        alone = [ask(seed) for seed in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(ask, range(8))), alone)


def batch_of(requests, endpoint="/v1/chat/completions"):
    """A batch under way: {custom_id: body}."""
    lines = [json.dumps({"custom_id": name, "method": "POST", "url": endpoint, "body": body})
             for name, body in requests.items()]
    file = CLIENT.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
    return CLIENT.batches.create(input_file_id=file.id, endpoint=endpoint,
                                 completion_window="24h", metadata={"for": "a test"})


def finished(batch):
    end = time.monotonic() + 300
    while batch.status in ("validating", "in_progress", "finalizing", "cancelling"):
        assert time.monotonic() < end, batch
        time.sleep(0.1)
        batch = CLIENT.batches.retrieve(batch.id)
    return batch


def lines_of(file):
    if file is None:
        return {}
    lines = [json.loads(line) for line in CLIENT.files.content(file).text.splitlines()]
    return {line["custom_id"]: line for line in lines}


class Batches(unittest.TestCase):
    def test_files(self):
        content = "one\r\n--two\r\n\0\u65e5".encode()
        file = CLIENT.files.create(file=("a name.txt", content), purpose="user_data")
        self.assertEqual((file.filename, file.bytes), ("a name.txt", len(content)))
        self.assertEqual(CLIENT.files.content(file.id).read(), content)
        self.assertEqual(CLIENT.files.retrieve(file.id), file)
        self.assertIn(file.id, [each.id for each in CLIENT.files.list(purpose="user_data")])
        self.assertTrue(CLIENT.files.delete(file.id).deleted)
        for gone in (file.id, "../../etc/passwd"):
            with self.assertRaises(openai.NotFoundError):
                CLIENT.files.retrieve(gone)

    def test_batch(self):
        body = {"model": "default", "messages": QUESTION, "max_tokens": 8, "seed": 7}
        batch = finished(batch_of({"a": body, "b": {**body, "seed": 8}, "bad": {"messages": []}}))
        self.assertEqual(batch.status, "completed")
        self.assertEqual((batch.request_counts.completed, batch.request_counts.failed), (2, 1))
        self.assertEqual(batch.metadata, {"for": "a test"})
        good, bad = lines_of(batch.output_file_id), lines_of(batch.error_file_id)
        self.assertEqual((set(good), set(bad)), ({"a", "b"}, {"bad"}))
        self.assertEqual(good["a"]["response"]["body"]["choices"][0]["message"]["content"],
                         chat(max_tokens=8).choices[0].message.content)
        self.assertEqual(bad["bad"]["response"]["status_code"], 400)
        self.assertIn(batch.id, [each.id for each in CLIENT.batches.list(limit=1)])

    def test_batches_of_every_endpoint(self):
        for endpoint, body in (("/v1/completions", {"prompt": "a", "max_tokens": 2}),
                               ("/v1/embeddings", {"input": "a"}),
                               ("/v1/responses", {"input": "a", "max_output_tokens": 2})):
            batch = finished(batch_of({"one": body}, endpoint))
            self.assertEqual(batch.request_counts.completed, 1, lines_of(batch.error_file_id))

    def test_cancelled_batch(self):
        body = {"prompt": "The mill", "max_tokens": 1000, "logit_bias": {"2": -100, "0": -100}}
        batch = batch_of({str(i): body for i in range(50)}, "/v1/completions")
        batch = finished(CLIENT.batches.cancel(batch.id))
        self.assertEqual(batch.status, "cancelled")
        lines = [*lines_of(batch.output_file_id), *lines_of(batch.error_file_id)]
        self.assertEqual(sorted(lines), sorted(str(i) for i in range(50)))

    def test_wrong_batch(self):
        file = CLIENT.files.create(file=("in.jsonl", b'{"custom_id": "a"}\n{'), purpose="batch")
        batch = CLIENT.batches.create(input_file_id=file.id, endpoint="/v1/completions",
                                      completion_window="24h")
        self.assertEqual(batch.status, "failed")
        self.assertEqual([error.line for error in batch.errors.data], [1, 2])
        with self.assertRaises(openai.NotFoundError):
            CLIENT.batches.create(input_file_id="file-none", endpoint="/v1/completions",
                                  completion_window="24h")


class AsyncClient(unittest.IsolatedAsyncioTestCase):
    async def test_stream(self):
        async with openai.AsyncOpenAI(base_url=os.environ["TOKENMILL_URL"], api_key="none",
                                      max_retries=0) as client:
            text = ""
            async for chunk in await client.chat.completions.create(
                    model="default", messages=QUESTION, max_tokens=24, seed=7, stream=True):
                text += chunk.choices[0].delta.content or ""
        self.assertEqual(text, chat().choices[0].message.content)


unittest.main(verbosity=2)
