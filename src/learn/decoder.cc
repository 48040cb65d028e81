#include "learn/decoder.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "learn/ops.h"

namespace mill::learn {

const std::array<ProjectionRow, 7> kProjections = {{
    {"q_proj", "self_attn.q_proj", &DecoderLayer::query},
    {"k_proj", "self_attn.k_proj", &DecoderLayer::key},
    {"v_proj", "self_attn.v_proj", &DecoderLayer::value},
    {"o_proj", "self_attn.o_proj", &DecoderLayer::output},
    {"gate_proj", "mlp.gate_proj", &DecoderLayer::gate},
    {"up_proj", "mlp.up_proj", &DecoderLayer::up},
    {"down_proj", "mlp.down_proj", &DecoderLayer::down},
}};

namespace {

// What all layers of a step share.
struct Frame {
  DecoderConfig config;
  Rotation rotation;
  std::vector<int64_t> documents;
};

Rotation rotation_of(const DecoderConfig& config, const std::vector<int64_t>& documents) {
  std::vector<Tensor> positions;
  for (size_t i = 0; i + 1 < documents.size(); ++i)
    positions.push_back(at::arange(documents[i + 1] - documents[i], at::kDouble));
  const Tensor frequencies = at::tensor(config.frequencies, at::kDouble);
  const Tensor angles = at::outer(at::cat(positions), frequencies).unsqueeze(1);
  return {angles.cos().to(at::kFloat), angles.sin().to(at::kFloat)};
}

Tensor heads_of(const Tensor& x, const DecoderConfig& c, const Tensor& norm) {
  const Tensor heads = x.view({x.size(0), -1, c.head_dim});
  return norm.defined() ? rms_norm(heads, norm, c.norm_epsilon) : heads;
}

Tensor attention_block(const DecoderLayer& layer, const Tensor& x, const Frame& frame) {
  const DecoderConfig& c = frame.config;
  const Tensor query = rotate(heads_of(layer.query(x), c, layer.query_norm), frame.rotation);
  const Tensor key = rotate(heads_of(layer.key(x), c, layer.key_norm), frame.rotation);
  const Tensor value = heads_of(layer.value(x), c, Tensor());
  return layer.output(attention({query, key, value}, frame.documents));
}

Tensor mlp_block(const DecoderLayer& layer, const Tensor& x) {
  return layer.down(swiglu(layer.gate(x), layer.up(x)));
}

Tensor layer_forward(const DecoderLayer& layer, const Tensor& x, const Frame& frame) {
  const double epsilon = frame.config.norm_epsilon;
  const Tensor y = x + attention_block(layer, rms_norm(x, layer.attention_norm, epsilon), frame);
  return y + mlp_block(layer, rms_norm(y, layer.mlp_norm, epsilon));
}

// A layer that keeps its input alone. The gradients of its weights go to where they belong.
struct Recomputed : torch::autograd::Function<Recomputed> {
  struct Call : torch::CustomClassHolder {
    Call(DecoderLayer l, std::shared_ptr<const Frame> f)
        : layer(std::move(l)), frame(std::move(f)) {}
    DecoderLayer layer;
    std::shared_ptr<const Frame> frame;
  };

  static Tensor forward(AutogradContext* context, const Tensor& x,
                        const c10::intrusive_ptr<Call>& call) {
    context->save_for_backward({x});
    context->saved_data["call"] = at::IValue::make_capsule(call);
    return layer_forward(call->layer, x, *call->frame);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::AutoGradMode with_gradients(true);
    const Tensor x = context->get_saved_variables()[0].detach().requires_grad_(true);
    const auto holder = context->saved_data["call"].toCapsule();
    const auto& call = static_cast<const Call&>(*holder);
    torch::autograd::backward({layer_forward(call.layer, x, *call.frame)}, {gradients[0]});
    return {x.grad(), Tensor()};
  }
};

Tensor embedded(const Decoder& model, const Tensor& tokens) {
  const Tensor x = at::embedding(model.embedding, tokens);
  // So that what is computed from it has gradients, also where the embedding itself is frozen.
  return x.requires_grad() || !at::GradMode::is_enabled() ? x : x.requires_grad_(true);
}

}  // namespace

Tensor Projection::operator()(const Tensor& x) const {
  const Tensor y = at::linear(x, weight, bias);
  if (!lora_a.defined()) return y;
  return at::addmm(y, at::linear(x, lora_a), lora_b.t(), 1, lora_scale);
}

Tensor loss_sum(const Decoder& model, const TokenRows& rows, ForwardOptions options) {
  const auto frame = std::make_shared<const Frame>(
      model.config, rotation_of(model.config, rows.documents), rows.documents);
  Tensor x = embedded(model, rows.tokens);
  for (const DecoderLayer& layer : model.layers) {
    x = options.recompute
            ? Recomputed::apply(x, c10::make_intrusive<Recomputed::Call>(layer, frame))
            : layer_forward(layer, x, *frame);
  }
  const Tensor asked = rows.labels.ge(0).nonzero().squeeze(1);
  const Tensor last =
      rms_norm(x.index_select(0, asked), model.final_norm, model.config.norm_epsilon);
  return cross_entropy_sum(last, model.head, rows.labels.index_select(0, asked));
}

std::vector<NamedTensor> tensors_of(Decoder& model) {
  std::vector<NamedTensor> out = {{"model.embed_tokens.weight", &model.embedding},
                                  {"model.norm.weight", &model.final_norm}};
  if (!model.config.tied_embeddings) out.push_back({"lm_head.weight", &model.head});
  for (size_t i = 0; i < model.layers.size(); ++i) {
    DecoderLayer& layer = model.layers[i];
    const std::string at = fmt::format("model.layers.{}.", i);
    out.push_back({at + "input_layernorm.weight", &layer.attention_norm});
    out.push_back({at + "post_attention_layernorm.weight", &layer.mlp_norm});
    if (model.config.qk_norm) {
      out.push_back({at + "self_attn.q_norm.weight", &layer.query_norm});
      out.push_back({at + "self_attn.k_norm.weight", &layer.key_norm});
    }
    for (const ProjectionRow& row : kProjections) {
      Projection& projection = layer.*row.member;
      out.push_back({fmt::format("{}{}.weight", at, row.module), &projection.weight});
      if (projection.bias.defined())
        out.push_back({fmt::format("{}{}.bias", at, row.module), &projection.bias});
    }
  }
  return out;
}

}  // namespace mill::learn
