#include "llm/open_runner.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/team.h"
#include "llm/transformer/forward.h"

namespace mill::llm {
namespace {

constexpr uint32_t kContextDefault = 8192;

class CpuRunner final : public Runner {
 public:
  CpuRunner(const kernels::Ops& ops, std::unique_ptr<Team> team, const RunnerOptions& options)
      : ops_(ops), team_(std::move(team)), options_(options) {}
  ~CpuRunner() override {
    if (model_) model_->description->file->release();  // rows of an embedding were read
  }

  Result<void> open(std::shared_ptr<const ModelDescription> description, uint32_t blocks) {
    const ModelConfig& c = description->config;
    rope_ = rope_variants(c);
    kv_ = {.layout = {options_.kv_type, c.head_dim},
           .blocks = blocks,
           .layers = c.layers,
           .kv_heads = c.kv_heads,
           .pages = {}};
    TRY_ASSIGN(kv_.pages, Pages::allocate(kv_.block_bytes() * blocks));
    TRY_ASSIGN(buffers_, allocate_buffers(c, options_.batch_tokens_max));
    TRY_ASSIGN(model_, pack_model(std::move(description), *team_));
    return {};
  }

  uint32_t vocab_size() const override { return model_->config().vocab; }
  uint32_t context_max() const override { return options_.context_tokens; }
  uint32_t block_count() const override { return kv_.blocks; }
  uint32_t batch_tokens_max() const override { return options_.batch_tokens_max; }

  void step(std::span<const BatchPiece> pieces, std::span<float> logits) override {
    Step step{.ops = ops_,
              .model = *model_,
              .rope = rope_,
              .buffers = buffers_,
              .kv = kv_,
              .pieces = pieces,
              .logits = logits,
              .tap = nullptr,
              .rows = {},
              .logit_rows = {},
              .units = {},
              .next_unit = {}};
    prepare(step);
    ASSERT(step.rows.size() <= options_.batch_tokens_max, step.rows.size());
    team_->run([&](Lane& lane) { forward(lane, step); });
    hidden_rows_ = step.logit_rows.size();
  }

  void copy(std::span<const BlockCopy> copies) override {
    for (const BlockCopy& it : copies)
      std::memcpy(kv_.at(it.to, 0, 0), kv_.at(it.from, 0, 0), kv_.block_bytes());
  }

  RunnerMemory memory() const override { return {model_->storage.size(), kv_.pages.size()}; }

  std::span<const float> hidden() const override {
    return {buffers_.normed, hidden_rows_ * model_->config().width};
  }

 private:
  const kernels::Ops& ops_;
  std::unique_ptr<Team> team_;
  RunnerOptions options_;
  std::unique_ptr<TransformerModel> model_;
  RopeVariants rope_;
  StepBuffers buffers_;
  KvMemory kv_;
  size_t hidden_rows_ = 0;  // of buffers_.normed, since the last step
};

std::string in_mib(size_t bytes) { return fmt::format("{} MiB", (bytes + (1 << 20) - 1) >> 20); }

// Blocks for the wanted tokens. Where nothing was asked for: four contexts, or what fits into half
// of the memory that the weights leave, but at least one context.
Result<uint32_t> choose_blocks(const ModelDescription& description, const RunnerOptions& options) {
  const ModelConfig& c = description.config;
  const kernels::KvLayout layout{options.kv_type, c.head_dim};
  const size_t block_bytes = size_t{c.layers} * c.kv_heads * layout.bytes();
  const size_t weights = packed_model_bytes(description);
  const size_t fixed = weights + buffer_bytes(c, options.batch_tokens_max);
  const size_t context_blocks = (options.context_tokens + kBlockTokens - 1) / kBlockTokens;
  const size_t available = available_memory();
  size_t blocks = (size_t{options.kv_tokens} + kBlockTokens - 1) / kBlockTokens;
  if (options.kv_tokens == 0) {
    const size_t spare = available > fixed ? (available - fixed) / 2 : 0;
    blocks = std::max(context_blocks, std::min(4 * context_blocks, spare / block_bytes));
  }
  const size_t needed = fixed + blocks * block_bytes;
  if (available != 0 && needed > available)
    return fail(
        ErrorKind::exhausted,
        "the model needs {} bytes ({}: weights {}, {} tokens of context {}) and {} bytes ({}) "
        "are available; use a smaller context or KV memory, a smaller quantisation, or a "
        "larger machine",
        needed, in_mib(needed), in_mib(weights), blocks * kBlockTokens,
        in_mib(blocks * block_bytes), available, in_mib(available));
  return static_cast<uint32_t>(blocks);
}

}  // namespace

Result<void> RunnerOptions::validate() const {
  if (threads > 1024) return fail(ErrorKind::invalid, "threads: {} is not in 0…1024", threads);
  if (batch_tokens_max < 1 || batch_tokens_max > 65536)
    return fail(ErrorKind::invalid, "batch tokens: {} is not in 1…65536", batch_tokens_max);
  if (context_tokens > (1U << 24))
    return fail(ErrorKind::invalid, "context: {} is not in 0…{}", context_tokens, 1U << 24);
  if (kv_tokens != 0 && kv_tokens < context_tokens)
    return fail(ErrorKind::invalid, "KV memory for {} tokens cannot hold one context of {}",
                kv_tokens, context_tokens);
  return {};
}

Result<std::unique_ptr<Runner>> open_runner(std::shared_ptr<const ModelDescription> description,
                                            const RunnerOptions& given) {
  RunnerOptions options = given;
  const ModelConfig& c = description->config;
  if (c.head_dim > kernels::kHeadDimMax)
    return fail(ErrorKind::unsupported, "heads of {} dimensions; at most {} are supported",
                c.head_dim, kernels::kHeadDimMax);
  if (options.context_tokens == 0) {
    options.context_tokens =
        c.context == 0 ? kContextDefault : std::min(c.context, kContextDefault);
    if (options.kv_tokens != 0)
      options.context_tokens = std::min(options.context_tokens, options.kv_tokens);
  }
  TRY(options.validate());
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  TRY_ASSIGN(const uint32_t blocks, choose_blocks(*description, options));
  auto runner = std::make_unique<CpuRunner>(*ops, std::make_unique<Team>(options.threads), options);
  TRY(runner->open(std::move(description), blocks));
  return runner;
}

}  // namespace mill::llm
