#pragma once
// `serve`'s part that certifies answers: the log of receipts, and the key that signs them.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "service/operations/endpoints.h"
#include "service/receipts/log.h"

namespace mill::apps {

struct ReceiptOptions {
  std::string log, key;  // files; "" = none
};

// --receipts, --receipt-key
void add_receipt_options(CLI::App&, ReceiptOptions&);

// Null where no receipts are wanted.
Result<std::shared_ptr<receipts::Log>> open_receipts(const ReceiptOptions&,
                                                     const service::ModelInfo&);

operations::MoreMetrics receipt_metrics(std::weak_ptr<const receipts::Log>);

Result<package::SecretKey> read_secret_key(const std::string& file);

}  // namespace mill::apps
