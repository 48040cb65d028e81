// Whatever bytes, and a good receipt with any of its bytes replaced by others: they are a receipt,
// whose line reads as the same one, or refused with a sentence; and so is the grammar of what it
// asks for.

#include "service/receipts/receipt.h"

#include "data/grammar/spec_json.h"
#include "service/http/json_body.h"

namespace {

using namespace mill::receipts;

constexpr std::string_view kGood =
    R"({"asked":{"grammar":"{\"kind\":\"choice\",\"parts\":[)"
    R"({\"kind\":\"literal\",\"text\":\"a\"}]}",)"
    R"("ignore_end":false,"lazy":false,"sampling":{"frequency_penalty":"0",)"
    R"("logit_bias":[[3,"-1.5"]],"min_p":"0","presence_penalty":"0","repetition_penalty":"1",)"
    R"("temperature":"0.7","top_k":0,"top_p":"0.95","typical_p":"1"},"shown":[5],"stop":["\n"],)"
    R"("thoughts":{"close":"","closing":[],"grace":0,"open":"","tokens_max":0},"tokens_max":9},)"
    R"("choices":[{"finish":"stop","prompt":0,"seed":"18446744073709551615",)"
    R"("text_sha256":"","tokens":[1,2]}],"engine":{"context":64,"isa":"avx2","kv_type":"f16",)"
    R"("order":"scalar","program_sha256":"","version":"1"},"format":"tokenmill.receipt/1",)"
    R"("key":"0","model":{"id":"m","sha256":"","template_sha256":"","vocabulary_sha256":""},)"
    R"("number":0,"outcome":"whole","previous":"","prompts":[[7,8]],)"
    R"("request":{"body_sha256":"","ended":1,"endpoint":"/","id":"r","tenant":""},)"
    R"("signature":""})";

void check_grammar(const std::string& text) {
  const auto json = mill::http::parse_json(text, {.depth_max = 192});
  if (!json) return;
  const auto spec = mill::grammar::spec_of(*json);
  if (!spec) return;
  const auto again = mill::grammar::spec_of(
      mill::grammar::Json::parse(mill::grammar::spec_json(*spec), nullptr, false));
  if (!again || mill::grammar::spec_json(*again) != mill::grammar::spec_json(*spec))
    __builtin_trap();
}

void check(std::string_view text) {
  const auto sealed = read_receipt(text);
  if (!sealed) {
    if (sealed.error().message.empty()) __builtin_trap();
    return;
  }
  const auto again = read_receipt(sealed->line);
  if (!again || again->line != sealed->line || again->canonical != sealed->canonical)
    __builtin_trap();
  check_grammar(sealed->receipt.grammar);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!read_receipt(kGood)) __builtin_trap();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  if (size < 3) return 0;
  std::string changed(kGood);
  const size_t at = (size_t{data[0]} << 8 | data[1]) % changed.size();
  changed.replace(at, data[2], text.substr(3));
  check(changed);
  return 0;
}
