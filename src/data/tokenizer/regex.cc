#include "data/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <string>

#include "base/assert.h"

namespace mill::tok {
namespace {

// Backtracking steps from one start. The published patterns need at most a few per character of one
// word; a pattern such as (a+)+b on a page of 'a' would need 2^n.
constexpr uint32_t kMatchLimit = 2'000'000;
constexpr size_t kPatternBytesMax = 1 << 16;

// Unicode White_Space, which is what Oniguruma's \s means.
constexpr std::string_view kSpaceSet =
    R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kHexSet = "0-9A-Fa-f";

// Rewrites Oniguruma's words into PCRE2's. State: whether we stand inside [...].
class Translator {
 public:
  explicit Translator(std::string_view source) : rest_(source) {}

  Result<std::string> run() {
    while (!rest_.empty()) {
      if (rest_.front() == '\\') {
        TRY(escape());
      } else if (in_class_) {
        TRY(class_character());
      } else {
        if (rest_.front() == '[')
          open_class();
        else
          take(1);
      }
    }
    return std::move(out_);
  }

 private:
  void take(size_t count) {
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(count);
  }

  void replace(std::string_view set, bool negated) {
    rest_.remove_prefix(2);
    if (in_class_) {
      out_ += set;
    } else {
      out_ += negated ? "[^" : "[";
      out_ += set;
      out_ += ']';
    }
  }

  Result<void> escape() {
    if (rest_.size() < 2) return fail(ErrorKind::invalid, "the pattern ends in a backslash");
    const char letter = rest_[1];
    if (letter == 's') {
      replace(kSpaceSet, false);
    } else if (letter == 'S' && !in_class_) {
      replace(kSpaceSet, true);
    } else if (letter == 'h') {
      replace(kHexSet, false);
    } else {
      take(2);
    }
    return {};
  }

  void open_class() {
    in_class_ = true;
    take(rest_.starts_with("[^") ? 2 : 1);
    if (rest_.starts_with(']')) take(1);  // a leading ] is a member
  }

  Result<void> class_character() {
    if (rest_.starts_with("&&"))
      return fail(ErrorKind::unsupported, "class intersections (&&) are not supported");
    if (rest_.starts_with("[:")) {
      take(2);
      return {};
    }
    if (rest_.front() == '[')
      return fail(ErrorKind::unsupported, "classes within classes are not supported");
    // The ] of a [:name:] follows its colon and does not end the class.
    if (rest_.front() == ']' && !(out_.ends_with(':') && out_.rfind("[:") > out_.rfind(']')))
      in_class_ = false;
    take(1);
    return {};
  }

  std::string_view rest_;
  std::string out_;
  bool in_class_ = false;
};

std::string pcre_message(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct Regex::Program {
  pcre2_code* code = nullptr;
  bool jit = false;

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcre2_code_free(code); }
};

struct Regex::Matcher::Scratch {
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;

  explicit Scratch(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)),
        context(pcre2_match_context_create(nullptr)) {
    ASSERT(data != nullptr && context != nullptr);
    pcre2_set_match_limit(context, kMatchLimit);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
};

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax)
    return fail(ErrorKind::unsupported, "a pattern of {} bytes (at most {} are taken)",
                pattern.size(), kPatternBytesMax);
  TRY_ASSIGN(const std::string translated, Translator(pattern).run());
  int code = 0;
  size_t offset = 0;
  auto program = std::make_shared<Program>();
  program->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &code, &offset, nullptr);
  if (program->code == nullptr)
    return fail(ErrorKind::invalid, "the pattern '{}' is refused: {} (at byte {})", translated,
                pcre_message(code), offset);
  program->jit = pcre2_jit_compile(program->code, PCRE2_JIT_COMPLETE) == 0;
  Regex regex;
  regex.program_ = std::move(program);
  return regex;
}

Result<Regex> Regex::literal(std::string_view text) {
  std::string pattern;
  for (const char letter : text) {
    const bool word = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                      (letter >= 'A' && letter <= 'Z') || static_cast<unsigned char>(letter) >= 128;
    if (!word) pattern += '\\';
    pattern += letter;
  }
  return compile(pattern);
}

Regex::Matcher::Matcher(const Regex& regex)
    : program_(regex.program_), scratch_(std::make_unique<Scratch>(regex.program_->code)) {}
Regex::Matcher::~Matcher() = default;
Regex::Matcher::Matcher(Matcher&&) noexcept = default;

std::optional<Span> Regex::Matcher::find(std::string_view text, size_t from) {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const pcre2_code* code = program_->code;
  int found = PCRE2_ERROR_JIT_STACKLIMIT;
  if (program_->jit)
    found = pcre2_jit_match(code, subject, text.size(), from, 0, scratch_->data, scratch_->context);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT)
    found = pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                        scratch_->data, scratch_->context);
  if (found < 0) return std::nullopt;
  const size_t* bounds = pcre2_get_ovector_pointer(scratch_->data);
  if (bounds[1] < bounds[0]) return std::nullopt;  // \K inside a lookahead
  return Span{bounds[0], bounds[1]};
}

}  // namespace mill::tok
