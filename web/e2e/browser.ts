// Chromium without a window, and what every page has to hold to, wherever it is: no error on the
// console, nothing that axe complains of, no scrolling sideways.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium, type Browser, type BrowserContextOptions, type Page} from 'playwright-core';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const axeSource = readFileSync(axe, 'utf8');

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const chromiumPath = () =>
  process.env['CHROMIUM'] ?? programs.find((path) => existsSync(path)) ?? null;

// Without the sandbox, since containers mostly have none of what it needs; the pages are our own.
export function launch(): Promise<Browser> {
  const executablePath = chromiumPath();
  assert.ok(executablePath, 'there is no Chromium');
  return chromium.launch({executablePath, args: ['--no-sandbox', '--disable-gpu']});
}

export interface Visit {
  url: string;
  page: Page;
  go: (hash: string) => Promise<void>;
  errors: string[];
  close: () => Promise<void>;
}

// Refusals and a server that is away are told by the browser itself, on the console; that is no
// error of the page.
const expected = /Failed to load resource|net::ERR_/;

export async function visit(browser: Browser, url: string,
                            options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    const told = message.text();
    if (['error', 'warning'].includes(message.type()) && !expected.test(told)) errors.push(told);
  });
  const go = async (hash: string) => {
    await page.goto(`${url}/console/${hash}`);
    await page.locator('#page-title').waitFor();
  };
  const close = async () => {
    await context.close();
    assert.deepEqual(errors, []);
  };
  return {url, page, go, errors, close};
}

interface Violation {
  id: string;
  help: string;
  nodes: {html: string; failureSummary?: string}[];
}

// axe's rules, all of them, best practices included. It runs by the debugger's hand, past the
// policy that lets the page itself run nothing but its own script.
export async function checkAccess(page: Page, where: string, rules = '{}') {
  const has = await page.evaluate('typeof axe !== "undefined"');
  if (!has) await page.evaluate(axeSource);
  const found = await page.evaluate(`axe.run(${rules})`) as {violations: Violation[]};
  const told = found.violations.map(({id, help, nodes}) =>
    `${id}: ${help}\n${nodes.slice(0, 4).map((node) => `    ${node.html}\n      ${
      node.failureSummary?.replaceAll('\n', '\n      ')}`).join('\n')}`);
  if (told.length) assert.fail(`axe, ${where}:\n${told.join('\n')}`);
}

const colours = "{runOnly: ['color-contrast', 'link-in-text-block']}";

// All of them in the light; in the dark those that can differ there, the colours'.
export async function checkBothThemes(page: Page, where: string) {
  await checkAccess(page, where);
  await page.emulateMedia({colorScheme: 'dark'});
  await checkAccess(page, `${where}, in the dark`, colours);
  await page.emulateMedia({colorScheme: 'light'});
}

export async function checkWidth(page: Page, where: string) {
  const [wide, room] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, document.documentElement.clientWidth] as const);
  assert.ok(wide <= room, `${where} is ${wide} pixels wide, and has ${room}`);
}
