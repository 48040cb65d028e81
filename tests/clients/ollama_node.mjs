// Ollama's JavaScript client against a running server (TOKENMILL_URL); see run.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ollama } from 'ollama';

const client = new Ollama({ host: process.env.TOKENMILL_URL.replace(/\/v1$/, '') });
const usual = {
  model: 'default', messages: [{ role: 'user', content: 'Name three colours.' }],
  options: { num_predict: 24, temperature: 0 },
};

test('chat', async () => {
  const answer = await client.chat(usual);
  assert.ok(answer.message.content.length > 0);
  assert.ok(answer.done);
  assert.ok(answer.eval_count <= 24);
});

test('streaming', async () => {
  const whole = await client.chat(usual);
  let text = '', last;
  for await (const part of await client.chat({ ...usual, stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, whole.message.content);
  assert.equal(last.done_reason, whole.done_reason);
});

test('generate', async () => {
  const body = { model: 'default', prompt: 'The mill stands by the', options: usual.options };
  assert.ok((await client.generate({ ...body, raw: true })).response.length > 0);
  assert.ok((await client.generate(body)).response.length > 0);
});

test('tools', async () => {
  const answer = await client.chat({
    ...usual,
    tools: [{ type: 'function', function: {
      name: 'get_weather', description: 'The weather in a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } } } } }],
  });
  assert.ok(answer.message);
  const followed = await client.chat({
    ...usual,
    messages: [...usual.messages,
               { role: 'assistant', content: '', tool_calls: [
                 { function: { name: 'get_weather', arguments: { city: 'Paris' } } }] },
               { role: 'tool', content: 'sunny', tool_name: 'get_weather' }],
  });
  assert.ok(followed.message.content.length > 0);
});

test('models', async () => {
  const { models } = await client.list();
  assert.equal(models.length, 1);
  assert.ok((await client.show({ model: models[0].name })).capabilities.includes('completion'));
  assert.ok((await client.version()).version);
});

test('errors', async () => {
  await assert.rejects(client.chat({ ...usual, model: 'llama9' }), /not here/);
});
