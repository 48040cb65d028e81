#pragma once
// A receipt as a value, and its bytes (docs/formats/receipt.md has the fields and says which
// bytes).

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/package/signature.h"
#include "llm/request.h"
#include "service/generation/served_model.h"
#include "service/inference/notary.h"

namespace mill::receipts {

using Json = nlohmann::json;  // members sorted by name

struct Choice {
  uint32_t prompt = 0;
  uint64_t seed = 0;
  std::vector<TokenId> tokens = {};
  std::string text_sha256 = {}, finish = {};
};

struct Receipt {
  uint64_t number = 0;
  std::string previous, key;
  std::string request, tenant, endpoint, body_sha256;
  int64_t ended = 0;
  std::string model, weights;  // id, SHA-256
  service::Provenance provenance;
  std::string version;
  uint32_t context = 0;
  llm::GenerateRequest asked;  // of every choice, but for prompt, seed and the compiled grammar
  std::string grammar;         // its Spec as JSON; "" = none
  std::vector<std::vector<TokenId>> prompts;
  std::vector<Choice> choices;
  std::string outcome;
};

// What a line of the log has to follow.
struct Link {
  uint64_t number = 0;
  std::string previous = std::string(64, '0');
};

// What was testified, for a place in the log; `key` is still to come.
Receipt receipt_of(const inference::Testimony&, const service::ModelInfo&, const Link&);

// Whether the finish is the engine's own; else the tokens are the beginning of what it would say.
bool is_whole(const Choice&);

// The receipt's line, without a newline.
Result<std::string> signed_line(Receipt, const package::SecretKey&);

// A receipt as it is read: any JSON of it, with whatever white space.
struct Sealed {
  Receipt receipt;
  std::string canonical;  // the bytes that are signed
  std::string signature;  // not checked yet
  std::string line;       // as the log has it, without a newline
};
Result<Sealed> read_receipt(std::string_view json);

// That it was signed by one of these.
Result<void> check_signature(const Sealed&, std::span<const package::PublicKey>);

}  // namespace mill::receipts
