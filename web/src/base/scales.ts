// Axes: where values stand, and which of them are written. Pure.

// 1, 2, 5 times a power of ten, at least `value`: the top of an axis that begins with 0.
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = value / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

export interface LogScale {
  low: number;
  high: number;
  at: (value: number) => number;  // 0 to 1
  ticks: number[];
}

// Whole decades around the values, so that the axis stays where it is while they change a little.
export function logScale(values: number[], least = 2): LogScale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, Infinity)));
  const high = Math.ceil(Math.log10(Math.max(...positive, -Infinity)) + 1e-9);
  const from = positive.length ? low : -3;
  const to = positive.length ? Math.max(high, from + least) : 1;
  const at = (value: number) =>
    value > 0 ? Math.min(1, Math.max(0, (Math.log10(value) - from) / (to - from))) : 0;
  const ticks = Array.from({length: to - from + 1}, (_, i) => 10 ** (from + i));
  return {low: 10 ** from, high: 10 ** to, at, ticks};
}

// A curve through points that are evenly apart, the last one at the right edge; null interrupts it.
export function curve(values: (number | null)[], top: number, width: number, height: number) {
  const dx = values.length > 1 ? width / (values.length - 1) : 0;
  let pen = false;
  const parts = values.map((value, i) => {
    if (value == null) {
      pen = false;
      return '';
    }
    const y = height - (height * Math.min(value, top)) / top;
    const part = `${pen ? 'L' : 'M'}${(i * dx).toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
    return part;
  });
  return parts.join('');
}
