#pragma once
// From a model's name to an engine that runs it: the wiring that serve, chat and complete share.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "kernels/ops.h"
#include "service/generation/engine_model.h"

namespace mill::apps {

struct ModelOptions {
  std::string model;      // what resolve_model takes; "" = default
  std::string model_id;   // what clients call it; "" = the file's name
  uint32_t threads = 0;   // 0 = one for each processor
  uint32_t context = 0;   // longest prompt and answer together; 0 = as trained, at most 8192
  std::string kv_memory;  // "512MB": room for keys and values; "" = four contexts, as memory allows
  std::string kv_type;    // "" = f16
  uint32_t parallel = 64;  // sequences in a batch
  std::string trust;       // public key that must have signed the package; "" = it is none
  std::string profile;     // of the package; "" = the best fit
  std::string package;     // its name, once it has been found to be one (with_package)
  std::string speculate = "off";
  bool digest = false;         // take the SHA-256 of the weights, and the model's Provenance
  int64_t sleep_after_ns = 0;  // see llm::EngineOptions
  llm::Joules joules = [] { return 0.0; };
};

// [MODEL] or --model, --threads, --context, --kv-memory, --kv-type, --parallel, --trust, --profile,
// --speculate
void add_model_options(CLI::App&, ModelOptions&);

Result<std::unique_ptr<service::EngineModel>> open_engine(const ModelOptions&);

Result<kernels::KvType> kv_type_of(const std::string& name);  // "" = f16

// "512MB", "2GiB", "4096": bytes; powers of ten but for the names with an i.
Result<uint64_t> parse_bytes(const std::string& text);

}  // namespace mill::apps
