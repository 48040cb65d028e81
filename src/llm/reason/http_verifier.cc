// An endpoint of the user's own says how good an answer is:
//
//   POST {"prompt": "What is 2 + 3?", "answer": "It is 5.", "whole": true}
//   200  {"verdict": "right" | "wrong" | "unknown", "score": 0.9, "why": "2 + 3 = 5"}
//
// One of `verdict` and `score` must be there; without the first nothing is right or wrong, and the
// score decides. `whole` is false of what a search over steps has of an answer so far. Whatever
// else comes, or nothing, leaves the answer unverified, and says so.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "llm/reason/verifier.h"

namespace mill::llm {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kWhyBytes = 200;
constexpr int kDepthMax = 8;

// Cut where a character begins.
std::string shortened(std::string text) {
  size_t end = std::min(text.size(), kWhyBytes);
  while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;
  text.resize(end);
  std::ranges::replace(text, '\n', ' ');
  return text;
}

Json parsed(const std::string& text) {
  bool deep = false;
  const auto depth = [&](int at, Json::parse_event_t, Json&) {
    deep |= at > kDepthMax;
    return !deep;
  };
  Json value = Json::parse(text, depth, false);
  return deep || !value.is_object() ? Json() : value;
}

Result<Judgement> read_judgement(const std::string& text) {
  const Json body = parsed(text);
  if (body.is_null()) return fail(ErrorKind::invalid, "the verifier's answer is no JSON object");
  const Json verdict = body.value("verdict", Json()), score = body.value("score", Json());
  Judgement it{.right = verdict == "right", .unknown = verdict.is_null() || verdict == "unknown"};
  if (!it.right && !it.unknown && verdict != "wrong")
    return fail(ErrorKind::invalid,
                "the verifier's 'verdict' must be \"right\", \"wrong\" or \"unknown\"");
  if (score.is_null() ? verdict.is_null() : !score.is_number())
    return fail(ErrorKind::invalid,
                "the verifier's answer needs a 'verdict', or a 'score', a number");
  if (it.unknown && score.is_null())
    return fail(ErrorKind::unsupported, "the verifier does not know");
  it.score = score.is_null() ? 0 : score.get<double>();
  if (!std::isfinite(it.score))
    return fail(ErrorKind::invalid, "the verifier's 'score' is no finite number");
  const Json why = body.value("why", Json());
  if (why.is_string()) it.why = shortened(why.get<std::string>());
  if (it.why.empty()) it.why = fmt::format("score {:.3f}", it.score);
  return it;
}

class Http : public Verifier {
 public:
  explicit Http(const VerifierOptions& options)
      : url_(options.url), prompt_(options.prompt), courier_(options.courier) {}

  Result<Judgement> judge(const PathEnd&) const override {
    return fail(ErrorKind::unsupported, "nobody has asked the verifier");
  }
  bool takes_time() const override { return true; }

  Result<void> ask(const PathEnd& end, int64_t milliseconds_max, Told told) const override {
    const Json body = {{"prompt", prompt_}, {"answer", end.text}, {"whole", !end.step}};
    using Handler = Json::error_handler_t;
    return courier_->carry({.url = url_,
                            .body = body.dump(-1, ' ', false, Handler::replace),
                            .milliseconds_max = milliseconds_max},
                           [told = std::move(told)](const Result<std::string>& came) {
                             if (!came) return told(std::unexpected(came.error()));
                             told(read_judgement(*came));
                           });
  }

 private:
  std::string url_, prompt_;
  std::shared_ptr<Courier> courier_;
};

}  // namespace

Result<VerifierPointer> http_verifier(const VerifierOptions& options) {
  if (options.courier == nullptr)
    return fail(ErrorKind::invalid,
                "this server asks no verifier elsewhere; its operator allows it with "
                "--verifier-url-prefix");
  TRY(options.courier->allows(options.url));
  return std::make_shared<Http>(options);
}

}  // namespace mill::llm
