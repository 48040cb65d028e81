#pragma once
// Whether a log of receipts is what was written: each line signed, each following the one before.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "service/receipts/receipt.h"

namespace mill::receipts {

Link link_after(uint64_t number, std::string_view line);

// Tells each whole line, without its newline, and its offset; how many bytes are behind the last.
using EachLine = std::function<Result<void>(std::string_view line, uint64_t offset)>;
Result<uint64_t> each_line(const std::filesystem::path&, const EachLine&);

struct ChainReport {
  uint64_t lines = 0;
  Link next;                                  // what the next line will have to follow
  uint64_t torn_bytes = 0;                    // of a line that was never finished
  uint64_t wrong = 0;                         // lines
  std::vector<std::string> problems;          // of the first of them: "line 17: …"
  bool has_line = false, has_sha256 = false;  // that were looked for
};

// What the log should have: a line, and one of this SHA-256; "" = anything.
struct Sought {
  std::string line = {}, sha256 = {};
};
Result<ChainReport> check_chain(const std::filesystem::path&, std::span<const package::PublicKey>,
                                const Sought& = {});

}  // namespace mill::receipts
