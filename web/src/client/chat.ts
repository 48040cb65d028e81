// A streamed chat completion, chunk by chunk, into an answer. Pure: the page keeps the answers.
import {eventsOf} from '../base/sse.ts';
import {ApiError, ask} from './api.ts';

export interface Alternative {
  token: string;
  logprob: number;
}

export interface Token extends Alternative {
  alternatives: Alternative[];
}

export interface Call {
  id: string;
  name: string;
  arguments: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  prompt_tokens_details?: {cached_tokens?: number};
  completion_tokens_details?: {reasoning_tokens?: number};
}

export interface Answer {
  text: string;
  thinking: string;
  calls: Call[];
  tokens: Token[];  // where they were asked for: of thoughts, too
  finish: string | null;
  usage: Usage | null;
  request: string;  // X-Request-Id
}

export const emptyAnswer = (): Answer =>
  ({text: '', thinking: '', calls: [], tokens: [], finish: null, usage: null, request: ''});

interface CallDelta {
  index: number;
  id?: string;
  function?: {name?: string; arguments?: string};
}

interface LogprobEntry extends Alternative {
  bytes?: number[] | null;
  top_logprobs?: (Alternative & {bytes?: number[] | null})[];
}

export interface Chunk {
  choices?: {
    delta?: {content?: string | null; reasoning_content?: string | null; tool_calls?: CallDelta[]};
    logprobs?: {content?: LogprobEntry[] | null} | null;
    finish_reason?: string | null;
  }[];
  usage?: Usage | null;
  error?: {message: string; code?: string | null};
}

// A call's id and name come first, its arguments in pieces after them.
function withCall(calls: Call[], delta: CallDelta): Call[] {
  const before = calls[delta.index] ?? {id: '', name: '', arguments: ''};
  const after = {
    id: delta.id ?? before.id,
    name: before.name + (delta.function?.name ?? ''),
    arguments: before.arguments + (delta.function?.arguments ?? ''),
  };
  const out = [...calls];
  out[delta.index] = after;
  return out;
}

const tokenOf = (entry: LogprobEntry): Token => ({
  token: entry.token,
  logprob: entry.logprob,
  alternatives: (entry.top_logprobs ?? []).map(({token, logprob}) => ({token, logprob})),
});

export function withChunk(answer: Answer, chunk: Chunk): Answer {
  const choice = chunk.choices?.[0];
  const delta = choice?.delta;
  return {
    ...answer,
    text: answer.text + (delta?.content ?? ''),
    thinking: answer.thinking + (delta?.reasoning_content ?? ''),
    calls: (delta?.tool_calls ?? []).reduce(withCall, answer.calls),
    tokens: choice?.logprobs?.content
      ? [...answer.tokens, ...choice.logprobs.content.map(tokenOf)] : answer.tokens,
    finish: choice?.finish_reason ?? answer.finish,
    usage: chunk.usage ?? answer.usage,
  };
}

// The answer as it grows, once for each piece that has come over the network.
export async function* streamChat(body: object, init: RequestInit) {
  const reply = await ask('/v1/chat/completions',
                          {...init, method: 'POST', body: JSON.stringify(body)});
  let answer = {...emptyAnswer(), request: reply.headers.get('X-Request-Id') ?? ''};
  yield answer;
  if (!reply.body) throw new ApiError(0, 'The answer has no body');
  for await (const {data} of eventsOf(reply.body)) {
    if (data === '[DONE]') return;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw new ApiError(500, chunk.error.message, chunk.error.code ?? null);
    answer = withChunk(answer, chunk);
    yield answer;
  }
  throw new ApiError(0, 'The stream broke off before the answer was whole.');
}
