#include "apps/receipting.h"

#include "data/package/package.h"

namespace mill::apps {

void add_receipt_options(CLI::App& command, ReceiptOptions& options) {
  command.add_option("--receipts", options.log,
                     "File of receipts: signed and chained, for requests that ask for one [none]");
  command.add_option("--receipt-key", options.key,
                     "Secret key that signs them; `tokenmill receipts key` makes one");
}

Result<package::SecretKey> read_secret_key(const std::string& file) {
  TRY_ASSIGN(const std::string text, package::read_small_file(file));
  auto key = package::parse_secret_key(text);
  if (!key) return within(file, std::move(key).error());
  return key;
}

Result<std::shared_ptr<receipts::Log>> open_receipts(const ReceiptOptions& options,
                                                     const service::ModelInfo& model) {
  if (options.log.empty() != options.key.empty())
    return fail(ErrorKind::invalid, "--receipts FILE and --receipt-key KEY go together");
  if (options.log.empty()) return nullptr;
  TRY_ASSIGN(const package::SecretKey key, read_secret_key(options.key));
  return receipts::Log::open({.path = options.log, .key = key, .models = {{model.id, model}}});
}

operations::MoreMetrics receipt_metrics(std::weak_ptr<const receipts::Log> log) {
  return [log = std::move(log)](operations::Exposition& out) {
    const auto alive = log.lock();
    if (!alive) return;
    const receipts::LogStats stats = alive->stats();
    out.family("tokenmill_receipts_total", "counter", "Receipts written.");
    out.sample({}, static_cast<double>(stats.receipts));
    out.family("tokenmill_receipts_lost_total", "counter", "Receipts that could not be written.");
    out.sample({}, static_cast<double>(stats.lost));
  };
}

}  // namespace mill::apps
