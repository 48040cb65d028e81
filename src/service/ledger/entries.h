#pragma once
// The ledger's rows, one by one, the latest first: for whoever asks what became of a request.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::ledger {

// In the order of (ended, id), both descending.
struct EntryQuery {
  std::string ledger;          // a file, or postgresql://…
  int64_t ended = INT64_MAX;   // seconds since the epoch: those before (ended, before_id)
  std::string before_id = {};  // "" = all of that second come later
  size_t limit = 50;
  std::optional<std::string> tenant = {};  // nothing = all
  std::string outcome = {}, request = {};  // "" = all
};

struct Entry {
  std::string request, tenant, key, endpoint, model, digest;
  int64_t prompt = 0, cached = 0, thinking = 0, answer = 0;  // tokens; answer: without thinking
  int64_t ended = 0, milliseconds = 0;
  std::string outcome;  // "whole", "cancelled", "failed"
  int64_t nanoeuros = 0;
  std::optional<int64_t> millijoules = {};  // nothing = not known
};

Result<std::vector<Entry>> entries(const EntryQuery&);

}  // namespace mill::ledger
