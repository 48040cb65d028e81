import type {ComponentChildren} from 'preact';
import {curve, niceTop} from '../base/scales.ts';
import type {Measured} from '../base/format.ts';

export interface StatProps {
  label: string;
  value: Measured;
  note?: ComponentChildren;
  trend?: (number | null)[] | undefined;
  tone?: 'in' | 'out' | 'plain';
}

// One figure of the instrument panel: what it is, how much, and how it went lately.
export function Stat({label, value, note, trend, tone = 'plain'}: StatProps) {
  return (
    <div class={`stat stat-${tone}`}>
      <dt>{label}</dt>
      <dd>
        <span class="stat-value">
          {value.value}
          {value.unit && <span class="stat-unit">{'\u202f'}{value.unit}</span>}
        </span>
        {note && <span class="stat-note">{note}</span>}
        {trend ? <Trend values={trend} /> : <span class="trend" />}
      </dd>
    </div>
  );
}

const trendLength = 90;

// The last minute and a half; newest at the right edge. Its figures are the ones beside it.
export function Trend({values}: {values: (number | null)[]}) {
  const last = values.slice(-trendLength);
  const padded = [...new Array<null>(trendLength - last.length).fill(null), ...last];
  const top = niceTop(Math.max(0, ...last.map((value) => value ?? 0)));
  return (
    <svg class="trend" viewBox="0 0 180 32" preserveAspectRatio="none" aria-hidden="true">
      <path class="trend-base" d="M0 31.5H180" />
      <path class="trend-line" d={curve(padded, top, 180, 30)} />
    </svg>
  );
}
