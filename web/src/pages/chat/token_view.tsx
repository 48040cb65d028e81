// An answer token by token: the fainter the model's belief in a token, the stronger its mark.
// Pointing at one (or walking there with the arrow keys) shows what else it might have been.
import {useId, useRef, useState} from 'preact/hooks';
import {percent} from '../../base/format.ts';
import type {Token} from '../../client/chat.ts';

export const probability = (logprob: number | null) => (logprob === null ? 1 : Math.exp(logprob));

// 0: certain … 4: a guess
export function doubt(p: number): number {
  return p >= 0.9 ? 0 : p >= 0.6 ? 1 : p >= 0.3 ? 2 : p >= 0.1 ? 3 : 4;
}

export const visible = (token: string) =>
  token === '' ? '(no text)'
    : token.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/g, '␣');

function told(token: Token): string {
  return `${visible(token.token)}: ${percent(probability(token.logprob))}`;
}

function Alternatives({token}: {token: Token}) {
  const others = token.alternatives;
  const listed = others.some((each) => each.token === token.token);
  const rows = listed ? others : [token, ...others];
  return (
    <ol class="alternatives">
      {rows.map((each, i) => {
        const p = probability(each.logprob);
        const chosen = each.token === token.token && each.logprob === token.logprob;
        return (
          <li key={i} class={chosen ? 'chosen' : ''}>
            <span class="alternative-bar" style={{width: `${p * 100}%`}} />
            <code>{visible(each.token)}</code>
            <span>{percent(p)}</span>
          </li>
        );
      })}
    </ol>
  );
}

interface Place {
  left: number;
  top: number;
}

const cardWidth = 236;

// Under the token, and within the answer's width.
function placeOf(mark: HTMLElement): Place {
  const most = Math.max(0, (mark.offsetParent?.clientWidth ?? 0) - cardWidth);
  return {left: Math.min(most, Math.max(0, mark.offsetLeft - 8)),
          top: mark.offsetTop + mark.offsetHeight + 4};
}

const arrows: Record<string, number> = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10};

export function TokenView({tokens}: {tokens: Token[]}) {
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const [place, setPlace] = useState<Place>({left: 0, top: 0});
  const go = (next: number | null) => {
    setAt(next);
    const mark = frame.current?.querySelector<HTMLElement>(`[data-at="${next}"]`);
    if (mark) setPlace(placeOf(mark));
  };
  const onPointer = (event: PointerEvent) => {
    const mark = (event.target as HTMLElement).closest<HTMLElement>('[data-at]');
    if (mark) go(Number(mark.dataset['at']));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = arrows[event.key];
    const last = tokens.length - 1;
    if (event.key === 'Escape') return setAt(null);
    if (by === undefined && event.key !== 'Home' && event.key !== 'End') return;
    event.preventDefault();
    const from = at ?? -Math.sign(by ?? 1);
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? last : from + (by ?? 0);
    go(Math.min(last, Math.max(0, next)));
  };
  const token = at === null ? undefined : tokens[at];
  return (
    <div class="tokens" onPointerLeave={() => go(null)}>
      <div ref={frame} class="tokens-text" role="listbox" tabIndex={0}
           aria-label="Tokens and their probabilities" onPointerMove={onPointer}
           onPointerDown={onPointer} onKeyDown={onKeyDown} onBlur={() => go(null)}
           aria-activedescendant={at === null ? undefined : `${id}-${at}`}>
        {tokens.map((each, i) => (
          <span key={i} id={`${id}-${i}`} data-at={i} role="option" aria-selected={i === at}
                aria-label={told(each)} class={`token doubt${doubt(probability(each.logprob))}`}>
            {each.token}
          </span>
        ))}
      </div>
      {token && (
        <div class="token-card" style={{left: `${place.left}px`, top: `${place.top}px`}}
             aria-hidden="true">
          <Alternatives token={token} />
        </div>
      )}
    </div>
  );
}

export function DoubtLegend() {
  const names = ['over 90 %', '60 %', '30 %', '10 %', 'less'];
  return (
    <p class="doubt-legend">
      <span>The model gave this token</span>
      {names.map((name, i) => <span key={name} class={`token doubt${i}`}>{name}</span>)}
    </p>
  );
}
