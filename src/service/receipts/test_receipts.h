#pragma once
// For tests: testimonies, and the receipts and logs that are made of them.

#include <doctest/doctest.h>

#include <fstream>
#include <future>

#include "base/scratch_folder.h"
#include "data/grammar/spec.h"
#include "service/receipts/log.h"

namespace mill::receipts::testing {

namespace fs = std::filesystem;

inline const package::SecretKey& key() {
  static const package::SecretKey made = package::make_key().value();
  return made;
}

inline service::ModelInfo model_info() {
  return {.id = "fake",
          .created = 7,
          .context_max = 4096,
          .vocab_size = 264,
          .digest = "d1",
          .provenance = {.vocabulary = "v1",
                         .chat_template = "t1",
                         .program = "p1",
                         .isa = "avx2",
                         .order = "scalar",
                         .kv_type = "f16"}};
}

// Every field is something else than nothing.
inline inference::Testimony testimony(const std::string& request) {
  llm::GenerateRequest asked;  // field by field: g++ 12 warns of a braced one without cause
  asked.prompt = {1, 2, 3};
  asked.tokens_max = 9;
  asked.sampling.temperature = 0.7F;
  asked.sampling.top_k = 5;
  asked.sampling.top_p = 0.95F;
  asked.sampling.min_p = 1e-5F;
  asked.sampling.typical_p = 0.5F;
  asked.sampling.repetition_penalty = 1.1F;
  asked.sampling.presence_penalty = -0.25F;
  asked.sampling.frequency_penalty = 0.125F;
  asked.sampling.seed = 18446744073709551615U;
  asked.sampling.logit_bias = {{4, -1.5F}, {9, 100.0F}};
  asked.stop = {"\n\n", "é\"\\\x01"};
  asked.shown = {7};
  asked.thoughts = {.open = "<t>", .close = "</t>", .closing = {8, 9}, .tokens_max = 4, .grace = 2};
  asked.grammar = grammar::compile(grammar::json_object()).value();
  asked.lazy = true;
  llm::GenerateRequest second = asked;
  second.prompt = {4};
  second.sampling.seed = 0;
  return {.request = request,
          .tenant = "acme",
          .endpoint = "/v1/completions",
          .model = "fake",
          .body_sha256 = "b1",
          .asked = {asked, asked, second},
          .made = {{{10, 11}, "ab", llm::FinishReason::stop},
                   {{12}, "c", llm::FinishReason::length},
                   {{}, "", llm::FinishReason::none}},
          .ended = 1234};
}

inline std::string line_for(const std::string& request = "req_1", const Link& link = {}) {
  return signed_line(receipt_of(testimony(request), model_info(), link), key()).value();
}

inline std::shared_ptr<Log> opened(const fs::path& path) {
  auto log = Log::open({.path = path, .key = key(), .models = {{"fake", model_info()}}});
  REQUIRE_MESSAGE(log.has_value(), (log ? "" : log.error().message));
  return *log;
}

inline Result<void> attested(Log& log, const std::string& request) {
  std::promise<Result<void>> told;
  log.attest(testimony(request), [&](Result<void> kept) { told.set_value(std::move(kept)); });
  return told.get_future().get();
}

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline ChainReport report_of(const fs::path& path, const std::string& wanted = "") {
  auto report = check_chain(path, {{key().pair}}, {.line = wanted});
  REQUIRE(report.has_value());
  return *report;
}

inline void write(const fs::path& path, const std::vector<std::string>& lines) {
  std::ofstream file(path, std::ios::binary);
  for (const std::string& line : lines) file << line << '\n';
}

}  // namespace mill::receipts::testing
