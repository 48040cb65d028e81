#include "data/tokenizer/split_table.h"

#include <array>

#include "data/tokenizer/pre_tokenizer.h"

// The patterns are those of the families' own tokenizer.json files on the Hugging Face hub (Split
// and ByteLevel steps); the names are those that GGUF converters write (ggml's convert script).

namespace mill::tok {
namespace {

using Pattern = std::string_view;

constexpr std::array<Pattern, 1> kGpt2 = {kGpt2Pattern};

constexpr std::array<Pattern, 2> kDigitsThenGpt2 = {R"(\p{N})", kGpt2Pattern};

constexpr std::array<Pattern, 1> kLlama3 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr std::array<Pattern, 1> kQwen2 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

// Marks belong to the letters before them.
constexpr std::array<Pattern, 1> kQwen35 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)"
    R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

// Words break where a capital follows a small letter.
constexpr std::array<Pattern, 1> kTekken = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr std::array<Pattern, 1> kGpt4o = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr std::array<Pattern, 3> kDeepseek3 = {
    R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr std::array<Pattern, 6> kDeepseekLlm = {
    R"([\r\n])",
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ)"
    R"(ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\x{1F7D}ᾀ-ᾴᾶ-ᾼ\x{1FBE}ῂ-ῄῆ-ῌῐ-\x{1FD3}ῖ-\x{1FDB}ῠ-Ῥῲ-ῴῶ-ῼ)"
    R"(ℂℇℊ-ℓℕℙ-ℝℤ\x{2126}ℨ\x{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳ)"
    R"(Ꙁ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)",
    R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)",
    R"(\s+$)",
    R"([一-龥ࠀ-一가-퟿]+)",
    R"(\p{N}+)"};

constexpr std::array<Pattern, 5> kDeepseekCoder = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)",
                                                   R"([一-龥ࠀ-一가-퟿]+)", R"(\p{N})"};

constexpr std::array<Pattern, 3> kFalcon = {R"([\p{P}$+<=>^`|~]+)", kGpt2Pattern, R"([0-9]{3})"};

constexpr std::array kTable = {
    SplitRow{.names =
                 " gpt-2 gpt2 phi-2 mpt olmo jais roberta-bpe jina-es jina-de gigachat trillion"
                 " granite-docling dbrx-gpt2 modern-bert ",
             .patterns = kGpt2},
    SplitRow{.names = " smollm starcoder refact command-r codeshell exaone minerva-7b ",
             .patterns = kDigitsThenGpt2},
    SplitRow{.names = " llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 ",
             .patterns = kLlama3,
             .ignore_merges = true,
             .add_bos = true},
    SplitRow{.names = " smaug-bpe dbrx chatglm-bpe glm4 ", .patterns = kLlama3},
    SplitRow{.names = " qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez solar-open ",
             .patterns = kQwen2,
             .nfc = true},
    SplitRow{.names = " qwen35 ", .patterns = kQwen35},
    SplitRow{.names = " tekken ", .patterns = kTekken, .ignore_merges = true, .add_bos = true},
    SplitRow{.names = " gpt-4o llama4 ", .patterns = kGpt4o},
    SplitRow{.names = " deepseek-v3 hunyuan-dense joyai-llm ", .patterns = kDeepseek3},
    SplitRow{.names = " deepseek-llm ", .patterns = kDeepseekLlm},
    SplitRow{.names = " deepseek-coder ", .patterns = kDeepseekCoder},
    SplitRow{.names = " falcon ", .patterns = kFalcon},
};

}  // namespace

std::span<const SplitRow> split_table() { return kTable; }

const SplitRow* split_row(std::string_view name) {
  for (const SplitRow& row : kTable) {
    const size_t at = row.names.find(name);
    if (at == std::string_view::npos || name.empty()) continue;
    for (size_t found = at; found != std::string_view::npos;
         found = row.names.find(name, found + 1))
      if (row.names[found - 1] == ' ' && row.names[found + name.size()] == ' ') return &row;
  }
  return nullptr;
}

}  // namespace mill::tok
