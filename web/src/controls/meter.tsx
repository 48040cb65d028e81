// How much of something is used, as a bar: the words beside it say the same.
export interface MeterProps {
  label: string;
  value: number;
  max: number;
  text: string;
}

export function Meter({label, value, max, text}: MeterProps) {
  const ratio = max > 0 ? Math.min(1, value / max) : 0;
  const tone = ratio >= 1 ? 'bad' : ratio >= 0.8 ? 'warn' : 'ok';
  return (
    <div class={`meter meter-${tone}`} role="meter" aria-label={label} aria-valuemin={0}
         aria-valuemax={max} aria-valuenow={Math.min(value, max)} aria-valuetext={text}>
      <div class="meter-track"><div class="meter-fill" style={{width: `${ratio * 100}%`}} /></div>
    </div>
  );
}

export interface Part {
  name: string;
  value: number;
  text: string;
  tone: string;  // a class of its own: part-…
}

// Parts of a whole, beside each other, and each told below.
export function PartsBar({parts, label}: {parts: Part[]; label: string}) {
  const all = parts.reduce((total, part) => total + part.value, 0);
  return (
    <figure class="parts" aria-label={label}>
      <div class="parts-track" aria-hidden="true">
        {parts.map((part) => (
          <div key={part.name} class={`part ${part.tone}`}
               style={{width: all ? `${(part.value / all) * 100}%` : '0'}} />
        ))}
      </div>
      <ul class="legend">
        {parts.map((part) => (
          <li key={part.name}>
            <span class={`swatch ${part.tone}`} aria-hidden="true" />
            {part.name} <b>{part.text}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}
