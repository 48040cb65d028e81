// A model out of the server's folder, loaded while all others go on.
import {useId, useState} from 'preact/hooks';
import {bytes} from '../../base/format.ts';
import {load, orders, type LoadWish} from '../../client/orders.ts';
import {useLoaded} from '../../client/loaded.ts';
import type {Loadable} from '../../client/types.ts';
import {ErrorNotice, Notice} from '../../controls/notice.tsx';
import {Panel} from '../../controls/panel.tsx';

const empty: LoadWish = {model: '', id: '', context: '', kvMemory: '', parallel: ''};

// What the server would refuse for its form; the rest is for the server to say.
export function wishProblem(wish: LoadWish): string {
  for (const [name, text] of [['Context', wish.context], ['Requests at once', wish.parallel]]) {
    if (text?.trim() && !/^[1-9]\d*$/.test(text.trim())) return `${name}: a whole number, please`;
  }
  return '';
}

interface FieldProps {
  label: string;
  value: string;
  placeholder: string;
  onValue: (value: string) => void;
}

function Field({label, value, placeholder, onValue}: FieldProps) {
  return (
    <label>
      <span>{label}</span>
      <input type="text" autocomplete="off" spellcheck={false} value={value}
             placeholder={placeholder} onInput={(event) => onValue(event.currentTarget.value)} />
    </label>
  );
}

function Choice({found, value, onValue}: {
  found: Loadable[]; value: string; onValue: (value: string) => void;
}) {
  return (
    <label>
      <span>Model</span>
      <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        <option value="">choose one</option>
        {found.map((each) => (
          <option key={each.name} value={each.name}>{each.name} ({bytes(each.bytes)})</option>
        ))}
      </select>
    </label>
  );
}

function Form({found}: {found: Loadable[]}) {
  const [wish, setWish] = useState(empty);
  const id = useId();
  const change = (part: Partial<LoadWish>) => setWish({...wish, ...part});
  const problem = wishProblem(wish);
  const busy = orders.value.some((each) => each.kind === 'load' && !each.error);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!wish.model || problem) return;
    if (await load(wish)) setWish(empty);
  };
  return (
    <form class="load-form" onSubmit={(event) => void submit(event)} aria-describedby={id}>
      <div class="load-fields">
        <Choice found={found} value={wish.model} onValue={(model) => change({model})} />
        <Field label="Id" value={wish.id} placeholder="as the file is called"
               onValue={(text) => change({id: text})} />
        <Field label="Context, tokens" value={wish.context} placeholder="as the server's"
               onValue={(context) => change({context})} />
        <Field label="Memory for keys and values" value={wish.kvMemory}
               placeholder="as the server's, or 512MB"
               onValue={(kvMemory) => change({kvMemory})} />
        <Field label="Requests at once" value={wish.parallel} placeholder="as the server's"
               onValue={(parallel) => change({parallel})} />
      </div>
      {problem && <p class="wrong" role="status">{problem}</p>}
      <button type="submit" class="primary" disabled={!wish.model || problem !== ''}>
        {busy ? 'Load another one' : 'Load'}
      </button>
      <p class="note" id={id}>What it needs is compared with the memory that is there first, and
        nothing that runs is hurt. Loads come one after the other.</p>
    </form>
  );
}

export function LoadPanel() {
  const {data, error, reload} = useLoaded<{data: Loadable[]}>('/v1/console/models');
  return (
    <Panel class="span-2" title="Load a model" note="Out of the folder that --models-folder names"
           actions={<button type="button" onClick={reload}>Look again</button>}>
      {error && <ErrorNotice error={error} retry={reload} />}
      {data?.data.length === 0 && (
        <Notice icon="empty" title="There is no model in the folder">
          <p>GGUF files, folders as Hugging Face has them, and packages are listed here.</p>
        </Notice>
      )}
      {data && data.data.length > 0 && <Form found={data.data} />}
    </Panel>
  );
}
