// Light or dark: what the system prefers, unless the reader has chosen.
import {effect} from '@preact/signals';
import {stored} from './stored.ts';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const theme = stored<Theme>({
  name: 'theme', keep: 'local', initial: 'auto',
  valid: (value): value is Theme => themes.includes(value as Theme),
});

// The attribute is what the style sheets look at; "auto" leaves it to prefers-color-scheme.
export function applyTheme() {
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
  });
}

export const nextTheme = (now: Theme): Theme =>
  themes[(themes.indexOf(now) + 1) % themes.length] ?? 'auto';
