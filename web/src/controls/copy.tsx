import {useState} from 'preact/hooks';
import {Icon} from './icon.tsx';

// The clipboard needs a secure context (https, or localhost); elsewhere, the old way.
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function CopyButton({text, label}: {text: string; label: string}) {
  const [said, say] = useState('');
  const onClick = async () => {
    say((await copy(text)) ? 'Copied' : 'Not allowed');
    setTimeout(() => say(''), 1500);
  };
  return (
    <button type="button" class="small quiet" onClick={() => void onClick()}
            aria-label={said ? said : label} title={label}>
      <Icon name="copy" size={16} /> <span aria-live="polite">{said || 'Copy'}</span>
    </button>
  );
}

export function download(name: string, type: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
