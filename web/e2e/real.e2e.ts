// The pages served by the real program: with its model where that was fetched, with the tiny model
// of the tree where no words are needed.
import assert from 'node:assert/strict';
import {cpSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import type {Browser, Page} from 'playwright-core';
import {checkAccess, checkWidth, launch, visit} from './browser.ts';
import {load, NoModel, run, scratch, serve, tinyModel, type Served} from './server.ts';
import {walk} from './walk.ts';

let browser: Browser;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

const live = (page: Page) => page.getByRole('status').getByText('Live', {exact: true}).waitFor();

const modelField = (page: Page) => page.getByRole('combobox', {name: 'Model', exact: true});

const prices = {default: {prompt: 0.1, cached: 0.02, answer: 0.4}};

// Everything on: ledger, prices, receipts, energy.
async function factory(words: string[]): Promise<Served> {
  const folder = scratch();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('prices.json'), JSON.stringify(prices));
  run('receipts', 'key', '--secret', at('mill.key'), '--public', at('mill.pub'));
  return serve([...words, '--ledger', at('ledger.db'), '--prices', at('prices.json'), '--receipts',
                at('receipts.jsonl'), '--receipt-key', at('mill.key'), '--power', '40,95'], folder);
}

test('the page is there within a second', async () => {
  const server = await serve(['--model', tinyModel]);
  const times: number[] = [];
  for (let i = 0; i < 3; ++i) {
    const {page, go, close} = await visit(browser, server.url);
    await go('');
    times.push(await page.evaluate(() => {
      const [shown] = performance.getEntriesByName('first-contentful-paint');
      const [loaded] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      return Math.max(shown?.startTime ?? Infinity, loaded?.loadEventEnd ?? Infinity);
    }));
    await close();
  }
  console.log(`shown after ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  assert.ok(Math.min(...times) < 1000, `${times}`);
  assert.equal(await server.stop(), 0);
});

const question = 'In one sentence: what is a watermill?';

async function asked(page: Page) {
  await page.getByLabel('Temperature').fill('0');
  await page.getByLabel('Seed').fill('7');
  await page.getByLabel('Most tokens').fill('40');
  await page.getByLabel('Receipt').check();
  await page.getByLabel('Your message').fill(question);
  await page.keyboard.press('Enter');
  await page.locator('.answer-foot').waitFor();
}

const answerText = (page: Page) => page.locator('.message-assistant .text').last().innerText();

async function theSameElsewhere(server: Served, text: string) {
  const reply = await server.ask('/v1/chat/completions', {
    model: 'default', messages: [{role: 'user', content: question}], temperature: 0, seed: 7,
    max_tokens: 40,
  });
  const body = await reply.json() as {choices: [{message: {content: string}}]};
  assert.equal(text.trim(), body.choices[0].message.content.trim());
}

test('a newcomer talks to the model, and an auditor follows the request', async (t) => {
  let server: Served;
  try {
    server = await factory([]);
  } catch (error) {
    if (!(error instanceof NoModel)) throw error;
    return t.skip('the default model is not here (tokenmill pull default)');
  }
  const {page, go, close} = await visit(browser, server.url);
  await go('');
  await live(page);
  await asked(page);
  const text = await answerText(page);
  await theSameElsewhere(server, text);
  await page.getByRole('button', {name: 'Regenerate'}).click();
  await page.locator('.answer-foot').waitFor();
  assert.equal(await answerText(page), text, 'the same seed gives the same answer');
  await checkAccess(page, 'a real answer');

  await page.locator('.facts a').click();
  for (const phase of ['queue', 'prefill', 'decode', 'record'])
    await page.getByRole('rowheader', {name: phase}).waitFor();
  await page.locator('.receipt').getByText('smollm2', {exact: false}).first().waitFor();
  await checkAccess(page, 'a real request');

  await go('#/chat');
  await page.getByRole('button', {name: 'New'}).click();
  await page.getByLabel('Token probabilities').check();
  await page.getByLabel('Receipt').uncheck();
  await page.getByLabel('Your message').fill('Count to three.');
  await page.keyboard.press('Enter');
  await page.locator('.answer-foot').waitFor();
  await page.locator('.token').first().hover();
  assert.ok(await page.locator('.alternatives li').count() >= 8);

  await page.getByLabel('Most tokens').fill('2000');
  await page.getByLabel('Temperature').fill('1.5');
  await page.getByLabel('Your message').fill('Write a long story about a mill.');
  await page.keyboard.press('Enter');
  await page.locator('.message-assistant').nth(1).locator('.token').nth(3).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.facts').last().getByText('stopped').waitFor();

  await go('#/tenants');
  await page.getByRole('table', {name: 'Bill by tenant and model'}).waitFor();
  await checkAccess(page, 'a real bill');
  await go('#/requests');
  await page.getByText('its client left').last().waitFor();
  await checkAccess(page, 'real requests');
  await close();
  assert.equal(await server.stop(), 0);
});

test('an operator sees the work: steps, blocks, prefixes, joules, euros', async () => {
  const server = await factory(['--model', tinyModel]);
  const {page, go, close} = await visit(browser, server.url);
  await go('#/floor');
  await live(page);
  await page.getByText('Nobody is in the engine').waitFor();
  await checkAccess(page, 'an idle floor');
  let over = false;
  const work = (async () => {
    while (!over) await load(server, 6, 100);
  })();
  await page.locator('.batch .prefill').first().waitFor();
  await page.locator('.batch .decode').first().waitFor();
  await page.locator('.prefix rect').first().waitFor();
  await page.locator('.chip-decode').first().waitFor();
  await page.waitForFunction(() =>
    parseFloat(document.querySelector('.stat-out .stat-value')?.textContent ?? '') > 0);
  const figure = (label: string) => page.locator('.stat', {has: page.getByText(label)});
  await figure('Power').getByText(/^estimated, .*Wh for a million tokens$/).waitFor();
  await figure('A million tokens').locator('.stat-value').getByText(/^0\.[1-4].*€$/).waitFor();
  await page.getByRole('button', {name: 'Hold the pictures'}).click();
  for (const [picture, told] of [['Steps of the engine', /Step [\d\u202f]+, .*tokens/],
    ['Blocks of the KV cache', /Block \d+: /], ['Prefix tree', /Tokens \d+ to \d+/]] as const) {
    await page.getByRole('slider', {name: picture}).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    const value = await page.getByRole('slider', {name: picture}).getAttribute('aria-valuetext');
    assert.match(value ?? '', told);
  }
  await checkAccess(page, 'a busy floor');
  over = true;
  await work;
  for (const hash of ['#/models', '#/tenants', '#/requests']) {
    await go(hash);
    await live(page);
    await page.locator('.panel').first().waitFor();
    await checkAccess(page, `${hash} of a real server`);
  }
  await close();
  await phone(server);
  await server.stop();
});

async function phone(server: Served) {
  const {page, go, close} = await visit(browser, server.url, {
    viewport: {width: 360, height: 740}, colorScheme: 'dark', hasTouch: true, isMobile: true});
  for (const hash of ['#/chat', '#/floor', '#/models', '#/tenants', '#/requests']) {
    await go(hash);
    await live(page);
    await page.waitForTimeout(300);
    await checkWidth(page, `${hash} of a real server`);
    await checkAccess(page, `${hash} on a phone, in the dark`);
  }
  await close();
}

test('a server that goes away and comes back', async () => {
  const server = await serve(['--model', tinyModel]);
  const {page, go, close} = await visit(browser, server.url);
  await go('#/models');
  await live(page);
  await server.kill();
  await page.getByRole('status').getByText('Offline').waitFor();
  await page.getByText('The server does not answer').waitFor();
  await checkAccess(page, 'offline');
  await page.getByRole('link', {name: 'Chat'}).click();
  await page.getByLabel('Your message').fill('Hello?');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('No answer').waitFor();
  await checkAccess(page, 'a chat offline');
  const again = await serve(['--model', tinyModel, '--port', String(server.port)], server.folder);
  await live(page);
  await page.getByRole('button', {name: 'Try again'}).click();
  await page.locator('.answer-foot').waitFor();
  assert.equal(await again.stop(), 0);
  await close();
});

test('keys: a wrong one, a tenant\'s, an operator\'s', async () => {
  const folder = scratch();
  const file = join(folder, 'keys.json');
  const add = (...words: string[]) =>
    /sk-mill-\S+/.exec(run('keys', 'add', '--file', file, ...words))?.[0] ?? '';
  const acme = add('--tenant', 'acme');
  const operator = add('--tenant', 'ops', '--scope', 'operations');
  const server = await serve(['--model', tinyModel, '--keys', file], folder);
  const {page, go, close} = await visit(browser, server.url);
  await go('#/floor');
  await page.getByText('This server asks for a key').waitFor();
  const use = async (key: string) => {
    await page.getByLabel('API key', {exact: true}).last().fill(key);
    await page.keyboard.press('Enter');
  };
  await use('sk-mill-0000');
  await page.getByText('This key does not fit').waitFor();
  await checkAccess(page, 'a wrong key');
  await use(acme);
  await live(page);
  await page.getByText('The whole floor is for operators').waitFor();
  await go('#/chat');
  await page.getByLabel('Most tokens').fill('8');
  await page.getByLabel('Your message').fill('Hello');
  await page.keyboard.press('Enter');
  await page.locator('.answer-foot').waitFor();
  await page.locator('.facts a').click();
  await page.getByText('acme').first().waitFor();
  await page.getByRole('button', {name: 'API key: set'}).click();
  await use(operator);
  await live(page);
  await go('#/floor');
  await page.getByText('The batch, step by step').waitFor();
  await close();
  assert.equal(await server.stop(), 0);
});

test('an administrator lets models sleep, wake, come and go', async () => {
  const folder = scratch();
  cpSync(tinyModel, join(folder, 'models', 'other'), {recursive: true});
  const server = await serve(['--model', tinyModel, '--models-folder', join(folder, 'models')],
                             folder);
  const {page, go, close} = await visit(browser, server.url);
  const isIn = (id: string, state: string) =>
    page.locator('.panel', {has: page.getByRole('heading', {name: id, exact: true})})
      .getByRole('status').getByText(state, {exact: true}).waitFor();
  await go('#/models');
  await live(page);
  await page.getByRole('button', {name: 'Sleep tiny'}).click();
  await page.getByRole('button', {name: 'Let it sleep'}).click();
  await isIn('tiny', 'sleeping');
  assert.deepEqual(await (await server.ask('/is_sleeping')).json(), {is_sleeping: true});
  await checkAccess(page, 'a real model that sleeps');
  await go('#/floor');
  await page.getByText('tiny sleeps').waitFor();
  await checkAccess(page, 'the floor of a real model that sleeps');
  await go('#/chat');
  await page.getByText('your first message wakes it').waitFor();
  await page.getByLabel('Most tokens').fill('8');
  await page.getByLabel('Your message').fill('Hello');
  await page.keyboard.press('Enter');
  await page.locator('.answer-foot').waitFor();
  await go('#/models');
  await isIn('tiny', 'ready');
  await page.getByText('Its last waking took').waitFor();
  await modelField(page).selectOption('other');
  await page.getByRole('button', {name: 'Load', exact: true}).click();
  await isIn('other', 'ready');
  await page.getByRole('link', {name: 'Floor of other'}).click();
  await page.getByText('Nobody is in the engine').waitFor();
  assert.equal(await modelField(page).inputValue(), 'other');
  await go('#/models');
  await page.getByRole('button', {name: 'Unload other'}).click();
  await page.getByRole('button', {name: 'Unload', exact: true}).click();
  await page.getByText('other is gone').waitFor();
  const list = await (await server.ask('/v1/models')).json() as {data: {id: string}[]};
  assert.deepEqual(list.data.map((each) => each.id), ['tiny']);
  await close();
  assert.equal(await server.stop(), 0);
});

test('an auditor finds what was before the server began', async () => {
  const words = ['--model', tinyModel, '--ledger', join(scratch(), 'ledger.db')];
  const before = await serve(words);
  await load(before, 3, 8);
  assert.equal(await before.stop(), 0);
  const server = await serve(words);
  const {page, go, close} = await visit(browser, server.url);
  await go('#/requests');
  await page.locator('tbody tr').nth(2).waitFor();
  await page.locator('tbody a').first().click();
  await page.getByText('Its timeline is no longer kept').waitFor();
  await checkAccess(page, 'a request of a real ledger');
  const id = await page.locator('.request-line code').innerText();
  await go('#/requests');
  await page.getByLabel("A request's id").fill(id);
  await page.keyboard.press('Enter');
  await page.getByText('of the weights').waitFor();
  await load(server, 2, 8);
  await go('#/requests');
  await page.locator('tbody tr').nth(4).waitFor();  // both kinds, and nothing behind them
  assert.equal(await page.getByRole('button', {name: 'Show older ones'}).count(), 0);
  await close();
  assert.equal(await server.stop(), 0);
});

test('everything is reached by the keyboard alone', async () => {
  const server = await factory(['--model', tinyModel]);
  await load(server, 3, 40);
  const {page, go, close} = await visit(browser, server.url);
  for (const hash of ['#/chat', '#/floor', '#/models', '#/tenants', '#/requests']) {
    await go(hash);
    await live(page);
    await page.locator('.chat-log, .panel').first().waitFor();
    await walk(page, hash);
  }
  await go('#/chat');
  await page.reload();  // so that Tab begins at the top
  await page.locator('.chat-log').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');  // skip to the page
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'page-title');
  await page.getByRole('link', {name: 'Requests'}).focus();
  await page.keyboard.press('Enter');
  await page.locator('tbody a').first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'page-title');
  await page.locator('tbody a').first().focus();
  await page.keyboard.press('Enter');
  await page.getByText('From queue to receipt').waitFor();
  await close();
  await server.stop();
});
