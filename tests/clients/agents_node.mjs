// OpenAI's agents SDK against a running server (TOKENMILL_URL); see run.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';

setTracingDisabled(true);
const weather = tool({
  name: 'get_weather', description: 'The weather in a city',
  parameters: z.object({ city: z.string() }), execute: async () => 'Sunny, 21 degrees',
});

for (const useResponses of [true, false]) {
  const api = useResponses ? 'responses' : 'chat completions';
  const runner = new Runner({ tracingDisabled: true, modelProvider: new OpenAIProvider({
    apiKey: 'none', baseURL: process.env.TOKENMILL_URL, useResponses }) });
  const settings = { maxTokens: 1024, temperature: 0 };

  test(`an answer over ${api}`, async () => {
    const agent = new Agent({ name: 'Painter', instructions: 'You are brief.', model: 'default',
                              modelSettings: settings });
    const result = await runner.run(agent, 'Name three colours.');
    assert.ok(result.finalOutput.length > 0);
  });

  test(`streaming over ${api}`, async () => {
    const agent = new Agent({ name: 'Painter', model: 'default', modelSettings: settings });
    const result = await runner.run(agent, 'Name three colours.', { stream: true });
    let text = '';
    for await (const part of result.toTextStream()) text += part;
    await result.completed;
    assert.equal(text, result.finalOutput);
  });

  test(`tools over ${api}`, async () => {
    const agent = new Agent({
      name: 'Watcher', model: 'default', tools: [weather],
      modelSettings: { ...settings, toolChoice: 'required' },
      toolUseBehavior: 'stop_on_first_tool',
    });
    const result = await runner.run(agent, 'What is the weather in Paris?');
    assert.equal(result.finalOutput, 'Sunny, 21 degrees');
  });
}
