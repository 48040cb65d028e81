// The server's state, as it tells it each second, for all pages: one stream, opened again by
// itself.
//
//   connecting ──▶ live ──▶ offline (tries again, less and less often) ──▶ live
//        └──▶ key (401: a key is asked for), closed (403: the key opens other doors), absent (404)
import {computed, effect, signal} from '@preact/signals';
import {route} from '../base/route.ts';
import {EventParser, eventsOf} from '../base/sse.ts';
import {aborted, ApiError, ask, asApiError, key} from './api.ts';
import {remember} from './history.ts';
import type {State} from './types.ts';

export type Link = 'connecting' | 'live' | 'offline' | 'key' | 'closed' | 'absent';

export const link = signal<Link>('connecting');
export const state = signal<State | null>(null);
export const problem = signal<ApiError | null>(null);
export const retryAtMs = signal<number | null>(null);

export const models = computed(() => state.value?.models ?? []);

// The one that a page is about: what its address says (?model=ID), else the default one.
export const model = computed(() => {
  const wanted = route.value.query['model'];
  return models.value.find((each) => each.id === wanted) ??
    models.value.find((each) => each.default) ?? models.value[0] ?? null;
});
export const engine = computed(() => model.value?.engine ?? null);

// Of all engines together; null while nothing is known.
export const tokensOut = computed(() => {
  const rates = models.value.flatMap((each) =>
    each.engine?.rates ? [each.engine.rates.generated_tokens_per_second] : []);
  return rates.length ? rates.reduce((all, each) => all + each, 0) : null;
});

const silenceMs = 20_000;  // the server says something every 15 s at least
const slowestMs = 15_000;

export const backoffMs = (failures: number, first = 1000) =>
  Math.min(slowestMs, first * 2 ** Math.max(0, failures - 1));

export function linkOf(error: ApiError): Link {
  if (error.status === 401) return 'key';
  if (error.status === 403) return 'closed';
  return error.status === 404 ? 'absent' : 'offline';
}

let running: AbortController | null = null;
let wake: (() => void) | null = null;

function take(data: string) {
  const next = JSON.parse(data) as State;
  state.value = next;
  link.value = 'live';
  problem.value = null;
  retryAtMs.value = null;
  remember(next);
}

// One connection, until it ends or fails; the delay that the server would like before the next.
async function listen(abort: AbortController, onState: () => void): Promise<number | null> {
  const parser = new EventParser();
  let timer = setTimeout(() => abort.abort('silent'), silenceMs);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort('silent'), silenceMs);
  };
  try {
    const answer = await ask('/v1/console/events', {signal: abort.signal});
    if (!answer.body) throw new ApiError(0, 'The answer has no body');
    for await (const event of eventsOf(answer.body, parser)) {
      alive();
      if (event.event === 'state') {
        take(event.data);
        onState();
      }
    }
  } finally {
    clearTimeout(timer);
  }
  return parser.retryMs;
}

const pause = (ms: number) => new Promise<void>((done) => {
  const timer = setTimeout(done, ms);
  wake = () => {
    clearTimeout(timer);
    done();
  };
});

async function follow(stop: AbortController) {
  let failures = 0;
  while (!stop.signal.aborted) {
    const one = new AbortController();
    const end = () => one.abort();
    stop.signal.addEventListener('abort', end, {once: true});
    let first: number | null = null;
    try {
      first = await listen(one, () => (failures = 0));
      problem.value = new ApiError(0, 'The server has closed the connection.');
      link.value = 'offline';
    } catch (error) {
      if (stop.signal.aborted) return;
      problem.value = aborted(error) ? new ApiError(0, 'The server has gone silent.')
        : asApiError(error);
      link.value = linkOf(problem.value);
    } finally {
      stop.signal.removeEventListener('abort', end);
    }
    if (link.value !== 'offline') return;  // trying again would change nothing
    ++failures;
    const wait = Math.max(backoffMs(failures, first ?? 1000),
                          (problem.value?.retrySeconds ?? 0) * 1000);
    retryAtMs.value = Date.now() + wait;
    await pause(wait);
    if (!stop.signal.aborted) retryAtMs.value = null;
  }
}

export function connect() {
  running?.abort();
  wake?.();
  running = new AbortController();
  link.value = 'connecting';
  retryAtMs.value = null;
  void follow(running);
}

// From now on, and again with each new key; a page that comes back into view does not wait.
export function startLive() {
  effect(() => {
    void key.value;
    setTimeout(connect);
  });
  addEventListener('online', () => wake?.());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) wake?.();
  });
}
