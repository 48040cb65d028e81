// What can be ordered of a model that is here, and how its orders go.
import {useState} from 'preact/hooks';
import {bytes, plural} from '../../base/format.ts';
import {models, state} from '../../client/live.ts';
import {dismiss, letSleep, orders, underWay, unload, wakeUp, type Farewell, type Order}
  from '../../client/orders.ts';
import type {Model} from '../../client/types.ts';
import {Confirm} from '../../controls/confirm.tsx';
import {Notice} from '../../controls/notice.tsx';

export const runs = (model: Model) =>
  model.sequences.filter((each) => each.state === 'prefill' || each.state === 'decode').length;

const farewells: [Farewell, string, string][] = [
  ['wait', 'They are finished first', 'it sleeps then'],
  ['keep', 'They pause', 'and go on from where they were'],
  ['abort', 'They are cancelled', 'and so are those that wait'],
];

function SleepDialog({model, onClose}: {model: Model; onClose: () => void}) {
  const [mode, setMode] = useState<Farewell>('wait');
  const [held, setHeld] = useState(false);
  const {memory} = model;
  const freed = memory ? (memory.weights_bytes ?? 0) + (memory.kv_bytes ?? 0) : null;
  return (
    <Confirm title={`Let ${model.id} sleep?`} action="Let it sleep" onClose={onClose}
             onConfirm={() => void letSleep(model.id, {mode, held})}>
      <p>Its weights, keys and values{freed ? `, ${bytes(freed)},` : ''} leave the memory, and so
        does what its cache had. The files stay; no answer changes by it.</p>
      <fieldset>
        <legend>Requests that run ({runs(model)} now)</legend>
        {farewells.map(([name, label, note]) => (
          <label key={name} class="choice">
            <input type="radio" name="farewell" checked={mode === name}
                   onChange={() => setMode(name)} />
            <span>{label}, {note}</span>
          </label>
        ))}
      </fieldset>
      <label class="choice">
        <input type="checkbox" checked={held}
               onChange={(event) => setHeld(event.currentTarget.checked)} />
        <span>No request wakes it: they wait until it is woken here</span>
      </label>
    </Confirm>
  );
}

// What comes after it, where it is the one that is meant by "default".
function heirOf(model: Model): string {
  if (!model.default) return '';
  const heir = models.value.find((each) => each.id !== model.id);
  return heir ? `Whoever asks for the default model gets ${heir.id} from then on.`
    : 'It is the only one: until another is loaded, nobody is answered.';
}

function UnloadDialog({model, onClose}: {model: Model; onClose: () => void}) {
  const count = model.sequences.length;
  return (
    <Confirm title={`Unload ${model.id}?`} action="Unload" danger onClose={onClose}
             onConfirm={() => void unload(model.id)}>
      <p>New requests for it are refused at once (404). {count
        ? `The ${plural(count, 'request')} in its engine ${count === 1 ? 'is' : 'are'} finished
           first; then its memory is free.` : 'Its memory is free then.'}</p>
      {model.default && <p>{heirOf(model)}</p>}
    </Confirm>
  );
}

interface Deed {
  text: string;
  act: (() => void) | null;  // null: it is under way
}

// One button for sleep and wake, which stays the same element while the state changes, so that the
// focus does.
function deedOf(model: Model, order: Order | null, sleep: () => void): Deed | null {
  const wake = () => void wakeUp(model.id);
  if (order?.kind === 'wake' || model.state === 'waking') return {text: 'Wakes up…', act: null};
  if (order?.kind === 'unload') return {text: 'Sleep', act: null};
  if (model.state === 'closing' || (order?.kind === 'sleep' && model.state === 'ready'))
    return {text: 'Stay awake', act: wake};
  if (model.state === 'sleeping') return {text: 'Wake up', act: wake};
  return model.state === 'ready' ? {text: 'Sleep', act: sleep} : null;
}

function DeedButton({deed, model}: {deed: Deed; model: string}) {
  return (
    <button type="button" aria-disabled={deed.act ? undefined : 'true'}
            onClick={() => deed.act?.()}>
      {deed.text}<span class="hidden"> {model}</span>
    </button>
  );
}

export function OrderButtons({model, loads}: {model: Model; loads: boolean}) {
  const [asks, setAsks] = useState<'sleep' | 'unload' | null>(null);
  const order = underWay(model.id);
  const deed = deedOf(model, order, () => setAsks('sleep'));
  const leaves = order?.kind === 'unload';
  const close = () => setAsks(null);
  return (
    <>
      {deed && <DeedButton deed={deed} model={model.id} />}
      {loads && <DeedButton model={model.id} deed={
        {text: leaves ? 'Leaves…' : 'Unload', act: leaves ? null : () => setAsks('unload')}} />}
      {asks === 'sleep' && <SleepDialog model={model} onClose={close} />}
      {asks === 'unload' && <UnloadDialog model={model} onClose={close} />}
    </>
  );
}

const failureTells: Record<Order['kind'], string> = {
  sleep: 'does not sleep', wake: 'could not be woken', load: 'could not be loaded',
  unload: 'could not be unloaded',
};

export function Failures({of}: {of: (order: Order) => boolean}) {
  return (
    <>
      {orders.value.filter((each) => each.error && of(each)).map((each) => (
        <Notice key={each.number} icon="warning" tone="bad"
                title={`${each.model} ${failureTells[each.kind]}`}
                action={
                  <button type="button" onClick={() => dismiss(each.number)}>Dismiss</button>
                }>
          <p>{each.error?.message}</p>
          {each.error?.status === 403 &&
            <p>It takes a key with the scope <code>admin</code>.</p>}
        </Notice>
      ))}
    </>
  );
}

function Traveller({model, comes}: {model: string; comes: boolean}) {
  return (
    <Notice icon="down" title={comes ? `${model} is being loaded` : `${model} leaves`}>
      <p role="status">{comes
        ? 'Its weights are read; those that are here go on as they do.'
        : 'Its last requests are finished, and its memory is free then.'}</p>
    </Notice>
  );
}

// Models that have no card: they come, whoever ordered it, or have left the list already.
export function Travellers() {
  const here = new Set(models.value.map((each) => each.id));
  const own = orders.value.filter((each) => !each.error);
  const loads = own.filter((each) => each.kind === 'load').map((each) => each.model);
  const theirs = (state.value?.server.loading ?? []).filter((each) => !here.has(each));
  const leave = own.filter((each) => each.kind === 'unload' && !here.has(each.model));
  return (
    <>
      {[...new Set([...loads, ...theirs])].map((id) => <Traveller key={id} model={id} comes />)}
      {leave.map((each) => <Traveller key={each.number} model={each.model} comes={false} />)}
    </>
  );
}
