import {useEffect, useRef} from 'preact/hooks';
import {dash, euros, joules, moment, percent, seconds, short, whole} from '../../base/format.ts';
import {routeTo} from '../../base/route.ts';
import {state} from '../../client/live.ts';
import {useLoaded} from '../../client/loaded.ts';
import type {AnswerTimes, RequestRecord} from '../../client/types.ts';
import {CopyButton} from '../../controls/copy.tsx';
import {Icon} from '../../controls/icon.tsx';
import {ErrorNotice, Notice} from '../../controls/notice.tsx';
import {Panel} from '../../controls/panel.tsx';
import {endOf, phasesOf} from '../../drawings/phases.ts';
import {Timeline} from '../../drawings/timeline.tsx';
import {Receipt} from './receipt.tsx';
import {recordSoFar, runningOf} from './running.ts';

export const outcomeTells =
  {whole: 'whole', cancelled: 'its client left', failed: 'failed'} as const;

// Answer tokens a second, while they came.
function rate(record: RequestRecord): number | null {
  const times = record.answers.filter((each): each is AnswerTimes & {first_token_ms: number;
    last_token_ms: number} => each.first_token_ms !== null && each.last_token_ms !== null);
  if (!times.length) return null;
  const from = Math.min(...times.map((each) => each.first_token_ms));
  const to = Math.max(...times.map((each) => each.last_token_ms));
  const count = record.generated_tokens - times.length;
  return to > from && count > 0 ? (count * 1000) / (to - from) : null;
}

function answerTells({generated_tokens, thinking_tokens}: RequestRecord): string {
  const thoughts = thinking_tokens ? `, ${whole(thinking_tokens)} of them thoughts` : '';
  return `${whole(generated_tokens)} tokens${thoughts}`;
}

function Facts({record}: {record: RequestRecord}) {
  const cached = record.prompt_tokens ? record.cached_tokens / record.prompt_tokens : 0;
  return (
    <dl class="facts-list">
      <div><dt>Tenant</dt><dd>{record.tenant || dash}</dd></div>
      <div><dt>Key</dt><dd>{record.key ? <code>{record.key}</code> : dash}</dd></div>
      <div><dt>Path</dt><dd>{record.endpoint ? <code>{record.endpoint}</code> : dash}</dd></div>
      <div><dt>Model</dt><dd>{record.model}</dd></div>
      <div><dt>Came</dt><dd>{moment(record.arrived_ms)}</dd></div>
      <div><dt>Took</dt><dd>{seconds((endOf(record) - record.arrived_ms) / 1000)}</dd></div>
      <div>
        <dt>Prompt</dt><dd>{whole(record.prompt_tokens)} tokens, {percent(cached)} cached</dd>
      </div>
      <div><dt>Answer</dt><dd>{answerTells(record)}</dd></div>
      <div><dt>Tokens a second</dt><dd>{short(rate(record))}</dd></div>
      <div><dt>Energy</dt><dd>{joules(record.joules)}</dd></div>
      <div><dt>Price</dt><dd>{euros(record.euros)}</dd></div>
    </dl>
  );
}

function Digest({digest}: {digest: string}) {
  return (
    <p class="digest">
      <span>SHA-256 of the weights</span> <code>{digest}</code>
      <CopyButton text={digest} label="Copy the digest of the weights" />
    </p>
  );
}

// What stands for the timeline of a request that only the ledger knows.
function Untimed() {
  return (
    <Notice icon="empty" title="Its timeline is no longer kept">
      <p>The server remembers how the last 2 048 requests since its start went, step by step; of
        older ones, the ledger has what they used, and when they ended, to the second.</p>
    </Notice>
  );
}

function Timelines({record}: {record: RequestRecord}) {
  const answers = record.answers.length ? record.answers : [undefined];
  return (
    <>
      {answers.map((answer, i) => (
        <div key={i} class="answer-timeline">
          {answers.length > 1 && <h3>Answer {i + 1}</h3>}
          <Timeline phases={phasesOf(record, answer)} />
        </div>
      ))}
    </>
  );
}

function Told({record, running}: {record: RequestRecord; running: boolean}) {
  const past = record.source === 'ledger';
  const receipt = record.receipt ?? state.value?.server.receipts;
  return (
    <>
      <Panel title="From queue to receipt" actions={
        <span class={`chip chip-${running ? 'running' : record.outcome}`}>
          {running ? 'runs' : outcomeTells[record.outcome] ?? record.outcome}
        </span>
      }>
        {past ? <Untimed /> : <Timelines record={record} />}
      </Panel>
      <Panel title="What it was">
        <Facts record={record} />
        {record.digest && <Digest digest={record.digest} />}
      </Panel>
      {receipt && <Receipt request={record.request} sure={record.receipt === true} />}
    </>
  );
}

function Unknown() {
  return (
    <Notice icon="empty" title="This request is not known here">
      {state.value?.server.ledger
        ? <p>It is neither among the last 2 048 nor in the ledger; or it is another tenant's.</p>
        : <p>The server remembers the last 2 048 since it was started, and shows each to its own
            tenant. With <code>--ledger</code> it would know older ones.</p>}
    </Notice>
  );
}

// It ends while one looks: then what is kept of it takes the place of what the engine says.
const againMs = 1000;
const settleMs = 10_000;  // after which nothing more is written of it
const triesMax = 10;      // that it is asked for in vain

export function OneRequest({request}: {request: string}) {
  const running = runningOf(state.value).find((each) => each.request === request);
  const {data, error, reload} =
    useLoaded<RequestRecord>(`/v1/console/requests/${encodeURIComponent(request)}`);
  const now = state.value?.time_ms ?? 0;
  const rests = data !== null && (data.recorded_ms !== null || now - data.ended_ms > settleMs);
  const tries = useRef(0);
  useEffect(() => {
    const answered = data !== null || error !== null;
    if (!answered || rests || (!running && error && error.status !== 404)) return;
    if (!running && ++tries.current > triesMax) return;
    const timer = setTimeout(reload, againMs);
    return () => clearTimeout(timer);
  }, [rests, running !== undefined, error, data]);
  return (
    <div class="stack">
      <p class="request-line">
        <a class="button" href={routeTo('requests')}><Icon name="back" size={18} /> All requests</a>
        <code>{request}</code>
        <CopyButton text={request} label="Copy the request's id" />
      </p>
      {data ? <Told record={data} running={false} />
        : running && state.value
          ? <Told record={recordSoFar(running, state.value.time_ms)} running />
          : error?.status === 404
            ? <Unknown />
            : error && <ErrorNotice error={error} retry={reload} />}
    </div>
  );
}
