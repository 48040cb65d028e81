#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "data/quants.h"
#include "learn/decoder.h"

namespace mill::learn {
namespace {

using Shape = std::vector<int64_t>;

// Reads tensors by name, and keeps the first complaint.
class WeightReader {
 public:
  explicit WeightReader(const ModelFile& file) : file_(file) {}

  Tensor read(const std::string& name, const Shape& shape) {
    const mill::Tensor* found = file_.find(name);
    if (found == nullptr) return complain("there is no tensor {}", name);
    if (found->shape != shape)
      return complain("tensor {} is ({}), not ({})", name, fmt::join(found->shape, ", "),
                      fmt::join(shape, ", "));
    Tensor out = at::empty(shape, at::kFloat);
    dequantize(found->dtype, found->bytes,
               {out.data_ptr<float>(), static_cast<size_t>(out.numel())});
    return out;
  }
  Tensor read_if_there(const std::string& name, const Shape& shape) {
    return file_.find(name) == nullptr ? Tensor() : read(name, shape);
  }
  const std::string& complaint() const { return complaint_; }

 private:
  template <class... Args>
  Tensor complain(fmt::format_string<Args...> format, Args&&... args) {
    if (complaint_.empty()) complaint_ = fmt::format(format, std::forward<Args>(args)...);
    return {};
  }
  const ModelFile& file_;
  std::string complaint_;
};

Shape shape_of(const DecoderConfig& c, std::string_view projection) {
  const int64_t query = c.heads * c.head_dim, key = c.kv_heads * c.head_dim;
  if (projection == "q_proj") return {query, c.width};
  if (projection == "k_proj" || projection == "v_proj") return {key, c.width};
  if (projection == "o_proj") return {c.width, query};
  return projection == "down_proj" ? Shape{c.width, c.hidden} : Shape{c.hidden, c.width};
}

DecoderLayer read_layer(WeightReader& reader, const DecoderConfig& c, int64_t index) {
  const std::string at = fmt::format("model.layers.{}.", index);
  DecoderLayer layer;
  layer.attention_norm = reader.read(at + "input_layernorm.weight", {c.width});
  layer.mlp_norm = reader.read(at + "post_attention_layernorm.weight", {c.width});
  if (c.qk_norm) {
    layer.query_norm = reader.read(at + "self_attn.q_norm.weight", {c.head_dim});
    layer.key_norm = reader.read(at + "self_attn.k_norm.weight", {c.head_dim});
  }
  for (const ProjectionRow& row : kProjections) {
    const Shape shape = shape_of(c, row.name);
    Projection& projection = layer.*row.member;
    projection.weight = reader.read(fmt::format("{}{}.weight", at, row.module), shape);
    projection.bias =
        reader.read_if_there(fmt::format("{}{}.bias", at, row.module), {shape.front()});
  }
  return layer;
}

}  // namespace

Result<Decoder> load_decoder(const ModelFile& file) {
  if (file.format != ModelFormat::hugging_face)
    return fail(ErrorKind::invalid, "a Hugging Face folder is needed, not {}", file.path.string());
  Decoder out;
  TRY_ASSIGN(out.config, read_decoder_config(file.config));
  const DecoderConfig& c = out.config;
  WeightReader reader(file);
  out.embedding = reader.read("model.embed_tokens.weight", {c.vocab, c.width});
  out.final_norm = reader.read("model.norm.weight", {c.width});
  out.head = c.tied_embeddings ? out.embedding : reader.read("lm_head.weight", {c.vocab, c.width});
  for (int64_t i = 0; i < c.layers && reader.complaint().empty(); ++i)
    out.layers.push_back(read_layer(reader, c, i));
  if (!reader.complaint().empty())
    return fail(ErrorKind::invalid, "{}: {}", file.path.string(), reader.complaint());
  return out;
}

}  // namespace mill::learn
