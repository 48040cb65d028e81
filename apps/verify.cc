#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/open_engine.h"
#include "apps/open_package.h"
#include "data/fetch/digest.h"
#include "service/receipts/chain.h"
#include "service/receipts/rerun.h"

namespace mill::apps {
namespace {

using receipts::Check;
using receipts::Verdict;

struct VerifyOptions {
  std::string receipt, chain, body, head;
  std::vector<std::string> keys;
  ModelOptions model;
  bool text = false;
};

// The report, a line for each check; it counts those that failed.
class Report {
 public:
  void tell(const Check& check) {
    const char* verdict = check.verdict == Verdict::ok     ? "ok    "
                          : check.verdict == Verdict::note ? "note  "
                                                           : "FAILED";
    fmt::print("{:<10}  {}  {}\n", check.of, verdict, check.says);
    failed_ += check.verdict == Verdict::wrong;
  }
  void tell(const char* of, const Result<void>& result, std::string good) {
    if (result) return tell({of, Verdict::ok, std::move(good)});
    tell({of, Verdict::wrong, result.error().message});
  }
  int failed() const { return failed_; }

 private:
  int failed_ = 0;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "{}: there is no such file", path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

Result<std::vector<package::PublicKey>> trusted_keys(const std::vector<std::string>& names) {
  std::vector<package::PublicKey> keys;
  for (const std::string& name : names) {
    TRY_ASSIGN(keys.emplace_back(), trusted_key(name));
  }
  return keys;
}

// The best table of kernels here that sums as the receipt's does: so an answer of one processor is
// checked on another. Whoever has set TOKENMILL_ISA has chosen.
void choose_order(const std::string& order) {
  const kernels::Ops* best = nullptr;
  for (const kernels::Ops* ops : kernels::available_ops()) {
    if (kernels::specification(*ops).name == order) best = ops;
  }
  if (best != nullptr) ::setenv("TOKENMILL_ISA", std::string(best->name).c_str(), 0);
}

Result<void> run_again(const VerifyOptions& options, const receipts::Receipt& receipt,
                       Report& report) {
  choose_order(receipt.provenance.order);
  ModelOptions wanted = options.model;
  wanted.context = receipt.context;
  wanted.kv_type = receipt.provenance.kv_type;
  wanted.digest = true;
  TRY_ASSIGN(const auto model, open_engine(wanted));
  for (const Check& check : receipts::check_model(receipt, model->info())) report.tell(check);
  auto made = receipts::rerun(receipt, *model);
  if (!made) {
    report.tell({"answer", Verdict::wrong, made.error().message});
    return {};
  }
  for (const Check& check : made->checks) report.tell(check);
  for (const std::string& text : made->texts) {
    if (options.text) fmt::print("{}\n", text);
  }
  return {};
}

Result<void> check_receipt(const VerifyOptions& options, const receipts::Sealed& sealed,
                           std::span<const package::PublicKey> keys, Report& report) {
  const receipts::Receipt& receipt = sealed.receipt;
  report.tell("signature", receipts::check_signature(sealed, keys), "by " + receipt.key);
  if (!options.body.empty()) {
    TRY_ASSIGN(const std::string body, fetch::sha256_of(options.body));
    report.tell({"body", body == receipt.body_sha256 ? Verdict::ok : Verdict::wrong, body});
  }
  if (!options.model.model.empty()) return run_again(options, receipt, report);
  report.tell({"answer", Verdict::note, "not made again: --model names the model that made it"});
  return {};
}

Result<void> check_log(const VerifyOptions& options, const std::string& wanted,
                       std::span<const package::PublicKey> keys, Report& report) {
  TRY_ASSIGN(const receipts::ChainReport chain,
             receipts::check_chain(options.chain, keys, {.line = wanted, .sha256 = options.head}));
  for (const std::string& problem : chain.problems) report.tell({"chain", Verdict::wrong, problem});
  if (chain.wrong > chain.problems.size())
    report.tell({"chain", Verdict::note, fmt::format("{} lines are wrong in all", chain.wrong)});
  if (chain.torn_bytes > 0)
    report.tell({"chain", Verdict::note,
                 fmt::format("the last line was never finished ({} bytes); the server cuts it off "
                             "when it opens the log",
                             chain.torn_bytes)});
  if (!wanted.empty())
    report.tell({"receipt", chain.has_line ? Verdict::ok : Verdict::wrong,
                 chain.has_line ? "is in the log" : "is not in the log"});
  if (!options.head.empty())
    report.tell({"head", chain.has_sha256 ? Verdict::ok : Verdict::wrong,
                 chain.has_sha256 ? "is in the log" : "no line of the log has this SHA-256"});
  if (chain.wrong == 0)
    report.tell({"chain", Verdict::ok,
                 fmt::format("{} receipts, the last one's SHA-256 is {}", chain.lines,
                             chain.next.previous)});
  return {};
}

// 1, as `cmp` and `grep` have it: the checks were made, and the answer is no.
Result<void> verify(const VerifyOptions& options) {
  if (options.receipt.empty() && options.chain.empty())
    return fail(ErrorKind::invalid, "name a receipt, or a log with --chain FILE");
  TRY_ASSIGN(const auto keys, trusted_keys(options.keys));
  Report report;
  std::string line;
  if (!options.receipt.empty()) {
    TRY_ASSIGN(const std::string text, read_file(options.receipt));
    const auto sealed = receipts::read_receipt(text);
    if (!sealed) return within(options.receipt, sealed.error());
    line = sealed->line;
    TRY(check_receipt(options, *sealed, keys, report));
  }
  if (!options.chain.empty()) TRY(check_log(options, line, keys, report));
  fmt::print("{}\n", report.failed() == 0 ? "verified" : "NOT verified");
  std::fflush(stdout);
  if (report.failed() > 0) std::exit(1);
  return {};
}

}  // namespace

Run add_verify(CLI::App& command) {
  auto options = std::make_shared<VerifyOptions>();
  command.add_option("receipt", options->receipt, "The receipt, as the server gave it");
  command
      .add_option("--public-key", options->keys,
                  "Key that must have signed it, or its file; may be repeated")
      ->required();
  command.add_option("--model", options->model.model,
                     "The model that answered: its answer is made again [the signature alone]");
  command.add_option("--chain", options->chain,
                     "A log of receipts: checks all of it, and that it has the receipt");
  command.add_option("--head", options->head,
                     "SHA-256 that an earlier check has printed: the log must still have the line");
  command.add_option("--body", options->body, "The request's body, as it was sent");
  command.add_flag("--text", options->text, "Print the text of each choice, as it is made here");
  command.add_option("--threads", options->model.threads, "Threads [one for each processor]");
  command.add_option("--trust", options->model.trust,
                     "Of a package: the public key that must have signed it, or its file");
  command.add_option("--profile", options->model.profile, "Of a package: this one [the best fit]");
  return [options] { return verify(*options); };
}

}  // namespace mill::apps
