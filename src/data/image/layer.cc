#include "data/image/layer.h"

#include <algorithm>
#include <fstream>

#include "data/archive/tar.h"

namespace mill::image {
namespace {

namespace fs = std::filesystem;
using archive::TarKind;

constexpr size_t kChunk = size_t{1} << 20;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

void Layer::add_parents(const std::string& path) {
  for (size_t slash = path.find('/'); slash < path.size() - 1; slash = path.find('/', slash + 1))
    entries_.try_emplace(path.substr(0, slash + 1), Entry{.access = {0755, 0}});
}

Result<void> Layer::add_file(const std::string& path, const fs::path& source, Access access) {
  std::error_code error;
  const uint64_t bytes = fs::file_size(source, error);
  if (error) return fail(ErrorKind::io, "{}: {}", source.string(), error.message());
  add_parents(path);
  entries_[path] = Entry{.access = access, .bytes = bytes, .source = source};
  return {};
}

void Layer::add_text(const std::string& path, std::string text) {
  add_parents(path);
  const uint64_t bytes = text.size();
  entries_[path] = Entry{.access = {}, .bytes = bytes, .text = std::move(text)};
}

void Layer::add_folder(const std::string& path, Access access) {
  add_parents(path);
  entries_[path + "/"] = Entry{.access = access};
}

Result<void> Layer::write_source(const Entry& entry, const Sink& sink) const {
  std::ifstream file(entry.source, std::ios::binary);
  std::string chunk;
  for (uint64_t left = entry.bytes; left > 0; left -= chunk.size()) {
    chunk.resize(std::min<uint64_t>(left, kChunk));
    if (!file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())))
      return fail(ErrorKind::io, "{}: it cannot be read, or became shorter by {} bytes",
                  entry.source.string(), left);
    TRY(sink(bytes_of(chunk)));
  }
  return {};
}

Result<void> Layer::write(const Sink& sink) const {
  for (const auto& [path, entry] : entries_) {
    TRY_ASSIGN(
        const std::string header,
        archive::tar_header({.path = path,
                             .bytes = entry.bytes,
                             .mode = entry.access.mode,
                             .owner = entry.access.owner,
                             .kind = path.ends_with('/') ? TarKind::folder : TarKind::file}));
    TRY(sink(bytes_of(header)));
    TRY(sink(bytes_of(entry.text)));
    if (!entry.source.empty()) TRY(write_source(entry, sink));
    TRY(sink(bytes_of(archive::tar_padding(entry.bytes))));
  }
  return sink(bytes_of(archive::tar_end()));
}

uint64_t Layer::bytes() const {
  uint64_t sum = 0;
  for (const auto& row : entries_) sum += row.second.bytes;
  return sum;
}

}  // namespace mill::image
