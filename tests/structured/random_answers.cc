// What a model without any sense writes under JSON Schemas: for each schema of the list on standard
// input, some answers by random tokens of a real vocabulary, as a line of JSON.
//
//   random_answers TOKENIZER_JSON ANSWERS TOKENS < files-of-schemas
//   {"file", "error"} or {"file", "answers": […], "compile_ms", "masks", "mask_us", "mask_us_max"}
//
// Every other answer draws each token evenly from the mask: it dwells in strings until the limit
// steers it to the end. The others draw a few, and take that which is nearest to the end.

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "data/grammar/spec.h"
#include "llm/constrain/constraint.h"

using namespace mill;
using grammar::Json;
using Clock = std::chrono::steady_clock;

namespace {

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

struct Times {
  size_t masks = 0;
  double sum_us = 0, max_us = 0;

  void add(double us) {
    ++masks;
    sum_us += us;
    max_us = std::max(max_us, us);
  }
};

TokenId drawn(const llm::TokenMask& mask, std::mt19937_64& random) {
  size_t rank = random() % mask.count();
  for (size_t w = 0;; ++w) {
    uint64_t word = mask.words()[w];
    const auto here = static_cast<size_t>(std::popcount(word));
    if (rank >= here) {
      rank -= here;
      continue;
    }
    while (rank-- > 0) word &= word - 1;
    return static_cast<TokenId>(w * 64 + static_cast<size_t>(std::countr_zero(word)));
  }
}

TokenId hasty(llm::Constraint& constraint, const llm::TokenMask& mask, std::mt19937_64& random) {
  TokenId best = drawn(mask, random);
  for (int i = 0; i < 5; ++i) {
    const TokenId other = drawn(mask, random);
    for (uint32_t left = 1; left < 200; left = left * 2 + 1) {
      if (constraint.can_finish_after(best, left)) break;
      if (constraint.can_finish_after(other, left)) {
        best = other;
        break;
      }
    }
  }
  return best;
}

Result<std::string> answer(llm::Constraint constraint, const llm::TokenTrie& trie, uint32_t tokens,
                           uint64_t seed, Times& times) {
  std::mt19937_64 random(seed);
  uint32_t left = tokens + constraint.bytes_to_end();
  for (; !constraint.must_end(); --left) {
    if (left == 0) return fail(ErrorKind::invalid, "not complete: {}", constraint.text());
    const auto begin = Clock::now();
    const llm::TokenMask* mask = &constraint.mask();
    times.add(us_since(begin));
    if (mask->count() == 0) return fail(ErrorKind::invalid, "no token is allowed");
    TokenId token = seed % 2 == 0 ? drawn(*mask, random) : hasty(constraint, *mask, random);
    if (!constraint.can_finish_after(token, left))
      token = drawn(constraint.mask_to_finish(left), random);
    if (std::ranges::find(trie.ends(), token) != trie.ends().end()) break;
    TRY(constraint.advance(token));
  }
  return constraint.text();
}

Json answers(const Json& schema, const std::shared_ptr<const llm::TokenTrie>& trie, uint64_t count,
             uint32_t tokens) {
  Json out = Json::object();
  const auto begin = Clock::now();
  const auto compiled = grammar::compile(grammar::json_schema(schema));
  out["compile_ms"] = us_since(begin) / 1000;
  if (!compiled) {
    out["error"] = compiled.error().message;
    return out;
  }
  llm::Constraints constraints(trie);
  Times times;
  out["answers"] = Json::array();
  for (uint64_t seed = 0; seed < count; ++seed) {
    const auto text = answer(constraints.start(*compiled), *trie, tokens, seed, times);
    out["answers"].push_back(text ? *text : "error: " + text.error().message);
  }
  out["masks"] = times.masks;
  out["mask_us"] = times.sum_us / static_cast<double>(std::max<size_t>(times.masks, 1));
  out["mask_us_max"] = times.max_us;
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("usage: random_answers TOKENIZER_JSON ANSWERS TOKENS < files\n", stderr);
    return 2;
  }
  const auto tokenizer = Tokenizer::from_json(arguments[1]);
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().message.c_str());
    return 2;
  }
  const auto trie = std::make_shared<const llm::TokenTrie>(
      llm::TokenTrie::of(*tokenizer, tokenizer->vocab_size()));
  for (std::string file; std::getline(std::cin, file);) {
    std::ifstream stream(file);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    const Json schema = Json::parse(text, nullptr, false);
    Json line = Json::object({{"file", file}});
    if (schema.is_discarded())
      line["error"] = "no JSON";
    else
      line.update(answers(schema, trie, std::stoull(arguments[2]),
                          static_cast<uint32_t>(std::stoul(arguments[3]))));
    std::printf("%s\n", line.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    std::fflush(stdout);
  }
}
