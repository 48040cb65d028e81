// Which page: the fragment, as #/requests/req_1?outcome=failed. The server knows files only, so a
// page's address is the part of the URL that never leaves the browser.
import {signal} from '@preact/signals';

export interface Route {
  page: string;
  rest: string[];
  query: Record<string, string>;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/').filter(Boolean).map(decoded);
  return {page: page || 'chat', rest, query: Object.fromEntries(new URLSearchParams(query))};
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;  // not ours: somebody typed a lonely %
  }
}

export function routeTo(page: string, rest: string[] = [], query: Record<string, string> = {}) {
  const path = [page, ...rest].map(encodeURIComponent).join('/');
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${path}${asked ? `?${asked}` : ''}`;
}

export const route = signal<Route>(parseRoute(globalThis.location?.hash ?? ''));

export function followRoute() {
  addEventListener('hashchange', () => (route.value = parseRoute(location.hash)));
}
