#include "llm/tune/own_text.h"

#include <algorithm>
#include <numeric>

#include "llm/open_runner.h"
#include "llm/sample/random.h"

namespace mill::llm {
namespace {

// The token at a place that is uniform in the sum of the probabilities.
TokenId draw(std::span<float> logits, const kernels::Ops& ops, uint64_t bits) {
  ops.softmax(logits.data(), logits.size());
  const double sum = std::accumulate(logits.begin(), logits.end(), 0.0);
  double left = sum * static_cast<double>(bits >> 11) * 0x1p-53;
  size_t token = 0;
  while (token + 1 < logits.size() && left >= static_cast<double>(logits[token]))
    left -= static_cast<double>(logits[token++]);
  return static_cast<TokenId>(token);
}

}  // namespace

Result<TrialModel::Windows> own_text(const ModelDescription& model, const OwnText& wanted) {
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  const uint32_t blocks = (wanted.tokens + kBlockTokens - 1) / kBlockTokens;
  TRY_ASSIGN(const auto runner, open_runner(std::make_shared<const ModelDescription>(model),
                                            {.threads = wanted.threads,
                                             .context_tokens = wanted.tokens,
                                             .kv_tokens = wanted.windows * blocks * kBlockTokens,
                                             .batch_tokens_max = wanted.windows}));
  TrialModel::Windows windows(wanted.windows, {wanted.first});
  std::vector<BlockId> ids(size_t{wanted.windows} * blocks);
  std::iota(ids.begin(), ids.end(), BlockId{0});
  const size_t vocab = runner->vocab_size();
  std::vector<float> logits(wanted.windows * vocab);
  for (uint32_t position = 0; position + 1 < wanted.tokens; ++position) {
    std::vector<BatchPiece> pieces;
    for (uint32_t w = 0; w < wanted.windows; ++w)
      pieces.push_back({std::span(windows[w]).last(1), position,
                        std::span(ids).subspan(size_t{w} * blocks, blocks), 1});
    runner->step(pieces, logits);
    for (uint32_t w = 0; w < wanted.windows; ++w)
      windows[w].push_back(draw(std::span(logits).subspan(w * vocab, vocab), *ops,
                                random_bits(wanted.seed + w, position)));
  }
  return windows;
}

}  // namespace mill::llm
