// Made-up requests that have ended, and a bill of them.
import type {Outcome, RequestRecord, Tenants} from '../src/client/types.ts';
import {madeDigest, madeId, randomOf, startedMs} from './engine.ts';

export const firstRecord = 5000;
const outcomes: Outcome[] = ['whole', 'whole', 'whole', 'whole', 'cancelled', 'failed'];

export function madeRecords(count: number, seed = 7): RequestRecord[] {
  const random = randomOf(seed);
  return Array.from({length: count}, (_, i) => {
    const arrived = startedMs + 590_000 - i * 2700;
    const prompt = 20 + Math.floor(random() * 800);
    const answer = 8 + Math.floor(random() * 120);
    const queued = arrived + 0.4 + random();
    const began = queued + random() * 40;
    const first = began + prompt * 0.16;
    const last = first + answer * 9;
    const outcome = outcomes[Math.floor(random() * outcomes.length)] ?? 'whole';
    return {
      request: madeId(firstRecord + i),
      tenant: ['acme', 'globex', 'initech'][i % 3] ?? 'acme', key: 'key_0123456789ab',
      endpoint: i % 5 ? '/v1/chat/completions' : '/v1/messages',
      model: 'smollm2-135m-instruct-q4_1', outcome, arrived_ms: arrived, ended_ms: last + 0.3,
      answers: [{queued_ms: queued, began_ms: began, first_token_ms: first,
                 last_token_ms: outcome === 'failed' ? null : last}],
      recorded_ms: outcome === 'failed' ? null : last + 4.1, prompt_tokens: prompt,
      cached_tokens: i % 2 ? 0 : Math.floor(prompt / 2), thinking_tokens: 0,
      generated_tokens: answer, joules: answer * 0.09,
      euros: (prompt * 1e-7 + answer * 4e-7).toFixed(9),
      receipt: outcome === 'whole' && i % 4 === 0, digest: madeDigest,
      source: 'memory',
    };
  });
}

// What a ledger has of one: its end to the second, and no timeline.
export function inLedger(record: RequestRecord): RequestRecord {
  const ended = Math.floor(record.ended_ms / 1000) * 1000;
  return {...record, source: 'ledger', answers: [], recorded_ms: null, receipt: null,
          arrived_ms: ended - Math.round(record.ended_ms - record.arrived_ms), ended_ms: ended};
}

export const madeTenants = (): Tenants => ({
  view: 'all', ledger: true, time_ms: startedMs + 600_000,
  tenants: [
    {tenant: 'acme', keys: 2,
     use: {minute: {tokens: 812, euros: '0.000100000'},
           day: {tokens: 912_004, euros: '0.210400000'},
           month: {tokens: 1_820_000, euros: '4.210400000'}},
     limits: {tokens_per_minute: 20_000, tokens_per_day: 1_000_000, tokens_per_month: null,
              euros_per_day: null, euros_per_month: 5}},
    {tenant: 'globex', keys: 1,
     use: {minute: {tokens: 0, euros: '0.000000000'}, day: {tokens: 45_000, euros: '0.009000000'},
           month: {tokens: 2_000_000, euros: '0.400000000'}},
     limits: {tokens_per_minute: null, tokens_per_day: null, tokens_per_month: 2_000_000,
              euros_per_day: null, euros_per_month: null}},
  ],
  prices: {default: {prompt: 0.1, cached: 0.02, answer: 0.4, thinking: 0.4},
           models: {smollm2: {prompt: 0.05, cached: 0.01, answer: 0.2, thinking: 0.2}}},
  bill: {
    since_ms: 1_761_955_200_000, until_ms: null,
    rows: [
      {tenant: 'acme', model: 'smollm2', requests: 4102, prompt_tokens: 1_620_000,
       cached_tokens: 410_000, thinking_tokens: 0, answer_tokens: 200_000, euros: '4.210400000',
       joules: 214_000},
      {tenant: 'globex', model: 'smollm2', requests: 731, prompt_tokens: 1_900_000,
       cached_tokens: 1_700_000, thinking_tokens: 0, answer_tokens: 100_000, euros: '0.400000000',
       joules: 98_000},
    ],
    total: {requests: 4833, prompt_tokens: 3_520_000, cached_tokens: 2_110_000, thinking_tokens: 0,
            answer_tokens: 300_000, euros: '4.610400000', joules: 312_000},
  },
});
