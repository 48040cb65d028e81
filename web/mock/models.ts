// The made-up server's models, which sleep, wake, come and go as they are told to. Each order takes
// a moment, or until the test lets it go on, so that there is something to see on the way.
import type {Model, State} from '../src/client/types.ts';
import {MadeEngine} from './engine.ts';

export interface Told {
  status: number;
  body: object;
}

const problem = (status: number, message: string): Told => ({
  status, body: {error: {message, type: 'invalid_request_error', param: null, code: null}}});

const folder = [
  {name: 'gemma-3-270m-q4_k_m.gguf', bytes: 253_113_024},
  {name: 'Qwen/Qwen3-0.6B', bytes: 1_503_300_328},
  {name: 'too-large.gguf', bytes: 40_000_000_000},
];

interface Made {
  id: string;
  state: string;
  engine: MadeEngine;
}

export class MadeModels {
  private readonly others: Made[] = [];
  private state = 'ready';  // of the first one, whose engine is the server's
  private gone = false;
  private calledOff: (() => void) | null = null;

  private waiting: (() => void)[] = [];
  private readonly loads = new Set<string>();

  // Without a time, orders wait for goOn().
  constructor(private readonly first: string, private readonly orderMs: number | null) {}

  private pause = () => new Promise<void>((done) => {
    if (this.orderMs === null) this.waiting.push(done);
    else setTimeout(done, this.orderMs);
  });

  // Once an order has come.
  async goOn() {
    while (this.waiting.length === 0) await new Promise((done) => setTimeout(done, 5));
    for (const done of this.waiting.splice(0)) done();
  }

  // As many as they were at first, or with two more, of which one sleeps.
  reset(several: boolean) {
    this.others.length = 0;
    this.waiting.length = 0;
    this.loads.clear();
    this.state = 'ready';
    this.gone = false;
    if (!several) return;
    this.add('gemma-3-270m', 'sleeping');
    this.add('qwen3-0.6b', 'closing');
  }

  private add(id: string, state: string) {
    this.others.push({id, state, engine: new MadeEngine(this.others.length + 2, false).warm()});
  }

  // The state of a server with these models instead of its one.
  put(state: State) {
    const [like] = state.models;
    if (!like) return;
    like.state = this.state;
    const more = this.others.map(({id, state: now, engine}): Model => {
      const own = engine.state(state.view).models[0] ?? like;
      const memory = now === 'sleeping' || now === 'waking' ? null : own.memory;
      return {...own, id, state: now, default: false, package: null, memory};
    });
    state.server.loading = [...this.loads];
    state.models = this.gone ? more : [like, ...more];
    const [oldest] = state.models;
    if (oldest) oldest.default = true;
  }

  ids = () => [...(this.gone ? [] : [this.first]), ...this.others.map((each) => each.id)];
  loadable = () => folder;

  private set(id: string, state: string) {
    if (id === this.first) this.state = state;
    for (const each of this.others) if (each.id === id) each.state = state;
  }

  private stateOf(id: string) {
    return id === this.first ? this.state : this.others.find((each) => each.id === id)?.state;
  }

  async sleep(id: string): Promise<Told> {
    this.set(id, 'closing');
    const off = new Promise<true>((done) => (this.calledOff = () => done(true)));
    const woken = await Promise.race([off, this.pause().then(() => false)]);
    if (woken) return problem(409, 'it was woken before it slept');
    this.set(id, 'sleeping');
    return {status: 200, body: {is_sleeping: true}};
  }

  async wake(id: string): Promise<Told> {
    if (this.stateOf(id) === 'closing') {
      this.waiting.length = 0;
      this.calledOff?.();
      this.set(id, 'ready');
    } else {
      this.set(id, 'waking');
      await this.pause();
      this.set(id, 'ready');
    }
    return {status: 200, body: {is_sleeping: false}};
  }

  async load(asked: {model: string; id?: string}): Promise<Told> {
    const name = asked.id ?? asked.model;
    this.loads.add(name);
    await this.pause();
    this.loads.delete(name);
    const id = asked.id ?? asked.model.replace(/^.*\//, '').replace(/\.gguf$/, '');
    if (this.ids().includes(id))
      return problem(409, `There is a model '${id}' already; give this one another id`);
    if (asked.model === 'too-large.gguf')
      return problem(507, 'too-large.gguf needs 40265318400 bytes, and 3221225472 are free');
    this.add(id, 'ready');
    return {status: 200, body: {success: true, id, context_length: 8192}};
  }

  async unload(id: string): Promise<Told> {
    const at = this.others.findIndex((each) => each.id === id);
    if (at >= 0) this.others.splice(at, 1);
    else this.gone = true;
    await this.pause();
    return {status: 200, body: {success: true}};
  }
}
