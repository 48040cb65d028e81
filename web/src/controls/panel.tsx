import type {ComponentChildren} from 'preact';
import {useId} from 'preact/hooks';

export interface PanelProps {
  title: string;
  note?: ComponentChildren;  // a sentence under the title
  actions?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}

// A part of a page, with a heading of its own.
export function Panel({title, note, actions, children, class: more = ''}: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${more}`} aria-labelledby={id}>
      <header class="panel-head">
        <div>
          <h2 id={id}>{title}</h2>
          {note && <p class="note">{note}</p>}
        </div>
        {actions && <div class="panel-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

// The beginning of every page. The heading takes the focus when the page is gone to.
export function PageHead({title, children}: {title: string; children?: ComponentChildren}) {
  return (
    <header class="page-head">
      <h1 tabIndex={-1} id="page-title">{title}</h1>
      {children && <div class="page-tools">{children}</div>}
    </header>
  );
}
