// Vercel's AI SDK against a running server (TOKENMILL_URL); see run.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText, tool } from 'ai';
import { z } from 'zod';

const provider = createOpenAICompatible({
  name: 'tokenmill', baseURL: process.env.TOKENMILL_URL, apiKey: 'none', includeUsage: true,
});
const usual = {
  model: provider('default'), prompt: 'Name three colours.', maxOutputTokens: 24, temperature: 0,
  maxRetries: 0,
};
const tools = {
  get_weather: tool({ description: 'The weather in a city',
                      inputSchema: z.object({ city: z.string() }) }),
};

test('text', async () => {
  const answer = await generateText(usual);
  assert.ok(answer.text.length > 0);
  assert.ok(answer.usage.outputTokens <= 24);
});

test('streaming', async () => {
  const whole = await generateText(usual);
  let text = '';
  for await (const part of streamText(usual).textStream) text += part;
  assert.equal(text, whole.text);
});

test('tools', async () => {
  const body = { ...usual, prompt: 'What is the weather in Paris?', maxOutputTokens: 64, tools,
                 toolChoice: { type: 'tool', toolName: 'get_weather' } };
  const answer = await generateText(body);
  assert.equal(answer.toolCalls[0].toolName, 'get_weather');
  const streamed = streamText(body);
  await streamed.consumeStream();
  assert.equal((await streamed.toolCalls)[0].toolName, 'get_weather');
});

test('errors', async () => {
  await assert.rejects(generateText({ ...usual, model: provider('gpt-5') }), /not here/);
});
