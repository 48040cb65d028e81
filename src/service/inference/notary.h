#pragma once
// Who certifies answers: the seam between the run of a request and its receipt.

#include <string>
#include <utility>
#include <vector>

#include "llm/request.h"
#include "service/inference/outcome.h"

namespace mill::inference {

// With "true" in it, a request asks for a receipt.
inline constexpr const char* kReceiptHeader = "X-Tokenmill-Receipt";

// What the engine has told of one choice. `finish` is none where the answer was ended by us.
struct Made {
  std::vector<TokenId> tokens = {};  // without the prompt's, which an echo tells, too
  std::string text = {};
  llm::FinishReason finish = llm::FinishReason::none;

  void add(const llm::GenerateEvent& event) {
    if (!event.echo) tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
    text += event.text;
    finish = event.finish;
  }
};

// A request that is over: what was asked of the engine, and what it has made of it.
struct Testimony {
  std::string request = {};  // its id, as its client sees it
  std::string tenant = {}, endpoint = {}, model = {};
  std::string body_sha256 = {};                  // of what the client has sent
  std::vector<llm::GenerateRequest> asked = {};  // (choices) they differ in prompt and seed alone
  std::vector<Made> made = {};                   // (choices)
  int64_t ended = 0;                             // seconds since the epoch
  Outcome outcome = Outcome::whole;
};

class Notary {
 public:
  virtual ~Notary() = default;
  // Any thread; does not wait. Kept: the receipt is on the disk, or could not be brought there.
  virtual void attest(Testimony, Kept) = 0;
};

// A receipt that a client has asked for: opened with its request (Host::account), closed with it.
// The notary outlives it.
class Promise {
 public:
  Promise() = default;  // nobody has asked
  Promise(Notary* notary, Testimony testimony)
      : notary_(notary), testimony_(std::move(testimony)) {}

  bool wanted() const { return notary_ != nullptr; }
  void asked(const std::vector<llm::GenerateRequest>& requests) {
    if (notary_ == nullptr) return;
    testimony_.asked = requests;
    testimony_.made.resize(requests.size());
  }
  void made(size_t choice, const llm::GenerateEvent& event) {
    if (notary_ != nullptr) testimony_.made[choice].add(event);
  }
  void keep(int64_t ended, Outcome outcome, Kept kept) {
    if (notary_ == nullptr) return kept({});
    testimony_.ended = ended;
    testimony_.outcome = outcome;
    notary_->attest(std::move(testimony_), std::move(kept));
  }

 private:
  Notary* notary_ = nullptr;
  Testimony testimony_;
};

}  // namespace mill::inference
