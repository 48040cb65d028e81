// The prefix tree, lying: roots at the left, each node as long as its run of blocks, and as high
// as its share of what is below. Pure geometry. Parents come before their children.
import type {PrefixNode} from '../client/types.ts';

export interface Box {
  node: number;
  x: number;
  y: number;
  width: number;
  height: number;
  depth: number;  // blocks before it
}

const childrenOf = (nodes: PrefixNode[]) => {
  const children = new Map<number, number[]>();
  nodes.forEach(({parent}, at) => children.set(parent, [...(children.get(parent) ?? []), at]));
  return children;
};

// Blocks from the root to each node's end.
export function depthsOf(nodes: PrefixNode[]): number[] {
  const ends: number[] = [];
  nodes.forEach((node, at) => (ends[at] = (ends[node.parent] ?? 0) + node.blocks));
  return ends;
}

export function layoutPrefix(nodes: PrefixNode[], width: number, height: number): Box[] {
  const children = childrenOf(nodes);
  const ends = depthsOf(nodes);
  const deepest = Math.max(1, ...ends);
  const boxes: Box[] = new Array<Box>(nodes.length);
  const place = (siblings: number[], y: number, room: number) => {
    const all = siblings.reduce((total, at) => total + (nodes[at]?.below ?? 0), 0);
    let top = y;
    for (const at of siblings) {
      const node = nodes[at];
      if (!node) continue;
      const share = all > 0 ? (room * node.below) / all : room / siblings.length;
      const depth = (ends[at] ?? 0) - node.blocks;
      boxes[at] = {node: at, depth, x: (width * depth) / deepest, y: top,
                   width: (width * node.blocks) / deepest, height: share};
      place(children.get(at) ?? [], top, share);
      top += share;
    }
  };
  place(children.get(-1) ?? [], 0, height);
  return boxes;
}

export const boxAt = (boxes: Box[], x: number, y: number) => boxes.findIndex((box) =>
  x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height);

// Where the arrow keys go from a node.
export function neighbour(nodes: PrefixNode[], at: number, arrow: string): number {
  const parent = nodes[at]?.parent ?? -1;
  const siblings = nodes.flatMap((node, i) => (node.parent === parent ? [i] : []));
  const place = siblings.indexOf(at);
  if (arrow === 'ArrowLeft') return parent < 0 ? at : parent;
  if (arrow === 'ArrowRight') return Math.max(nodes.findIndex((node) => node.parent === at), -1);
  if (arrow === 'ArrowUp') return siblings[place - 1] ?? at;
  return siblings[place + 1] ?? at;
}
