// Icons drawn by hand, 20 by 20, in the colour of the text beside them. They say nothing to a
// screen reader: the words do.
const paths = {
  chat: 'M3.5 4.5h13v9h-7l-4 3v-3h-2z',
  floor: 'M3 16.5V8l4.5 3V8l4.5 3V3.5h5v13z M6 13.8h2 M10.5 13.8h2',
  models: 'M10 2.8l6.5 3.6v7.2L10 17.2l-6.5-3.6V6.4z M3.5 6.4L10 10l6.5-3.6 M10 10v7.2',
  tenants: 'M7.3 9.2a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8z ' +
    'M2 16.6c.4-3 2.5-4.6 5.3-4.6s4.9 1.6 5.3 4.6z ' +
    'M13 9.2a2.6 2.6 0 1 0-.5-5.1 M14.5 12.2c2 .4 3.2 1.9 3.5 4.4h-2.6',
  requests: 'M3 4.5h6 M6 8.2h8 M9 11.8h5 M12.5 15.5H17',
  auto: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z M10 3v14 M10 6.5h5.9 M10 10h7 M10 13.5h5.9',
  light: 'M10 6.7a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6z ' +
    'M10 1.8v2 M10 16.2v2 M1.8 10h2 M16.2 10h2 ' +
    'M4.2 4.2l1.4 1.4 M14.4 14.4l1.4 1.4 M4.2 15.8l1.4-1.4 M14.4 5.6l1.4-1.4',
  dark: 'M16.5 12.3A7 7 0 0 1 7.7 3.5a7 7 0 1 0 8.8 8.8z',
  key: 'M12.8 10.8a4 4 0 1 0-3.6-3.6L3 13.4V17h3.6v-2h2v-2h2l2.2-2.2z M13.6 6.4v.01',
  send: 'M10 16.5v-12 M4.8 9.3L10 4.2l5.2 5.1',
  stop: 'M5.5 5.5h9v9h-9z',
  again: 'M15.8 8.2A6.2 6.2 0 1 0 16 12 M16.2 4v4.3h-4.3',
  copy: 'M7.5 7.5h9v9h-9z M4.5 12.5h-1v-9h9v1',
  settings: 'M3 6h8 M15 6h2 M13 4.2v3.6 M3 14h2 M9 14h8 M7 12.2v3.6',
  plus: 'M10 4v12 M4 10h12',
  close: 'M5 5l10 10 M15 5L5 15',
  offline: 'M3 3l14 14 M6 11.2a5.6 5.6 0 0 1 2.5-1.4 M3.3 8.4a10 10 0 0 1 2.6-1.7 ' +
    'M9.5 5.5a10 10 0 0 1 7.2 2.9 M12.6 10.3c.5.2 1 .5 1.4.9 M10 15v.01',
  sleep: 'M15.8 12.6A6.5 6.5 0 0 1 8 4.2a6.5 6.5 0 1 0 7.8 8.4z M12 4h4l-4 4.5h4',
  empty: 'M3.5 11.5l2-7h9l2 7v4h-13z M3.5 11.5h4l1 1.8h3l1-1.8h4',
  warning: 'M10 3.2l7.2 13H2.8z M10 8.2v4 M10 14.2v.01',
  down: 'M10 3.5v9 M6 9l4 4 4-4 M4 16.5h12',
  back: 'M12 4.5L6.5 10l5.5 5.5',
  tool: 'M12.5 3.5a4 4 0 0 0-4.7 5.3L3.5 13v3.5H7l4.2-4.3a4 4 0 0 0 5.3-4.7L14 10l-2.5-1.5L11 6z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({name, size = 20}: {name: IconName; size?: number}) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true"
         focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
