import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import {hasKey} from '../../client/api.ts';
import {link} from '../../client/live.ts';
import {Icon} from '../../controls/icon.tsx';
import {KeyNotice} from '../../controls/key_form.tsx';
import {Notice} from '../../controls/notice.tsx';
import {PageHead} from '../../controls/panel.tsx';
import {busy, clear, messages, say, settle, stop} from './conversation.ts';
import {MessageView} from './message.tsx';
import {asked, loadModels, models} from './models.ts';
import {Options} from './options.tsx';
import {settings, settingsProblem} from './settings.ts';

const starters = [
  'In two sentences: what is a watermill, and what was it used for?',
  'Write a haiku about a river that turns a wheel.',
  'List three things that are ground in mills.',
];

function Empty() {
  const one = asked.value;
  const name = one?.id ?? models.value[0];
  return (
    <div class="chat-empty">
      <h2>Say something to {name ? <span class="model-name">{name}</span> : 'the model'}</h2>
      <p>It runs on this server; nothing that you write goes anywhere else.
        {one?.state === 'sleeping' && ' It sleeps: your first message wakes it.'}</p>
      <ul class="starters">
        {starters.map((text) => (
          <li key={text}>
            <button type="button" onClick={() => void say(text)} disabled={busy.value}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Composer() {
  const [draft, setDraft] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const problem = settingsProblem(settings.value);
  const send = (event: Event) => {
    event.preventDefault();
    const text = draft.trim();
    if (!text || busy.value || problem) return;
    setDraft('');
    void say(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <form class="composer" onSubmit={send}>
      {problem && <p class="wrong" role="status">{problem}</p>}
      <div class="composer-row">
        <textarea ref={field} id="message" rows={1} value={draft} aria-label="Your message"
                  placeholder="Ask something" onKeyDown={onKeyDown}
                  onInput={(event) => setDraft(event.currentTarget.value)} />
        {busy.value
          ? (
            <button type="button" class="round" onClick={stop} aria-label="Stop the answer">
              <Icon name="stop" />
            </button>
          )
          : (
            <button type="submit" class="round primary" aria-label="Send"
                    disabled={!draft.trim() || problem !== ''}>
              <Icon name="send" />
            </button>
          )}
      </div>
      <p class="composer-hint"><kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> is a new
        line, <kbd>Esc</kbd> stops</p>
    </form>
  );
}

// Stays at the end while an answer comes, unless the reader has scrolled away.
function useEnd() {
  const frame = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  });
  const onScroll = () => {
    const element = frame.current;
    if (element)
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
  };
  return {frame, onScroll};
}

function Log() {
  const {frame, onScroll} = useEnd();
  const list = messages.value;
  return (
    <div class="chat-log" ref={frame} onScroll={onScroll} role="log" aria-label="Conversation"
         aria-busy={busy.value} tabIndex={0}>
      {list.length === 0 ? <Empty />
        : list.map((message, i) => (
          <MessageView key={i} message={message} last={i === list.length - 1} />
        ))}
    </div>
  );
}

function Parameters({open, close}: {open: boolean; close: () => void}) {
  return (
    <aside class={`chat-options ${open ? 'open' : ''}`} aria-label="Parameters">
      <div class="chat-options-head">
        <h2>Parameters</h2>
        <button type="button" class="small quiet narrow-only" onClick={close}>Done</button>
      </div>
      <Options />
    </aside>
  );
}

export function ChatPage() {
  const [options, setOptions] = useState(false);
  useEffect(() => {
    settle();
    void loadModels();
  }, [hasKey.value]);
  return (
    <div class="chat" onKeyDown={(event) => {
      if (event.key === 'Escape' && busy.value) stop();
    }}>
      <div class="chat-main">
        <PageHead title="Chat">
          <button type="button" class="narrow-only" aria-expanded={options}
                  onClick={() => setOptions(!options)}>
            <Icon name="settings" size={18} /> Parameters
          </button>
          <button type="button" onClick={clear} disabled={messages.value.length === 0}>
            <Icon name="plus" size={18} /> New
          </button>
        </PageHead>
        {link.value === 'key' && <KeyNotice />}
        {link.value === 'offline' && messages.value.length === 0 &&
          <Notice icon="offline" title="The server does not answer">
            <p>The page tries again by itself; what you write now would not arrive.</p>
          </Notice>}
        <Log />
        <Composer />
      </div>
      <Parameters open={options} close={() => setOptions(false)} />
    </div>
  );
}
