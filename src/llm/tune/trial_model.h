#pragma once
// A model in which one matrix at a time stands in another number format, and what that does to its
// predictions on some windows of text.
//
// All is computed in float32, so that the only difference is the matrix's: activations that are
// rounded anew after each small change would drown the damage of one matrix (they move SmolLM2's
// predictions by some 0.003 nats a token, the median matrix in 4 bits moves them by 0.0002). The
// hidden state is kept before each layer, so that a trial begins where its matrix is.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "llm/tune/divergence.h"
#include "llm/tune/rig.h"

namespace mill::llm {

// A matrix whose format can be chosen, by its name in a GGUF.
struct TunableMatrix {
  std::string name;
  std::vector<const Tensor*> parts;  // the experts of a stack, or one; (outputs, inputs) each
  std::vector<float> importance;     // (inputs): mean squares of what a column is multiplied with
  size_t layer = 0;                  // the first whose work it changes; the head's is their number

  uint64_t values() const;
  size_t columns() const { return static_cast<size_t>(parts.front()->shape.back()); }
};

class TrialModel {
 public:
  using Windows = std::vector<std::vector<TokenId>>;  // of the same length
  // What follows the first tokens of a window is not scored, for they have too little before them;
  // of the others every so many-th is, as neighbours tell much the same and the head is dear.
  static constexpr uint32_t kContextOnly = 64, kScoredStep = 2;

  // Needs four bytes for each weight.
  static Result<std::unique_ptr<TrialModel>> open(const ModelDescription&, Windows,
                                                  unsigned threads);

  std::span<const TunableMatrix> matrices() const { return matrices_; }
  // The mean divergence from the model as it is, in nats a token, with `parts` for those of a
  // matrix.
  Result<double> damage(const TunableMatrix&, std::span<const Tensor> parts);

  Team& team() { return rig_->team(); }
  size_t layers() const { return model_->layers.size(); }

 private:
  TrialModel(const ModelDescription& source, Windows windows);

  Result<Tensor> as_floats(const Tensor&, std::vector<std::byte>& bytes);
  Result<void> make_floats();
  void measure();
  Result<void> put(const Tensor& original, const Tensor& with);
  void restore();

  std::shared_ptr<ModelDescription> description_;  // with float matrices
  Windows windows_;
  std::vector<uint32_t> scored_;  // rows of a window
  std::unique_ptr<Rig> rig_;
  std::vector<TunableMatrix> matrices_;
  std::map<const Tensor*, Tensor> floats_;     // the file's matrices as floats …
  std::vector<std::vector<std::byte>> bytes_;  // … and their bytes
  std::unique_ptr<TransformerModel> model_;
  std::vector<Reference> references_;       // (windows)
  std::vector<std::vector<float>> hidden_;  // (windows) of (layers + 1, tokens, width)
  std::vector<float> logits_;               // (scored, vocab)

  struct Displaced {
    Projection* projection;
    kernels::PackedMatrix matrix;
    PackedAlone alone;
  };
  std::vector<Displaced> displaced_;
  const Tensor* embedding_ = nullptr;  // displaced
};

}  // namespace mill::llm
