import {useState} from 'preact/hooks';
import {signal} from '@preact/signals';
import {dash, joules, percent, whole} from '../../base/format.ts';
import {routeTo} from '../../base/route.ts';
import {rememberedOf} from '../../client/history.ts';
import {model, models, state} from '../../client/live.ts';
import type {Engine, Model, State, Step} from '../../client/types.ts';
import {PartsBar} from '../../controls/meter.tsx';
import {Need, OperatorsOnly} from '../../controls/need.tsx';
import {Notice} from '../../controls/notice.tsx';
import {PageHead, Panel} from '../../controls/panel.tsx';
import {BatchPicture} from '../../drawings/batch.tsx';
import {BlocksLegend, BlocksPicture} from '../../drawings/blocks.tsx';
import {LatencyTable, type Period} from '../../drawings/latency.tsx';
import {PrefixPicture} from '../../drawings/prefix.tsx';
import {Figures} from './figures.tsx';
import {SequencesTable} from './sequences.tsx';

// Pictures stand still while one looks closely; the figures go on.
interface Held {
  model: string;
  engine: Engine;
  steps: Step[];
}
const frozen = signal<Held | null>(null);
const heldOf = (model: string) => (frozen.value?.model === model ? frozen.value : null);

function Freeze({model: id, engine: now}: {model: string; engine: Engine}) {
  const held = heldOf(id) !== null;
  const hold = () => (frozen.value = {model: id, engine: now, steps: rememberedOf(id).steps});
  return (
    <button type="button" aria-pressed={held}
            onClick={() => void (held ? (frozen.value = null) : hold())}>
      {held ? 'Let the pictures go on' : 'Hold the pictures'}
    </button>
  );
}

// Which engine is looked at, where there are several.
function Which({shown}: {shown: Model}) {
  if (models.value.length < 2) return null;
  return (
    <label class="inline">
      <span>Model</span>
      <select value={shown.id} onChange={(event) => {
        location.hash = routeTo('floor', [], {model: event.currentTarget.value});
      }}>
        {models.value.map(({id}) => <option key={id} value={id}>{id}</option>)}
      </select>
    </label>
  );
}

function Batch({shown}: {shown: Step[]}) {
  return (
    <Panel class="span-2" title="The batch, step by step"
           note={<>Each column is a step of the engine, as wide as it was long; each lane is a
             sequence. A full bar computes a prompt, a line at the foot is the next token, a higher
             one has guesses behind it. Below: tokens in the step.</>}>
      {shown.length ? <BatchPicture steps={shown} />
        : <Notice icon="empty" title="No step yet">
            <p>The engine has had nothing to do in the last ten seconds.</p>
          </Notice>}
      {shown.length > 0 && (
        <ul class="legend">
          <li><span class="swatch tokens-prefill" aria-hidden="true" />prompt tokens</li>
          <li><span class="swatch tokens-decode" aria-hidden="true" />answer tokens</li>
          <li><span class="swatch idle-swatch" aria-hidden="true" />nothing to do (cut out)</li>
        </ul>
      )}
    </Panel>
  );
}

function Pictures({model: {id, sequences}, engine: now}: {model: Model; engine: Engine}) {
  const held = heldOf(id);
  const {blocks, prefix} = held?.engine ?? now;
  return (
    <>
      <Batch shown={held?.steps ?? rememberedOf(id).steps} />
      <Panel title="KV cache, block by block"
             note={`Each square is a block of ${blocks.block_tokens} tokens, in the colour of ` +
               'the sequence that holds it.'}>
        <BlocksPicture blocks={blocks} sequences={sequences} />
        <BlocksLegend blocks={blocks} />
      </Panel>
      <Panel title="Prefix tree"
             note="What can be found again by its tokens: beginnings at the left, forks behind.">
        {prefix.nodes.length ? <PrefixPicture prefix={prefix} blockTokens={blocks.block_tokens} />
          : <Notice icon="empty" title="Nothing to be found yet">
              <p>Once a prompt fills a block of {blocks.block_tokens} tokens, whoever begins with
                the same ones need not compute them.</p>
            </Notice>}
        {prefix.nodes.length > 0 && <ul class="legend">
          <li><span class="swatch node-shared" aria-hidden="true" />held by several</li>
          <li><span class="swatch node-held" aria-hidden="true" />held by one</li>
          <li><span class="swatch node-cached" aria-hidden="true" />cached</li>
        </ul>}
      </Panel>
    </>
  );
}

function Latency({engine: now}: {engine: Engine}) {
  const [period, setPeriod] = useState<Period>('recent');
  const periods: [Period, string][] = [['recent', 'Last minute'], ['whole', 'Since the start']];
  return (
    <Panel class="span-2" title="Latency" actions={
      <div class="segments" role="group" aria-label="Period">
        {periods.map(([name, label]) => (
          <button key={name} type="button" aria-pressed={period === name}
                  onClick={() => setPeriod(name)}>{label}</button>
        ))}
      </div>
    }>
      <LatencyTable engine={now} period={period} />
    </Panel>
  );
}

function Work({engine: now}: {engine: Engine}) {
  const {counters, energy} = now;
  const {finished} = counters;
  const guesses = counters.guessed_tokens
    ? percent(counters.accepted_tokens / counters.guessed_tokens) : dash;
  return (
    <Panel title="Since the start">
      <dl class="facts-list">
        <div><dt>Requests done</dt><dd>{whole(counters.requests_done)}</dd></div>
        <div><dt>ended by themselves</dt><dd>{whole(finished['stop'])}</dd></div>
        <div><dt>cut off by a limit</dt><dd>{whole(finished['length'])}</dd></div>
        <div><dt>cancelled</dt><dd>{whole(finished['cancelled'])}</dd></div>
        <div><dt>failed</dt><dd>{whole(finished['error'])}</dd></div>
        <div><dt>Steps</dt><dd>{whole(counters.steps)}</dd></div>
        <div><dt>Guesses that came true</dt><dd>{guesses}</dd></div>
        <div><dt>Made way for others</dt><dd>{whole(counters.yields)}</dd></div>
        <div><dt>Fairness among tenants</dt><dd>{counters.fairness.toFixed(3)}</dd></div>
      </dl>
      {energy && (
        <PartsBar label="Where the energy went" parts={[
          {name: 'requests', value: energy.joules_requests, tone: 'part-work',
           text: joules(energy.joules_requests)},
          {name: 'idle', value: energy.joules_idle, tone: 'part-idle',
           text: joules(energy.joules_idle)},
        ]} />
      )}
    </Panel>
  );
}

function Asleep({shown}: {shown: Model}) {
  const wakes = shown.state === 'waking';
  return (
    <Notice icon="sleep" title={`${shown.id} ${wakes ? 'wakes up' : 'sleeps'}`}>
      {wakes ? <p>Its weights are being read; requests wait for no more than that.</p>
        : <p>It has no keys and values to draw. What can wake it is <a href="#/models">its card
            among the models</a>, or a request.</p>}
    </Notice>
  );
}

function Whole({now, shown, engine: running}: {now: State; shown: Model; engine: Engine}) {
  const sleeps = shown.state === 'sleeping' || shown.state === 'waking';
  return (
    <>
      <Figures engine={running} server={now.server} samples={rememberedOf(shown.id).samples} />
      <div class="grid">
        {sleeps ? <Asleep shown={shown} /> : <Pictures model={shown} engine={running} />}
        <Latency engine={running} />
        <Panel class="span-2" title="In the engine now">
          <SequencesTable sequences={shown.sequences} timeMs={now.time_ms} />
        </Panel>
        <Work engine={running} />
        <Tenants now={now} />
      </div>
    </>
  );
}

function Tenants({now}: {now: State}) {
  return (
    <Panel title="Tenants now">
      {now.tenants.length === 0
        ? <p class="note">Nobody waits or runs.</p>
        : (
          <ul class="tenant-bars">
            {now.tenants.map((each) => (
              <li key={each.tenant}>
                <span>{each.tenant || 'without a key'}</span>
                <span>{whole(each.running)} run, {whole(each.waiting)} wait</span>
                <span>{whole(each.blocks)} blocks</span>
              </li>
            ))}
          </ul>
        )}
    </Panel>
  );
}

function TenantView({now}: {now: State}) {
  return (
    <>
      <OperatorsOnly what="The whole floor" />
      <Panel title="Your requests in the engine">
        <SequencesTable sequences={model.value?.sequences ?? []} timeMs={now.time_ms} />
      </Panel>
    </>
  );
}

export function FloorPage() {
  const now = state.value;
  const shown = model.value;
  const running = shown?.engine;
  return (
    <>
      <PageHead title="Factory floor">
        {shown && <Which shown={shown} />}
        {shown && running && <Freeze model={shown.id} engine={running} />}
      </PageHead>
      <Need>{() => {
        if (!now) return null;
        if (shown && running) return <Whole now={now} shown={shown} engine={running} />;
        return now.view === 'tenant' ? <TenantView now={now} />
          : <Notice icon="empty" title="No engine runs">
              <p>The <a href="#/models">models</a> are not ready.</p>
            </Notice>;
      }}</Need>
    </>
  );
}
