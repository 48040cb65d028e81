// Calls of tools: what the model asks for, and a place to answer in the tool's stead.
import {useState} from 'preact/hooks';
import type {Call} from '../../client/chat.ts';
import {Icon} from '../../controls/icon.tsx';
import {giveResults} from './conversation.ts';

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;  // not whole yet, or cut off by a limit
  }
}

export function CallCard({call}: {call: Call}) {
  return (
    <section class="call" aria-label={`Call of ${call.name}`}>
      <p class="call-name"><Icon name="tool" size={16} /> <code>{call.name}</code></p>
      <pre tabIndex={0}><code>{pretty(call.arguments)}</code></pre>
    </section>
  );
}

export function ResultForm({calls}: {calls: Call[]}) {
  const [texts, setTexts] = useState<string[]>([]);
  const send = (event: Event) => {
    event.preventDefault();
    void giveResults(calls.map((call, i) =>
      ({call: call.id, name: call.name, text: texts[i] ?? ''})));
  };
  return (
    <form class="results" onSubmit={send}>
      {calls.map((call, i) => (
        <label key={call.id}>
          <span>What <code>{call.name}</code> answers</span>
          <textarea rows={2} spellcheck={false} placeholder={'{"degrees": 21}'}
                    value={texts[i] ?? ''}
                    onInput={(event) => {
                      const next = [...texts];
                      next[i] = event.currentTarget.value;
                      setTexts(next);
                    }} />
        </label>
      ))}
      <button type="submit" class="primary">
        Give the model {calls.length > 1 ? 'these' : 'this'}
      </button>
    </form>
  );
}
