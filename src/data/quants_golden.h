#pragma once
// Reads tests/golden/quants.txt (tools/make_quant_golden.py); for tests.

#include <cstddef>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "data/dtype.h"

namespace mill::golden {

struct QuantCase {
  std::string action;  // dequantize or quantize
  DType dtype = DType::F32;
  std::vector<std::byte> input, output;
};

inline std::vector<std::byte> from_hex(const std::string& text) {
  std::vector<std::byte> out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::byte>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return out;
}

inline std::vector<float> as_floats(const std::vector<std::byte>& bytes) {
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

inline std::vector<QuantCase> quant_cases(const std::string& path) {
  std::vector<QuantCase> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string action, type, input, output;
    words >> action >> type >> input >> output;
    out.push_back({action, *dtype_named(type), from_hex(input), from_hex(output)});
  }
  return out;
}

}  // namespace mill::golden
