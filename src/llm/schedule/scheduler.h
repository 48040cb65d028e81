#pragma once
// Who computes what in the next step. The scheduler is a pure step on its state: no threads, no
// clock, no arithmetic, so that a seeded simulation can drive it through anything.
//
//   waiting (oldest first) --admit--> running (oldest first) --finish--> gone
//                          <-yield--
//
// The rules, and what they promise:
//  * Of the tenants with requests that wait, the one that was served least is next
//    (schedule/tenants.h); a tenant's own requests are admitted by priority, then in the order of
//    their arrival, as soon as the pool holds blocks for all their tokens and a spare block for
//    each that runs already. If they are lacking, a tenant that is ahead makes way.
//  * When a running sequence needs a block and there is none, the last of the tenant that was
//    served most yields: its blocks go back and it is computed again later. Its tokens stay, so its
//    result is the same. The first of the tenant that was served least never yields, hence it goes
//    on until it finishes or its tenant is ahead; then it is another's turn. So everything
//    finishes. (With one tenant: the youngest yields, the oldest never does.)
//  * While a tenant is behind, those that are ahead get the few tokens of a step that cost the
//    others next to nothing.
//  * What rows of a small batch are left are for guesses (speculate/speculator.h): up to
//    verify_rows_max rows, a step costs little more than one of a single row, because it reads the
//    same weights. Guesses take blocks only where there are more than enough, and nobody yields for
//    them.
//  * A prompt that several of a tenant's sequences have is computed for the first of them, once
//    (schedule/twins.h).
//  * Every sequence that decodes gets its token in every step; the prompts share what remains of
//    the step in equal parts (whole blocks where possible, least recently served first), so that a
//    long prompt neither stalls the others' answers nor a short prompt's first token, and nobody
//    waits longer for his turn than twice the number of those that run.

#include <cstdint>
#include <string>
#include <vector>

#include "llm/kv/block_pool.h"
#include "llm/runner.h"
#include "llm/schedule/tenants.h"

namespace mill::llm {

// What the scheduler knows of a request. `tokens` grows between steps, once all of them are
// computed, and `guess` changes with it; everything else is the scheduler's.
struct Sequence {
  uint64_t id = 0;              // from 1, in order of arrival: the smaller is the older
  std::vector<TokenId> tokens;  // the prompt, then what was generated
  uint32_t wanted = 0;    // logits are wanted of this position and all after it; it only grows.
                          // Starts at the last token of the prompt, or at 0 for the logprobs of all
  uint32_t computed = 0;  // leading tokens whose keys and values are in the cache
  uint32_t published = 0;       // leading blocks that others can find
  uint32_t cached_tokens = 0;   // that were found in the prefix cache when it was first admitted
  std::vector<BlockId> blocks;  // covering all tokens while it runs and is not behind, else empty
  uint64_t behind = 0;  // the id of one that runs, and computes the very same tokens; 0 = none
  std::vector<TokenId> guess;  // that may follow `tokens`; never one of them before it is drawn
  uint64_t served = 0;         // the last step that had a piece of it, or admitted it
  bool yielded = false;        // was computed before and gave its blocks back
  int32_t priority = 0;        // among its tenant's: the smaller goes first
  std::string tenant = {};     // whose it is
  Tenant* account = nullptr;   // the same, once enqueued
  uint32_t charged = 0;        // leading tokens that its tenant has paid, or found in the cache
  uint64_t held_back = 0;      // the last step that had nothing for it, its tenant being ahead

  uint32_t size() const { return static_cast<uint32_t>(tokens.size()); }
  uint32_t remaining() const { return size() - computed; }
};

struct ScheduleOptions {
  uint32_t chunk_tokens = 512;      // most tokens of prompts in a step
  uint32_t running_max = 64;        // most sequences in a batch
  uint32_t batch_tokens_max = 576;  // of the Runner
  uint32_t logit_rows_max = 64;     // most logits in a step; running_max or more
  uint32_t verify_rows_max = 0;     // guesses fill the rows of those that decode up to this
  bool prefix_cache = true;
  uint32_t quantum_tokens = kQuantum;  // by which a tenant is ahead (schedule/tenants.h)
};

// `tokens` of a sequence from its `computed` on, the last `guessed` of which are guesses.
struct PlannedPiece {
  Sequence* sequence = nullptr;
  uint32_t tokens = 0;
  uint32_t logits = 0;  // rows wanted, as in BatchPiece
  uint32_t guessed = 0;
  bool beside = false;                   // of a tenant that is ahead: it gets no guesses
  std::vector<TokenId> row_tokens = {};  // where there are guesses: the last token, and them
  std::vector<Sequence*> twins = {};     // that are behind its sequence (twins.h)
};

struct Plan {
  std::vector<BlockCopy> copies;  // before anything is computed
  std::vector<PlannedPiece> pieces;
  uint32_t tokens = 0, logits = 0;  // sums over the pieces
  bool guarded = false;             // a tenant is behind: those ahead are held back
};

struct Schedule {
  Schedule(ScheduleOptions, uint32_t blocks);

  ScheduleOptions options;
  BlockPool pool;
  Tenants tenants;                 // and what they wait for
  std::vector<Sequence*> running;  // by priority, then the oldest first
  std::vector<BlockCopy> copies;   // for the next plan
  double beside = 0;               // tokens that those ahead are still to get (beside.h)
  uint64_t mixed_until = 0;        // the step up to which more than one tenant is expected
  uint64_t step = 0;               // plans made
  uint64_t yields = 0;             // times that a sequence gave its blocks to another
  bool closed = false;             // nobody is admitted; those that run go on

  size_t waiting() const { return tenants.waiting(); }
};

// The caller keeps the Sequence alive until it is finished. It must fit into the pool, whole.
void enqueue(Schedule&, Sequence&);
// The next step's pieces; none means that nothing is to be done.
Plan plan_step(Schedule&);
// After the Runner has computed the plan. Guesses do not count as computed: what was computed of
// them stands behind the end, in blocks that nobody else can find. A piece's row of logits is then
// also that of its twins that are no longer behind.
void commit(Schedule&, const Plan&);
// After a piece with guesses: the first `accepted` were right and are among the tokens now, with
// one more behind them. The others' keys and values will be overwritten.
void settle(Schedule&, Sequence&, uint32_t accepted);
// Done or cancelled, waiting or running; between commit and the next plan.
void finish(Schedule&, Sequence&);

// All that run yield: what is in the cache is needed by nobody then.
void suspend(Schedule&);
// Nobody runs: the cache is another, empty one of so many blocks. Everybody's tokens fit into it.
void empty_cache(Schedule&, uint32_t blocks);

// As the Runner takes it. Spans point into the sequences.
std::vector<BatchPiece> batch_of(const Plan&);

std::string violation(const Schedule&);  // the first broken invariant, or ""; for tests
std::string violation(const Schedule&, const Plan&);  // of a plan just made

}  // namespace mill::llm
