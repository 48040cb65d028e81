import {plural, seconds, whole} from '../base/format.ts';
import type {Step} from '../client/types.ts';
import {Probe, useWidth} from '../controls/probe.tsx';
import {columnAt, layoutBatch, type BatchLayout, type Column, type Piece} from './batch_layout.ts';
import {ownerClass} from './owners.ts';

const laneHeight = 15;
const lanesShown = 16;
const barsHeight = 44;
const space = 8;

interface Drawn {
  layout: BatchLayout;
  lanes: number;
}

const gap = (column: Column) => (column.width > 3 ? 1 : 0.3);

// A prompt fills its lane; a token of an answer is a line at its foot, guesses make it higher.
function pieceRect(piece: Piece, column: Column, lane: number) {
  const full = laneHeight - 3;
  const height = piece.prefill ? full : Math.min(full, 3 + 2 * (piece.tokens - 1));
  const y = lane * laneHeight + laneHeight - 2 - height;
  const width = Math.max(0.7, column.width - gap(column));
  return `M${column.x.toFixed(2)} ${y}h${width.toFixed(2)}v${height}h-${width.toFixed(2)}z`;
}

// One path for all pieces of a look.
function lanePaths({layout, lanes}: Drawn) {
  const paths = new Map<string, string[]>();
  for (const column of layout.columns) {
    for (const piece of column.pieces) {
      const lane = layout.lanes.get(piece.sequence) ?? 0;
      if (lane >= lanes) continue;
      const look = `${ownerClass(piece.sequence)} ${piece.prefill ? 'prefill' : 'decode'}`;
      const parts = paths.get(look) ?? [];
      parts.push(pieceRect(piece, column, lane));
      paths.set(look, parts);
    }
  }
  return [...paths].map(([look, parts]) => <path key={look} class={look} d={parts.join('')} />);
}

// Tokens of each step: the root of their number, so that one token can still be seen beside 512.
function tokenBars({layout}: Drawn, top: number) {
  const scale = barsHeight / Math.sqrt(layout.tokensMax);
  return layout.columns.map((column) => {
    const all = Math.sqrt(column.prefill + column.decode) * scale;
    const decode = Math.sqrt(column.decode) * scale;
    const width = Math.max(0.7, column.width - gap(column));
    return (
      <g key={column.step}>
        {column.prefill > 0 && <rect class="tokens-prefill" x={column.x} width={width}
                                     y={top + barsHeight - all} height={all} />}
        {column.decode > 0 && <rect class="tokens-decode" x={column.x} width={width}
                                    y={top + barsHeight - decode} height={decode} />}
      </g>
    );
  });
}

function laneLines(lanes: number, width: number) {
  return Array.from({length: lanes}, (_, lane) => (
    <path key={lane} class="lane" d={`M0 ${(lane + 1) * laneHeight - 1.5}H${width}`} />
  ));
}

function idleMarks(layout: BatchLayout, height: number, gapWidth: number) {
  return layout.columns.filter((column) => column.idleSeconds > 0).map((column) => (
    <rect key={column.step} class="idle" x={column.x - gapWidth} y={0} width={gapWidth - 1}
          height={height} />
  ));
}

const listed = (pieces: Piece[]) =>
  pieces.slice(0, 6).map((piece) => `${whole(piece.tokens)} of sequence ${piece.sequence}`)
    .join(', ') + (pieces.length > 6 ? ` and ${pieces.length - 6} more` : '');

export function tellColumn(column: Column): string {
  const prompts = column.pieces.filter((piece) => piece.prefill);
  const answers = column.pieces.filter((piece) => !piece.prefill);
  const parts = [`Step ${whole(column.step)}, ${seconds(column.seconds)}`];
  if (prompts.length) parts.push(`prompt tokens: ${listed(prompts)}`);
  if (answers.length) parts.push(`answer tokens: ${listed(answers)}`);
  if (column.idleSeconds) parts.push(`after ${seconds(column.idleSeconds)} without work`);
  return `${parts.join('; ')}.`;
}

export function BatchPicture({steps}: {steps: Step[]}) {
  const [width, onWidth] = useWidth();
  const layout = layoutBatch(steps, {width: width || 600, gap: 7, columnMin: 3});
  const lanes = Math.min(lanesShown, Math.max(3, layout.laneCount));
  const height = lanes * laneHeight + space + barsHeight;
  const hidden = layout.laneCount - lanes;
  const idle = `The last ${plural(layout.columns.length, 'step')}, ${seconds(layout.seconds)} of ` +
    `work${hidden > 0 ? `; ${plural(hidden, 'lane')} more than are drawn` : ''}. ` +
    'Point at a step, or use the arrow keys.';
  return (
    <Probe label="Steps of the engine" count={layout.columns.length} height={height} width={width}
           onWidth={onWidth} at={(x) => columnAt(layout, x)} idle={idle}
           tell={(at) => (layout.columns[at] ? tellColumn(layout.columns[at]) : '')}
           draw={(room, point) => {
             const marked = point === null ? undefined : layout.columns[point];
             return (
               <g class="batch">
                 {laneLines(lanes, room)}
                 {idleMarks(layout, height, 7)}
                 {marked && <rect class="mark" x={marked.x - 1} y={0} width={marked.width + 1}
                                  height={height} />}
                 {lanePaths({layout, lanes})}
                 {tokenBars({layout, lanes}, lanes * laneHeight + space)}
                 <path class="axis" d={`M0 ${height - 0.5}H${room}`} />
               </g>
             );
           }} />
  );
}
