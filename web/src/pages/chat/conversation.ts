// The conversation: what was said, what is being said now, and how it goes on.
import {computed, signal} from '@preact/signals';
import {stored} from '../../base/stored.ts';
import {aborted, asApiError, type ApiError} from '../../client/api.ts';
import {emptyAnswer, streamChat, type Answer} from '../../client/chat.ts';
import {requestBody, settings} from './settings.ts';

export interface UserMessage {
  role: 'user';
  text: string;
}

export interface ToolMessage {
  role: 'tool';
  call: string;
  name: string;
  text: string;
}

export interface AssistantMessage {
  role: 'assistant';
  answer: Answer;
  probabilities: boolean;
  receipt: boolean;
  startMs: number;
  firstMs: number | null;
  endMs: number | null;  // null while it comes
  stopped: boolean;
  error: {status: number; message: string; code: string | null} | null;
}

export type Message = UserMessage | ToolMessage | AssistantMessage;

export const messages = stored<Message[]>({
  name: 'chat.messages', keep: 'session', initial: [],
  valid: (value): value is Message[] =>
    Array.isArray(value) && value.every((each) => each?.role !== 'assistant' || each.answer?.calls),
});
export const busy = signal(false);
const abort = signal<AbortController | null>(null);

// What the server is told of a message; thoughts are not told again, nor an answer that failed.
export function told(message: Message): object | null {
  if (message.role === 'user') return {role: 'user', content: message.text};
  if (message.role === 'tool')
    return {role: 'tool', tool_call_id: message.call, content: message.text};
  const {text, calls} = message.answer;
  if (!text && !calls.length) return null;
  const tool_calls = calls.map((call) => ({
    id: call.id, type: 'function', function: {name: call.name, arguments: call.arguments},
  }));
  return calls.length ? {role: 'assistant', content: text || null, tool_calls}
    : {role: 'assistant', content: text};
}

// Calls of the last answer that have no result yet.
export const openCalls = computed(() => {
  const last = messages.value.at(-1);
  return last?.role === 'assistant' && last.endMs !== null ? last.answer.calls : [];
});

function replaceLast(part: Partial<AssistantMessage>) {
  const last = messages.value.at(-1);
  if (last?.role === 'assistant')
    messages.value = [...messages.value.slice(0, -1), {...last, ...part}];
}

const perFrameMs = 40;

// Shows the answer as it grows, some times a second at most, however many tokens come in one.
async function receive(body: object, init: RequestInit) {
  let shownMs = 0;
  let firstMs: number | null = null;
  let answer = emptyAnswer();
  for await (answer of streamChat(body, init)) {
    const now = performance.now();
    if (firstMs === null && (answer.text || answer.thinking || answer.calls.length))
      firstMs = Date.now();
    if (now - shownMs < perFrameMs) continue;
    shownMs = now;
    replaceLast({answer, firstMs});
    await new Promise((done) => setTimeout(done));  // lets the page draw, and hear a click on Stop
  }
  replaceLast({answer, firstMs});
}

async function answerNow() {
  const now = settings.value;
  const body = requestBody(now, messages.value.map(told).filter((each) => each !== null));
  const control = new AbortController();
  abort.value = control;
  busy.value = true;
  messages.value = [...messages.value, {
    role: 'assistant', answer: emptyAnswer(), probabilities: now.probabilities,
    receipt: now.receipt, startMs: Date.now(), firstMs: null, endMs: null, stopped: false,
    error: null,
  }];
  const headers: Record<string, string> = now.receipt ? {'X-Tokenmill-Receipt': 'true'} : {};
  try {
    await receive(body, {signal: control.signal, headers});
  } catch (error) {
    if (aborted(error)) replaceLast({stopped: true});
    else replaceLast({error: plain(asApiError(error))});
  } finally {
    replaceLast({endMs: Date.now()});
    busy.value = false;
    abort.value = null;
  }
}

const plain = ({status, message, code}: ApiError) => ({status, message, code});

export function say(text: string) {
  messages.value = [...messages.value, {role: 'user', text}];
  return answerNow();
}

export function giveResults(results: Omit<ToolMessage, 'role'>[]) {
  messages.value = [...messages.value,
                    ...results.map((each): ToolMessage => ({role: 'tool', ...each}))];
  return answerNow();
}

export function regenerate() {
  if (busy.value || messages.value.at(-1)?.role !== 'assistant') return;
  messages.value = messages.value.slice(0, -1);
  return answerNow();
}

export const stop = () => abort.value?.abort();

export function clear() {
  stop();
  messages.value = [];
}

// A page that was reloaded in the middle of an answer has its beginning, and nobody who goes on.
export function settle() {
  if (!busy.value) {
    const last = messages.value.at(-1);
    if (last?.role === 'assistant' && last.endMs === null)
      replaceLast({stopped: true, endMs: last.firstMs ?? last.startMs});
  }
}
