#pragma once
// The blocks of a tar (POSIX.1-1988, "ustar Interchange Format"): a header of 512 bytes, then the
// file's bytes, padded with zeros to whole blocks; two blocks of zeros end it.
//
//   name[100] mode[8] owner[8] group[8] size[12] time[12] checksum[8] type[1] target[100]
//   "ustar\0" "00" … prefix[155]                   numbers are octal; a path is prefix / name
//
// A size of 8 GiB and more has no room in octal. It is written as GNU tar, bsdtar, Python and Go
// read it: a byte 0x80, then the number, big-endian.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::archive {

inline constexpr size_t kTarBlock = 512;

enum class TarKind : char { file = '0', link = '2', folder = '5', other = '?' };

struct TarHeader {
  std::string path;  // folders end in '/'
  uint64_t bytes = 0;
  uint32_t mode = 0644, owner = 0;  // the group is the owner's
  TarKind kind = TarKind::file;
};

// The time is 0 and the owner has no name, so that the same content is the same bytes. A path that
// has no room is an error.
Result<std::string> tar_header(const TarHeader&);

// Checks magic, checksum and numbers; whether the path is a good one is for the caller to say. Hard
// links, devices and extensions are TarKind::other.
Result<TarHeader> read_tar_header(std::string_view block);

std::string tar_padding(uint64_t bytes);  // the zeros after so many bytes of a file
std::string tar_end();

}  // namespace mill::archive
