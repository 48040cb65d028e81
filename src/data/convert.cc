#include "data/convert.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "base/assert.h"
#include "base/printable.h"
#include "data/quants.h"

namespace mill {
namespace {

constexpr float kF16Limit = 65520.0F;  // the first that would round to infinity
constexpr size_t kPieceValues = 1 << 16;

struct Job {
  const Tensor& tensor;
  DType to;
  std::span<const float> importance;
  std::span<std::byte> out;
  size_t values, piece;         // numbers in all, and in one piece (whole blocks of both formats)
  std::atomic<size_t> next{0};  // piece to be taken
  std::atomic<bool> failed{false};
};

bool storable(std::span<const float> values, DType to) {
  const float limit = to == DType::F16 ? kF16Limit : INFINITY;
  return std::ranges::all_of(values, [=](float x) { return std::abs(x) < limit; });
}

void convert_piece(Job& job, size_t first, std::span<float> values) {
  const DType from = job.tensor.dtype;
  dequantize(from, job.tensor.bytes.subspan(bytes_of(from, first), bytes_of(from, values.size())),
             values);
  if (!storable(values, job.to)) {
    job.failed = true;
    return;
  }
  const auto out = job.out.subspan(bytes_of(job.to, first), bytes_of(job.to, values.size()));
  if (job.importance.empty())
    quantize(job.to, values, out);
  else
    quantize_weighed(job.to, values, job.importance, out);
}

void work(Job& job) {
  std::vector<float> buffer(job.piece);
  while (!job.failed) {
    const size_t first = job.next++ * job.piece;
    if (first >= job.values) return;
    convert_piece(job, first, std::span(buffer).first(std::min(job.piece, job.values - first)));
  }
}

}  // namespace

Result<std::vector<std::byte>> convert(const Tensor& tensor, DType to, uint32_t threads) {
  return convert(tensor, to, {}, threads);
}

Result<std::vector<std::byte>> convert(const Tensor& tensor, DType to,
                                       std::span<const float> importance, uint32_t threads) {
  if (tensor.dtype == to) return std::vector<std::byte>(tensor.bytes.begin(), tensor.bytes.end());
  const auto values = static_cast<size_t>(tensor.values());
  std::vector<std::byte> out(bytes_of(to, values));
  static_assert(kPieceValues % 256 == 0);  // of every block size
  const size_t row = importance.empty() ? 1 : importance.size();
  Job job{.tensor = tensor,
          .to = to,
          .importance = importance,
          .out = out,
          .values = values,
          .piece = std::max<size_t>(1, kPieceValues / row) * row};
  {
    const size_t pieces = (values + job.piece - 1) / job.piece;
    const size_t wanted = threads != 0 ? threads : std::thread::hardware_concurrency();
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min(wanted, pieces); ++i)
      helpers.emplace_back([&job] { work(job); });
    work(job);
  }
  if (!job.failed) return out;
  return fail(ErrorKind::invalid, "tensor {} has numbers that are not finite{}",
              printable(tensor.name),
              to == DType::F16 ? ", or too large for F16; take BF16" : "; the file is damaged");
}

}  // namespace mill
