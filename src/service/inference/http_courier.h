#pragma once
// Carries questions to verifiers by HTTP: only to where the operator allows, a few at a time, and
// for a bounded time. Redirects are not followed, and of an answer no more is read than it needs.

#include <chrono>
#include <string>
#include <vector>

#include "llm/reason/verifier.h"
#include "service/inference/errands.h"

namespace mill::inference {

struct CourierOptions {
  std::vector<std::string> prefixes = {};  // of URLs that may be asked, as https://checker/verify/
  uint32_t at_once = 8;                    // questions under way; each has a thread of its own
  uint32_t waiting_max = 1024;             // more are refused
  size_t answer_bytes_max = 65'536;

  // Each prefix has a scheme, a host, and the / behind it: else https://checker would allow
  // https://checker.evil, too.
  Result<void> validate() const;
};

// Whether the URL begins with one of them, and has nothing that could lead elsewhere from there: a
// user before the host, "..", a backslash, or what no URL has.
bool may_ask(const CourierOptions&, std::string_view url);

class HttpCourier : public llm::Courier {
 public:
  explicit HttpCourier(CourierOptions);  // validated
  ~HttpCourier() override { close(); }

  Result<void> allows(std::string_view url) const override;
  Result<void> carry(Question, Told) override;
  void close() override { errands_.close(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  Result<std::string> answer_to(const Question&, Time until) const;

  CourierOptions options_;
  Errands errands_;
};

}  // namespace mill::inference
