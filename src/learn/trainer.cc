#include "learn/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/new_folder.h"
#include "data/hf_folder.h"
#include "learn/tensor_file.h"

namespace mill::learn {
namespace {

int64_t labels_of(const TokenRows& rows) { return rows.labels.ge(0).sum().item<int64_t>(); }

RateOptions rates(const TrainOptions& o) {
  return {.schedule = o.schedule, .warmup = o.warmup, .steps = o.steps};
}

// FNV-1a over all tokens and labels.
uint64_t digest(std::span<const Document> documents) {
  uint64_t hash = 14695981039346656037U;
  const auto add = [&](TokenId token) {
    hash = (hash ^ static_cast<uint32_t>(token)) * 1099511628211U;
  };
  for (const Document& it : documents) {
    std::ranges::for_each(it.tokens, add);
    std::ranges::for_each(it.labels, add);
  }
  return hash;
}

}  // namespace

Result<void> TrainOptions::validate() const {
  if (steps < 1) return fail(ErrorKind::invalid, "the number of steps must be 1 or more");
  if (batch_tokens < 2) return fail(ErrorKind::invalid, "a batch must hold 2 tokens or more");
  if (accumulate < 1) return fail(ErrorKind::invalid, "a step needs 1 batch or more");
  if (warmup < 0 || warmup >= steps)
    return fail(ErrorKind::invalid, "a warm-up of {} steps does not fit {} steps", warmup, steps);
  if (!(adamw.learning_rate > 0 && adamw.learning_rate < 1))
    return fail(ErrorKind::invalid, "a learning rate must be between 0 and 1; 2e-4 is usual");
  return {};
}

const std::vector<size_t>& BatchOrder::next() {
  if (at_ == batches_.size()) {
    batches_ = pack(documents_, tokens_, seed_ + epoch_++);
    at_ = 0;
  }
  return batches_[at_++];
}

TokenRows rows_of(std::span<const Document> documents, std::span<const size_t> which) {
  std::vector<int64_t> tokens, labels;
  TokenRows out;
  for (const size_t i : which) {
    out.documents.push_back(static_cast<int64_t>(tokens.size()));
    tokens.insert(tokens.end(), documents[i].tokens.begin(), documents[i].tokens.end());
    labels.insert(labels.end(), documents[i].labels.begin(), documents[i].labels.end());
  }
  out.documents.push_back(static_cast<int64_t>(tokens.size()));
  out.tokens = at::tensor(tokens, at::kLong);
  out.labels = at::tensor(labels, at::kLong);
  return out;
}

Trainer::Trainer(Decoder& model, std::vector<NamedTensor> parameters,
                 std::span<const Document> documents, const TrainOptions& options)
    : model_(model),
      documents_(documents),
      options_(options),
      optimizer_(std::move(parameters), options.adamw),
      order_(documents, options.batch_tokens, options.seed) {}

StepFigures Trainer::step() {
  const ForwardOptions forward{.recompute = options_.recompute};
  std::vector<TokenRows> batches;
  StepFigures out{.step = steps_done() + 1};
  for (int64_t i = 0; i < options_.accumulate; ++i) {
    batches.push_back(rows_of(documents_, order_.next()));
    out.labels += labels_of(batches.back());
    out.tokens += batches.back().tokens.size(0);
  }
  const double each = 1.0 / static_cast<double>(std::max<int64_t>(out.labels, 1));
  for (const TokenRows& batch : batches) {
    const Tensor loss = loss_sum(model_, batch, forward) * each;
    loss.backward();
    out.loss += loss.item<double>();
  }
  out.learning_rate = options_.adamw.learning_rate * rate_at(rates(options_), steps_done());
  out.gradient_norm = optimizer_.step(out.learning_rate);
  return out;
}

nlohmann::json Trainer::description() const {
  return {{"documents", documents_.size()},
          {"digest", fmt::format("{:016x}", digest(documents_))},
          {"steps", options_.steps},
          {"batch_tokens", options_.batch_tokens},
          {"accumulate", options_.accumulate},
          {"learning_rate", options_.adamw.learning_rate},
          {"weight_decay", options_.adamw.weight_decay},
          {"clip_norm", options_.adamw.clip_norm},
          {"schedule", static_cast<int>(options_.schedule)},
          {"warmup", options_.warmup},
          {"recompute", options_.recompute},
          {"seed", options_.seed}};
}

Result<void> Trainer::save(const std::filesystem::path& folder) {
  TRY_ASSIGN(NewFolder place, NewFolder::create(folder));
  TRY(save_tensors(optimizer_.state(), place.path() / "state.safetensors"));
  const nlohmann::json json = {{"step", steps_done()}, {"training", description()}};
  TRY(save_text(json.dump(2) + "\n", place.path() / "training.json"));
  return place.commit();
}

Result<void> Trainer::resume(const std::filesystem::path& folder) {
  TRY_ASSIGN(const nlohmann::json json, read_json_object(folder / "training.json"));
  const nlohmann::json theirs = json.value("training", nlohmann::json());
  const nlohmann::json ours = description();
  for (const auto& [key, value] : ours.items()) {
    if (!theirs.is_object() || theirs.value(key, nlohmann::json()) != value)
      return fail(
          ErrorKind::invalid,
          "{} is of another training: its {} is {}, here it is {}. Give the same options and "
          "data to go on with it, or another folder to begin anew",
          folder.string(), key,
          theirs.is_object() && theirs.contains(key) ? theirs[key].dump() : "absent", value.dump());
  }
  const int64_t step = json.value("step", int64_t{-1});
  if (step < 0 || step > options_.steps)
    return fail(ErrorKind::invalid, "{}: training.json has no usable step", folder.string());
  const at::NoGradGuard no_gradients;
  TRY(load_tensors(optimizer_.state(), folder / "state.safetensors"));
  optimizer_.set_steps(step);
  for (int64_t i = 0; i < step * options_.accumulate; ++i) order_.next();
  return {};
}

double mean_loss(const Decoder& model, std::span<const Document> documents, size_t batch_tokens) {
  const at::NoGradGuard no_gradients;
  double sum = 0.0, labels = 0.0;
  for (const std::vector<size_t>& batch : pack(documents, batch_tokens, 0)) {
    const TokenRows rows = rows_of(documents, batch);
    sum += loss_sum(model, rows).item<double>();
    labels += static_cast<double>(labels_of(rows));
  }
  return sum / std::max(labels, 1.0);
}

}  // namespace mill::learn
