import {bytes, dash, moment, whole} from '../../base/format.ts';
import {state} from '../../client/live.ts';
import type {Model, State} from '../../client/types.ts';
import {CopyButton} from '../../controls/copy.tsx';
import {Meter, PartsBar} from '../../controls/meter.tsx';
import {Need} from '../../controls/need.tsx';
import {Notice} from '../../controls/notice.tsx';
import {PageHead, Panel} from '../../controls/panel.tsx';

const stateTells: Record<string, string> = {
  ready: 'ready: its weights are in memory, and it answers',
  loading: 'loading: requests for it have to wait',
  asleep: 'asleep: the next request loads it',
  failed: 'failed to load: the server\'s log says why',
};

function Memory({model}: {model: Model}) {
  const {memory} = model;
  if (!memory) return <p class="note">How much memory it takes is not known.</p>;
  const type = memory.kv_type ? ` (${memory.kv_type})` : '';
  return (
    <PartsBar label={`Memory of ${model.id}`} parts={[
      {name: 'weights', value: memory.weights_bytes ?? 0, text: bytes(memory.weights_bytes),
       tone: 'part-weights'},
      {name: `keys and values${type}`, value: memory.kv_bytes ?? 0, text: bytes(memory.kv_bytes),
       tone: 'part-kv'},
    ]} />
  );
}

function Held({model}: {model: Model}) {
  const blocks = model.engine?.blocks;
  if (!blocks) return null;
  const held = blocks.shared + blocks.owned;
  const text = `${whole(held)} of ${whole(blocks.total)} blocks held`;
  return (
    <div class="held">
      <Meter label={`Cache of ${model.id}`} value={held} max={blocks.total} text={text} />
      <p class="note">{text}, {whole(blocks.cached)} cached, {whole(blocks.free)} free</p>
    </div>
  );
}

function Card({model}: {model: Model}) {
  return (
    <Panel title={model.id} note={stateTells[model.state] ?? model.state} actions={
      <span class={`chip chip-${model.state}`}>{model.state}</span>
    }>
      <Memory model={model} />
      <Held model={model} />
      <dl class="facts-list">
        <div><dt>Context</dt><dd>{whole(model.context_max)} tokens</dd></div>
        <div><dt>Vocabulary</dt><dd>{whole(model.vocab_size)} tokens</dd></div>
        <div><dt>Package</dt><dd>{model.package?.name ?? 'a plain file'}</dd></div>
        <div><dt>Profile</dt><dd>{model.package?.profile ?? dash}</dd></div>
        <div><dt>Made</dt><dd>{moment(model.created_ms)}</dd></div>
        <div><dt>In the engine</dt><dd>{whole(model.sequences.length)}</dd></div>
      </dl>
      {model.digest && (
        <p class="digest">
          <span>SHA-256</span> <code>{model.digest}</code>
          <CopyButton text={model.digest} label={`Copy the digest of ${model.id}`} />
        </p>
      )}
    </Panel>
  );
}

function Server({now}: {now: State}) {
  const {server} = now;
  const parts: [string, boolean, string][] = [
    ['Keys', server.keys, '--keys'], ['Ledger', server.ledger, '--ledger'],
    ['Prices', server.prices, '--prices'], ['Limits', server.limits, '--limits'],
    ['Receipts', server.receipts, '--receipts'],
    ['Energy', server.energy_source !== '', '--power'],
  ];
  const energy = {rapl: 'measured', model: 'estimated'}[server.energy_source] ?? 'on';
  return (
    <Panel title="The server"
           note={`Tokenmill ${server.version}, since ${moment(server.started_ms)}`}>
      <dl class="facts-list">
        <div><dt>Memory, in all</dt><dd>{bytes(server.resident_bytes)}</dd></div>
        <div><dt>Processors</dt><dd>{whole(server.processors)}</dd></div>
        <div><dt>Connections</dt><dd>{whole(server.connections)}</dd></div>
        <div><dt>Consoles that listen</dt><dd>{whole(server.streams)}</dd></div>
        {parts.map(([name, on, option]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{on ? (name === 'Energy' ? energy : 'on') : <>off: <code>{option}</code></>}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

export function ModelsPage() {
  return (
    <>
      <PageHead title="Models" />
      <Need>{() => {
        const now = state.value;
        if (!now) return null;
        return (
          <div class="grid">
            {now.models.length === 0 &&
              <Notice icon="empty" title="No model is served">
                <p><code>tokenmill serve MODEL</code> serves one.</p>
              </Notice>}
            {now.models.map((model) => <Card key={model.id} model={model} />)}
            <Server now={now} />
          </div>
        );
      }}</Need>
    </>
  );
}
