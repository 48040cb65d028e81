#include "learn/ops.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace mill::learn {
namespace {

Tensor drawn(std::vector<int64_t> shape) { return at::randn(shape, at::kDouble); }

double difference(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>() / (1e-9 + b.abs().max().item<double>());
}

using Op = std::function<Tensor(const variable_list&)>;

// Values and gradients of an op beside those of a formula that LibTorch differentiates itself.
void check(const variable_list& inputs, const Op& op, const Op& formula) {
  variable_list ours, theirs;
  for (const Tensor& it : inputs) {
    ours.push_back(it.clone().requires_grad_(true));
    theirs.push_back(it.clone().requires_grad_(true));
  }
  const Tensor a = op(ours), b = formula(theirs);
  REQUIRE(a.sizes() == b.sizes());
  CHECK(difference(a.detach(), b.detach()) < 1e-12);
  const Tensor slope = at::randn_like(b);
  torch::autograd::backward({a}, {slope});
  torch::autograd::backward({b}, {slope});
  for (size_t i = 0; i < inputs.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(ours[i].grad(), theirs[i].grad()) < 1e-10);
  }
}

// One document, all heads, every score at once.
Tensor plain_attention(const variable_list& in, const std::vector<int64_t>& documents) {
  const int64_t group = in[0].size(1) / in[1].size(1);
  std::vector<Tensor> out;
  for (size_t i = 0; i + 1 < documents.size(); ++i) {
    const auto heads = [&](const Tensor& x) {
      return x.narrow(0, documents[i], documents[i + 1] - documents[i]).transpose(0, 1);
    };
    const Tensor query = heads(in[0]);
    const Tensor key = heads(in[1]).repeat_interleave(group, 0);
    const Tensor value = heads(in[2]).repeat_interleave(group, 0);
    Tensor scores = query.matmul(key.transpose(1, 2)) / std::sqrt(double(query.size(2)));
    const int64_t n = query.size(1);
    const Tensor future = at::ones({n, n}, at::kBool).triu(1);
    scores = scores.masked_fill(future, -INFINITY);
    out.push_back(at::softmax(scores, -1).matmul(value).transpose(0, 1).flatten(1));
  }
  return at::cat(out);
}

}  // namespace

TEST_CASE("learn: gradients of norms, gates and rotations are their formulas'") {
  at::manual_seed(1);
  check(
      {drawn({5, 12}), drawn({12})},
      [](const variable_list& in) { return rms_norm(in[0], in[1], 1e-5); },
      [](const variable_list& in) {
        return in[0] / (in[0] * in[0]).mean(-1, true).add(1e-5).sqrt() * in[1];
      });
  check(
      {drawn({4, 3, 6}), drawn({6})},
      [](const variable_list& in) { return rms_norm(in[0], in[1], 1e-5); },
      [](const variable_list& in) {
        return in[0] / (in[0] * in[0]).mean(-1, true).add(1e-5).sqrt() * in[1];
      });
  check(
      {drawn({5, 7}), drawn({5, 7})}, [](const variable_list& in) { return swiglu(in[0], in[1]); },
      [](const variable_list& in) { return in[0] * at::sigmoid(in[0]) * in[1]; });
  const Tensor angles = drawn({5, 1, 4});
  const Rotation by{angles.cos(), angles.sin()};
  check(
      {drawn({5, 3, 8})}, [&](const variable_list& in) { return rotate(in[0], by); },
      [&](const variable_list& in) {
        const auto halves = in[0].chunk(2, -1);
        return at::cat(
            {halves[0] * by.cos - halves[1] * by.sin, halves[0] * by.sin + halves[1] * by.cos}, -1);
      });
}

TEST_CASE("learn: attention's gradients, over documents shorter and longer than a stretch") {
  at::manual_seed(2);
  const std::vector<std::vector<int64_t>> all = {{0, 1}, {0, 7, 8, 20}, {0, 300}, {0, 128, 385}};
  for (const std::vector<int64_t>& documents : all) {
    const int64_t rows = documents.back();
    check(
        {drawn({rows, 6, 4}), drawn({rows, 2, 4}), drawn({rows, 2, 4})},
        [&](const variable_list& in) { return attention({in[0], in[1], in[2]}, documents); },
        [&](const variable_list& in) { return plain_attention(in, documents); });
  }
}

TEST_CASE("learn: cross entropy, of fewer rows than are taken together and of more") {
  at::manual_seed(3);
  for (const int64_t rows : {1, 128, 300}) {
    const Tensor targets = at::randint(11, {rows}, at::kLong);
    check(
        {drawn({rows, 5}), drawn({11, 5})},
        [&](const variable_list& in) { return cross_entropy_sum(in[0], in[1], targets); },
        [&](const variable_list& in) {
          return -at::log_softmax(in[0].matmul(in[1].t()), 1).gather(1, targets.unsqueeze(1)).sum();
        });
  }
}

}  // namespace mill::learn
