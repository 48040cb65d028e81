// A made-up model that thinks, calls a tool where it is given one, and is sure of some tokens.
import type {ServerResponse} from 'node:http';
import {madeId} from './engine.ts';
import {firstRecord} from './records.ts';

interface Asked {
  messages: {role: string}[];
  tools?: {function: {name: string}}[];
  logprobs?: boolean;
  reasoning_effort?: string;
}

const thoughts = 'The user asks about mills. A short answer, with an example, will do.';
const answer = 'A **mill** turns raw grain into flour:\n\n1. water turns the wheel,\n' +
  '2. the wheel turns the stone,\n3. the stone grinds.\n\n```sh\ntokenmill serve\n```\n\n' +
  'That is all there is to it.';

const pieces = (text: string) => text.match(/\s*\S+|\s+$/g) ?? [];

const logprobs = (token: string, i: number) => {
  const p = [0.98, 0.71, 0.44, 0.93, 0.17, 0.06][i % 6] ?? 0.5;
  const other = (text: string, share: number) =>
    ({token: text, logprob: Math.log((1 - p) * share)});
  return {content: [{token, logprob: Math.log(p), bytes: null,
                     top_logprobs: [{token, logprob: Math.log(p)}, other(' wheel', 0.6),
                                    other(' stone', 0.3), other('\n', 0.08)]}]};
};

// `endless`: until the client leaves.
export async function chat(asked: Asked, reply: ServerResponse,
                           {paceMs, endless}: {paceMs: number; endless: boolean}) {
  reply.writeHead(200, {'Content-Type': 'text/event-stream', 'X-Request-Id': madeId(firstRecord)});
  const send = async (delta: object, finish: string | null, told: object | null = null) => {
    const choice = {index: 0, delta, logprobs: told, finish_reason: finish};
    reply.write(`data: ${JSON.stringify({choices: [choice], usage: null})}\n\n`);
    await new Promise((done) => setTimeout(done, paceMs));
  };
  await send({role: 'assistant', content: ''}, null);
  let left = false;
  reply.on('close', () => (left = true));
  while (endless && !left) await send({content: 'and '}, null);
  const tool = asked.tools?.[0]?.function.name;
  const calls = tool && asked.messages.at(-1)?.role !== 'tool';
  if (asked.reasoning_effort !== 'none')
    for (const text of pieces(thoughts)) await send({reasoning_content: text}, null);
  if (calls) {
    const call = (more: object) => ({tool_calls: [{index: 0, ...more}]});
    await send(call({id: 'call_1', type: 'function', function: {name: tool, arguments: ''}}), null);
    await send(call({function: {arguments: '{"city": '}}), null);
    await send(call({function: {arguments: '"Ulm"}'}}), null);
  } else {
    for (const [i, text] of pieces(answer).entries())
      await send({content: text}, null, asked.logprobs ? logprobs(text, i) : null);
  }
  await send({}, calls ? 'tool_calls' : 'stop');
  const usage = {prompt_tokens: 35, completion_tokens: 42,
                 prompt_tokens_details: {cached_tokens: 32}};
  reply.end(`data: ${JSON.stringify({choices: [], usage})}\n\ndata: [DONE]\n\n`);
}
