// The pictures of docs/: the real program with its model, some tenants at work. Run by
// tools/screenshots.py.
import {mkdirSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type {Browser, Page} from 'playwright-core';
import {launch, visit} from './browser.ts';
import {run, scratch, serve, type Served} from './server.ts';

const out = resolve('..', 'docs', 'pictures');
const workSeconds = 40;  // before the floor is taken: its curves need some time

// WebP, which Chromium writes and playwright does not ask for: a third of a PNG's bytes.
async function save(page: Page, name: string) {
  const session = await page.context().newCDPSession(page);
  const {data} = await session.send('Page.captureScreenshot', {format: 'webp', quality: 82});
  const bytes = Buffer.from(data, 'base64');
  mkdirSync(out, {recursive: true});
  writeFileSync(join(out, name), bytes);
  console.log(`${name}: ${bytes.length} bytes`);
}

const tenants = ['acme', 'globex', 'initech'];

interface Factory {
  server: Served;
  keys: string[];
  operator: string;
}

async function factory(): Promise<Factory> {
  const folder = scratch();
  const at = (name: string) => join(folder, name);
  const add = (...words: string[]) =>
    /sk-mill-\S+/.exec(run('keys', 'add', '--file', at('keys.json'), ...words))?.[0] ?? '';
  const keys = tenants.map((tenant) => add('--tenant', tenant));
  const operator = add('--tenant', 'ops', '--scope', 'operations', '--scope', 'inference',
                       '--scope', 'admin');
  writeFileSync(at('prices.json'), JSON.stringify(
    {default: {prompt: 0.1, cached: 0.02, answer: 0.4}}));
  run('receipts', 'key', '--secret', at('mill.key'), '--public', at('mill.pub'));
  const server = await serve(['--keys', at('keys.json'), '--ledger', at('ledger.db'), '--prices',
                              at('prices.json'), '--receipts', at('receipts.jsonl'),
                              '--receipt-key', at('mill.key'), '--power', '40,95', '--kv-memory',
                              '64MB', '--context', '2048'], folder);
  return {server, keys, operator};
}

const system = (tenant: number) =>
  `You are the assistant of ${tenants[tenant]}. You answer in plain words. `.repeat(12);
const questions = ['What is a mill?', 'Why does bread rise?', 'How is steel made?',
                   'What turns the wheel of a watermill?', 'Explain how a clock keeps time.'];

// One client that asks, pauses and asks again until it is told to stop.
async function client({server, keys}: Factory, n: number, over: () => boolean) {
  const tenant = n % keys.length;
  for (let turn = 0; !over(); ++turn) {
    const question = questions[(n * 3 + turn) % questions.length];
    const reply = await server.ask('/v1/chat/completions', {
      messages: [
        {role: 'system', content: system(tenant)},
        {role: 'user', content: `${question} ${'Take your time. '.repeat((n + turn) % 7)}`},
      ],
      max_tokens: 60 + ((n * 37 + turn * 53) % 180), seed: n,
    }, {Authorization: `Bearer ${keys[tenant]}`});
    await reply.text();
    await new Promise((done) => setTimeout(done, 150 * (n % 5)));
  }
}

async function useKey(page: Page, key: string) {
  await page.getByLabel('API key', {exact: true}).last().fill(key);
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('Live', {exact: true}).waitFor();
}

async function floor(browser: Browser, made: Factory) {
  let over = false;
  const clients = Promise.all([...Array(7).keys()].map((n) => client(made, n, () => over)));
  const {page, go, close} = await visit(browser, made.server.url,
                                        {viewport: {width: 1280, height: 1016}});
  await go('#/floor');
  await useKey(page, made.operator);
  await page.waitForTimeout(workSeconds * 1000);
  const tree = page.locator('.panel', {has: page.getByRole('heading', {name: 'Prefix tree'})});
  const {y, height} = (await tree.boundingBox())!;
  await page.setViewportSize({width: 1280, height: Math.ceil(y + height) + 14});
  await save(page, 'console-floor.webp');
  await page.setViewportSize({width: 390, height: 800});
  await page.emulateMedia({colorScheme: 'dark'});
  await page.waitForTimeout(1500);
  await save(page, 'console-phone.webp');
  over = true;
  await clients;
  await close();
}

async function chat(browser: Browser, made: Factory) {
  const {page, go, close} = await visit(browser, made.server.url,
                                        {viewport: {width: 1280, height: 760}});
  await go('#/chat');
  await useKey(page, made.operator);
  await page.getByLabel('Temperature').fill('0.6');
  await page.getByLabel('Seed').fill('4');
  await page.getByLabel('Most tokens').fill('90');
  await page.getByLabel('Token probabilities').check();
  await page.getByLabel('Receipt').check();
  await page.getByLabel('Your message').fill('In two sentences: what is a watermill?');
  await page.keyboard.press('Enter');
  await page.locator('.answer-foot').waitFor();
  const unsure = page.locator('.doubt2, .doubt3');
  await unsure.nth(Math.min(2, await unsure.count() - 1)).hover();
  await save(page, 'console-chat.webp');
  await page.locator('.facts a').click();
  await page.locator('.receipt').waitFor();
  await page.setViewportSize({width: 1280, height: 900});
  await page.mouse.move(0, 0);
  await page.waitForTimeout(300);
  await save(page, 'console-request.webp');
  await close();
}

async function models(browser: Browser, made: Factory) {
  const {page, go, close} = await visit(browser, made.server.url,
                                        {viewport: {width: 1280, height: 760}});
  await go('#/models');
  await useKey(page, made.operator);
  await page.getByRole('button', {name: /^Sleep/}).click();
  await page.waitForTimeout(300);
  await save(page, 'console-models.webp');
  await close();
}

const browser = await launch();
const made = await factory();
await floor(browser, made);
await chat(browser, made);
await models(browser, made);
await browser.close();
await made.server.stop();
