// What stands in place of a page that lives on the console's data, while there is none.
import {useEffect, useState} from 'preact/hooks';
import type {ComponentChildren} from 'preact';
import {plural} from '../base/format.ts';
import {link, problem, retryAtMs, state} from '../client/live.ts';
import {KeyNotice} from './key_form.tsx';
import {Notice} from './notice.tsx';

// Counts down; ticks only while it is shown.
export function useCountdown(untilMs: number | null): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (untilMs === null) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [untilMs]);
  return untilMs === null ? 0 : Math.max(0, Math.ceil((untilMs - now) / 1000));
}

function Offline() {
  const left = useCountdown(retryAtMs.value);
  return (
    <Notice icon="offline" title="The server does not answer" tone="bad">
      <p>{problem.value?.message} {left > 0 ? `The next try is in ${plural(left, 'second')}.`
        : 'Trying again…'}</p>
    </Notice>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Waiting for the first data">
      <div /><div /><div /><div />
    </div>
  );
}

// The children once there is a state; they stay, with what was known last, while the server is
// away.
export function Need({children}: {children: () => ComponentChildren}) {
  const now = link.value;
  if (now === 'key') return <KeyNotice />;
  if (now === 'closed')
    return (
      <Notice icon="key" title="This key opens other doors" tone="bad">
        <p>{problem.value?.message}</p>
        <p>A key with the scope <code>operations</code> shows the whole server, one
          with <code>inference</code> its tenant's part of it.</p>
      </Notice>
    );
  if (now === 'absent')
    return (
      <Notice icon="warning" title="This server tells no state" tone="bad">
        <p>It answers, but has no <code>/v1/console</code>. Is this page from another version?</p>
      </Notice>
    );
  if (!state.value) return now === 'offline' ? <Offline /> : <Skeleton />;
  return (
    <>
      {now === 'offline' && <Offline />}
      <div class={now === 'offline' ? 'stale' : undefined}>{children()}</div>
    </>
  );
}

// For parts that only operators see.
export function OperatorsOnly({what}: {what: string}) {
  return (
    <Notice icon="key" title={`${what} is for operators`}>
      <p>This key shows what its tenant does. A key with the scope <code>operations</code> shows the
        engine.</p>
    </Notice>
  );
}
