// The list of requests: the newest page, which is read again and again, and the older ones that
// were asked for behind it: first those that the server remembers, then the ledger's.
import type {RequestList, RequestRecord} from '../../client/types.ts';

export interface Listed {
  rows: RequestRecord[];
  next: string | null;  // where the next page begins
  pages: number;        // older ones that were read
}

const slippedMax = 500;  // rows that left the newest page while somebody looked
export const pageRows = 50;

function once(rows: RequestRecord[]): RequestRecord[] {
  const known = new Map<string, RequestRecord>();
  for (const each of rows) if (!known.has(each.request)) known.set(each.request, each);
  return [...known.values()];
}

// A place in the ledger has a dot: a time and an id. One among the remembered is a number.
const inLedger = (place: string | null) => place?.includes('.') ?? false;

// The newest page has been read again. Where it no longer touches what is below it, that goes.
export function renewed(listed: Listed | null, page: RequestList): Listed {
  const anew = {rows: page.data, next: page.next, pages: 0};
  if (!listed?.pages) return anew;
  const known = new Set(listed.rows.map((each) => each.request));
  const whole = page.next === null || inLedger(page.next);  // all that the server remembers
  if (!whole && !page.data.some((each) => known.has(each.request))) return anew;
  const rows = once([...page.data, ...listed.rows]);
  return rows.length > pageRows * (listed.pages + 1) + slippedMax ? anew : {...listed, rows};
}

export const grown = (listed: Listed, page: RequestList): Listed =>
  ({rows: once([...listed.rows, ...page.data]), next: page.next, pages: listed.pages + 1});

// At the end of what it remembers, a server with a ledger always says that this goes on there; only
// a look tells whether it has anything. Its own pages say so exactly.
export const toBeTried = ({rows, next}: Listed) =>
  inLedger(next) && !rows.some((each) => each.source === 'ledger');
