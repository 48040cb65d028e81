// The periods that a bill can be of, by the calendar in UTC, as the ledger counts.
export interface Period {
  id: string;
  name: string;
  query: string;
}

const day = (at: Date) => at.toISOString().slice(0, 10);
const utc = (year: number, month: number, date = 1) => new Date(Date.UTC(year, month, date));

export function periods(nowMs: number): Period[] {
  const now = new Date(nowMs);
  const [year, month, date] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const between = (since: Date, until?: Date) =>
    `?since=${day(since)}${until ? `&until=${day(until)}` : ''}`;
  return [
    {id: 'today', name: 'Today', query: between(utc(year, month, date))},
    {id: 'month', name: 'This month', query: between(utc(year, month))},
    {id: 'before', name: 'Last month', query: between(utc(year, month - 1), utc(year, month))},
    {id: 'year', name: 'This year', query: between(utc(year, 0))},
  ];
}
