// Requests to the server that served this page, with the key, and its errors as sentences.
import {computed} from '@preact/signals';
import {stored} from '../base/stored.ts';

export const key = stored<string>({
  name: 'key', keep: 'session', initial: '',
  valid: (value): value is string => typeof value === 'string',
});
export const hasKey = computed(() => key.value !== '');

export class ApiError extends Error {
  constructor(
    readonly status: number,  // 0: nobody answered
    message: string,
    readonly code: string | null = null,
    readonly retrySeconds: number | null = null,
  ) {
    super(message);
  }
  get wantsKey() {
    return this.status === 401;
  }
  get offline() {
    return this.status === 0;
  }
}

function headers(more: Record<string, string> = {}): Record<string, string> {
  return key.value ? {...more, Authorization: `Bearer ${key.value}`} : more;
}

// OpenAI's shape of errors; whatever else answers (a proxy, say) is told by its status.
export async function errorOf(answer: Response): Promise<ApiError> {
  const retry = Number(answer.headers.get('Retry-After') ?? NaN);
  const after = Number.isFinite(retry) ? retry : null;
  try {
    const {error} = (await answer.json()) as {error: {message: string; code: string | null}};
    if (typeof error.message !== 'string') throw new TypeError('no message');
    return new ApiError(answer.status, error.message, error.code, after);
  } catch {
    const what = answer.statusText || 'without an explanation';
    const told = `The server answered ${answer.status} (${what})`;
    return new ApiError(answer.status, told, null, after);
  }
}

export const nobody = 'Nobody is there at this address. Is the server running?';

// The answer, or an ApiError is thrown; an abort by the caller stays an AbortError.
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const more = init.body ? {'Content-Type': 'application/json'} : undefined;
  const own = headers({...more, ...(init.headers as Record<string, string> | undefined)});
  let answer: Response;
  try {
    answer = await fetch(path, {...init, headers: own});
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, nobody);
  }
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

export async function get<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

export const aborted = (error: unknown) =>
  error instanceof DOMException && error.name === 'AbortError';

export const asApiError = (error: unknown) =>
  error instanceof ApiError ? error : new ApiError(0, nobody);
