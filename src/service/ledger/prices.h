#pragma once
// What tokens cost. Money is whole nanoeuros: a price has at most three decimals of a euro for a
// million tokens, so a token costs a whole number of them and every sum is exact.
//
// {"default": {"prompt": 0.10, "cached": 0.02, "answer": 0.40, "thinking": 0.40},
//  "models": {"smollm2": {"prompt": 0.05, "answer": 0.20}}}
//
// Euros for a million tokens. A model's row stands for itself: what it leaves out is free, but
// `cached` costs what `prompt` does and `thinking` what `answer` does.

#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "service/inference/answer.h"

namespace mill::ledger {

struct Price {  // nanoeuros a token
  int64_t prompt = 0, cached = 0, answer = 0, thinking = 0;
};

struct Prices {
  Price usual;
  std::map<std::string, Price> models;

  static Result<Prices> parse(const std::string& json);
  const Price& of(const std::string& model) const;
  int64_t nanoeuros(const std::string& model, const inference::Usage&) const;
};

// 1234500000 → "1.234500000"
std::string euros_text(int64_t nanoeuros);

}  // namespace mill::ledger
