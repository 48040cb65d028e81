#include "llm/tune/formats.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "data/convert.h"
#include "data/quants.h"
#include "llm/models/bind.h"
#include "llm/tune/allocation.h"

namespace mill::llm {
namespace {

struct Candidate {
  TunedFormat format;
  std::vector<std::vector<std::byte>> bytes;  // of each part
};

uint64_t bytes_in(const TunableMatrix& matrix, DType dtype) {
  return bytes_of(dtype, matrix.values());
}

bool is_smaller(const TunableMatrix& matrix, const DTypeTraits& format) {
  return format.block_values > 1 && matrix.columns() % format.block_values == 0 &&
         bytes_in(matrix, format.dtype) < bytes_in(matrix, matrix.parts.front()->dtype);
}

double row_error(std::span<const float> a, std::span<const float> b, std::span<const float> weigh) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float difference = a[i] - b[i];
    sum += static_cast<double>(weigh[i] * difference * difference);
  }
  return sum;
}

// Σ importance·error² over a part.
double part_error(Team& team, const Tensor& original, const Tensor& quantised,
                  std::span<const float> importance) {
  const size_t rows = static_cast<size_t>(original.shape[0]), columns = importance.size();
  std::vector<double> errors(rows);
  team.run([&](Lane& lane) {
    std::vector<float> before(columns), after(columns);
    const Share share = lane.split(rows);
    const auto decode = [&](const Tensor& tensor, size_t row, std::span<float> values) {
      const size_t bytes = bytes_of(tensor.dtype, columns);
      dequantize(tensor.dtype, tensor.bytes.subspan(row * bytes, bytes), values);
    };
    for (size_t row = share.begin; row < share.end; ++row) {
      decode(original, row, before);
      decode(quantised, row, after);
      errors[row] = row_error(before, after, importance);
    }
  });
  double sum = 0;
  for (double error : errors) sum += error;
  return sum;
}

std::vector<Tensor> parts_in(const TunableMatrix& matrix, const Candidate& candidate) {
  std::vector<Tensor> parts;
  for (size_t i = 0; i < matrix.parts.size(); ++i) {
    Tensor part = *matrix.parts[i];
    part.dtype = candidate.format.dtype;
    part.bytes = candidate.bytes[i];
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<Candidate> quantised(TrialModel& trial, const TunableMatrix& matrix, DType dtype) {
  Candidate out{{dtype, bytes_in(matrix, dtype), 0, 0, false}, {}};
  for (const Tensor* part : matrix.parts) {
    TRY_ASSIGN(auto bytes, convert(*part, dtype, matrix.importance, trial.team().size()));
    out.bytes.push_back(std::move(bytes));
  }
  const std::vector<Tensor> parts = parts_in(matrix, out);
  for (size_t i = 0; i < parts.size(); ++i)
    out.format.error += part_error(trial.team(), *matrix.parts[i], parts[i], matrix.importance);
  out.format.error /= static_cast<double>(matrix.values());
  return out;
}

// By bytes, each with a smaller error than all smaller ones.
Result<std::vector<Candidate>> candidates_for(TrialModel& trial, const TunableMatrix& matrix) {
  std::vector<Candidate> all;
  for (const DTypeTraits& format : dtype_table()) {
    if (!is_smaller(matrix, format)) continue;
    TRY_ASSIGN(all.emplace_back(), quantised(trial, matrix, format.dtype));
  }
  std::ranges::sort(all, {},
                    [](const Candidate& c) { return std::pair(c.format.bytes, c.format.error); });
  std::vector<Candidate> best;
  for (Candidate& candidate : all)
    if (best.empty() || candidate.format.error < best.back().format.error)
      best.push_back(std::move(candidate));
  return best;
}

// The format to be measured: the one whose size is nearest to the budget.
size_t probe_of(std::span<const Candidate> candidates, const TunableMatrix& matrix,
                double bits_per_weight) {
  const double budget = bits_per_weight * static_cast<double>(matrix.values()) / 8;
  const auto distance = [&](const Candidate& candidate) {
    return std::abs(static_cast<double>(candidate.format.bytes) - budget);
  };
  return static_cast<size_t>(std::ranges::min_element(candidates, {}, distance) -
                             candidates.begin());
}

// The damage of the others, in proportion to their errors.
void extend_damage(std::span<TunedFormat> formats, const TunedFormat& measured) {
  for (TunedFormat& format : formats)
    if (!format.measured && measured.error > 0)
      format.damage = measured.damage * format.error / measured.error;
}

class Tuner {
 public:
  Tuner(TrialModel& trial, const TuneOptions& options) : trial_(trial), options_(options) {
    for (const TunableMatrix& matrix : trial.matrices()) work_ += work_of(matrix);
  }

  Result<TunedMatrix> measure(const TunableMatrix& matrix) {
    const DType own = matrix.parts.front()->dtype;
    TunedMatrix out{matrix.name, matrix.values(), {}, 0};
    if (options_.progress) options_.progress(matrix, done_ / work_);
    TRY_ASSIGN(const std::vector<Candidate> candidates, candidates_for(trial_, matrix));
    for (const Candidate& candidate : candidates) out.formats.push_back(candidate.format);
    if (!candidates.empty()) {
      const size_t probe = probe_of(candidates, matrix, options_.bits_per_weight);
      const std::vector<Tensor> parts = parts_in(matrix, candidates[probe]);
      TRY_ASSIGN(out.formats[probe].damage, trial_.damage(matrix, parts));
      out.formats[probe].measured = true;
      extend_damage(out.formats, out.formats[probe]);
    }
    out.formats.push_back({own, bytes_in(matrix, own), 0, 0, true});
    done_ += work_of(matrix);
    return out;
  }

 private:
  // In layers of a window: a trial runs those from the matrix's on, and the head, whose work is
  // that of a few; quantising a whole model takes as long as running it a few times.
  double work_of(const TunableMatrix& matrix) const {
    constexpr double kHead = 6, kQuantising = 2;
    const double layer = static_cast<double>(matrix.layer);
    const double all = static_cast<double>(trial_.layers());
    return all - layer + kHead + kQuantising * all * matrix_share(matrix);
  }
  double matrix_share(const TunableMatrix& matrix) const {
    double values = 0;
    for (const TunableMatrix& other : trial_.matrices())
      values += static_cast<double>(other.values());
    return static_cast<double>(matrix.values()) / values;
  }

  TrialModel& trial_;
  const TuneOptions& options_;
  double work_ = 0, done_ = 0;
};

struct Sizes {
  double values = 0;
  uint64_t fixed_bytes = 0;  // of what is not tuned
};

// Vectors and routers of a Hugging Face folder become F32 in a GGUF (hf_to_gguf.cc).
uint64_t bytes_in_gguf(const GgufWeight& weight, const Tensor& part, ModelFormat format) {
  const bool small = part.shape.size() < 2 || weight.name.ends_with("ffn_gate_inp.weight");
  if (format == ModelFormat::gguf || !small) return part.bytes.size();
  return bytes_of(DType::F32, static_cast<size_t>(part.values()));
}

Sizes sizes_of(const ModelDescription& model, std::span<const TunedMatrix> matrices) {
  Sizes sizes;
  uint64_t bytes = 0, tuned_bytes = 0;
  for (const GgufWeight& weight : gguf_weights(model.weights, model.config)) {
    for (const Tensor* part : weight.parts) {
      sizes.values += static_cast<double>(part->values());
      bytes += bytes_in_gguf(weight, *part, model.file->format);
    }
  }
  for (const TunedMatrix& matrix : matrices) tuned_bytes += matrix.formats.back().bytes;
  sizes.fixed_bytes = bytes - tuned_bytes;
  return sizes;
}

Result<void> allocate_formats(const ModelDescription& model, double bits_per_weight,
                              std::vector<TunedMatrix>& matrices) {
  const Sizes sizes = sizes_of(model, matrices);
  std::vector<std::vector<Offer>> items;
  uint64_t least = sizes.fixed_bytes;
  for (const TunedMatrix& matrix : matrices) {
    auto& offers = items.emplace_back();
    for (const TunedFormat& format : matrix.formats)
      offers.push_back({format.bytes, format.damage});
    least += matrix.formats.front().bytes;
  }
  const auto budget = static_cast<uint64_t>(bits_per_weight * sizes.values / 8);
  const auto chosen = budget < least ? std::nullopt : allocate(items, budget - sizes.fixed_bytes);
  if (!chosen)
    return fail(ErrorKind::invalid,
                "{} bits a weight are fewer than this model can be stored in; the least are {:.2f}",
                bits_per_weight, 8 * static_cast<double>(least) / sizes.values + 0.005);
  for (size_t i = 0; i < matrices.size(); ++i) matrices[i].chosen = (*chosen)[i];
  return {};
}

DType most_of(std::span<const TunedMatrix> matrices) {
  std::map<DType, uint64_t> values;
  for (const TunedMatrix& matrix : matrices)
    values[matrix.formats[matrix.chosen].dtype] += matrix.values;
  return std::ranges::max_element(values, {}, [](const auto& row) { return row.second; })->first;
}

}  // namespace

Result<TunedModel> choose_formats(const ModelDescription& model, const TuneOptions& options) {
  TRY_ASSIGN(const auto trial, TrialModel::open(model, options.windows, options.threads));
  TunedModel out;
  Tuner tuner(*trial, options);
  for (const TunableMatrix& matrix : trial->matrices()) {
    TRY_ASSIGN(out.matrices.emplace_back(), tuner.measure(matrix));
  }
  TRY(allocate_formats(model, options.bits_per_weight, out.matrices));
  for (size_t i = 0; i < out.matrices.size(); ++i) {
    const TunedMatrix& matrix = out.matrices[i];
    out.formats[matrix.name] = {matrix.formats[matrix.chosen].dtype,
                                trial->matrices()[i].importance};
  }
  out.most = most_of(out.matrices);
  return out;
}

}  // namespace mill::llm
