#include "data/archive/tar.h"

#include <algorithm>
#include <optional>

#include "base/printable.h"

namespace mill::archive {
namespace {

struct Field {
  size_t at, size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kOwner{108, 8}, kGroup{116, 8}, kSize{124, 12},
    kTime{136, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 8}, kPrefix{345, 155};
constexpr uint64_t kOctalMax = (uint64_t{1} << 33) - 1;  // eleven digits
constexpr uint64_t kBytesMax = uint64_t{1} << 62;
constexpr char kBinary = '\x80';

void put(std::string& block, Field field, std::string_view text) {
  text.copy(block.data() + field.at, field.size);
}

std::string_view get(std::string_view block, Field field) {
  return block.substr(field.at, field.size);
}

std::string_view text_of(std::string_view block, Field field) {
  const std::string_view text = get(block, field);
  return text.substr(0, text.find('\0'));
}

// The checksum's own field counts as spaces.
uint64_t checksum_of(std::string_view block) {
  uint64_t sum = kChecksum.size * ' ';
  for (size_t i = 0; i < kTarBlock; ++i) {
    if (i - kChecksum.at >= kChecksum.size) sum += static_cast<unsigned char>(block[i]);
  }
  return sum;
}

std::string size_text(uint64_t bytes) {
  if (bytes <= kOctalMax) return fmt::format("{:011o}", bytes);
  std::string text(kSize.size, '\0');
  text[0] = kBinary;
  for (size_t i = 0; i < 8; ++i)
    text[text.size() - 1 - i] = static_cast<char>((bytes >> (8 * i)) & 0xFF);
  return text;
}

// nullopt where it is no number, or more than kBytesMax.
std::optional<uint64_t> octal(std::string_view field) {
  uint64_t out = 0;
  size_t i = 0;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i)
    out = out * 8 + static_cast<uint64_t>(field[i] - '0');
  if (i == 0 || (i < field.size() && field[i] != '\0' && field[i] != ' ')) return std::nullopt;
  return out;
}

std::optional<uint64_t> size_of(std::string_view field) {
  if (field[0] != kBinary) return octal(field);
  uint64_t out = 0;
  for (const char c : field.substr(1)) {
    if (out > (kBytesMax >> 8)) return std::nullopt;
    out = out << 8 | static_cast<unsigned char>(c);
  }
  return out <= kBytesMax ? std::optional(out) : std::nullopt;
}

// The first '/' behind which the rest fits into the name; npos where the path has no room.
size_t split_at(const std::string& path) {
  const size_t least = path.size() - kName.size - 1;
  const size_t slash = path.find('/', least);
  return slash < path.size() - 1 && slash <= kPrefix.size ? slash : std::string::npos;
}

TarKind kind_of(char type) {
  switch (type) {
    case '\0':
    case '0':
      return TarKind::file;
    case '2':
      return TarKind::link;
    case '5':
      return TarKind::folder;
    default:
      return TarKind::other;
  }
}

}  // namespace

Result<std::string> tar_header(const TarHeader& header) {
  std::string block(kTarBlock, '\0');
  std::string_view name = header.path;
  if (name.size() > kName.size) {
    const size_t slash = split_at(header.path);
    if (slash == std::string::npos)
      return fail(ErrorKind::unsupported, "{}: the name is too long for a tar",
                  printable(header.path));
    put(block, kPrefix, name.substr(0, slash));
    name.remove_prefix(slash + 1);
  }
  put(block, kName, name);
  put(block, kMode, fmt::format("{:07o}", header.mode));
  put(block, kOwner, fmt::format("{:07o}", header.owner));
  put(block, kGroup, fmt::format("{:07o}", header.owner));
  put(block, kSize, size_text(header.bytes));
  put(block, kTime, "00000000000");
  block[kType.at] = static_cast<char>(header.kind);
  put(block, kMagic, std::string_view("ustar\00000", 8));
  put(block, kChecksum, fmt::format("{:06o}", checksum_of(block)));
  block[kChecksum.at + 7] = ' ';
  return block;
}

Result<TarHeader> read_tar_header(std::string_view block) {
  if (block.size() != kTarBlock || !get(block, kMagic).starts_with("ustar"))
    return fail(ErrorKind::invalid, "this is no tar (POSIX ustar)");
  const auto sum = octal(get(block, kChecksum)), mode = octal(get(block, kMode)),
             owner = octal(get(block, kOwner)), bytes = size_of(get(block, kSize));
  if (!sum || !mode || !owner || !bytes)
    return fail(ErrorKind::invalid, "a number of the tar's header is none");
  if (*sum != checksum_of(block))
    return fail(ErrorKind::invalid, "the checksum of a header of the tar is wrong");
  TarHeader header{.path = std::string(text_of(block, kPrefix)),
                   .bytes = *bytes,
                   .mode = static_cast<uint32_t>(*mode),
                   .owner = static_cast<uint32_t>(*owner),
                   .kind = kind_of(block[kType.at])};
  if (!header.path.empty()) header.path += '/';
  header.path += text_of(block, kName);
  return header;
}

std::string tar_padding(uint64_t bytes) {
  return std::string((kTarBlock - bytes % kTarBlock) % kTarBlock, '\0');
}

std::string tar_end() { return std::string(2 * kTarBlock, '\0'); }

}  // namespace mill::archive
