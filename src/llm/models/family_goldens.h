#pragma once
// For tests: the tiny models of tests/golden/families with the logits that Hugging Face
// transformers computed (tools/make_family_goldens.py), and how far an answer is from them.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

struct FamilyGolden {
  std::string name;             // "qwen3 as GGUF"
  std::filesystem::path model;  // for open_model_file: a GGUF, or a Hugging Face folder
  std::vector<TokenId> tokens;
  std::vector<size_t> positions;  // ascending; those whose logits are kept
  size_t vocab = 0;
  std::vector<float> logits;  // (positions, vocab)

  // Largest |answer − golden| of a position relative to its largest |golden|, over all positions.
  // `answer` holds the logits of all tokens: (tokens, vocab).
  double error_of(std::span<const float> answer) const {
    double worst = 0.0;
    for (size_t p = 0; p < positions.size(); ++p) {
      double difference = 0.0, size = 0.0;
      for (size_t v = 0; v < vocab; ++v) {
        const auto golden = static_cast<double>(logits[p * vocab + v]);
        const auto given = static_cast<double>(answer[positions[p] * vocab + v]);
        if (!std::isfinite(given)) return INFINITY;
        difference = std::max(difference, std::abs(given - golden));
        size = std::max(size, std::abs(golden));
      }
      worst = std::max(worst, difference / size);
    }
    return worst;
  }
};

inline FamilyGolden load_family_golden(const std::filesystem::path& folder) {
  FamilyGolden golden;
  golden.name = folder.filename().string();
  golden.model = folder;
  const auto facts = nlohmann::json::parse(std::ifstream(folder / "golden.json"));
  golden.tokens = facts.at("tokens").get<std::vector<TokenId>>();
  golden.positions = facts.at("positions").get<std::vector<size_t>>();
  golden.vocab = facts.at("vocab").get<size_t>();
  golden.logits.resize(golden.positions.size() * golden.vocab);
  std::ifstream(folder / "logits.bin", std::ios::binary)
      .read(reinterpret_cast<char*>(golden.logits.data()),
            static_cast<std::streamsize>(golden.logits.size() * sizeof(float)));
  return golden;
}

// All of them, by name; a model that is there in both formats comes twice.
inline std::vector<FamilyGolden> family_goldens(const std::filesystem::path& source_dir) {
  std::vector<FamilyGolden> goldens;
  for (const auto& entry :
       std::filesystem::directory_iterator(source_dir / "tests/golden/families")) {
    if (!entry.is_directory()) continue;
    goldens.push_back(load_family_golden(entry.path()));
    if (!std::filesystem::exists(entry.path() / "model.gguf")) continue;
    goldens.push_back(goldens.back());
    goldens.back().model = entry.path() / "model.gguf";
    goldens.back().name += " as GGUF";
  }
  std::ranges::sort(goldens, {}, &FamilyGolden::name);
  return goldens;
}

}  // namespace mill::llm
