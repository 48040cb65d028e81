#include "service/receipts/chain.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "data/fetch/digest.h"

namespace mill::receipts {
namespace {

constexpr size_t kProblemsTold = 10;

// One line, against what it has to follow.
Result<void> check_line(std::string_view line, const Link& link, uint64_t* number,
                        std::span<const package::PublicKey> keys) {
  TRY_ASSIGN(const Sealed sealed, read_receipt(line));
  *number = sealed.receipt.number;
  if (sealed.line != line)
    return fail(ErrorKind::invalid, "it is not written as a receipt's line is");
  TRY(check_signature(sealed, keys));
  if (*number != link.number)
    return fail(ErrorKind::invalid, "it has the number {}, and {} comes here: {}", *number,
                link.number, *number > link.number ? "lines are missing" : "lines were moved");
  if (sealed.receipt.previous == link.previous) return {};
  return fail(ErrorKind::invalid, "it does not follow the line before it, which was changed");
}

}  // namespace

Link link_after(uint64_t number, std::string_view line) {
  return {.number = number + 1, .previous = fetch::sha256_of_text(line)};
}

Result<uint64_t> each_line(const std::filesystem::path& path, const EachLine& each) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::io, "{}: {}", path.string(), std::strerror(errno));
  uint64_t offset = 0;
  std::string line;
  while (std::getline(file, line)) {
    if (file.eof()) return line.size();
    TRY(each(line, offset));
    offset += line.size() + 1;
  }
  if (file.bad()) return fail(ErrorKind::io, "{}: reading failed half way", path.string());
  return 0;
}

// A line that is wrong is gone on behind, by what it says of itself, so that each is told once.
Result<ChainReport> check_chain(const std::filesystem::path& path,
                                std::span<const package::PublicKey> keys, const Sought& sought) {
  ChainReport report;
  const auto each = [&](std::string_view line, uint64_t) -> Result<void> {
    uint64_t number = report.next.number;
    const auto good = check_line(line, report.next, &number, keys);
    ++report.lines;
    report.next = link_after(number, line);
    report.has_line |= line == sought.line;
    report.has_sha256 |= report.next.previous == sought.sha256;
    if (good) return {};
    if (++report.wrong <= kProblemsTold)
      report.problems.push_back(fmt::format("line {}: {}", report.lines, good.error().message));
    return {};
  };
  TRY_ASSIGN(report.torn_bytes, each_line(path, each));
  return report;
}

}  // namespace mill::receipts
