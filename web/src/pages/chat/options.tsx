import {useId} from 'preact/hooks';
import {state} from '../../client/live.ts';
import {models} from './models.ts';
import {change, exampleTools, fieldProblem, fields, settings, toolsProblem} from './settings.ts';

function ModelField() {
  const wanted = settings.value.model;
  const gone = wanted !== '' && !models.value.includes(wanted);
  const names = gone ? [...models.value, wanted] : models.value;
  if (names.length < 2) return null;
  return (
    <label>
      <span>Model</span>
      <select value={settings.value.model}
              onChange={(event) => change({model: event.currentTarget.value})}>
        <option value="">default</option>
        {names.map((name) => (
          <option key={name} value={name}>{name}{gone && name === wanted && ' (gone)'}</option>
        ))}
      </select>
    </label>
  );
}

function NumberFields() {
  const id = useId();
  return (
    <div class="number-fields">
      {fields.map((field) => {
        const text = settings.value[field.name];
        const wrong = fieldProblem(field, text);
        return (
          <label key={field.name}>
            <span>{field.label}</span>
            <input type="text" inputMode="decimal" autocomplete="off" placeholder={field.usual}
                   value={text} aria-invalid={wrong ? true : undefined}
                   aria-describedby={wrong ? `${id}-${field.name}` : undefined}
                   onInput={(event) => change({[field.name]: event.currentTarget.value})} />
            {wrong && <span class="wrong" id={`${id}-${field.name}`}>{wrong}</span>}
          </label>
        );
      })}
    </div>
  );
}

function Thinking() {
  const efforts = ['none', 'low', 'medium', 'high'];
  return (
    <label>
      <span>Thinking</span>
      <select value={settings.value.thinking}
              onChange={(event) => change({thinking: event.currentTarget.value})}>
        <option value="">as the model likes</option>
        {efforts.map((effort) => (
          <option key={effort} value={effort}>{effort === 'none' ? 'off' : effort}</option>
        ))}
      </select>
    </label>
  );
}

interface SwitchProps {
  name: 'probabilities' | 'receipt';
  label: string;
  note: string;
}

function Switch({name, label, note}: SwitchProps) {
  const id = useId();
  return (
    <div class="switch">
      <input type="checkbox" id={id} checked={settings.value[name]} aria-describedby={`${id}-note`}
             onChange={(event) => change({[name]: event.currentTarget.checked})} />
      <label for={id}>{label}</label>
      <p class="note" id={`${id}-note`}>{note}</p>
    </div>
  );
}

function Tools() {
  const id = useId();
  const wrong = toolsProblem(settings.value.tools);
  return (
    <details class="tools-field" open={settings.value.tools !== ''}>
      <summary>Tools</summary>
      <label for={id} class="note">An array as the API's <code>tools</code> has it. When the model
        calls one, you answer in its stead.</label>
      <textarea id={id} rows={8} spellcheck={false} value={settings.value.tools}
                aria-invalid={wrong ? true : undefined}
                onInput={(event) => change({tools: event.currentTarget.value})} />
      {wrong && <p class="wrong">{wrong}</p>}
      <button type="button" class="small"
              onClick={() => change({tools: settings.value.tools ? '' : exampleTools})}>
        {settings.value.tools ? 'Remove' : 'Insert an example'}
      </button>
    </details>
  );
}

export function Options() {
  return (
    <div class="options">
      <ModelField />
      <label>
        <span>System prompt</span>
        <textarea rows={3} value={settings.value.system} placeholder="You are brief and exact."
                  onInput={(event) => change({system: event.currentTarget.value})} />
      </label>
      <NumberFields />
      <Thinking />
      <Switch name="probabilities" label="Token probabilities"
              note="How sure the model was of each token, and what else it might have said." />
      {state.value?.server.receipts &&
        <Switch name="receipt" label="Receipt"
                note="A signed record with which anybody can make the same answer again." />}
      <Tools />
    </div>
  );
}
