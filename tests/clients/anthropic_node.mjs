// Anthropic's JavaScript client against a running server (TOKENMILL_URL); see run.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({
  baseURL: process.env.TOKENMILL_URL.replace(/\/v1$/, ''), apiKey: 'none', maxRetries: 0,
  timeout: 300_000,
});
const usual = {
  model: 'default', max_tokens: 24, temperature: 0,
  messages: [{ role: 'user', content: 'Name three colours.' }],
};
const tools = [{
  name: 'get_weather', description: 'The weather in a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}];

test('messages', async () => {
  const message = await client.messages.create(usual);
  assert.equal(message.type, 'message');
  assert.ok(message.content[0].text.length > 0);
  assert.ok(['end_turn', 'max_tokens'].includes(message.stop_reason));
  assert.ok(message.usage.output_tokens <= 24);
});

test('streaming', async () => {
  const whole = await client.messages.create(usual);
  const streamed = await client.messages.stream(usual).finalMessage();
  assert.deepEqual(streamed.content.map((block) => block.text),
                   whole.content.map((block) => block.text));
  assert.equal(streamed.stop_reason, whole.stop_reason);
});

test('system prompts and stop sequences', async () => {
  const message = await client.messages.create({
    ...usual, system: [{ type: 'text', text: 'You are brief.' }], stop_sequences: ['e'],
  });
  assert.ok(!message.content.some((block) => block.text.includes('e')));
});

test('tools', async () => {
  const body = {
    ...usual, max_tokens: 64, tools, tool_choice: { type: 'tool', name: 'get_weather' },
    messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
  };
  const message = await client.messages.create(body);
  const use = message.content.find((block) => block.type === 'tool_use');
  assert.equal(use.name, 'get_weather');
  assert.equal(typeof use.input, 'object');
  const streamed = await client.messages.stream(body).finalMessage();
  assert.equal(streamed.content[0].type, 'tool_use');
  const answer = await client.messages.create({
    ...usual, tools,
    messages: [...body.messages, { role: 'assistant', content: message.content },
               { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id,
                                           content: 'Sunny, 21 degrees' }] }],
  });
  assert.ok(answer.content.length > 0);
});

test('token counting', async () => {
  const count = await client.messages.countTokens({ model: 'default', messages: usual.messages });
  const { usage } = await client.messages.create(usual);
  assert.equal(count.input_tokens, usage.input_tokens + usage.cache_read_input_tokens);
});

test('errors', async () => {
  await assert.rejects(client.messages.create({ ...usual, model: 'claude-9' }),
                       Anthropic.NotFoundError);
  await assert.rejects(client.messages.create({ ...usual, temperature: 3 }),
                       Anthropic.BadRequestError);
});
