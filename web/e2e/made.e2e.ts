// The pages in front of the made-up server: every state that a real one is seldom in, by every
// width and colour, looked at by axe.
import assert from 'node:assert/strict';
import {resolve} from 'node:path';
import {after, before, test} from 'node:test';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {startMock, type Mock, type Mode} from '../mock/server.ts';
import {checkAccess, checkBothThemes, checkWidth, launch, visit} from './browser.ts';

const dist = resolve('dist');
let browser: Browser;
let mock: Mock;

before(async () => {
  browser = await launch();
  mock = await startMock({dist, everyMs: 200, paceMs: 5, orderMs: null});
});
after(async () => {
  await browser.close();
  await mock.stop();
});

const hashes = ['#/chat', '#/floor', '#/models', '#/tenants', '#/requests', '#/nowhere'];
const waits: Record<string, string> = {
  busy: 'Live', several: 'Live', fresh: 'Live', idle: 'Live', tenant: 'Live', bare: 'Live',
  keys: 'Key needed', closed: 'Live data is closed to this key', absent: 'No live data',
};

// Where there is no data, all pages but the chat show the same.
const shownIn = (mode: Mode) => (waits[mode] === 'Live' ? hashes : hashes.slice(0, 2));

const filled: Record<string, string> =
  {'#/floor': '.panel', '#/tenants': '.panel', '#/requests': '.panel table, .panel .notice'};

async function settled(page: Page, mode: Mode, hash: string) {
  await page.getByRole('status').getByText(waits[mode] ?? '', {exact: true}).waitFor();
  if (waits[mode] === 'Live' && filled[hash]) await page.locator(filled[hash]).first().waitFor();
}

async function everyPage(mode: Mode) {
  mock.set(mode);
  const {page, go, close} = await visit(browser, mock.url, {colorScheme: 'light'});
  for (const hash of shownIn(mode)) {
    await go(hash);
    await settled(page, mode, hash);
    await checkBothThemes(page, `${hash} ${mode}`);
  }
  await close();
}

for (const mode of Object.keys(waits) as Mode[])
  test(`every page, ${mode}`, () => everyPage(mode));

test('on a phone, nothing scrolls sideways', async () => {
  for (const mode of Object.keys(waits) as Mode[]) {
    mock.set(mode);
    const {page, go, close} = await visit(browser, mock.url, {viewport: {width: 360, height: 740}});
    for (const hash of shownIn(mode)) {
      await go(hash);
      await settled(page, mode, hash);
      await checkWidth(page, `${hash} ${mode}`);
      if (mode === 'busy' || mode === 'several') await checkAccess(page, `${hash} on a phone`);
    }
    await close();
  }
});

test('thoughts are folded, an answer can be copied, stopped and had again', async () => {
  mock.set('busy');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/chat');
  mock.answerWithoutEnd();
  await page.getByLabel('Your message').fill('What is a mill?');
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: 'Stop the answer'}).click();
  await page.getByText('stopped', {exact: false}).first().waitFor();
  await page.getByRole('button', {name: 'Regenerate'}).click();
  await page.getByText('That is all there is to it.').waitFor();
  assert.equal(await page.locator('.thinking-text').isVisible(), false);
  await page.locator('.thinking summary').click();
  await page.getByText('A short answer').waitFor();
  await page.getByText('ended by itself').waitFor();
  await checkAccess(page, 'an answer');
  await page.reload();
  await page.getByText('That is all there is to it.').waitFor();
  await page.getByRole('button', {name: 'New'}).click();
  await page.getByText('Say something to').waitFor();
  await close();
});

test('a call of a tool is shown, and answered', async () => {
  mock.set('busy');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/chat');
  await page.getByText('Tools', {exact: true}).click();
  await page.getByRole('button', {name: 'Insert an example'}).click();
  await page.getByLabel('Your message').fill('What is the weather in Ulm?');
  await page.keyboard.press('Enter');
  await page.locator('.call').getByText('"city": "Ulm"').waitFor();
  await page.getByLabel('What get_weather answers').fill('{"degrees": 21}');
  await checkAccess(page, 'a call');
  await page.getByRole('button', {name: 'Give the model this'}).click();
  await page.getByText('That is all there is to it.').waitFor();
  await close();
});

test('probabilities, by pointer and by keys', async () => {
  mock.set('busy');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/chat');
  await page.getByLabel('Token probabilities').check();
  await page.getByLabel('Your message').fill('What is a mill?');
  await page.keyboard.press('Enter');
  await page.getByText('ended by itself').waitFor();
  await page.locator('.token', {hasText: 'raw'}).hover();
  await page.locator('.token-card').getByText('␣wheel').waitFor();
  await page.getByRole('listbox').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  const at = await page.getByRole('listbox').getAttribute('aria-activedescendant');
  assert.match(at ?? '', /-1$/);
  await checkAccess(page, 'probabilities');
  await close();
});

test('a wrong key is told, a right one opens', async () => {
  mock.set('keys');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/floor');
  await page.getByText('This server asks for a key').waitFor();
  await page.getByLabel('API key', {exact: true}).last().fill('sk-mill-bad');
  await page.keyboard.press('Enter');
  await page.getByText('This key does not fit').waitFor();
  await checkAccess(page, 'a wrong key');
  await page.getByLabel('API key', {exact: true}).last().fill('sk-mill-good');
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('Live').waitFor();
  await page.getByRole('button', {name: 'API key: set'}).click();
  await checkAccess(page, 'the dialog');
  await page.getByRole('button', {name: 'Forget the key'}).click();
  await page.getByText('This server asks for a key').waitFor();
  await close();
});

test('older requests are fetched, filters are kept in the address', async () => {
  mock.set('busy');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/requests');
  const rows = page.locator('tbody tr', {has: page.locator('.chip:not(.chip-running)')});
  await page.getByRole('button', {name: 'Show older ones'}).click();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length >= 100);
  await page.getByLabel('Outcome').selectOption('failed');
  await page.waitForFunction(() => document.querySelectorAll('.chip-whole').length === 0);
  assert.match(page.url(), /outcome=failed/);
  await page.reload();
  await rows.first().waitFor();
  assert.equal(await page.getByLabel('Outcome').inputValue(), 'failed');
  await close();
});

test('a server that has just begun shows what the ledger has', async () => {
  mock.set('fresh');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/requests');
  await page.getByText('in the ledger').first().waitFor();
  await page.locator('tbody a').last().click();
  await page.getByText('Its timeline is no longer kept').waitFor();
  await page.getByRole('heading', {name: 'Receipt', exact: true}).waitFor();
  await checkAccess(page, 'a request out of the ledger');
  await page.getByLabel("A request's id").fill('req_nobody');
  await page.keyboard.press('Enter');
  await page.getByText('This request is not known here').waitFor();
  await checkAccess(page, 'a request that is not known');
  await close();
});

// Models are ordered about in every colour and width.
const looks = [
  {name: 'in the light', colorScheme: 'light', viewport: {width: 1280, height: 900}},
  {name: 'in the dark', colorScheme: 'dark', viewport: {width: 1280, height: 900}},
  {name: 'on a phone', colorScheme: 'light', viewport: {width: 360, height: 740}},
] as const;

async function seen(page: Page, where: string) {
  await checkAccess(page, where);
  await checkWidth(page, where);
}

const smol = 'smollm2-135m-instruct-q4_1';
const modelField = (page: Page) => page.getByRole('combobox', {name: 'Model', exact: true});
const card = (page: Page, id: string) =>
  page.locator('.panel', {has: page.getByRole('heading', {name: id, exact: true})});
const isIn = (page: Page, id: string, state: string) =>
  card(page, id).getByRole('status').getByText(state, {exact: true}).waitFor();

// Another tab, which has ordered nothing.
async function elsewhere(options: BrowserContextOptions) {
  const {page, go, close} = await visit(browser, mock.url, options);
  await go('#/models');
  await page.getByText('qwen3 is being loaded').waitFor();
  await close();
}

for (const {name, ...options} of looks) {
  test(`models sleep and wake, ${name}`, async () => {
    mock.set('busy');
    const {page, go, close} = await visit(browser, mock.url, options);
    await go('#/models');
    await page.getByRole('button', {name: `Sleep ${smol}`}).click();
    await page.getByRole('radio', {name: 'They pause'}).check();
    await seen(page, `whether it shall sleep, ${name}`);
    await page.keyboard.press('Escape');
    await isIn(page, smol, 'ready');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), `Sleep ${smol}`);
    await page.keyboard.press('Enter');
    await page.getByRole('button', {name: 'Let it sleep'}).click();
    await isIn(page, smol, 'closing');
    await page.getByRole('button', {name: `Stay awake ${smol}`}).click();
    await isIn(page, smol, 'ready');
    assert.equal(await page.getByRole('alert').count(), 0, 'whoever called it off knows');
    await page.getByRole('button', {name: `Sleep ${smol}`}).click();
    await page.getByRole('button', {name: 'Let it sleep'}).click();
    await isIn(page, smol, 'closing');
    await mock.goOn();
    await isIn(page, smol, 'sleeping');
    await page.getByText(`${smol} sleeps.`).waitFor();
    await seen(page, `a model that sleeps, ${name}`);
    await go('#/floor');
    await page.getByText(`${smol} sleeps`).waitFor();
    await seen(page, `the floor of one that sleeps, ${name}`);
    await go('#/models');
    await page.getByRole('button', {name: `Wake up ${smol}`}).click();
    await isIn(page, smol, 'waking');
    await seen(page, `a model that wakes, ${name}`);
    await mock.goOn();
    await isIn(page, smol, 'ready');
    await close();
  });

  test(`models come and go, ${name}`, async () => {
    mock.set('busy');
    const {page, go, close} = await visit(browser, mock.url, options);
    await go('#/models');
    const load = async (file: string, id = '') => {
      await modelField(page).selectOption(file);
      await page.getByRole('textbox', {name: 'Id', exact: true}).fill(id);
      await page.getByRole('button', {name: 'Load', exact: true}).click();
    };
    await load('too-large.gguf');
    await page.getByText('too-large.gguf is being loaded').waitFor();
    await seen(page, `a model that is loaded, ${name}`);
    await mock.goOn();
    await page.getByRole('alert').getByText('needs 40265318400 bytes').waitFor();
    await seen(page, `a model that does not fit, ${name}`);
    await page.getByRole('button', {name: 'Dismiss'}).click();
    await load('Qwen/Qwen3-0.6B', 'qwen3');
    await page.getByText('qwen3 is being loaded').waitFor();
    await elsewhere(options);
    await mock.goOn();
    await isIn(page, 'qwen3', 'ready');
    await page.getByText('qwen3 is loaded.').waitFor();
    await page.getByRole('link', {name: 'Floor of qwen3'}).click();
    assert.equal(await modelField(page).inputValue(), 'qwen3');
    await modelField(page).selectOption(smol);
    await page.waitForURL(/model=smollm2/);
    await go('#/models');
    await page.getByRole('button', {name: `Unload ${smol}`}).click();
    await page.getByText('gets qwen3 from then on').waitFor();
    await seen(page, `whether it shall go, ${name}`);
    await page.getByRole('button', {name: 'Unload', exact: true}).click();
    await page.getByText(`${smol} leaves`).waitFor();
    await seen(page, `a model that leaves, ${name}`);
    await mock.goOn();
    await page.getByText(`${smol} is gone`).waitFor();
    await page.getByRole('button', {name: 'Unload qwen3'}).click();
    await page.getByText('nobody is answered').waitFor();
    await page.getByRole('button', {name: 'Unload', exact: true}).click();
    await page.getByText('No model is here').waitFor();
    await seen(page, `no model, ${name}`);
    await close();
  });
}

test('whoever may not order models sees no buttons for it, and why', async () => {
  mock.set('tenant');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/models');
  await page.getByText('A key with the scope admin').waitFor();
  assert.equal(await page.getByRole('button', {name: /^(Sleep|Unload|Load)/}).count(), 0);
  await close();
});

test('an order that is refused says why', async () => {
  mock.set('busy');
  const {page, go, close} = await visit(browser, mock.url);
  await go('#/models');
  await page.getByRole('button', {name: `Sleep ${smol}`}).click();
  await page.route('**/sleep?*', (route) => route.fulfill({
    status: 403, contentType: 'application/json',
    body: JSON.stringify({error: {message: "The API key key_1 lacks the scope 'admin'"}})}));
  await page.getByRole('button', {name: 'Let it sleep'}).click();
  await page.getByRole('alert').getByText("lacks the scope 'admin'").waitFor();
  await checkAccess(page, 'an order that is refused');
  await go('#/chat');
  await page.goBack();
  await page.getByRole('alert').getByText('does not sleep').waitFor();
  await page.getByRole('button', {name: 'Dismiss'}).click();
  await page.getByRole('alert').waitFor({state: 'detached'});
  await close();
});

test('the theme is chosen, and kept', async () => {
  mock.set('idle');
  const {page, go, close} = await visit(browser, mock.url, {colorScheme: 'light'});
  await go('#/models');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', {name: 'Theme: auto'}).click();
  await page.getByRole('button', {name: 'Theme: light'}).click();
  assert.notEqual(await ground(), light);
  await page.waitForTimeout(400);
  await page.reload();
  await page.getByRole('button', {name: 'Theme: dark'}).waitFor();
  assert.notEqual(await ground(), light);
  await close();
});
