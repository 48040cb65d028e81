#include "llm/tune/trial_model.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/assert.h"
#include "data/convert.h"
#include "llm/models/bind.h"

namespace mill::llm {
namespace {

constexpr std::array kMatrices = {
    &LayerWeights::query, &LayerWeights::key, &LayerWeights::value, &LayerWeights::output,
    &LayerWeights::gate,  &LayerWeights::up,  &LayerWeights::down,
};
constexpr std::array kExpertMatrices = {&LayerWeights::expert_gate, &LayerWeights::expert_up,
                                        &LayerWeights::expert_down};

template <class Visit>
void for_each_matrix(Weights& weights, const Visit& visit) {
  visit(weights.embedding);
  visit(weights.head);
  for (LayerWeights& layer : weights.layer) {
    for (const auto matrix : kMatrices) visit(layer.*matrix);
    for (const auto stack : kExpertMatrices)
      for (const Tensor*& expert : layer.*stack) visit(expert);
  }
}

bool is_tunable(const GgufWeight& weight) {
  const Tensor& first = *weight.parts.front();
  return first.shape.size() == 2 && !weight.name.ends_with("ffn_gate_inp.weight") &&
         first.shape.back() % 32 == 0;
}

// Columns that hardly anything was multiplied with count a little all the same: other texts may use
// them.
void give_floor(std::span<float> importance) {
  constexpr float kFloor = 1e-3F;  // of the mean
  const float sum = std::accumulate(importance.begin(), importance.end(), 0.0F);
  const float mean = sum / static_cast<float>(importance.size());
  for (float& x : importance) x = mean > 0 ? x / mean + kFloor : 1.0F;
}

// Sums the squares of the inputs of each matrix, column by column.
class InputSquares {
 public:
  // Before anything runs: no lane may add a row to the map.
  void expect(const Projection* projection, size_t columns) { sums_[projection].resize(columns); }
  void add(const Lane& lane, const Projection& projection, const kernels::Activations& input,
           size_t rows) {
    const auto found = sums_.find(&projection);
    if (found == sums_.end()) return;
    const Share share = lane.split(input.cols);
    for (size_t row = 0; row < rows; ++row) {
      const float* const x = input.values + row * input.cols;
      for (size_t i = share.begin; i < share.end; ++i) found->second[i] += x[i] * x[i];
    }
  }
  std::span<const float> of(const Projection* projection) const { return sums_.at(projection); }

 private:
  std::map<const Projection*, std::vector<float>> sums_;
};

}  // namespace

uint64_t TunableMatrix::values() const {
  uint64_t values = 0;
  for (const Tensor* part : parts) values += static_cast<uint64_t>(part->values());
  return values;
}

TrialModel::TrialModel(const ModelDescription& source, Windows windows)
    : description_(std::make_shared<ModelDescription>(source)), windows_(std::move(windows)) {
  for (uint32_t row = kContextOnly; row < windows_[0].size(); row += kScoredStep)
    scored_.push_back(row);
  logits_.resize(scored_.size() * source.config.vocab);
}

Result<std::unique_ptr<TrialModel>> TrialModel::open(const ModelDescription& source,
                                                     Windows windows, unsigned threads) {
  ASSERT(!windows.empty() && windows[0].size() > kContextOnly, windows.size());
  const auto tokens = static_cast<uint32_t>(windows[0].size());
  auto trial = std::unique_ptr<TrialModel>(new TrialModel(source, std::move(windows)));
  TRY_ASSIGN(trial->rig_, Rig::open(source.config, tokens, threads));
  for (GgufWeight& weight : gguf_weights(source.weights, source.config))
    if (is_tunable(weight))
      trial->matrices_.push_back({.name = std::move(weight.name),
                                  .parts = std::move(weight.parts),
                                  .importance = {},
                                  .layer = 0});
  TRY(trial->make_floats());
  trial->measure();
  return trial;
}

Result<Tensor> TrialModel::as_floats(const Tensor& tensor, std::vector<std::byte>& bytes) {
  Tensor out = tensor;
  out.dtype = DType::F32;
  TRY_ASSIGN(bytes, convert(tensor, DType::F32, rig_->team().size()));
  out.bytes = bytes;
  return out;
}

// All matrices become floats, so that nothing else is rounded; those that are not tuned, too.
Result<void> TrialModel::make_floats() {
  Result<void> made;
  for_each_matrix(description_->weights, [&](const Tensor*& weight) {
    if (weight == nullptr || !made) return;
    if (!floats_.contains(weight)) {
      auto tensor = as_floats(*weight, bytes_.emplace_back());
      if (tensor)
        floats_.emplace(weight, *std::move(tensor));
      else
        made = std::unexpected(std::move(tensor).error());
    }
    if (made) weight = &floats_.at(weight);
  });
  TRY(made);
  TRY_ASSIGN(model_, pack_model(description_, rig_->team()));
  for (TunableMatrix& matrix : matrices_) {
    const Tensor& part = floats_.at(matrix.parts.front());
    const auto uses = uses_of(*model_, part);
    if (&part != description_->weights.embedding && !uses.empty())
      matrix.layer = uses.front().layer;
  }
  return {};
}

void TrialModel::measure() {
  InputSquares squares;
  for (const TunableMatrix& matrix : matrices_)
    for (const Tensor* part : matrix.parts)
      for (const MatrixUse& use : uses_of(*model_, floats_.at(part)))
        squares.expect(use.projection, matrix.columns());
  const size_t state = windows_[0].size() * model_->config().width;
  StepTap tap;
  tap.before_product = [&](Lane& lane, const Projection& projection,
                           const kernels::Activations& input,
                           size_t rows) { squares.add(lane, projection, input, rows); };
  for (const auto& window : windows_) {
    std::vector<float>& hidden = hidden_.emplace_back((layers() + 1) * state);
    tap.before_layer = [&](const Lane& lane, size_t layer) {
      const Share share = lane.split(state);
      std::copy_n(rig_->buffers().hidden + share.begin, share.end - share.begin,
                  hidden.begin() + static_cast<ptrdiff_t>(layer * state + share.begin));
    };
    rig_->run(*model_, window, scored_, logits_, tap);
    references_.emplace_back(rig_->ops(), model_->config().vocab).set(rig_->team(), logits_);
  }
  for (TunableMatrix& matrix : matrices_) {
    matrix.importance.resize(matrix.columns());
    for (const Tensor* part : matrix.parts)
      for (const MatrixUse& use : uses_of(*model_, floats_.at(part)))
        std::ranges::transform(matrix.importance, squares.of(use.projection),
                               matrix.importance.begin(), std::plus());
    give_floor(matrix.importance);
  }
}

Result<void> TrialModel::put(const Tensor& original, const Tensor& with) {
  for (const MatrixUse& use : uses_of(*model_, original)) {
    TRY_ASSIGN(PackedAlone alone, pack_alone(with, use, rig_->team()));
    displaced_.push_back({use.projection, use.projection->matrix, std::move(alone)});
    use.projection->matrix = displaced_.back().alone.matrix;
  }
  if (description_->weights.embedding == &original) {
    embedding_ = &original;
    description_->weights.embedding = &with;
  }
  return {};
}

void TrialModel::restore() {
  for (const Displaced& place : displaced_) place.projection->matrix = place.matrix;
  displaced_.clear();
  if (embedding_ != nullptr) description_->weights.embedding = embedding_;
  embedding_ = nullptr;
}

Result<double> TrialModel::damage(const TunableMatrix& matrix, std::span<const Tensor> parts) {
  std::vector<Tensor> floats(parts.size());
  std::vector<std::vector<std::byte>> bytes(parts.size());
  Result<void> done;
  for (size_t i = 0; i < parts.size() && done; ++i) {
    TRY_ASSIGN(floats[i], as_floats(parts[i], bytes[i]));
    done = put(floats_.at(matrix.parts[i]), floats[i]);
  }
  double sum = 0;
  const size_t state = windows_[0].size() * model_->config().width;
  for (size_t w = 0; w < windows_.size() && done; ++w) {
    StepTap tap;
    tap.first_layer = matrix.layer;
    if (embedding_ == nullptr) tap.hidden = hidden_[w].data() + matrix.layer * state;
    rig_->run(*model_, windows_[w], scored_, logits_, tap);
    sum += references_[w].mean_divergence(rig_->team(), logits_);
  }
  restore();
  TRY(done);
  return sum / static_cast<double>(windows_.size());
}

}  // namespace mill::llm
