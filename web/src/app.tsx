import {computed} from '@preact/signals';
import type {ComponentType} from 'preact';
import {useEffect, useRef} from 'preact/hooks';
import {short} from './base/format.ts';
import {route, routeTo} from './base/route.ts';
import {nextTheme, theme} from './base/theme.ts';
import {hasKey} from './client/api.ts';
import {connect, link, retryAtMs, state, tokensOut, type Link} from './client/live.ts';
import {Icon, type IconName} from './controls/icon.tsx';
import {KeyForm} from './controls/key_form.tsx';
import {useCountdown} from './controls/need.tsx';
import {Notice} from './controls/notice.tsx';
import {PageHead} from './controls/panel.tsx';
import {ChatPage} from './pages/chat/page.tsx';
import {FloorPage} from './pages/floor/page.tsx';
import {ModelsPage} from './pages/models/page.tsx';
import {RequestsPage} from './pages/requests/page.tsx';
import {TenantsPage} from './pages/tenants/page.tsx';

interface Page {
  id: IconName;
  name: string;   // where there is room
  short: string;  // on a phone
  view: ComponentType;
}

export const pages: Page[] = [
  {id: 'chat', name: 'Chat', short: 'Chat', view: ChatPage},
  {id: 'floor', name: 'Factory floor', short: 'Floor', view: FloorPage},
  {id: 'models', name: 'Models', short: 'Models', view: ModelsPage},
  {id: 'tenants', name: 'Tenants and bill', short: 'Bill', view: TenantsPage},
  {id: 'requests', name: 'Requests', short: 'Requests', view: RequestsPage},
];

const current = computed(() => pages.find((page) => page.id === route.value.page) ?? null);

function Nav() {
  return (
    <nav class="nav" aria-label="Pages">
      {pages.map(({id, name, short: brief}) => (
        <a key={id} href={routeTo(id)} aria-current={current.value?.id === id ? 'page' : undefined}
           aria-label={name}>
          <Icon name={id} size={22} />
          <span class="nav-long">{name}</span><span class="nav-short">{brief}</span>
        </a>
      ))}
    </nav>
  );
}

const linkTells: Record<Link, string> = {
  connecting: 'Connecting', live: 'Live', offline: 'Offline', key: 'Key needed',
  closed: 'Live data is closed to this key', absent: 'No live data',
};

// The state of the connection in words, and how fast the mill turns.
function Status() {
  const left = useCountdown(retryAtMs.value);
  const rate = tokensOut.value;
  const away = link.value === 'offline' && left > 0 ? `, again in ${left}\u202fs` : '';
  return (
    <div class={`status status-${link.value}`}>
      <span class="status-dot" aria-hidden="true" />
      <span role="status">{linkTells[link.value]}</span>
      <span aria-hidden="true">{away}</span>
      {link.value === 'live' && rate !== null &&
        <span class="status-rate">{short(rate)} tokens/s</span>}
      {link.value === 'offline' &&
        <button type="button" class="small" onClick={connect}>Try now</button>}
    </div>
  );
}

function KeyButton() {
  const dialog = useRef<HTMLDialogElement>(null);
  if (state.value && !state.value.server.keys && !hasKey.value) return null;
  return (
    <>
      <button type="button" class="tool" aria-label={hasKey.value ? 'API key: set' : 'API key'}
              onClick={() => dialog.current?.showModal()}>
        <Icon name="key" />
      </button>
      <dialog ref={dialog} aria-label="API key">
        <KeyForm done={() => dialog.current?.close()} />
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>Cancel</button>
      </dialog>
    </>
  );
}

function ThemeButton() {
  const now = theme.value;
  return (
    <button type="button" class="tool" onClick={() => (theme.value = nextTheme(now))}
            aria-label={`Theme: ${now}`} title={`Theme: ${now}`}>
      <Icon name={now} />
    </button>
  );
}

function Head() {
  return (
    <header class="top">
      <a class="brand" href={routeTo('chat')} aria-label="Tokenmill, console">
        <img src="/console/icon.svg" width="26" height="26" alt="" />
        <span>Tokenmill</span>
      </a>
      <Status />
      <div class="top-tools"><KeyButton /><ThemeButton /></div>
    </header>
  );
}

function Unknown() {
  return (
    <>
      <PageHead title="No such page" />
      <Notice icon="warning" title="The console has no page of this name">
        <p><a href={routeTo('chat')}>Go to the chat</a></p>
      </Notice>
    </>
  );
}

// A page that is gone to takes the focus, so that keyboards and screen readers are there, too.
function useArrival() {
  const first = useRef(true);
  const page = current.value;
  const part = route.value.rest[0] ?? '';
  useEffect(() => {
    document.title = page ? `${page.name} · Tokenmill` : 'Tokenmill';
    if (!first.current) document.getElementById('page-title')?.focus({preventScroll: true});
    if (!first.current) scrollTo(0, 0);
    first.current = false;
  }, [page?.id, part]);
}

export function App() {
  useArrival();
  const View = current.value?.view ?? Unknown;
  const skip = (event: Event) => {
    event.preventDefault();
    document.getElementById('page-title')?.focus();
  };
  return (
    <>
      <a class="skip" href="#page-title" onClick={skip}>Skip to the page</a>
      <Head />
      <Nav />
      <main class={`page page-${current.value?.id ?? 'unknown'}`}><View /></main>
    </>
  );
}
