// Data that a page asks for by itself, and again every so often; what was known stays while it
// does.
import {useEffect, useRef, useState} from 'preact/hooks';
import {aborted, asApiError, get, key, type ApiError} from './api.ts';

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  reload: () => void;
}

export function useLoaded<T>(path: string | null, everyMs = 0): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const shown = useRef('');
  useEffect(() => {
    if (path === null) return;
    if (shown.current !== path) setData(null);
    shown.current = path;
    const abort = new AbortController();
    const load = () => get<T>(path, {signal: abort.signal}).then((next) => {
      setData(next);
      setError(null);
    }, (problem: unknown) => {
      if (!aborted(problem)) setError(asApiError(problem));
    });
    void load();
    const timer = everyMs ? setInterval(() => {
      if (!document.hidden) void load();
    }, everyMs) : undefined;
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [path, everyMs, turn, key.value]);
  return {data, error, reload: () => setTurn(turn + 1)};
}
