import {percent, short, whole} from '../base/format.ts';
import type {Blocks, SequenceNow} from '../client/types.ts';
import {Probe, useWidth} from '../controls/probe.tsx';
import {cellAt, cellsOf, groupsOf, sheetOf, stepsOfAge, type Cell} from './blocks_layout.ts';
import {ownerClass, ownerName} from './owners.ts';

const ageText = (age: number) => {
  const steps = stepsOfAge(age);
  return steps === 0 ? 'since this step' : `for some ${short(steps)} steps`;
};

function tellCell(cell: Cell, block: number, sequences: SequenceNow[]): string {
  const owner = cell.owner;
  const name = ownerName(owner);
  const sequence = sequences.find((each) => each.sequence === owner);
  const whose = sequence?.tenant ? ` (${sequence.tenant})` : '';
  return `Block ${whole(block)}: ${name}${whose}, ${ageText(cell.age)}.`;
}

export interface BlocksProps {
  blocks: Blocks;
  sequences: SequenceNow[];
}

export function BlocksPicture({blocks, sequences}: BlocksProps) {
  const [width, onWidth] = useWidth();
  const cells = cellsOf(blocks);
  const sheet = sheetOf(cells.length, width || 600, 190);
  const height = Math.max(16, sheet.rows * sheet.side);
  const held = blocks.shared + blocks.owned;
  const every = blocks.stride > 1 ? ` Every ${blocks.stride}th block is drawn.` : '';
  const idle = `${whole(held)} of ${whole(blocks.total)} blocks held ` +
    `(${percent(blocks.total ? held / blocks.total : 0)}), ${blocks.block_tokens} tokens each.` +
    `${every} Point at a block, or use the arrow keys.`;
  const keys: Record<string, number> = {ArrowUp: -sheet.columns, ArrowDown: sheet.columns,
                                        ArrowLeft: -1, ArrowRight: 1};
  return (
    <Probe label="Blocks of the KV cache" count={cells.length} height={height} width={width}
           onWidth={onWidth} at={(x, y) => cellAt(sheet, x, y)} idle={idle}
           lead={(now, key) => now + (keys[key] ?? 0)}
           tell={(at) => (cells[at] ? tellCell(cells[at], at * blocks.stride, sequences) : '')}
           draw={(_, point) => (
             <g class="blocks">
               {groupsOf(cells, sheet).map(({owner, shade, path}) => (
                 <path key={`${owner}/${shade}`} class={`${ownerClass(owner)} shade${shade}`}
                       d={path} />
               ))}
               {point !== null && (
                 <rect class="mark-cell" x={(point % sheet.columns) * sheet.side - 1}
                       y={Math.floor(point / sheet.columns) * sheet.side - 1}
                       width={sheet.side - sheet.gap + 2} height={sheet.side - sheet.gap + 2} />
               )}
             </g>
           )} />
  );
}

// What the colours mean, with the exact sums.
export function BlocksLegend({blocks}: {blocks: Blocks}) {
  const owned = blocks.owners.filter((owner): owner is number => typeof owner === 'number');
  return (
    <ul class="legend">
      {(['free', 'cached', 'shared'] as const).map((name) => (
        <li key={name}>
          <span class={`swatch o-${name}`} aria-hidden="true" />{name} <b>{whole(blocks[name])}</b>
        </li>
      ))}
      <li>
        {(owned.length ? owned.slice(0, 8) : [0]).map((owner) => (
          <span key={owner} class={`swatch ${ownerClass(owner)}`} aria-hidden="true" />
        ))}
        owned by one sequence <b>{whole(blocks.owned)}</b>
      </li>
      <li class="legend-note">
        <span class="swatch o1 shade0" aria-hidden="true" />
        <span class="swatch o1 shade1" aria-hidden="true" />
        <span class="swatch o1 shade2" aria-hidden="true" />
        <span class="swatch o1 shade3" aria-hidden="true" />
        the paler, the longer it has been so
      </li>
    </ul>
  );
}
