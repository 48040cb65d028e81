import {seconds} from '../base/format.ts';
import {barsOf, phaseTells, type Phase} from './phases.ts';

// Phases as one bar, for a row of a list. The list's cells say the figures.
export function MiniTimeline({phases}: {phases: Phase[]}) {
  return (
    <svg class="mini-timeline" viewBox="0 0 120 12" preserveAspectRatio="none" aria-hidden="true">
      {barsOf(phases, 120).map((bar, i) => (
        <rect key={i} class={`phase-${bar.name}`} x={bar.x} y={1} width={bar.width} height={10} />
      ))}
    </svg>
  );
}

const longOf = (phase: Phase) => (phase.endMs - phase.startMs) / 1000;

// The same, large, with a table of the figures below.
export function Timeline({phases}: {phases: Phase[]}) {
  const all = ((phases.at(-1)?.endMs ?? 0) - (phases[0]?.startMs ?? 0)) / 1000;
  const start = phases[0]?.startMs ?? 0;
  return (
    <div class="timeline">
      <div class="timeline-bar" aria-hidden="true">
        {barsOf(phases, 100, 0.4).map((bar, i) => (
          <div key={i} class={`phase phase-${bar.name}`}
               style={{left: `${bar.x}%`, width: `${bar.width}%`}}>
            {bar.width > 12 && <span>{bar.name}</span>}
          </div>
        ))}
      </div>
      <div class="timeline-ends" aria-hidden="true"><span>0</span><span>{seconds(all)}</span></div>
      <table class="phases" aria-label="Phases">
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col" class="number">From</th>
            <th scope="col" class="number">Took</th>
            <th scope="col" class="wide-only">What happened</th>
          </tr>
        </thead>
        <tbody>
          {phases.map((phase) => (
            <tr key={phase.name}>
              <th scope="row">
                <span class={`swatch phase-${phase.name}`} aria-hidden="true" />{phase.name}
              </th>
              <td class="number">{seconds((phase.startMs - start) / 1000)}</td>
              <td class="number">{seconds(longOf(phase))}</td>
              <td class="wide-only">{phaseTells[phase.name]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
