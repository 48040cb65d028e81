// A walk through a page by the Tab key: it gets everywhere, shows where it is, and comes out again.
import assert from 'node:assert/strict';
import type {Page} from 'playwright-core';

interface Stop {
  name: string;
  number: number;  // among what can be focused; −1: something else
  shown: boolean;  // an outline, or a ring around the field that it is in
}

// What a keyboard has to reach: all that a pointer could use and that is to be seen.
const number = `(() => {
  const wanted = 'a[href], button:not(:disabled), input, select, textarea, summary, [tabindex="0"]';
  window.stops = [...document.querySelectorAll(wanted)].filter((each) =>
    each.checkVisibility({checkVisibilityCSS: true}) && !each.closest('dialog:not([open])'));
  return window.stops.map((each) => each.outerHTML.slice(0, 90));
})()`;

const here = `(() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const ring = at.closest('.composer-row');
  const shown = style.outlineStyle !== 'none' ||
    (ring !== null && getComputedStyle(ring).boxShadow !== 'none');
  return {name: at.outerHTML.slice(0, 90), number: window.stops.indexOf(at), shown};
})()`;

const most = 400;

export async function walk(page: Page, where: string) {
  const wanted = await page.evaluate(number) as string[];
  await page.evaluate('document.activeElement.blur(), scrollTo(0, 0)');
  const seen = new Set<number>();
  for (let i = 0; i < most && seen.size < wanted.length; ++i) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(here) as Stop;
    if (stop.number < 0) continue;  // between the page's end and its beginning
    assert.ok(stop.shown, `${where}: the focus is not to be seen on ${stop.name}`);
    seen.add(stop.number);
  }
  const missed = wanted.filter((_, i) => !seen.has(i));
  assert.deepEqual(missed, [], `${where}: not reached by the Tab key`);
  assert.ok(wanted.length > 6, `${where} has only ${wanted.length} things to use`);
}
