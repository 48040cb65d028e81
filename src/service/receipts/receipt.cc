#include "service/receipts/receipt.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/printable.h"
#include "data/fetch/digest.h"
#include "service/http/json_body.h"
#include "service/receipts/members.h"

namespace mill::receipts {
namespace {

constexpr const char* kFormat = "tokenmill.receipt/1";
constexpr size_t kBytesMax = size_t{64} << 20;

// By llm::FinishReason; none: the answer was ended with its call.
constexpr std::array kFinishes = {"call", "stop", "length", "cancelled", "error"};
static_assert(kFinishes.size() == llm::kFinishReasons);
constexpr std::array kOutcomes = {"whole", "cancelled", "failed"};  // by inference::Outcome

std::string decimal(float number) { return fmt::format("{}", number); }

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json sampling_json(const llm::SamplingOptions& it) {
  Json bias = Json::array();
  for (const auto& [token, more] : it.logit_bias)
    bias.push_back(Json::array({token, decimal(more)}));
  return {{"temperature", decimal(it.temperature)},
          {"top_k", it.top_k},
          {"top_p", decimal(it.top_p)},
          {"min_p", decimal(it.min_p)},
          {"typical_p", decimal(it.typical_p)},
          {"repetition_penalty", decimal(it.repetition_penalty)},
          {"presence_penalty", decimal(it.presence_penalty)},
          {"frequency_penalty", decimal(it.frequency_penalty)},
          {"logit_bias", std::move(bias)}};
}

Json asked_json(const Receipt& receipt) {
  const llm::GenerateRequest& it = receipt.asked;
  return {{"tokens_max", it.tokens_max},
          {"sampling", sampling_json(it.sampling)},
          {"stop", it.stop},
          {"shown", it.shown},
          {"ignore_end", it.ignore_end},
          {"thoughts",
           {{"open", it.thoughts.open},
            {"close", it.thoughts.close},
            {"closing", it.thoughts.closing},
            {"tokens_max", it.thoughts.tokens_max},
            {"grace", it.thoughts.grace}}},
          {"grammar", receipt.grammar},
          {"lazy", it.lazy}};
}

Json json_of(const Receipt& it) {
  Json choices = Json::array();
  for (const Choice& choice : it.choices)
    choices.push_back({{"prompt", choice.prompt},
                       {"seed", std::to_string(choice.seed)},
                       {"tokens", choice.tokens},
                       {"text_sha256", choice.text_sha256},
                       {"finish", choice.finish}});
  const service::Provenance& made = it.provenance;
  return {{"format", kFormat},
          {"number", it.number},
          {"previous", it.previous},
          {"key", it.key},
          {"request",
           {{"id", it.request},
            {"tenant", it.tenant},
            {"endpoint", it.endpoint},
            {"ended", it.ended},
            {"body_sha256", it.body_sha256}}},
          {"model",
           {{"id", it.model},
            {"sha256", it.weights},
            {"vocabulary_sha256", made.vocabulary},
            {"template_sha256", made.chat_template}}},
          {"engine",
           {{"version", it.version},
            {"program_sha256", made.program},
            {"isa", made.isa},
            {"order", made.order},
            {"kv_type", made.kv_type},
            {"context", it.context}}},
          {"asked", asked_json(it)},
          {"prompts", it.prompts},
          {"choices", std::move(choices)},
          {"outcome", it.outcome}};
}

class Reader {
 public:
  Receipt receipt(const Json& json) {
    Receipt out;
    out.number = in_.whole<uint64_t>(json, "number");
    out.previous = in_.text(json, "previous");
    out.key = in_.text(json, "key");
    out.outcome = in_.text(json, "outcome");
    out.prompts = in_.list(json, "prompts", [&](const Json& it) { return tokens(it, "prompts"); });
    out.choices = in_.list(json, "choices", [&](const Json& it) { return choice(it); });
    origin(out, in_.at(json, "request"));
    machine(out, in_.at(json, "model"), in_.at(json, "engine"));
    asked(out, in_.at(json, "asked"));
    for (const Choice& each : out.choices) {
      if (each.prompt >= out.prompts.size()) in_.note("prompt");
    }
    return out;
  }
  const std::string& wrong() const { return in_.wrong(); }

 private:
  std::vector<TokenId> tokens(const Json& array, const char* name) {
    return in_.list_of(array, name,
                       [&](const Json& it) { return in_.whole_of<TokenId>(it, name); });
  }

  Choice choice(const Json& json) {
    Choice out{.prompt = in_.whole<uint32_t>(json, "prompt"),
               .seed = in_.written<uint64_t>(json, "seed"),
               .tokens = tokens(in_.at(json, "tokens"), "tokens"),
               .text_sha256 = in_.text(json, "text_sha256"),
               .finish = in_.text(json, "finish")};
    if (std::ranges::find(kFinishes, out.finish) == kFinishes.end()) in_.note("finish");
    return out;
  }

  void origin(Receipt& out, const Json& json) {
    out.request = in_.text(json, "id");
    out.tenant = in_.text(json, "tenant");
    out.endpoint = in_.text(json, "endpoint");
    out.body_sha256 = in_.text(json, "body_sha256");
    out.ended = in_.whole<int64_t>(json, "ended");
  }

  void machine(Receipt& out, const Json& model, const Json& engine) {
    out.model = in_.text(model, "id");
    out.weights = in_.text(model, "sha256");
    out.provenance = {.vocabulary = in_.text(model, "vocabulary_sha256"),
                      .chat_template = in_.text(model, "template_sha256"),
                      .program = in_.text(engine, "program_sha256"),
                      .isa = in_.text(engine, "isa"),
                      .order = in_.text(engine, "order"),
                      .kv_type = in_.text(engine, "kv_type")};
    out.version = in_.text(engine, "version");
    out.context = in_.whole<uint32_t>(engine, "context");
  }

  void asked(Receipt& out, const Json& json) {
    llm::GenerateRequest& it = out.asked;
    it.tokens_max = in_.whole<uint32_t>(json, "tokens_max");
    it.sampling = sampling(in_.at(json, "sampling"));
    it.stop = in_.list(json, "stop", [&](const Json& each) { return in_.text_of(each, "stop"); });
    it.shown = tokens(in_.at(json, "shown"), "shown");
    it.ignore_end = in_.flag(json, "ignore_end");
    it.lazy = in_.flag(json, "lazy");
    out.grammar = in_.text(json, "grammar");
    const Json& thoughts = in_.at(json, "thoughts");
    it.thoughts = {.open = in_.text(thoughts, "open"),
                   .close = in_.text(thoughts, "close"),
                   .closing = tokens(in_.at(thoughts, "closing"), "closing"),
                   .tokens_max = in_.whole<uint32_t>(thoughts, "tokens_max"),
                   .grace = in_.whole<uint32_t>(thoughts, "grace")};
  }

  llm::SamplingOptions sampling(const Json& json) {
    llm::SamplingOptions out;
    out.temperature = in_.written<float>(json, "temperature");
    out.top_k = in_.whole<uint32_t>(json, "top_k");
    out.top_p = in_.written<float>(json, "top_p");
    out.min_p = in_.written<float>(json, "min_p");
    out.typical_p = in_.written<float>(json, "typical_p");
    out.repetition_penalty = in_.written<float>(json, "repetition_penalty");
    out.presence_penalty = in_.written<float>(json, "presence_penalty");
    out.frequency_penalty = in_.written<float>(json, "frequency_penalty");
    for (const Json& each : in_.at(json, "logit_bias")) {
      if (!each.is_array() || each.size() != 2) {
        in_.note("logit_bias");
        continue;
      }
      out.logit_bias[in_.whole_of<TokenId>(each[0], "logit_bias")] =
          in_.written_of<float>(each[1], "logit_bias");
    }
    return out;
  }

  Members in_;
};

// The prompts that differ, in their order, and which of them is each choice's.
void take_choices(const inference::Testimony& told, Receipt& out) {
  for (size_t i = 0; i < told.asked.size(); ++i) {
    const llm::GenerateRequest& asked = told.asked[i];
    if (out.prompts.empty() || out.prompts.back() != asked.prompt)
      out.prompts.push_back(asked.prompt);
    const inference::Made& made = told.made[i];
    out.choices.push_back({.prompt = static_cast<uint32_t>(out.prompts.size() - 1),
                           .seed = asked.sampling.seed,
                           .tokens = made.tokens,
                           .text_sha256 = fetch::sha256_of_text(made.text),
                           .finish = kFinishes.at(static_cast<size_t>(made.finish))});
  }
}

}  // namespace

Receipt receipt_of(const inference::Testimony& told, const service::ModelInfo& model,
                   const Link& link) {
  Receipt out{.number = link.number,
              .previous = link.previous,
              .key = "",
              .request = told.request,
              .tenant = told.tenant,
              .endpoint = told.endpoint,
              .body_sha256 = told.body_sha256,
              .ended = told.ended,
              .model = told.model,
              .weights = model.digest,
              .provenance = model.provenance,
              .version = TOKENMILL_VERSION,
              .context = model.context_max,
              .asked = told.asked.front(),
              .grammar = "",
              .prompts = {},
              .choices = {},
              .outcome = kOutcomes.at(static_cast<size_t>(told.outcome))};
  if (out.asked.grammar != nullptr) out.grammar = out.asked.grammar->source;
  take_choices(told, out);
  return out;
}

bool is_whole(const Choice& choice) { return choice.finish == "stop" || choice.finish == "length"; }

Result<std::string> signed_line(Receipt receipt, const package::SecretKey& key) {
  receipt.key = package::id_text(key.pair.id);
  Json json = json_of(receipt);
  TRY_ASSIGN(json["signature"], package::sign_plain(dumped(json), key));
  return dumped(json);
}

Result<Sealed> read_receipt(std::string_view text) {
  if (text.size() > kBytesMax)
    return fail(ErrorKind::invalid, "too long for a receipt ({} bytes)", text.size());
  const auto parsed = http::parse_json_object(text);
  if (!parsed) return fail(ErrorKind::invalid, "no receipt: {}", parsed.error().message);
  Json json = *parsed;
  if (!json.contains("format") || json["format"] != kFormat)
    return fail(ErrorKind::unsupported, "no receipt that this program knows: its format is not {}",
                kFormat);
  Sealed out;
  out.line = dumped(json);
  if (!json.contains("signature") || !json["signature"].is_string())
    return fail(ErrorKind::invalid, "the receipt has no signature");
  out.signature = json["signature"].get<std::string>();
  json.erase("signature");
  out.canonical = dumped(json);
  Reader reader;
  out.receipt = reader.receipt(json);
  if (!reader.wrong().empty())
    return fail(ErrorKind::invalid, "the receipt's '{}' is missing or wrong", reader.wrong());
  if (dumped(json_of(out.receipt)) != out.canonical)
    return fail(ErrorKind::invalid,
                "the receipt has fields that this program does not know, or numbers that are not "
                "written as they should be");
  return out;
}

Result<void> check_signature(const Sealed& sealed, std::span<const package::PublicKey> keys) {
  const auto key = std::ranges::find_if(
      keys, [&](const auto& it) { return package::id_text(it.id) == sealed.receipt.key; });
  if (key != keys.end()) return package::verify_plain(sealed.canonical, sealed.signature, *key);
  return fail(ErrorKind::invalid, "signed by the key {}, which is none of those that are trusted",
              printable(sealed.receipt.key));
}

}  // namespace mill::receipts
