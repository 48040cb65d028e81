// Asks before something is done that is not easily undone. While it is open, the page behind it is
// out of reach; Esc closes it, and the focus goes back to where it was.
import type {ComponentChildren} from 'preact';
import {useEffect, useId, useRef} from 'preact/hooks';

export interface ConfirmProps {
  title: string;
  action: string;  // what the button that does it says
  children: ComponentChildren;
  danger?: boolean;
  onConfirm: () => void;
  onClose: () => void;  // in either case
}

// It is there while it asks: whoever shows it takes it away on onClose.
export function Confirm({title, action, children, danger, onConfirm, onClose}: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    onConfirm();
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="confirm" aria-labelledby={id} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        <div class="confirm-text">{children}</div>
        <div class="confirm-actions">
          <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
          <button type="submit" class={danger ? 'danger' : 'primary'}>{action}</button>
        </div>
      </form>
    </dialog>
  );
}
