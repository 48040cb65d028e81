// A picture that can be read out point by point, with a pointer or with the arrow keys. To a screen
// reader it is a slider whose value is the sentence under the picture.
import type {ComponentChildren} from 'preact';
import {useEffect, useRef, useState} from 'preact/hooks';

export interface ProbeProps {
  label: string;
  count: number;  // points, numbered from 0
  height: number;
  at: (x: number, y: number) => number;        // the point there, or −1
  lead?: (now: number, key: string) => number;  // where an arrow key leads
  tell: (point: number) => string;
  idle: string;  // stands there while nothing is pointed at
  draw: (width: number, point: number | null) => ComponentChildren;
  onWidth: (width: number) => void;
  width: number;
}

export function useWidth(): [number, (width: number) => void] {
  return useState(0);
}

const steps: Record<string, number> =
  {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10};

function moved(now: number | null, key: string, props: ProbeProps): number | null {
  const last = props.count - 1;
  if (last < 0) return null;
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (!(key in steps)) return null;
  if (now === null) return last;
  const next = props.lead ? props.lead(now, key) : now + (steps[key] ?? 0);
  return Math.min(last, Math.max(0, next));
}

export function Probe(props: ProbeProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [point, setPoint] = useState<number | null>(null);
  const {onWidth} = props;
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => onWidth(Math.floor(element.clientWidth));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const shown = point !== null && point < props.count ? point : null;
  const show = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return;
    const found = props.at(event.clientX - box.left, event.clientY - box.top);
    setPoint(found >= 0 && found < props.count ? found : null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moved(shown, event.key, props);
    if (next === null) return;
    event.preventDefault();
    setPoint(next);
  };
  const told = shown === null ? props.idle : props.tell(shown);
  return (
    <div class="probe">
      <div ref={frame} class="probe-frame" role="slider" tabIndex={0} aria-label={props.label}
           aria-valuemin={0} aria-valuemax={Math.max(0, props.count - 1)}
           aria-valuenow={shown ?? Math.max(0, props.count - 1)} aria-valuetext={told}
           style={{height: `${props.height}px`}} onPointerMove={show} onPointerDown={show}
           onPointerLeave={() => setPoint(null)} onBlur={() => setPoint(null)}
           onKeyDown={onKeyDown}>
        {props.width > 0 && (
          <svg width={props.width} height={props.height} aria-hidden="true">
            {props.draw(props.width, shown)}
          </svg>
        )}
      </div>
      <p class="probe-tell" aria-hidden="true">{told}</p>
    </div>
  );
}
