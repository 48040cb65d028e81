// A made-up engine, for the pages' tests and while they are written: it plays requests of three
// tenants through steps, blocks and a prefix tree, and tells its state in the server's words. The
// same seed plays the same.
import type {Blocks, Engine, Owner, PrefixNode, Quantiles, SequenceNow, State, Step}
  from '../src/client/types.ts';

const blockTokens = 32;
const totalBlocks = 512;
const sharedPrefix = 8;  // blocks that all of a tenant's prompts begin with
const stepSeconds = 0.022;
export const startedMs = 1_764_256_000_000;

export function randomOf(seed: number) {  // mulberry32
  let at = seed >>> 0;
  return () => {
    at = (at + 0x6d2b79f5) >>> 0;
    let t = at;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const madeDigest = '5a1395716f7913741cc51d98581b9b1228d80987a9f7d3664106742eb06bba83';

// As random as an id looks, and always the same for a number.
export function madeId(n: number): string {
  const random = randomOf(n);
  return `req_${Array.from({length: 24}, () => Math.floor(random() * 16).toString(16)).join('')}`;
}

interface Made extends SequenceNow {
  wanted: number;  // tokens of answer
}

const tenants = ['acme', 'globex', 'initech'];

export class MadeEngine {
  private readonly random: () => number;
  private next = 40;
  private step = 900;
  private tokensIn = 9000;
  private tokensOut = 2210;
  private done = 40;
  private readonly sequences: Made[] = [];
  private readonly steps: Step[] = [];
  private events = 0;
  timeMs = startedMs + 600_000;

  constructor(seed = 1, private readonly busy = true) {
    this.random = randomOf(seed);
  }

  // Half a minute, so that there is something to see at once.
  warm(): this {
    for (let i = 0; i < 12; ++i) this.second();
    return this;
  }

  second() {
    const end = this.timeMs + 1000;
    while (this.timeMs < end) {
      if (this.busy && this.sequences.length < 7 && this.random() < 0.16) this.arrive();
      if (this.sequences.length === 0) this.timeMs += 60;
      else this.oneStep();
    }
  }

  private arrive() {
    const prompt = 96 + Math.floor(this.random() * 900);
    const cached = Math.min(prompt - 1, this.random() < 0.7 ? sharedPrefix * blockTokens : 0);
    const id = this.next++;
    this.sequences.push({
      sequence: id, request: madeId(id), priority: 0,
      tenant: tenants[Math.floor(this.random() * 3)] ?? 'acme', state: 'queue',
      arrived_ms: this.timeMs, began_ms: null, first_token_ms: null, prompt_tokens: prompt,
      cached_tokens: cached, computed_tokens: cached, generated_tokens: 0, blocks: 0,
      shared_blocks: 0, joules: 0, wanted: 20 + Math.floor(this.random() * 160),
    });
  }

  private oneStep() {
    const step: Step = {
      step: ++this.step, start_ms: this.timeMs, seconds: 0, prefill: [], decode: [],
    };
    let room = 256;
    for (const each of this.sequences) {
      each.began_ms ??= this.timeMs;
      if (each.computed_tokens < each.prompt_tokens) room -= this.prefill(each, step, room);
      else this.decode(each, step);
    }
    step.seconds = stepSeconds * (0.6 + (256 - room) / 200) + this.random() * 0.004;
    this.timeMs += step.seconds * 1000;
    for (const each of this.sequences) each.joules = (each.joules ?? 0) + step.seconds * 9;
    this.steps.push(step);
    if (this.steps.length > 128) this.steps.shift();
    this.leave();
  }

  private prefill(each: Made, step: Step, room: number): number {
    const tokens = Math.min(room, each.prompt_tokens - each.computed_tokens, 128);
    if (tokens <= 0) return 0;
    each.state = 'prefill';
    each.computed_tokens += tokens;
    step.prefill.push(each.sequence, tokens);
    this.grow(each);
    return tokens;
  }

  private decode(each: Made, step: Step) {
    if (each.state !== 'decode') this.tokensIn += each.prompt_tokens;
    each.state = 'decode';
    each.first_token_ms ??= this.timeMs;
    const tokens = this.random() < 0.15 ? 4 : 1;
    each.generated_tokens += tokens;
    each.computed_tokens += tokens;
    this.tokensOut += tokens;
    step.decode.push(each.sequence, tokens);
    this.grow(each);
  }

  private grow(each: Made) {
    each.blocks = Math.ceil(each.computed_tokens / blockTokens);
    each.shared_blocks = each.cached_tokens ? Math.min(sharedPrefix, each.blocks) : 0;
  }

  private leave() {
    for (let i = this.sequences.length; i-- > 0;) {
      const each = this.sequences[i];
      if (!each || each.generated_tokens < each.wanted) continue;
      this.sequences.splice(i, 1);
      ++this.done;
    }
  }

  private blocks(): Blocks {
    const owners: Owner[] = ['free', 'cached', 'shared'];
    const runs: number[] = [];
    let at = 0;
    const put = (owner: number, blocks: number, age: number) => {
      const fits = Math.min(blocks, totalBlocks - at);
      if (fits > 0) runs.push(owner, fits, age);
      at += Math.max(0, fits);
    };
    const held = this.sequences.filter((each) => each.blocks > 0);
    const sharing = held.filter((each) => each.shared_blocks).map((each) => each.tenant);
    const shared = new Set(sharing).size * sharedPrefix;
    put(2, shared, 9);
    let owned = 0;
    for (const each of held) {
      const own = each.blocks - each.shared_blocks;
      owners.push(each.sequence);
      put(owners.length - 1, Math.ceil(own / 2), 5);
      put(owners.length - 1, Math.floor(own / 2), 1);
      owned += own;
    }
    const cached = Math.min(this.done * 3, totalBlocks - shared - owned - 60);
    for (let left = cached, age = 3; left > 0; left -= 40) put(1, Math.min(40, left), age += 2);
    const free = totalBlocks - at;
    put(0, free, 11);
    return {total: totalBlocks, block_tokens: blockTokens, bytes_per_block: 92_160, free, cached,
            shared, owned, stride: 1, owners, runs};
  }

  private prefix(): PrefixNode[] {
    const nodes: PrefixNode[] = [];
    for (const tenant of tenants) {
      const held = this.sequences.filter((each) => each.tenant === tenant && each.shared_blocks);
      const root = nodes.length;
      const rest = held.map((each) => Math.max(1, each.blocks - sharedPrefix));
      const gone = [3, 7].map((blocks) => blocks + tenant.length);
      const below = [...rest, ...gone].reduce((a, b) => a + b, 0);
      nodes.push({parent: -1, blocks: sharedPrefix, holders: held.length, age: 2,
                  below: below + sharedPrefix});
      for (const blocks of rest)
        nodes.push({parent: root, blocks, holders: 1, age: 0, below: blocks});
      gone.forEach((blocks, i) =>
        nodes.push({parent: root, blocks, holders: 0, age: 5 + 4 * i, below: blocks}));
    }
    return nodes;
  }

  private quantiles(p50: number): Quantiles {
    return this.busy ? {count: this.done, p50, p90: p50 * 1.8, p99: p50 * 3.1}
      : {count: 0, p50: null, p90: null, p99: null};
  }

  private engine(): Engine {
    const blocks = this.blocks();
    const nodes = this.busy ? this.prefix() : [];
    const told = (p50: number) => ({recent: this.quantiles(p50), whole: this.quantiles(p50 * 1.1)});
    const held = nodes.reduce((all, node) => all + node.blocks, 0);
    const wave = 1 + 0.25 * Math.sin(this.events / 5);
    return {
      time_ms: this.timeMs,
      counters: {
        running: this.sequences.length, waiting: 0, tenants: 3, steps: this.step,
        prompt_tokens: this.tokensIn, cached_tokens: Math.floor(this.tokensIn / 3),
        generated_tokens: this.tokensOut, computed_tokens: this.tokensIn + this.tokensOut,
        guessed_tokens: 120, accepted_tokens: 71, requests_done: this.done, requests_cancelled: 1,
        requests_late: 0, yields: 0, fairness: 0.997,
        finished: {stop: this.done - 10, length: 10, cancelled: 1, error: 0},
      },
      rates: {
        seconds: 1, prompt_tokens_per_second: this.busy ? 512 * wave : 0,
        generated_tokens_per_second: this.busy ? 188.1 * wave : 0, computed_tokens_per_second: 540,
        steps_per_second: 44, watts: this.busy ? 61.3 * wave : 40, busy: this.busy ? 0.93 : 0,
      },
      latency: {queue: told(0.0007), first_token: told(0.092), inter_token: told(0.021),
                prefill: told(0.09), decode: told(1.9), request: told(2.1)},
      energy: {joules_requests: 1200.5, joules_idle: 90.1,
               joules_per_million_tokens: {recent: 107_000, whole: 106_600}},
      money: {euros: '0.002910000', euros_per_million_tokens: {recent: 0.21, whole: 0.2}},
      steps: {
        last: this.step, steps: this.steps,
        requests: Object.fromEntries(this.sequences.map((each) => [each.sequence, each.request])),
        tenants: Object.fromEntries(this.sequences.map((each) => [each.sequence, each.tenant])),
      },
      blocks,
      prefix: {blocks: held, shown: held, roots: nodes.length ? 3 : 0, nodes},
    };
  }

  state(view: 'all' | 'tenant' = 'all', keys = false): State {
    const all = view === 'all';
    return {
      object: 'console.state', id: ++this.events, time_ms: this.timeMs + 3, view,
      tenant: all ? '' : 'acme', admin: all && !keys,
      server: {version: '0.1.0', started_ms: startedMs, resident_bytes: 734_003_200, connections: 4,
               streams: 1, processors: 2, keys, ledger: true, prices: true, limits: true,
               receipts: true, models_folder: true, energy_source: 'model'},
      models: [{
        id: 'smollm2-135m-instruct-q4_1', default: true, state: 'ready',
        created_ms: 1_761_955_200_000, context_max: 8192, vocab_size: 49_152,
        digest: madeDigest,
        memory: {weights_bytes: 98_811_008, kv_bytes: 47_185_920, kv_type: 'f16'},
        package: {name: 'smollm2', profile: 'throughput'},
        sleep: {sleeps: 2, wakes: 2, failed_wakes: 0, last_wake_seconds: 0.057},
        ...(all ? {engine: this.engine()} : {}),
        sequences: this.sequences.filter((each) => all || each.tenant === 'acme'),
      }],
      tenants: tenants.map((tenant) => {
        const own = this.sequences.filter((each) => each.tenant === tenant);
        return {tenant, running: own.length, waiting: 0,
                blocks: own.reduce((sum, each) => sum + each.blocks, 0)};
      }).filter((each) => each.running > 0),
    };
  }
}
