import {useEffect, useRef, useState} from 'preact/hooks';
import {dash, euros, joules, moment, seconds, shortId, whole} from '../../base/format.ts';
import {route, routeTo} from '../../base/route.ts';
import {asApiError, get, key, type ApiError} from '../../client/api.ts';
import {state} from '../../client/live.ts';
import {useLoaded} from '../../client/loaded.ts';
import type {RequestList, RequestRecord} from '../../client/types.ts';
import {Need} from '../../controls/need.tsx';
import {ErrorNotice, Notice} from '../../controls/notice.tsx';
import {PageHead, Panel} from '../../controls/panel.tsx';
import {Table, type TableColumn} from '../../controls/table.tsx';
import {endOf, phaseNames, phasesOf} from '../../drawings/phases.ts';
import {MiniTimeline} from '../../drawings/timeline.tsx';
import {grown, pageRows, renewed, toBeTried, type Listed} from './list.ts';
import {OneRequest, outcomeTells} from './one.tsx';
import {recordSoFar, runningOf} from './running.ts';

const columns = (running: Set<string>): TableColumn<RequestRecord>[] => [
  {name: 'Request', cell: (row) => (
    <a href={routeTo('requests', [row.request])} title={row.request}>
      <code>{shortId(row.request)}</code>
    </a>
  )},
  {name: 'Came', cell: (row) => moment(row.arrived_ms)},
  {name: 'Tenant', cell: (row) => row.tenant || dash},
  {name: 'Path', cell: (row) => (row.endpoint ? <code>{row.endpoint}</code> : dash)},
  {name: 'Outcome', cell: (row) => running.has(row.request)
    ? <span class="chip chip-running">runs</span>
    : <span class={`chip chip-${row.outcome}`}>{outcomeTells[row.outcome] ?? row.outcome}</span>},
  {name: 'Prompt', number: true, cell: (row) => whole(row.prompt_tokens)},
  {name: 'Answer', number: true, cell: (row) => whole(row.generated_tokens)},
  {name: 'Energy', number: true, cell: (row) => joules(row.joules)},
  {name: 'Price', number: true, cell: (row) => euros(row.euros)},
  {name: 'Took', number: true, cell: (row) => seconds((endOf(row) - row.arrived_ms) / 1000)},
  {name: 'Timeline', cell: (row) => row.source === 'ledger'
    ? <span class="note">in the ledger</span>
    : <MiniTimeline phases={phasesOf(row, row.answers[0])} />},
];

function Filters({outcome, tenant}: {outcome: string; tenant: string}) {
  const go = (query: Record<string, string>) => {
    location.hash = routeTo('requests', [], {outcome, tenant, ...query});
  };
  return (
    <>
      <label class="inline">
        <span>Outcome</span>
        <select value={outcome} onChange={(event) => go({outcome: event.currentTarget.value})}>
          <option value="">all</option>
          {Object.entries(outcomeTells).map(([id, name]) => (
            <option key={id} value={id}>{name}</option>
          ))}
        </select>
      </label>
      {state.value?.view === 'all' && (
        <label class="inline">
          <span>Tenant</span>
          <input type="search" value={tenant} placeholder="all" autocomplete="off"
                 onChange={(event) => go({tenant: event.currentTarget.value.trim()})} />
        </label>
      )}
    </>
  );
}

const refreshMs = 2000;

function useRequests(query: string) {
  const path = `/v1/console/requests?limit=${pageRows}${query}`;
  const newest = useLoaded<RequestList>(path, refreshMs);
  const [listed, setListed] = useState<Listed | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const shown = useRef(path);
  shown.current = path;
  useEffect(() => {
    setListed(null);
    setError(null);
  }, [path, key.value]);
  useEffect(() => {
    if (newest.data) setListed(renewed(listed, newest.data));
  }, [newest.data]);
  const more = async () => {
    if (!listed?.next) return;
    try {
      setError(null);
      const page = await get<RequestList>(`${path}&before=${encodeURIComponent(listed.next)}`);
      if (shown.current === path) setListed(grown(listed, page));
    } catch (problem) {
      setError(asApiError(problem));
    }
  };
  const trying = listed !== null && toBeTried(listed) && !error;
  useEffect(() => {
    if (trying) void more();
  }, [trying]);
  const rows = listed?.rows ?? [];
  return {rows, older: !!listed?.next && !trying, more, error: error ?? newest.error,
          loaded: listed !== null && !(trying && rows.length === 0), reload: newest.reload};
}

function List() {
  const {outcome = '', tenant = ''} = route.value.query;
  const asked = new URLSearchParams(Object.entries({outcome, tenant}).filter(([, value]) => value));
  const query = asked.size ? `&${asked}` : '';
  const {rows, older, more, error, loaded, reload} = useRequests(query);
  const now = state.value;
  const ended = new Set(rows.map((each) => each.request));
  const running = outcome || !now ? [] : runningOf(now)
    .filter((each) => !ended.has(each.request) && (!tenant || each.tenant === tenant))
    .map((each) => recordSoFar(each, now.time_ms)).reverse();
  const all = [...running, ...rows];
  return (
    <Panel title="The latest first" actions={<Filters outcome={outcome} tenant={tenant} />}>
      {error && !error.offline && <ErrorNotice error={error} retry={reload} />}
      {all.length > 0 && <Table caption="Requests" rows={all} id={(row) => row.request}
                                columns={columns(new Set(running.map((each) => each.request)))} />}
      {all.length === 0 && loaded && (
        <Notice icon="empty" title={query ? 'No request is like this' : 'No request yet'}>
          {query ? <p><a href={routeTo('requests')}>Show all requests</a></p>
            : <p>Each one is listed here from the moment that it waits. <a href="#/chat">Ask
                something</a> to see the first.</p>}
        </Notice>
      )}
      {older && <p class="more">
        <button type="button" onClick={() => void more()}>Show older ones</button>
      </p>}
      {all.length > 0 && (
        <ul class="legend">
          {phaseNames.map((name) => (
            <li key={name}><span class={`swatch phase-${name}`} aria-hidden="true" />{name}</li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

// By the id that its client has, as X-Request-Id.
function Find() {
  const [id, setId] = useState('');
  const find = (event: Event) => {
    event.preventDefault();
    if (!id.trim()) return;
    location.hash = routeTo('requests', [id.trim()]);
    setId('');
  };
  return (
    <form class="find" onSubmit={find}>
      <input type="search" aria-label="A request's id" placeholder="req_…" autocomplete="off"
             spellcheck={false} value={id} onInput={(event) => setId(event.currentTarget.value)} />
      <button type="submit" disabled={!id.trim()}>Find</button>
    </form>
  );
}

export function RequestsPage() {
  const [request] = route.value.rest;
  return (
    <>
      <PageHead title={request ? 'Request' : 'Requests'}><Find /></PageHead>
      <Need>{() => (request ? <OneRequest key={request} request={request} /> : <List />)}</Need>
    </>
  );
}
