// The server's half, made up: it serves web/dist under the same headers, and plays states. For
// what a real server is seldom in: refused keys, other rights, no data.
import {readFileSync} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {extname, join, normalize} from 'node:path';
import {chat} from './chat.ts';
import {MadeEngine} from './engine.ts';
import {MadeModels, type Told} from './models.ts';
import {inLedger, madeRecords, madeTenants} from './records.ts';

export type Mode =
  'busy' | 'several' | 'fresh' | 'idle' | 'tenant' | 'closed' | 'absent' | 'keys' | 'bare';

export interface MockOptions {
  dist: string;
  mode?: Mode;
  port?: number;
  paceMs?: number;   // between pieces of an answer
  everyMs?: number;  // between states
  orderMs?: number | null;  // that an order of models takes; null: until goOn()
}

export interface Mock {
  url: string;
  set: (mode: Mode) => void;
  answerWithoutEnd: () => void;  // the next time it is asked
  goOn: () => Promise<void>;
  stop: () => Promise<void>;
}

const key = 'sk-mill-good';
const types: Record<string, string> = {'.html': 'text/html; charset=utf-8', '.css': 'text/css',
  '.js': 'text/javascript', '.svg': 'image/svg+xml'};
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

function json(reply: ServerResponse, value: unknown, status = 200) {
  reply.writeHead(status, {'Content-Type': 'application/json', 'Cache-Control': 'no-store'});
  reply.end(JSON.stringify(value));
}

function refuse(reply: ServerResponse, status: number, code: string, message: string) {
  json(reply, {error: {message, type: 'invalid_request_error', param: null, code}}, status);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text;
}

const orders = new Set(['/sleep', '/wake_up', '/models/load', '/models/unload']);

class Half {
  private readonly engines = {busy: new MadeEngine(1).warm(), idle: new MadeEngine(1, false)};
  private readonly records = madeRecords(120).map((each, i) => (i < 70 ? each : inLedger(each)));
  private readonly streams = new Set<NodeJS.Timeout>();
  readonly models: MadeModels;
  mode: Mode = 'busy';
  endless = false;  // the next answer

  constructor(private readonly options: MockOptions) {
    this.models = new MadeModels('smollm2-135m-instruct-q4_1',
                                  options.orderMs === undefined ? 800 : options.orderMs);
    this.set(options.mode ?? 'busy');
  }

  set(mode: Mode) {
    this.mode = mode;
    this.models.reset(mode === 'several');
  }

  answer(request: IncomingMessage, reply: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://mock');
    if (url.pathname.startsWith('/console')) return this.file(url.pathname, reply);
    if (this.mode === 'keys' && request.headers.authorization !== `Bearer ${key}`)
      return refuse(reply, 401, 'invalid_api_key', 'This API key is not known here');
    if (url.pathname === '/v1/models')
      return json(reply, {data: this.models.ids().map((id) => ({id}))});
    if (request.method === 'POST' && orders.has(url.pathname))
      return void bodyOf(request).then((body) => this.order(url, body, reply));
    if (url.pathname === '/v1/chat/completions')
      return void bodyOf(request).then((body) =>
        chat(JSON.parse(body), reply,
             {paceMs: this.options.paceMs ?? 15, endless: this.isEndless()}));
    if (url.pathname.startsWith('/v1/receipts/')) return json(reply, {version: 1, seed: 7});
    if (url.pathname.startsWith('/v1/console/')) return this.data(url, reply);
    return refuse(reply, 404, 'not_found', `There is nothing at ${url.pathname}`);
  }

  stop() {
    this.streams.forEach(clearInterval);
  }

  private isEndless() {
    const now = this.endless;
    this.endless = false;
    return now;
  }

  private async order(url: URL, body: string, reply: ServerResponse) {
    if (this.mode === 'tenant')
      return refuse(reply, 403, 'missing_scope', "The API key key_1 lacks the scope 'admin'");
    const model = url.searchParams.get('model') ?? '';
    const given: Record<string, () => Promise<Told>> = {
      '/sleep': () => this.models.sleep(model),
      '/wake_up': () => this.models.wake(model),
      '/models/load': () => this.models.load(JSON.parse(body)),
      '/models/unload': () => this.models.unload(JSON.parse(body).model),
    };
    const told = await given[url.pathname]?.();
    if (told) json(reply, told.body, told.status);
  }

  private file(path: string, reply: ServerResponse) {
    const name = normalize(path.replace(/^\/console\/?/, '') || 'index.html');
    try {
      const bytes = readFileSync(join(this.options.dist, name));
      reply.writeHead(200, {'Content-Type': types[extname(name)] ?? 'application/octet-stream',
                            'Content-Security-Policy': policy});
      reply.end(bytes);
    } catch {
      refuse(reply, 404, 'not_found', 'No such file');
    }
  }

  private data(url: URL, reply: ServerResponse) {
    if (this.mode === 'absent') return refuse(reply, 404, 'not_found', 'There is nothing here');
    if (this.mode === 'closed')
      return refuse(reply, 403, 'missing_scope', 'This key lacks the scope operations');
    const part = url.pathname.replace('/v1/console/', '');
    if (part === 'events') return this.events(reply);
    if (part === 'state') return json(reply, this.state());
    if (part === 'tenants') return json(reply, this.tenants());
    if (part === 'requests') return this.list(url, reply);
    if (part === 'models') return json(reply, {object: 'list', data: this.models.loadable()});
    const one = this.records.find((each) => part === `requests/${each.request}`);
    if (one && this.mode !== 'idle') return json(reply, one);
    return refuse(reply, 404, 'not_found', 'This request is not kept here');
  }

  private tenants() {
    const told = madeTenants();
    if (this.mode === 'bare')
      return {...told, ledger: false, bill: null, prices: null, tenants: []};
    return this.mode === 'idle' && told.bill
      ? {...told, tenants: [], bill: {...told.bill, rows: []}} : told;
  }

  private list(url: URL, reply: ServerResponse) {
    const from = parseInt(url.searchParams.get('before') ?? '0');
    const outcome = url.searchParams.get('outcome');
    const tenant = url.searchParams.get('tenant');
    const found = this.records.filter((each) => this.mode !== 'idle' &&
      (!outcome || each.outcome === outcome) && (!tenant || each.tenant === tenant));
    const fresh = this.mode === 'fresh' && !url.searchParams.has('before');
    if (fresh) return json(reply, {object: 'list', data: [], next: '70.req'});
    const page = found.slice(from, from + 50);
    const next = from + 50 < found.length ? String(from + 50) : null;
    json(reply, {object: 'list', data: page, next});
  }

  private state() {
    const idle = this.mode === 'idle' || this.mode === 'bare';
    const state = this.engines[idle ? 'idle' : 'busy']
      .state(this.mode === 'tenant' ? 'tenant' : 'all', this.mode === 'keys');
    this.models.put(state);
    if (this.mode === 'bare') {
      Object.assign(state.server, {ledger: false, prices: false, limits: false, receipts: false,
                                   models_folder: false, energy_source: ''});
      const engine = state.models[0]?.engine;
      if (engine) Object.assign(engine, {energy: null, money: null, rates: null});
    }
    return state;
  }

  private events(reply: ServerResponse) {
    reply.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
    reply.write('retry: 2000\n\n');
    const send = () => {
      this.engines.busy.second();
      const state = this.state();
      reply.write(`id: ${state.id}\nevent: state\ndata: ${JSON.stringify(state)}\n\n`);
    };
    send();
    const timer = setInterval(send, this.options.everyMs ?? 1000);
    this.streams.add(timer);
    reply.on('close', () => clearInterval(timer));
  }
}

export async function startMock(options: MockOptions): Promise<Mock> {
  const half = new Half(options);
  const server: Server = createServer((request, reply) => void half.answer(request, reply));
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (mode) => half.set(mode),
    answerWithoutEnd: () => (half.endless = true),
    goOn: () => half.models.goOn(),
    stop: () => new Promise((done) => {
      half.stop();
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}
