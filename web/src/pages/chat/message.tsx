import type {ComponentChildren} from 'preact';
import {routeTo} from '../../base/route.ts';
import {dash, percent, seconds, short, shortId, tokens, whole} from '../../base/format.ts';
import {ApiError} from '../../client/api.ts';
import {CopyButton} from '../../controls/copy.tsx';
import {Icon} from '../../controls/icon.tsx';
import {ErrorNotice} from '../../controls/notice.tsx';
import {Text} from '../../controls/text.tsx';
import {CallCard, ResultForm} from './calls.tsx';
import {busy, openCalls, regenerate, type AssistantMessage, type Message} from './conversation.ts';
import {asked} from './models.ts';
import {DoubtLegend, TokenView} from './token_view.tsx';

const finishTells: Record<string, string> = {
  stop: 'ended by itself',
  length: 'cut off by the limit of tokens',
  tool_calls: 'calls tools',
};

// Tokens a second from the first to the last, of which the first costs no time.
export function speed(message: AssistantMessage): number | null {
  const count = message.answer.usage?.completion_tokens ?? 0;
  const {firstMs, endMs} = message;
  if (firstMs === null || endMs === null || count < 2 || endMs <= firstMs) return null;
  return ((count - 1) * 1000) / (endMs - firstMs);
}

function facts(message: AssistantMessage): string[] {
  const {usage, finish} = message.answer;
  const out: string[] = [];
  if (message.stopped) out.push('stopped');
  if (usage) {
    const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
    const share = cached ? `, ${percent(cached / usage.prompt_tokens)} cached` : '';
    out.push(tokens(usage.completion_tokens), `prompt ${whole(usage.prompt_tokens)}${share}`);
  }
  if (message.firstMs !== null)
    out.push(`first after ${seconds((message.firstMs - message.startMs) / 1000)}`);
  const rate = speed(message);
  if (rate !== null) out.push(`${short(rate)} tokens/s`);
  if (finish) out.push(finishTells[finish] ?? finish);
  return out;
}

function Thinking({text, open}: {text: string; open: boolean}) {
  const words = text.trim().split(/\s+/).length;
  return (
    <details class="thinking">
      <summary>{open ? 'Thinking…' : 'Thoughts'} <span>{whole(words)} words</span></summary>
      <div class="thinking-text">{text}</div>
    </details>
  );
}

function Foot({message, last}: {message: AssistantMessage; last: boolean}) {
  const {answer} = message;
  return (
    <footer class="answer-foot">
      <p class="facts">
        {facts(message).map((fact) => <span key={fact}>{fact}</span>)}
        {answer.request && (
          <a href={routeTo('requests', [answer.request])} title={answer.request}>
            {shortId(answer.request)}
          </a>
        )}
      </p>
      <div class="answer-tools">
        {answer.text && <CopyButton text={answer.text} label="Copy this answer" />}
        {last && (
          <button type="button" class="small quiet" onClick={() => void regenerate()}
                  disabled={busy.value}>
            <Icon name="again" size={16} /> Regenerate
          </button>
        )}
      </div>
    </footer>
  );
}

const waitTells: Record<string, string> = {
  sleeping: 'The model sleeps; this wakes it.',
  waking: 'The model wakes up first.',
  closing: 'The model is about to sleep; this waits until it is awake again.',
};

function Wait({state}: {state: string}) {
  const told = waitTells[state];
  return told ? <p class="note" role="status">{told}</p> : null;
}

function Body({message}: {message: AssistantMessage}) {
  const {answer} = message;
  const coming = message.endMs === null;
  const nothing = !answer.text && !answer.thinking && !answer.calls.length;
  if (message.probabilities && answer.tokens.length)
    return <><TokenView tokens={answer.tokens} /><DoubtLegend /></>;
  return (
    <>
      {answer.thinking &&
        <Thinking text={answer.thinking} open={coming && !answer.text} />}
      {answer.text && <Text text={answer.text} />}
      {coming && <span class="caret" aria-label="The answer is coming" role="img" />}
      {coming && nothing && asked.value && <Wait state={asked.value.state} />}
      {!coming && nothing && !message.error &&
        <p class="note">{message.stopped ? 'Stopped before the first token.' : dash}</p>}
    </>
  );
}

function Assistant({message, last}: {message: AssistantMessage; last: boolean}) {
  const {error} = message;
  return (
    <Bubble who="assistant" name="Model">
      <Body message={message} />
      {message.answer.calls.map((call) => <CallCard key={call.id} call={call} />)}
      {error && <ErrorNotice error={new ApiError(error.status, error.message, error.code)}
                             retry={() => void regenerate()} />}
      {last && !busy.value && openCalls.value.length > 0 &&
        <ResultForm calls={openCalls.value} />}
      {message.endMs !== null && !error && <Foot message={message} last={last} />}
    </Bubble>
  );
}

interface BubbleProps {
  who: string;
  name: string;
  children: ComponentChildren;
}

function Bubble({who, name, children}: BubbleProps) {
  return (
    <article class={`message message-${who}`} aria-label={name}>
      <p class="message-who" aria-hidden="true">{name}</p>
      <div class="message-body">{children}</div>
    </article>
  );
}

export function MessageView({message, last}: {message: Message; last: boolean}) {
  if (message.role === 'assistant') return <Assistant message={message} last={last} />;
  if (message.role === 'tool')
    return (
      <Bubble who="tool" name={`Result of ${message.name}`}>
        <pre tabIndex={0}><code>{message.text || '(nothing)'}</code></pre>
      </Bubble>
    );
  return <Bubble who="user" name="You"><div class="said">{message.text}</div></Bubble>;
}
