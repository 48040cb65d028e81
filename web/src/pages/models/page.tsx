import {bytes, moment, whole} from '../../base/format.ts';
import {models, state} from '../../client/live.ts';
import {done} from '../../client/orders.ts';
import type {State} from '../../client/types.ts';
import {Need} from '../../controls/need.tsx';
import {Notice} from '../../controls/notice.tsx';
import {PageHead, Panel} from '../../controls/panel.tsx';
import {Card} from './card.tsx';
import {LoadPanel} from './load.tsx';
import {Failures, Travellers} from './orders.tsx';

function Server({now}: {now: State}) {
  const {server} = now;
  const parts: [string, boolean, string][] = [
    ['Keys', server.keys, '--keys'], ['Ledger', server.ledger, '--ledger'],
    ['Prices', server.prices, '--prices'], ['Limits', server.limits, '--limits'],
    ['Receipts', server.receipts, '--receipts'],
    ['Models come and go', server.models_folder ?? false, '--models-folder'],
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
      {now.admin === false && <p class="note after">A key with the scope <code>admin</code> lets
        models sleep, wake, come and go.</p>}
    </Panel>
  );
}

// Failures that have no card to stand on.
function Homeless() {
  const here = new Set(models.value.map((each) => each.id));
  return <Failures of={(order) => order.kind === 'load' || !here.has(order.model)} />;
}

export function ModelsPage() {
  return (
    <>
      <PageHead title="Models"><p class="note" role="status">{done.value}</p></PageHead>
      <Need>{() => {
        const now = state.value;
        if (!now) return null;
        return (
          <div class="grid">
            <Homeless />
            <Travellers />
            {now.models.length === 0 &&
              <Notice icon="empty" title="No model is here">
                <p>All have been unloaded; until one is loaded, nobody is answered.</p>
              </Notice>}
            {now.models.map((model) => <Card key={model.id} model={model} now={now} />)}
            {now.admin && now.server.models_folder && <LoadPanel />}
            <Server now={now} />
          </div>
        );
      }}</Need>
    </>
  );
}
