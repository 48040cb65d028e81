import {percent, seconds, secondsIn, short, whole, joined, dash} from '../../base/format.ts';
import type {Sample} from '../../client/history.ts';
import type {Engine, ServerInfo} from '../../client/types.ts';
import {Stat} from '../../controls/stat.tsx';

const perSecond = (value: number | null | undefined) => ({value: short(value), unit: ''});

export function tokensOfRates(engine: Engine): string {
  const cached = engine.counters.cached_tokens;
  const prompt = engine.counters.prompt_tokens;
  return prompt ? `${percent(cached / prompt)} of prompts from the cache` : 'no prompt yet';
}

function price(engine: Engine) {
  const money = engine.money?.euros_per_million_tokens;
  const value = money?.recent ?? money?.whole;
  if (value == null) return {value: dash, unit: ''};
  return {value: value.toFixed(value >= 10 ? 1 : 3), unit: '€'};
}

export function energyOfMillion(engine: Engine) {
  const told = engine.energy?.joules_per_million_tokens;
  const value = told?.recent ?? told?.whole;
  if (value == null) return {value: dash, unit: ''};
  return {value: (value / 3.6e6).toPrecision(3), unit: 'kWh'};
}

// The instruments, from left to right: tokens, milliseconds, memory, joules, euros.
export function Figures({engine, server, samples}: {
  engine: Engine; server: ServerInfo; samples: Sample[];
}) {
  const trend = (pick: (sample: Sample) => number | null) => samples.map(pick);
  const {counters, rates, latency, blocks} = engine;
  const first = latency.first_token.recent ?? latency.first_token.whole;
  const inter = latency.inter_token.recent ?? latency.inter_token.whole;
  const held = blocks.shared + blocks.owned;
  const estimated = server.energy_source === 'model' ? 'estimated, ' : '';
  return (
    <dl class="stats">
      <Stat label="Tokens/s out" tone="out"
            value={perSecond(rates?.generated_tokens_per_second)}
            trend={trend((sample) => sample.tokensOut)}
            note={`${short(counters.generated_tokens)} since the start`} />
      <Stat label="Tokens/s in" tone="in" value={perSecond(rates?.prompt_tokens_per_second)}
            trend={trend((sample) => sample.tokensIn)} note={tokensOfRates(engine)} />
      <Stat label="First token, p50" value={secondsIn(first.p50)}
            trend={trend((sample) => sample.firstToken)}
            note={first.count
              ? `p99 ${seconds(first.p99)}, then one each ${seconds(inter.p50)}`
              : 'no request yet'} />
      <Stat label="In the batch" value={{value: whole(counters.running), unit: ''}}
            trend={trend((sample) => sample.running)}
            note={`${whole(counters.waiting)} wait${rates?.busy == null ? '' :
              `, engine ${percent(rates.busy)} busy`}`} />
      <Stat label="KV cache held" value={splitPercent(blocks.total ? held / blocks.total : 0)}
            trend={trend((sample) => sample.kv)}
            note={`${whole(held)} of ${whole(blocks.total)} blocks`} />
      <Stat label="Power" value={rates?.watts == null ? {value: dash, unit: ''}
              : {value: short(Math.round(rates.watts * 10) / 10), unit: 'W'}}
            trend={engine.energy ? trend((sample) => sample.watts) : undefined}
            note={engine.energy
              ? `${estimated}${joined(energyOfMillion(engine))} for a million tokens`
              : <>no meter: <code>--power</code></>} />
      <Stat label="A million tokens" value={price(engine)}
            note={engine.money ? `${Number(engine.money.euros).toFixed(4)} € since the start`
              : <>no prices: <code>--prices</code></>} />
    </dl>
  );
}

function splitPercent(ratio: number) {
  const [value = '', unit = ''] = percent(ratio).split('\u202f');
  return {value, unit};
}
