// What the server tells, as its wire format has it. Durations are seconds, moments are milliseconds
// since 1970; null is "not known". A page ignores what it does not know.

export interface ServerInfo {
  version: string;
  started_ms: number;
  resident_bytes?: number;
  connections?: number;
  streams?: number;
  processors: number;
  keys: boolean;
  ledger: boolean;
  prices: boolean;
  limits: boolean;
  receipts: boolean;
  models_folder?: boolean;
  loading?: string[];  // models on their way, by whom they will be, or their file
  energy_source: string;
}

export interface State {
  object: 'console.state';
  id: number;
  time_ms: number;
  view: 'all' | 'tenant';
  tenant: string;
  admin?: boolean;  // may let models sleep, wake, come and go
  server: ServerInfo;
  models: Model[];
  tenants: TenantNow[];
}

export interface TenantNow {
  tenant: string;
  running: number;
  waiting: number;
  blocks: number;
}

export interface Model {
  id: string;
  default: boolean;
  state: string;
  created_ms: number | null;
  context_max: number;
  vocab_size: number;
  digest: string | null;
  memory: {
    weights_bytes: number | null;
    kv_bytes: number | null;
    kv_type: string | null;
  } | null;
  package: {name: string | null; profile: string | null} | null;
  sleep?: {
    sleeps: number;
    wakes: number;
    failed_wakes: number;
    last_wake_seconds: number | null;
  } | null;
  engine?: Engine | null;
  sequences: SequenceNow[];
}

export type SequenceState = 'queue' | 'prefill' | 'decode' | 'again';

export interface SequenceNow {
  sequence: number;
  request: string;
  tenant: string;
  state: SequenceState;
  arrived_ms: number;
  began_ms: number | null;
  first_token_ms: number | null;
  prompt_tokens: number;
  cached_tokens: number;
  computed_tokens: number;
  generated_tokens: number;
  blocks: number;
  shared_blocks: number;
  joules: number | null;
  priority: number;
}

export interface Quantiles {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

export interface RecentAndWhole<T> {
  recent: T | null;
  whole: T;
}

export const latencyNames =
  ['queue', 'first_token', 'inter_token', 'prefill', 'decode', 'request'] as const;
export type LatencyName = (typeof latencyNames)[number];

export interface Counters {
  running: number;
  waiting: number;
  tenants: number;
  steps: number;
  prompt_tokens: number;
  cached_tokens: number;
  generated_tokens: number;
  computed_tokens: number;
  guessed_tokens: number;
  accepted_tokens: number;
  requests_done: number;
  requests_cancelled: number;
  requests_late: number;
  yields: number;
  finished: Record<string, number>;
  fairness: number;
}

export interface Rates {
  seconds: number;
  prompt_tokens_per_second: number;
  generated_tokens_per_second: number;
  computed_tokens_per_second: number;
  steps_per_second: number;
  watts: number | null;
  busy: number | null;
}

export interface Engine {
  time_ms: number;
  counters: Counters;
  rates: Rates | null;
  latency: Record<LatencyName, RecentAndWhole<Quantiles>>;
  energy: {
    joules_requests: number;
    joules_idle: number;
    joules_per_million_tokens: RecentAndWhole<number | null>;
  } | null;
  money: {
    euros: string;
    euros_per_million_tokens: RecentAndWhole<number | null>;
  } | null;
  steps: Steps;
  blocks: Blocks;
  prefix: Prefix;
}

export interface Step {
  step: number;
  start_ms: number;
  seconds: number;
  prefill: number[];  // pairs of sequence and tokens
  decode: number[];   // likewise; more than one token: one, and guesses behind it
}

export interface Steps {
  last: number;
  steps: Step[];
  requests: Record<string, string>;
  tenants: Record<string, string>;
}

export type Owner = 'free' | 'cached' | 'shared' | number;

export interface Blocks {
  total: number;
  block_tokens: number;
  bytes_per_block: number | null;
  free: number;
  cached: number;
  shared: number;
  owned: number;
  stride: number;
  owners: Owner[];
  runs: number[];  // triples: index into owners, blocks in a row, log2 of their age in steps
}

export interface PrefixNode {
  parent: number;  // -1: a root
  blocks: number;
  holders: number;  // 0: cached
  age: number;
  below: number;
}

export interface Prefix {
  blocks: number;
  shown: number;
  roots: number;
  nodes: PrefixNode[];
}

export interface AnswerTimes {
  queued_ms: number | null;
  began_ms: number | null;
  first_token_ms: number | null;
  last_token_ms: number | null;
}

export type Outcome = 'whole' | 'cancelled' | 'failed';

export interface RequestRecord {
  request: string;
  tenant: string;
  key: string;
  endpoint: string;
  model: string;
  digest?: string | null;
  outcome: Outcome;
  arrived_ms: number;
  ended_ms: number;
  answers: AnswerTimes[];
  recorded_ms: number | null;
  prompt_tokens: number;
  cached_tokens: number;
  thinking_tokens: number;
  generated_tokens: number;
  joules: number | null;
  euros: string | null;
  receipt: boolean | null;  // null: nobody knows, but one may ask for it
  source?: 'memory' | 'ledger';
}

export interface RequestList {
  data: RequestRecord[];
  next: string | null;
}

export interface Loadable {
  name: string;
  bytes: number;
}

export interface Use {
  tokens: number;
  euros: string;
}

export interface Limits {
  tokens_per_minute: number | null;
  tokens_per_day: number | null;
  tokens_per_month: number | null;
  euros_per_day: number | null;
  euros_per_month: number | null;
}

export interface TenantUse {
  tenant: string;
  keys: number | null;
  use: {minute: Use; day: Use; month: Use} | null;
  limits: Limits | null;
}

export interface Price {
  prompt: number;
  cached: number;
  answer: number;
  thinking: number;
}

export interface BillSums {
  requests: number;
  prompt_tokens: number;
  cached_tokens: number;
  thinking_tokens: number;
  answer_tokens: number;
  euros: string;
  joules: number | null;
}

export interface BillRow extends BillSums {
  tenant: string;
  model: string;
}

export interface Bill {
  since_ms: number;
  until_ms: number | null;
  rows: BillRow[];
  total: BillSums;
}

export interface Tenants {
  view: 'all' | 'tenant';
  ledger: boolean;
  time_ms: number;
  tenants: TenantUse[];
  prices: {default: Price | null; models: Record<string, Price>} | null;
  bill: Bill | null;
}
