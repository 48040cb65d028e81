// A signal that the browser keeps: for this tab (session) or for good (local). Browsers may refuse
// to keep anything, and what they kept may be another version's: then it is as if there were
// nothing.
import {effect, signal, type Signal} from '@preact/signals';

type Keep = 'session' | 'local';

function area(keep: Keep): Storage | null {
  try {
    return keep === 'session' ? globalThis.sessionStorage : globalThis.localStorage;
  } catch {
    return null;
  }
}

const writeMs = 200;  // values that change all the time are written when they rest

export interface Kept<T> {
  name: string;
  keep: Keep;
  initial: T;
  valid: (value: unknown) => value is T;
}

export function stored<T>({name, keep, initial, valid}: Kept<T>): Signal<T> {
  const key = `tokenmill.${name}`;
  const value = signal<T>(initial);
  try {
    const kept = JSON.parse(area(keep)?.getItem(key) ?? 'null') as unknown;
    if (valid(kept)) value.value = kept;
  } catch { /* as if there were nothing */ }
  let later: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const now = value.value;
    clearTimeout(later);
    later = setTimeout(() => {
      try {
        area(keep)?.setItem(key, JSON.stringify(now));
      } catch { /* it will not outlive the page */ }
    }, writeMs);
  });
  return value;
}
