// Numbers as people read them: three significant digits, a unit, a dash for what is not known.
// A thin space stands between number and unit, and the minus is a minus.

export const dash = '–';
const thin = '\u202f';  // narrow, and no line break

const digits = (places: number) =>
  new Intl.NumberFormat('en', {minimumFractionDigits: places, maximumFractionDigits: places});
const formats = [0, 1, 2, 3, 4].map(digits);

function fixed(value: number, places: number): string {
  return (formats[places] ?? digits(places)).format(value).replace('-', '−').replaceAll(',', thin);
}

// 0.123, 1.23, 12.3, 123: three digits that mean something.
function three(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || size >= 99.95) return fixed(value, 0);
  return fixed(value, size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3);
}

export function whole(value: number | null | undefined): string {
  return value == null ? dash : fixed(value, 0);
}

// 1 234 → "1.23 k"; for figures that change while one looks.
export function short(value: number | null | undefined): string {
  if (value == null) return dash;
  if (Math.abs(value) >= 999_500_000) return `${three(value / 1e9)}${thin}G`;
  if (Math.abs(value) >= 999_500) return `${three(value / 1e6)}${thin}M`;
  if (Math.abs(value) >= 9_995) return `${three(value / 1e3)}${thin}k`;
  return Number.isInteger(value) ? fixed(value, 0) : three(value);
}

export interface Measured {
  value: string;
  unit: string;
}

export const joined = (m: Measured): string => m.unit ? `${m.value}${thin}${m.unit}` : m.value;

export function secondsIn(value: number | null | undefined): Measured {
  if (value == null) return {value: dash, unit: ''};
  const size = Math.abs(value);
  if (size < 0.001) return {value: three(value * 1e6), unit: size === 0 ? 's' : 'µs'};
  if (size < 0.9995) return {value: three(value * 1e3), unit: 'ms'};
  if (size < 120) return {value: three(value), unit: 's'};
  const minutes = Math.floor(size / 60);
  const rest = String(Math.floor(size % 60)).padStart(2, '0');
  if (minutes < 120) return {value: `${minutes}:${rest}`, unit: 'min'};
  if (size < 172_800) return {value: three(size / 3600), unit: 'h'};
  return {value: three(size / 86_400), unit: 'days'};
}
// A round figure for an axis: "10 ms", not "10.0 ms".
export function tick(value: number): string {
  const {value: text, unit} = secondsIn(value);
  return joined({value: text.replace(/\.0+$/, ''), unit});
}

// Days by the calendar in UTC, as the ledger counts.
export const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

export const seconds = (value: number | null | undefined) => joined(secondsIn(value));

export function bytes(value: number | null | undefined): string {
  if (value == null) return dash;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    ++at;
  }
  return `${at === 0 ? fixed(value, 0) : three(value)}${thin}${units[at]}`;
}

export function joules(value: number | null | undefined): string {
  if (value == null) return dash;
  const size = Math.abs(value);
  if (size > 0 && size < 1) return `${three(value * 1e3)}${thin}mJ`;
  if (size < 10_000) return `${three(value)}${thin}J`;
  if (size < 3.6e6) return `${three(value / 1e3)}${thin}kJ`;
  return `${three(value / 3.6e6)}${thin}kWh`;
}

// Prices are texts with nine decimals, so that sums are exact; shown are those that tell something.
export function euros(value: string | number | null | undefined): string {
  if (value == null) return dash;
  const amount = Number(value);
  if (!Number.isFinite(amount)) return dash;
  const places = amount === 0 || Math.abs(amount) >= 0.1 ? 2 : Math.abs(amount) >= 0.001 ? 4 : 7;
  return `${fixed(amount, places)}${thin}€`;
}

export function percent(ratio: number | null | undefined): string {
  if (ratio == null) return dash;
  const value = ratio * 100;
  const places = value === 0 || value === 100 || value >= 10 ? 0 : 1;
  return `${fixed(value, places)}${thin}%`;
}

// 14:03:09, today; with the date otherwise.
export function moment(ms: number | null | undefined, now = Date.now()): string {
  if (ms == null) return dash;
  const at = new Date(ms);
  const time = at.toLocaleTimeString('en-GB');
  return at.toDateString() === new Date(now).toDateString() ? time
    : `${at.toLocaleDateString('en-CA')} ${time}`;
}

export function ago(ms: number | null | undefined, now = Date.now()): string {
  if (ms == null) return dash;
  const past = Math.max(0, Math.round((now - ms) / 1000));
  return past < 120 ? `${past}${thin}s ago` : `${seconds(past)} ago`;
}

export const tokens = (count: number) =>
  `${whole(count)}${thin}${count === 1 ? 'token' : 'tokens'}`;

export const plural = (count: number, one: string, many = `${one}s`) =>
  `${whole(count)} ${count === 1 ? one : many}`;

// req_0123456789abcdef… is told by its beginning where there is little room.
export const shortId = (id: string) => (id.length > 16 ? `${id.slice(0, 12)}…` : id);
