#pragma once
// A training: a model, what it is to learn, and how. Its steps depend on nothing but these: the
// same seed and the same number of threads give the same losses to the last bit, also where the
// process was killed between and went on from a checkpoint.

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "learn/adamw.h"
#include "learn/chat_rows.h"
#include "learn/decoder.h"

namespace mill::learn {

struct TrainOptions {
  int64_t steps = 100;
  size_t batch_tokens = 1024;  // documents share a batch up to so many tokens …
  int64_t accumulate = 1;      // … and so many batches are a step
  AdamWOptions adamw = {};
  Schedule schedule = Schedule::cosine;
  int64_t warmup = 0;      // steps
  bool recompute = false;  // ForwardOptions
  uint64_t seed = 1;       // the order of documents

  Result<void> validate() const;
};

struct StepFigures {
  int64_t step = 0;          // from 1
  double loss = 0.0;         // mean −log p of the labels of the step, before it
  double gradient_norm = 0;  // before it was clipped
  double learning_rate = 0.0;
  int64_t tokens = 0, labels = 0;
};

// The batches of a training, epoch after epoch, each in an order of its own.
class BatchOrder {
 public:
  BatchOrder(std::span<const Document> documents, size_t tokens, uint64_t seed)
      : documents_(documents), tokens_(tokens), seed_(seed) {}
  const std::vector<size_t>& next();
  uint64_t epochs_begun() const { return epoch_; }

 private:
  std::span<const Document> documents_;
  size_t tokens_;
  uint64_t seed_, epoch_ = 0;
  std::vector<std::vector<size_t>> batches_;
  size_t at_ = 0;
};

// Documents as one batch.
TokenRows rows_of(std::span<const Document>, std::span<const size_t> which);

class Trainer {
 public:
  // `parameters` are those of the model that learn. All outlive the trainer.
  Trainer(Decoder& model, std::vector<NamedTensor> parameters, std::span<const Document> documents,
          const TrainOptions&);

  // The spine: gradients of some batches, one step with them.
  StepFigures step();
  int64_t steps_done() const { return optimizer_.steps(); }

  // A folder with all that a later process needs to go on, complete or not at all.
  Result<void> save(const std::filesystem::path& folder);
  // Fails without a change where the checkpoint is of another training.
  Result<void> resume(const std::filesystem::path& folder);

 private:
  nlohmann::json description() const;  // what must be the same for a checkpoint to fit
  Decoder& model_;
  std::span<const Document> documents_;
  TrainOptions options_;
  AdamW optimizer_;
  BatchOrder order_;
};

// Mean −log p of the labels of documents, without learning from them.
double mean_loss(const Decoder&, std::span<const Document>, size_t batch_tokens);

}  // namespace mill::learn
