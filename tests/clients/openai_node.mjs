// The official JavaScript client against a running server (TOKENMILL_URL); see run.py.
import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';

globalThis.File ??= File;  // Node.js 18 lacks it, and the client asks for it

const client = new OpenAI({
  baseURL: process.env.TOKENMILL_URL, apiKey: 'none', maxRetries: 0, timeout: 300_000,
});
const usual = {
  model: 'default', max_tokens: 24, seed: 7,
  messages: [{ role: 'user', content: 'Name three colours.' }],
};
const chat = (more = {}) => client.chat.completions.create({ ...usual, ...more });

async function joined(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
  return text;
}

test('an answer, the same again, and the same streamed', async () => {
  const answer = await chat();
  const text = answer.choices[0].message.content;
  assert.ok(text.length > 0);
  assert.equal(answer.usage.total_tokens,
               answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.equal((await chat()).choices[0].message.content, text);
  assert.equal(await joined(await chat({ stream: true })), text);
});

test('the streaming helper makes the whole answer', async () => {
  const answer = await client.chat.completions.stream({ ...usual }).finalChatCompletion();
  assert.equal(answer.choices[0].message.content, (await chat()).choices[0].message.content);
});

test('n, stop, logprobs', async () => {
  const answer = await chat({ n: 2, logprobs: true, top_logprobs: 2, stop: ['\n'] });
  assert.equal(answer.choices.length, 2);
  for (const choice of answer.choices) {
    assert.ok(!choice.message.content.includes('\n'));
    assert.ok(choice.logprobs.content.every((token) => token.top_logprobs.length === 2));
  }
});

test('completions', async () => {
  const body = { model: 'default', prompt: 'The mill stands by the', max_tokens: 8, seed: 3 };
  const whole = await client.completions.create(body);
  let text = '';
  for await (const chunk of await client.completions.create({ ...body, stream: true }))
    text += chunk.choices[0]?.text ?? '';
  assert.equal(text, whole.choices[0].text);
});

test('models and errors', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.equal(ids.length, 1);
  assert.equal((await client.models.retrieve(ids[0])).id, ids[0]);
  await assert.rejects(chat({ model: 'gpt-5' }), OpenAI.NotFoundError);
  await assert.rejects(chat({ top_p: 2 }), (error) =>
    error instanceof OpenAI.BadRequestError && error.param === 'top_p');
});

test('an abort in the middle, and the server goes on', async () => {
  const stream = await chat({ stream: true, max_tokens: 1000, logit_bias: { 2: -100, 0: -100 } });
  let chunks = 0;
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    if (++chunks === 5) stream.controller.abort();
  }
  assert.ok((await chat()).choices[0].message.content);
});

test('eight streams at once say what each says alone', async () => {
  const ask = async (seed) => joined(await chat({ seed, temperature: 1, stream: true }));
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
  const alone = [];
  for (const seed of seeds) alone.push(await ask(seed));
  assert.deepEqual(await Promise.all(seeds.map(ask)), alone);
});

test('files and batches', async () => {
  const endpoint = '/v1/completions';
  const body = { prompt: 'The mill stands by the', max_tokens: 8, seed: 3 };
  const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: endpoint, body });
  const file = await client.files.create({
    file: await toFile(Buffer.from(line), 'in.jsonl'), purpose: 'batch' });
  assert.equal(await (await client.files.content(file.id)).text(), line);
  let batch = await client.batches.create({
    input_file_id: file.id, endpoint, completion_window: '24h' });
  while (batch.status === 'in_progress') batch = await client.batches.retrieve(batch.id);
  assert.equal(batch.status, 'completed');
  const output = JSON.parse(await (await client.files.content(batch.output_file_id)).text());
  const live = await client.completions.create({ model: 'default', ...body });
  assert.equal(output.response.body.choices[0].text, live.choices[0].text);
  assert.equal((await client.files.delete(file.id)).deleted, true);
});
