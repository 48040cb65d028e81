import {useId, useState} from 'preact/hooks';
import {hasKey, key} from '../client/api.ts';
import {Icon} from './icon.tsx';

// The key stays in this tab of the browser, and goes to this server alone.
export function KeyForm({done}: {done?: () => void}) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    key.value = typed.trim();
    setTyped('');
    done?.();
  };
  const forget = () => {
    key.value = '';
    done?.();
  };
  return (
    <form class="key-form" onSubmit={submit}>
      <label for={id}>API key</label>
      <div class="row">
        <input id={id} type="password" autocomplete="off" spellcheck={false}
               placeholder="sk-mill-…" value={typed}
               onInput={(event) => setTyped(event.currentTarget.value)} />
        <button type="submit" class="primary" disabled={!typed.trim()}>Use this key</button>
        {hasKey.value && <button type="button" onClick={forget}>Forget the key</button>}
      </div>
      <p class="note">It is kept in this tab alone, until you close it.</p>
    </form>
  );
}

export function KeyNotice() {
  return (
    <div class={`notice ${hasKey.value ? 'notice-bad' : 'notice-quiet'}`}
         role={hasKey.value ? 'alert' : undefined}>
      <Icon name="key" size={28} />
      <div>
        <p class="notice-title">
          {hasKey.value ? 'This key does not fit' : 'This server asks for a key'}
        </p>
        <div class="notice-text">
          <p>{hasKey.value
            ? 'The server does not know it: it may have been revoked, or have expired.'
            : 'Whoever runs it makes one with tokenmill keys add.'}</p>
        </div>
        <KeyForm />
      </div>
    </div>
  );
}
