#include "service/receipts/receipt.h"

#include <doctest/doctest.h>

#include <set>

#include "service/receipts/rerun.h"
#include "service/receipts/test_receipts.h"

namespace mill::receipts {
namespace {

using namespace testing;

// All values in it that are no objects or arrays, by their paths.
std::vector<Json::json_pointer> leaves_of(const Json& json) {
  std::vector<Json::json_pointer> leaves;
  const Json flat = json.flatten();
  for (const auto& [path, value] : flat.items()) leaves.emplace_back(path);
  return leaves;
}

}  // namespace

TEST_CASE("the canonical bytes are those that the format's description promises") {
  const std::string line = line_for();
  const auto sealed = read_receipt(line);
  REQUIRE_MESSAGE(sealed.has_value(), (sealed ? "" : sealed.error().message));
  CHECK(sealed->line == line);
  CHECK(sealed->canonical ==
        R"({"asked":{"grammar":"{\"kind\":\"json_schema\",\"schema\":{\"type\":\"object\"}}",)"
        R"("ignore_end":false,"lazy":true,"sampling":{"frequency_penalty":"0.125",)"
        R"("logit_bias":[[4,"-1.5"],[9,"100"]],"min_p":"1e-05","presence_penalty":"-0.25",)"
        R"("repetition_penalty":"1.1","temperature":"0.7","top_k":5,"top_p":"0.95",)"
        R"("typical_p":"0.5"},"shown":[7],"stop":["\n\n","é\"\\\u0001"],)"
        R"("thoughts":{"close":"</t>","closing":[8,9],"grace":2,"open":"<t>","tokens_max":4},)"
        R"("tokens_max":9},"choices":[{"finish":"stop","prompt":0,"seed":"18446744073709551615",)"
        R"("text_sha256":"fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603",)"
        R"("tokens":[10,11]},{"finish":"length","prompt":0,"seed":"18446744073709551615",)"
        R"("text_sha256":"2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6",)"
        R"("tokens":[12]},{"finish":"call","prompt":1,"seed":"0",)"
        R"("text_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
        R"("tokens":[]}],"engine":{"context":4096,"isa":"avx2","kv_type":"f16","order":"scalar",)"
        R"("program_sha256":"p1","version":")" TOKENMILL_VERSION
        R"("},"format":"tokenmill.receipt/1","key":")" +
            package::id_text(key().pair.id) +
            R"(","model":{"id":"fake","sha256":"d1","template_sha256":"t1",)"
            R"("vocabulary_sha256":"v1"},"number":0,"outcome":"whole",)"
            R"("previous":"0000000000000000000000000000000000000000000000000000000000000000",)"
            R"("prompts":[[1,2,3],[4]],"request":{"body_sha256":"b1","ended":1234,)"
            R"("endpoint":"/v1/completions","id":"req_1","tenant":"acme"}})");
  CHECK(check_signature(*sealed, {{key().pair}}).has_value());
}

TEST_CASE("a receipt reads as what it was, in any white space and order") {
  const auto pretty = nlohmann::ordered_json::parse(Json::parse(line_for()).dump(2));
  const auto sealed = read_receipt(pretty.dump(4));
  REQUIRE(sealed.has_value());
  CHECK(sealed->line == line_for());
  const auto requests = requests_of(sealed->receipt);
  REQUIRE(requests.has_value());
  const auto told = testimony("");
  for (size_t i = 0; i < 3; ++i) {
    CHECK((*requests)[i].prompt == told.asked[i].prompt);
    CHECK((*requests)[i].sampling.seed == told.asked[i].sampling.seed);
    CHECK((*requests)[i].sampling.min_p == 1e-5F);
    CHECK((*requests)[i].sampling.logit_bias == told.asked[i].sampling.logit_bias);
    CHECK((*requests)[i].stop == told.asked[i].stop);
    CHECK((*requests)[i].grammar->source == told.asked[i].grammar->source);
  }
}

TEST_CASE("every field that is changed, left out or put in is found") {
  const Json good = Json::parse(line_for());
  size_t tried = 0;
  for (const Json::json_pointer& leaf : leaves_of(good)) {
    CAPTURE(leaf.to_string());
    Json changed = good, without = good;
    Json& value = changed[leaf];
    if (value.is_string())
      value = value.get<std::string>() + "0";
    else if (value.is_boolean())
      value = !value.get<bool>();
    else if (value.is_number())
      value = value.get<int64_t>() + 1;
    else
      value = 1;
    const auto read = read_receipt(changed.dump());
    CHECK_FALSE((read.has_value() && check_signature(*read, {{key().pair}}).has_value()));
    without.at(leaf.parent_pointer()).is_array()
        ? without[leaf.parent_pointer()].erase(0)
        : static_cast<void>(without[leaf.parent_pointer()].erase(leaf.back()));
    const auto less = read_receipt(without.dump());
    CHECK_FALSE((less.has_value() && check_signature(*less, {{key().pair}}).has_value()));
    ++tried;
  }
  CHECK(tried > 50);
  Json more = good;
  more["request"]["note"] = "paid";
  CHECK(read_receipt(more.dump()).error().message.contains("does not know"));
  Json fraction = good;
  fraction["number"] = 0.0;
  CHECK_FALSE(read_receipt(fraction.dump()).has_value());
  Json other = good;
  other["format"] = "tokenmill.receipt/2";
  CHECK(read_receipt(other.dump()).error().kind == ErrorKind::unsupported);
  for (const char* wrong : {"", "[]", "{}", "{\"format\": 1}", "\xff"})
    CHECK_FALSE(read_receipt(wrong).has_value());
}

TEST_CASE("a receipt of another key is not trusted") {
  const auto sealed = read_receipt(line_for());
  const package::PublicKey stranger = package::make_key()->pair;
  CHECK(check_signature(*sealed, {{stranger}}).error().message.contains("none of those"));
  package::PublicKey same_name = stranger;
  same_name.id = key().pair.id;
  CHECK_FALSE(check_signature(*sealed, {{same_name}}).has_value());
}

TEST_CASE("a model that is another one is told") {
  const Receipt receipt = read_receipt(line_for())->receipt;
  const auto wrong = [&](const service::ModelInfo& here) {
    std::set<std::string> found;
    for (const Check& check : check_model(receipt, here)) {
      if (check.verdict != Verdict::ok) found.insert(check.of);
    }
    return found;
  };
  CHECK(wrong(model_info()).empty());
  service::ModelInfo other = model_info();
  other.digest = "d2";
  other.provenance.order = "scalar_bf16";
  other.provenance.program = "p2";
  CHECK(wrong(other) == std::set<std::string>{"build", "numbers", "weights"});
  other = model_info();
  other.provenance.vocabulary = other.provenance.chat_template = other.provenance.kv_type = "x";
  other.context_max = 1;
  CHECK(wrong(other) == std::set<std::string>{"context", "kv type", "template", "vocabulary"});
}

}  // namespace mill::receipts
