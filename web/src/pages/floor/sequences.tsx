import {routeTo} from '../../base/route.ts';
import {ago, joules, shortId, whole} from '../../base/format.ts';
import type {SequenceNow} from '../../client/types.ts';
import {Notice} from '../../controls/notice.tsx';
import {Table, type TableColumn} from '../../controls/table.tsx';
import {ownerClass} from '../../drawings/owners.ts';

const tells: Record<string, string> = {
  queue: 'waits', prefill: 'prompt', decode: 'answer', again: 'made way, waits',
};

const columns = (timeMs: number): TableColumn<SequenceNow>[] => [
  {name: 'Sequence', cell: (row) => (
    <><span class={`swatch ${ownerClass(row.sequence)}`} aria-hidden="true" />{row.sequence}</>
  )},
  {name: 'Request', cell: (row) => row.request
    ? <a href={routeTo('requests', [row.request])}><code>{shortId(row.request)}</code></a> : '–'},
  {name: 'Tenant', cell: (row) => row.tenant || '–'},
  {name: 'State', cell: (row) => (
    <span class={`chip chip-${row.state}`}>{tells[row.state] ?? row.state}</span>
  )},
  {name: 'Prompt', number: true, cell: (row) => row.cached_tokens
    ? `${whole(row.prompt_tokens)} (${whole(row.cached_tokens)} cached)`
    : whole(row.prompt_tokens)},
  {name: 'Computed', number: true, cell: (row) => whole(row.computed_tokens)},
  {name: 'Answer', number: true, cell: (row) => whole(row.generated_tokens)},
  {name: 'Blocks', number: true, cell: (row) => row.shared_blocks
    ? `${whole(row.blocks)} (${whole(row.shared_blocks)} shared)` : whole(row.blocks)},
  {name: 'Energy', number: true, cell: (row) => joules(row.joules)},
  {name: 'Came', number: true, cell: (row) => ago(row.arrived_ms, timeMs)},
];

const most = 24;

interface Sequences {
  sequences: SequenceNow[];
  timeMs: number;
}

export function SequencesTable({sequences, timeMs}: Sequences) {
  if (sequences.length === 0)
    return (
      <Notice icon="empty" title="Nobody is in the engine">
        <p>Requests appear here while they wait and while they run. <a href="#/chat">Ask
          something</a> to see one.</p>
      </Notice>
    );
  const hidden = sequences.length - most;
  return (
    <>
      <Table caption="Requests in the engine" columns={columns(timeMs)}
             rows={sequences.slice(0, most)} id={(row) => row.sequence} />
      {hidden > 0 && <p class="note">and {whole(hidden)} more</p>}
    </>
  );
}
