// What an administrator orders: that models sleep, wake, come and go. An order takes its time (a
// sleep waits for answers, a load reads weights), and pages come and go meanwhile; so it is kept
// here until it is done, and one that failed until somebody has read why.
import {signal} from '@preact/signals';
import {ask, asApiError, type ApiError} from './api.ts';

export type OrderKind = 'sleep' | 'wake' | 'load' | 'unload';

export interface Order {
  number: number;
  kind: OrderKind;
  model: string;  // its id; of a load, what it will be, or its file
  sinceMs: number;
  error: ApiError | null;  // null: under way
}

export const orders = signal<Order[]>([]);
export const done = signal('');  // what came of the last one that went well

export const underWay = (model: string) =>
  orders.value.find((each) => each.model === model && !each.error) ?? null;

let last = 0;
const wokenBy = new Map<string, number>();  // the last order that woke this model

const doneTells: Record<OrderKind, string> =
  {sleep: 'sleeps', wake: 'is awake', load: 'is loaded', unload: 'is gone, and its memory is free'};

const without = (number: number) => orders.value.filter((each) => each.number !== number);

export function dismiss(number: number) {
  orders.value = without(number);
}

// Whether it was done. Older failures of the same model are no news any more.
async function give(kind: OrderKind, model: string, path: string, body?: object) {
  const order: Order = {number: ++last, kind, model, sinceMs: Date.now(), error: null};
  orders.value = [...orders.value.filter((each) => each.model !== model || !each.error), order];
  done.value = '';
  if (kind === 'wake') wokenBy.set(model, order.number);
  try {
    const init = body ? {method: 'POST', body: JSON.stringify(body)} : {method: 'POST'};
    await ask(path, init);
    dismiss(order.number);
    done.value = `${model} ${doneTells[kind]}.`;
    return true;
  } catch (problem) {
    const error = asApiError(problem);
    const calledOff = kind === 'sleep' && error.status === 409 &&
      (wokenBy.get(model) ?? 0) > order.number;
    const failed = {...order, error};
    orders.value = calledOff ? without(order.number)
      : orders.value.map((each) => (each.number === order.number ? failed : each));
    return false;
  }
}

export type Farewell = 'wait' | 'keep' | 'abort';

export interface SleepWish {
  mode: Farewell;
  held: boolean;  // no request wakes it
}

export function letSleep(model: string, {mode, held}: SleepWish) {
  const query = new URLSearchParams({model, mode, wake: held ? 'call' : 'request'});
  return give('sleep', model, `/sleep?${query}`);
}

export const wakeUp = (model: string) =>
  give('wake', model, `/wake_up?${new URLSearchParams({model})}`);

export const unload = (model: string) => give('unload', model, '/models/unload', {model});

export interface LoadWish {
  model: string;  // a name in the server's folder
  id: string;     // the rest as text; '' = as the server likes
  context: string;
  kvMemory: string;
  parallel: string;
}

export function loadBody(wish: LoadWish): Record<string, string | number> {
  const body: Record<string, string | number> = {model: wish.model};
  if (wish.id.trim()) body['id'] = wish.id.trim();
  if (wish.context.trim()) body['context'] = Number(wish.context);
  if (wish.kvMemory.trim()) body['kv_memory'] = wish.kvMemory.trim();
  if (wish.parallel.trim()) body['parallel'] = Number(wish.parallel);
  return body;
}

export const load = (wish: LoadWish) =>
  give('load', wish.id.trim() || wish.model, '/models/load', loadBody(wish));
