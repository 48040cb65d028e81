#pragma once
// BLAKE2b with a digest of 32 bytes (RFC 7693): the checksum in minisign's secret keys. OpenSSL 3.0
// has the one of 64 bytes alone, and the length is part of what is hashed.

#include <array>
#include <cstdint>
#include <span>

namespace mill::package {

std::array<uint8_t, 32> blake2b_256(std::span<const uint8_t>);

}  // namespace mill::package
