import {bytes, dash, moment, seconds, whole} from '../../base/format.ts';
import {routeTo} from '../../base/route.ts';
import {models} from '../../client/live.ts';
import {underWay} from '../../client/orders.ts';
import type {Model, State} from '../../client/types.ts';
import {CopyButton} from '../../controls/copy.tsx';
import {Meter, PartsBar} from '../../controls/meter.tsx';
import {Panel} from '../../controls/panel.tsx';
import {Failures, OrderButtons} from './orders.tsx';

const stateTells: Record<string, string> = {
  ready: 'its weights are in memory, and it answers',
  closing: 'falls asleep once its answers are finished; new requests wait',
  sleeping: 'asleep: it has neither weights nor keys and values in memory',
  waking: 'its weights are being read; requests wait for no more than that',
  loading: 'requests for it have to wait',
  failed: 'failed to load: the server\'s log says why',
};

// A sleeping one's memory is the system's again.
export const awake = (model: Model) => model.state !== 'sleeping' && model.state !== 'waking';

function Memory({model}: {model: Model}) {
  const {memory} = model;
  if (!awake(model)) return null;
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
  if (!blocks || !awake(model)) return null;
  const held = blocks.shared + blocks.owned;
  const text = `${whole(held)} of ${whole(blocks.total)} blocks held`;
  return (
    <div class="held">
      <Meter label={`Cache of ${model.id}`} value={held} max={blocks.total} text={text} />
      <p class="note">{text}, {whole(blocks.cached)} cached, {whole(blocks.free)} free</p>
    </div>
  );
}

function Facts({model}: {model: Model}) {
  const {sleep} = model;
  return (
    <dl class="facts-list">
      <div><dt>Context</dt><dd>{whole(model.context_max)} tokens</dd></div>
      <div><dt>Vocabulary</dt><dd>{whole(model.vocab_size)} tokens</dd></div>
      <div><dt>Package</dt><dd>{model.package?.name ?? 'a plain file'}</dd></div>
      <div><dt>Profile</dt><dd>{model.package?.profile ?? dash}</dd></div>
      <div><dt>Made</dt><dd>{moment(model.created_ms)}</dd></div>
      <div><dt>In the engine</dt><dd>{whole(model.sequences.length)}</dd></div>
      {sleep && sleep.sleeps > 0 && (
        <>
          <div><dt>Has slept</dt><dd>{whole(sleep.sleeps)} times</dd></div>
          <div><dt>Its last waking took</dt><dd>{seconds(sleep.last_wake_seconds)}</dd></div>
        </>
      )}
      {sleep && sleep.failed_wakes > 0 &&
        <div><dt>Could not be woken</dt><dd>{whole(sleep.failed_wakes)} times</dd></div>}
    </dl>
  );
}

export function Card({model, now}: {model: Model; now: State}) {
  const several = models.value.length > 1;
  const leaves = underWay(model.id)?.kind === 'unload';
  const shown = leaves ? 'leaving' : model.state;
  const note = leaves ? 'its last requests are finished' : stateTells[model.state] ?? model.state;
  return (
    <Panel title={model.id} note={several && model.default ? `the default; ${note}` : note}
           actions={<span class={`chip chip-${shown}`} role="status">{shown}</span>}>
      <Failures of={(order) => order.model === model.id && order.kind !== 'load'} />
      <Memory model={model} />
      <Held model={model} />
      <Facts model={model} />
      {model.digest && (
        <p class="digest">
          <span>SHA-256</span> <code>{model.digest}</code>
          <CopyButton text={model.digest} label={`Copy the digest of ${model.id}`} />
        </p>
      )}
      <div class="card-foot">
        {now.admin && <OrderButtons model={model} loads={now.server.models_folder ?? false} />}
        {several && now.view === 'all' && (
          <a class="button" href={routeTo('floor', [], {model: model.id})}>
            Floor<span class="hidden"> of {model.id}</span>
          </a>
        )}
      </div>
    </Panel>
  );
}
