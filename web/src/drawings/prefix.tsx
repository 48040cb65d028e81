import {plural, whole} from '../base/format.ts';
import type {Prefix, PrefixNode} from '../client/types.ts';
import {Probe, useWidth} from '../controls/probe.tsx';
import {stepsOfAge, shadeOf} from './blocks_layout.ts';
import {boxAt, layoutPrefix, neighbour, type Box} from './prefix_layout.ts';

function look(node: PrefixNode): string {
  if (node.holders === 0) return `node-cached shade${shadeOf(node.age)}`;
  return node.holders === 1 ? 'node-held' : 'node-shared';
}

function tellNode(node: PrefixNode, depth: number, blockTokens: number): string {
  const from = depth * blockTokens;
  const to = (depth + node.blocks) * blockTokens;
  const held = node.holders === 0
    ? `cached, unused for some ${whole(stepsOfAge(node.age))} steps`
    : `held by ${plural(node.holders, 'sequence')}`;
  return `Tokens ${whole(from)} to ${whole(to)} of a prompt: ${plural(node.blocks, 'block')}, ` +
    `${held}; ${plural(node.below - node.blocks, 'block')} behind it.`;
}

const label = (box: Box, node: PrefixNode) =>
  box.width > 34 && box.height > 13
    ? <text x={box.x + 5} y={box.y + Math.min(box.height / 2, 40) + 4}>{whole(node.blocks)}</text>
    : null;

export function PrefixPicture({prefix, blockTokens}: {prefix: Prefix; blockTokens: number}) {
  const [width, onWidth] = useWidth();
  const height = Math.min(260, Math.max(60, prefix.nodes.length * 13));
  const boxes = layoutPrefix(prefix.nodes, width || 600, height);
  const rest = prefix.blocks - prefix.shown;
  const idle = `${plural(prefix.blocks, 'block')} can be found again, from ` +
    `${plural(prefix.roots, 'beginning')}${rest > 0 ? `; ${whole(rest)} are not drawn` : ''}. ` +
    'Point at a run of blocks, or use the arrow keys.';
  const tell = (at: number) => {
    const node = prefix.nodes[at];
    return node ? tellNode(node, boxes[at]?.depth ?? 0, blockTokens) : '';
  };
  return (
    <Probe label="Prefix tree" count={prefix.nodes.length} height={height} width={width}
           onWidth={onWidth} at={(x, y) => boxAt(boxes, x, y)} idle={idle} tell={tell}
           lead={(now, key) => {
             const next = neighbour(prefix.nodes, now, key);
             return next < 0 ? now : next;
           }}
           draw={(_, point) => (
             <g class="prefix">
               {boxes.map((box) => {
                 const node = prefix.nodes[box.node];
                 if (!node) return null;
                 return (
                   <g key={box.node} class={look(node)}>
                     <rect x={box.x + 0.5} y={box.y + 0.5} rx={2}
                           width={Math.max(1, box.width - 2)}
                           height={Math.max(1, box.height - 2)} />
                     {label(box, node)}
                   </g>
                 );
               })}
               {point !== null && boxes[point] && (
                 <rect class="mark-cell" x={boxes[point].x} y={boxes[point].y} rx={2}
                       width={Math.max(2, boxes[point].width - 1)}
                       height={Math.max(2, boxes[point].height - 1)} />
               )}
             </g>
           )} />
  );
}
