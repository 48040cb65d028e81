// The real program, serving on loopback, for the tests that start it.
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export const program = process.env['TOKENMILL_PROGRAM'] ?? '';
export const tinyModel = process.env['TOKENMILL_TINY'] ?? '';  // some thousand weights

const notFound = 3;  // the exit code where a model is not there
const startMs = 60_000;

export class NoModel extends Error {}

export interface Served {
  url: string;
  port: number;
  folder: string;
  log: () => string;
  kill: () => Promise<void>;              // at once, as a power cut would
  stop: () => Promise<number | null>;     // SIGTERM; the exit code
  ask: (path: string, body?: object, headers?: Record<string, string>) => Promise<Response>;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

export const scratch = () => mkdtempSync(join(tmpdir(), 'tokenmill-console-'));

// What the program prints when it is run with these words.
export function run(...words: string[]): string {
  const done = spawnSync(program, words, {encoding: 'utf8'});
  if (done.status !== 0) throw new Error(`tokenmill ${words.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

async function portOf(process: ChildProcess, file: string, log: () => string): Promise<number> {
  const until = Date.now() + startMs;
  while (!existsSync(file) || readFileSync(file, 'utf8').trim() === '') {
    if (process.exitCode === notFound) throw new NoModel(log());
    if (process.exitCode !== null) throw new Error(`it ended with ${process.exitCode}: ${log()}`);
    if (Date.now() > until) {
      process.kill('SIGKILL');
      throw new Error(`not ready in time: ${log()}`);
    }
    await pause(10);
  }
  return Number(readFileSync(file, 'utf8'));
}

// Without a model among the words: TOKENMILL_MODEL, or the default one; NoModel is thrown where
// that was never fetched.
export async function serve(words: string[], folder = scratch()): Promise<Served> {
  const portFile = join(folder, 'port');
  rmSync(portFile, {force: true});
  let told = '';
  const process_ = spawn(program, ['serve', '--port', '0', '--port-file', portFile, ...words],
                         {stdio: ['ignore', 'ignore', 'pipe']});
  process_.stderr.on('data', (piece) => (told += String(piece)));
  const ended = new Promise<number | null>((done) => process_.on('exit', (code) => done(code)));
  const port = await portOf(process_, portFile, () => told);
  const url = `http://127.0.0.1:${port}`;
  return {
    url, port, folder,
    log: () => told,
    kill: async () => {
      process_.kill('SIGKILL');
      await ended;
    },
    stop: async () => {
      process_.kill('SIGTERM');
      return ended;
    },
    ask: (path, body, headers = {}) => fetch(url + path, body
      ? {method: 'POST', body: JSON.stringify(body),
         headers: {'Content-Type': 'application/json', ...headers}}
      : {headers}),
  };
}

// Some clients at once, so that the floor has something to show: each begins with the same words.
export function load(server: Served, clients: number, tokens: number): Promise<unknown> {
  const common = 'Mills grind grain. '.repeat(6);
  return Promise.all(Array.from({length: clients}, async (_, i) => {
    const answer = await server.ask('/v1/completions', {
      prompt: `${common} Mill number ${i} stands by`, max_tokens: tokens, temperature: 0.8, seed: i,
      ignore_eos: true,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`a client was refused: ${text}`);
  }));
}
