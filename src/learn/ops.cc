#include "learn/ops.h"

#include <cmath>

namespace mill::learn {
namespace {

using torch::autograd::Function;

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        double epsilon) {
    const Tensor inverse = x.square().mean(-1, true).add_(epsilon).rsqrt_();
    context->save_for_backward({x, weight, inverse});
    return (x * inverse).mul_(weight);
  }

  // With n = x·r and g = dy·w: dx = r·(g − n·mean(g·n)), dw = Σ dy·n.
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &inverse = saved[2], &dy = gradients[0];
    const Tensor normal = x * inverse;
    Tensor dw;
    if (weight.requires_grad()) dw = (dy * normal).flatten(0, -2).sum(0);
    Tensor dx = dy * weight;
    const Tensor mean = (dx * normal).mean(-1, true);
    dx.addcmul_(normal, mean, -1).mul_(inverse);
    return {dx, dw, Tensor()};
  }
};

struct SwiGlu : Function<SwiGlu> {
  static Tensor forward(AutogradContext* context, const Tensor& gate, const Tensor& up) {
    context->save_for_backward({gate, up});
    return at::silu(gate).mul_(up);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1], &dy = gradients[0];
    return {at::silu_backward(dy * up, gate), at::silu(gate).mul_(dy)};
  }
};

Tensor turned(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const int64_t half = x.size(-1) / 2;
  const Tensor first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
  Tensor out = at::empty_like(x, x.options(), at::MemoryFormat::Contiguous);
  Tensor turned_first = out.narrow(-1, 0, half), turned_second = out.narrow(-1, half, half);
  at::mul_out(turned_first, first, cos).addcmul_(second, sin, -1);
  at::mul_out(turned_second, second, cos).addcmul_(first, sin);
  return out;
}

struct Rotate : Function<Rotate> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& cos,
                        const Tensor& sin) {
    context->save_for_backward({cos, sin});
    return turned(x, cos, sin);
  }

  // A rotation's transpose turns back.
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    return {turned(gradients[0], saved[0], -saved[1]), Tensor(), Tensor()};
  }
};

// A stretch of queries of one document, with the keys that it sees. Heads that share keys lie
// together, so that a group is one matrix product: (kv_heads, group·queries, dim).
struct Stretch {
  int64_t begin = 0, end = 0, first_key = 0;
};
constexpr int64_t kQueries =
    128;  // the part of scores that is masked away is small, products large

std::vector<Stretch> stretches(const std::vector<int64_t>& documents) {
  std::vector<Stretch> out;
  for (size_t i = 0; i + 1 < documents.size(); ++i) {
    for (int64_t at = documents[i]; at < documents[i + 1]; at += kQueries)
      out.push_back({at, std::min(at + kQueries, documents[i + 1]), documents[i]});
  }
  return out;
}

// (rows, heads, dim) of a stretch as (kv_heads, group·queries, dim).
Tensor grouped(const Tensor& x, const Stretch& it, int64_t kv_heads) {
  const int64_t group = x.size(1) / kv_heads, queries = it.end - it.begin;
  return x.narrow(0, it.begin, queries)
      .view({queries, kv_heads, group, x.size(2)})
      .permute({1, 2, 0, 3})
      .reshape({kv_heads, group * queries, x.size(2)});
}

// The other way, into its place.
void put(const Tensor& from, const Stretch& it, Tensor& x) {
  const int64_t kv_heads = from.size(0), group = x.size(1) / kv_heads, queries = it.end - it.begin;
  x.narrow(0, it.begin, queries)
      .view({queries, kv_heads, group, x.size(2)})
      .permute({1, 2, 0, 3})
      .copy_(from.view({kv_heads, group, queries, x.size(2)}));
}

// (kv_heads, keys, dim), of the keys that a stretch sees.
Tensor seen(const Tensor& x, const Stretch& it) {
  return x.narrow(0, it.first_key, it.end - it.first_key).transpose(0, 1);
}

// softmax of scaled scores, (kv_heads, group·queries, keys).
Tensor weights(const Tensor& query, const Tensor& key, const Stretch& it) {
  const int64_t queries = it.end - it.begin, keys = it.end - it.first_key;
  Tensor scores = at::bmm(query, key.transpose(1, 2));
  scores.mul_(1.0 / std::sqrt(static_cast<double>(query.size(2))));
  const Tensor future = at::ones({queries, keys}, at::kBool).triu(1 + it.begin - it.first_key);
  scores.view({key.size(0), -1, queries, keys}).masked_fill_(future, -INFINITY);
  return at::softmax(scores, -1);
}

struct Attend : Function<Attend> {
  static Tensor forward(AutogradContext* context, const Tensor& query, const Tensor& key,
                        const Tensor& value, const std::vector<int64_t>& documents) {
    context->save_for_backward({query, key, value});
    context->saved_data["documents"] = documents;
    Tensor out = at::empty_like(query, query.options(), at::MemoryFormat::Contiguous);
    for (const Stretch& it : stretches(documents)) {
      const Tensor weight = weights(grouped(query, it, key.size(1)), seen(key, it), it);
      put(at::bmm(weight, seen(value, it)), it, out);
    }
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &query = saved[0], &key = saved[1], &value = saved[2];
    const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(2)));
    Tensor dq = at::empty_like(query), dk = at::zeros_like(key), dv = at::zeros_like(value);
    for (const Stretch& it : stretches(context->saved_data["documents"].toIntVector())) {
      const Tensor q = grouped(query, it, key.size(1)), dy = grouped(gradients[0], it, key.size(1));
      const Tensor weight = weights(q, seen(key, it), it);
      seen(dv, it).add_(at::bmm(weight.transpose(1, 2), dy));
      const Tensor dweight = at::bmm(dy, seen(value, it).transpose(1, 2));
      const Tensor dscore = at::_softmax_backward_data(dweight, weight, -1, weight.scalar_type());
      put(at::bmm(dscore, seen(key, it)).mul_(scale), it, dq);
      seen(dk, it).add_(at::bmm(dscore.transpose(1, 2), q), scale);
    }
    return {dq, dk, dv, Tensor()};
  }
};

struct CrossEntropySum : Function<CrossEntropySum> {
  static constexpr int64_t kRows = 128;

  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& head,
                        const Tensor& targets) {
    Tensor loss = at::zeros({}, x.options());
    Tensor dx = x.requires_grad() ? at::empty_like(x) : Tensor();
    Tensor dhead = head.requires_grad() ? at::zeros_like(head) : Tensor();
    for (int64_t at = 0; at < x.size(0); at += kRows) {
      const int64_t rows = std::min(kRows, x.size(0) - at);
      const Tensor some = x.narrow(0, at, rows);
      const Tensor target = targets.narrow(0, at, rows).unsqueeze(1);
      Tensor logits = at::linear(some, head);
      const Tensor total = logits.logsumexp(1, true);
      loss += (total - logits.gather(1, target)).sum();
      Tensor slope = logits.sub_(total).exp_();
      slope.scatter_add_(1, target, at::full_like(target, -1, x.options()));
      if (dx.defined()) dx.narrow(0, at, rows).copy_(slope.matmul(head));
      if (dhead.defined()) dhead.addmm_(slope.t(), some);
    }
    context->save_for_backward({dx, dhead});
    return loss;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const auto scaled = [&](const Tensor& slope) {
      return slope.defined() ? slope * gradients[0] : Tensor();
    };
    return {scaled(saved[0]), scaled(saved[1]), Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon) {
  return RmsNorm::apply(x, weight, epsilon);
}

Tensor swiglu(const Tensor& gate, const Tensor& up) { return SwiGlu::apply(gate, up); }

Tensor rotate(const Tensor& x, const Rotation& by) { return Rotate::apply(x, by.cos, by.sin); }

Tensor attention(const Attended& of, const std::vector<int64_t>& documents) {
  return Attend::apply(of.query, of.key, of.value, documents).flatten(1);
}

Tensor cross_entropy_sum(const Tensor& x, const Tensor& head, const Tensor& targets) {
  return CrossEntropySum::apply(x, head, targets);
}

}  // namespace mill::learn
