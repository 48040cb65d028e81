// One colour for each sequence, the same in every picture; told by number, too, as colours repeat.
import type {Owner} from '../client/types.ts';

export const ownerColours = 8;

export function ownerClass(owner: Owner): string {
  return typeof owner === 'number' ? `o${owner % ownerColours}` : `o-${owner}`;
}

export function ownerName(owner: Owner): string {
  if (owner === 'free') return 'free';
  if (owner === 'cached') return 'cached, held by nobody';
  return owner === 'shared' ? 'shared by several sequences' : `sequence ${owner}`;
}
