#pragma once
// Several sequences of one prompt (n answers, or the paths of a search): it is computed once.
//
//   the first   ▓▓▓▓▓▓ ▓▓▓▓▓▓ ▓▓░░░░   computes the prompt as any other does
//   its twins   (behind it, no blocks)
//                                      the row of logits behind its last token is everybody's;
//   a twin      ▓▓▓▓▓▓ ▓▓▓▓▓▓ ▓▓░░░░   shares the full blocks, and has a copy of the last one, in
//               shared shared copied   which it writes on
//
// One that comes when the first has got on already finds the full blocks in the cache, and copies
// what is in the last: but for its last token, whose logits it wants, all is there. All this
// changes no bit: the same tokens have the same keys, values and logits (the determinism contract).

#include "llm/schedule/scheduler.h"

namespace mill::llm {

// Whether one of its tenant's that runs has the very same tokens, and is still to compute the last:
// then it is behind that one. (Another tenant's may be held back, and would hold it back, too.)
bool fall_behind(const Schedule&, Sequence&);

// To the pieces of a plan, those that are behind their sequences.
void attach_twins(const Schedule&, Plan&);

// After a piece is computed: those behind it go on by themselves if it has come to the end, as long
// as there are blocks; the others will copy it.
void join_twins(Schedule&, const PlannedPiece&);

// The tokens of the last block but one, from whoever has computed them. Only where that is all that
// is missing.
void copy_tail(Schedule&, Sequence&, Plan&);

}  // namespace mill::llm
