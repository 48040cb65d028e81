// Six durations on one logarithmic axis: half of the requests are left of the dot, nine of ten
// left of the tick, all but one of a hundred left of the line's end.
import {seconds, tick as tickText} from '../base/format.ts';
import {logScale} from '../base/scales.ts';
import {latencyNames, type Engine, type LatencyName, type Quantiles} from '../client/types.ts';

const names: Record<LatencyName, string> = {
  queue: 'In the queue',
  first_token: 'To the first token',
  inter_token: 'From token to token',
  prefill: 'Prompt',
  decode: 'Answer',
  request: 'Whole request',
};

export type Period = 'recent' | 'whole';

const values = (quantiles: Quantiles) =>
  [quantiles.p50, quantiles.p90, quantiles.p99].filter((value): value is number => value != null);

function Range({quantiles, at}: {quantiles: Quantiles; at: (value: number) => number}) {
  const {p50, p90, p99} = quantiles;
  if (p50 == null) return <div class="range" aria-hidden="true" />;
  const left = at(p50) * 100;
  return (
    <div class="range" aria-hidden="true">
      <div class="range-line"
           style={{left: `${left}%`, width: `${at(p99 ?? p50) * 100 - left}%`}} />
      <div class="range-tick" style={{left: `${at(p90 ?? p50) * 100}%`}} />
      <div class="range-dot" style={{left: `${left}%`}} />
    </div>
  );
}

export function LatencyTable({engine, period}: {engine: Engine; period: Period}) {
  const rows = latencyNames.map((name) => {
    const told = engine.latency[name];
    return {name, quantiles: told?.[period] ?? {count: 0, p50: null, p90: null, p99: null}};
  });
  const scale = logScale(rows.flatMap(({quantiles}) => values(quantiles)));
  const {ticks} = scale;
  return (
    <table class="latency" aria-label="Percentiles of latency">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col" class="number">p50</th>
          <th scope="col" class="number">p90</th>
          <th scope="col" class="number">p99</th>
          <th scope="col" class="range-head">
            <span class="hidden">Distribution</span>
            <span class="ticks" aria-hidden="true">
              {ticks.map((tick) => (
                <span key={tick} style={{left: `${scale.at(tick) * 100}%`}}>{tickText(tick)}</span>
              ))}
            </span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({name, quantiles}) => (
          <tr key={name}>
            <th scope="row">{names[name]}</th>
            <td class="number">{seconds(quantiles.p50)}</td>
            <td class="number">{seconds(quantiles.p90)}</td>
            <td class="number">{seconds(quantiles.p99)}</td>
            <td class="range-cell"><Range quantiles={quantiles} at={scale.at} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
