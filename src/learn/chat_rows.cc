#include "learn/chat_rows.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

namespace mill::learn {
namespace {

using Json = nlohmann::ordered_json;

Result<void> check_messages(const Json& line) {
  if (!line.is_object() || !line.contains("messages") || !line["messages"].is_array() ||
      line["messages"].empty())
    return fail(ErrorKind::invalid, R"(no "messages": [{{"role": …, "content": …}}, …])");
  bool taught = false;
  for (const Json& message : line["messages"]) {
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
      return fail(ErrorKind::invalid, "a message without a role");
    if (!message.contains("content") && !message.contains("tool_calls"))
      return fail(ErrorKind::invalid, "a message with neither content nor tool_calls");
    taught |= message["role"] == "assistant";
  }
  if (!taught) return fail(ErrorKind::invalid, "no assistant's message, so nothing to be taught");
  return {};
}

bool is_taught(const Json& message) {
  return message["role"] == "assistant" && message.value("weight", 1.0) != 0.0;
}

// Renders growing parts of one conversation.
class Renderer {
 public:
  Renderer(const Json& line, const ChatFormat& format) : line_(line), format_(format) {}

  Result<std::string> first(size_t messages, bool generation_prompt) const {
    Json context = {{"messages", Json::array()}, {"add_generation_prompt", generation_prompt}};
    for (size_t i = 0; i < messages; ++i) context["messages"].push_back(line_["messages"][i]);
    if (line_.contains("tools")) context["tools"] = line_["tools"];
    const Tokenizer& t = format_.tokenizer;
    if (t.bos() >= 0) context["bos_token"] = t.piece(t.bos(), false);
    if (t.eos() >= 0) context["eos_token"] = t.piece(t.eos(), false);
    return format_.chat_template.render(context);
  }

 private:
  const Json& line_;
  const ChatFormat& format_;
};

// Adds `text`, which goes on from what is there.
void append(Document& out, std::string_view text, bool taught, const Tokenizer& tokenizer) {
  const EncodeOptions plain{.add_special = false};
  for (const TokenId token : tokenizer.encode(text, plain)) {
    if (!out.tokens.empty()) out.labels.push_back(taught ? token : -1);
    out.tokens.push_back(token);
  }
}

}  // namespace

Result<Document> teach_conversation(const Json& line, const ChatFormat& format) {
  TRY(check_messages(line));
  const Renderer renderer(line, format);
  const Json& messages = line["messages"];
  Document out;
  std::string before;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!is_taught(messages[i])) continue;
    TRY_ASSIGN(const std::string prompt, renderer.first(i, true));
    TRY_ASSIGN(const std::string said, renderer.first(i + 1, false));
    if (!prompt.starts_with(before) || !said.starts_with(prompt))
      return fail(ErrorKind::unsupported,
                  "the model's chat template renders earlier messages otherwise when later ones "
                  "follow; give each assistant's message a line of its own, as the last one");
    append(out, std::string_view(prompt).substr(before.size()), false, format.tokenizer);
    append(out, std::string_view(said).substr(prompt.size()), true, format.tokenizer);
    before = said;
  }
  if (before.empty()) return fail(ErrorKind::invalid, "all its assistant's messages have weight 0");
  out.labels.push_back(-1);
  return out;
}

Result<ChatFile> read_chat_file(const std::filesystem::path& path, const ChatFormat& format,
                                size_t tokens_max) {
  constexpr size_t kReasons = 5, kNumbers = 50;
  std::ifstream file(path);
  if (!file) return fail(ErrorKind::not_found, "cannot read {}", path.string());
  ChatFile out;
  std::vector<size_t> broken;
  std::string text, reasons;
  for (size_t number = 1; std::getline(file, text); ++number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json line = Json::parse(text, nullptr, false);
    Result<Document> document = line.is_discarded() ? fail(ErrorKind::invalid, "no JSON")
                                                    : teach_conversation(line, format);
    if (!document) {
      if (broken.size() < kReasons)
        reasons += fmt::format("\n  line {}: {}", number, document.error().message);
      broken.push_back(number);
      continue;
    }
    out.cut += document->tokens.size() > tokens_max ? 1 : 0;
    document->tokens.resize(std::min(document->tokens.size(), tokens_max));
    document->labels.resize(document->tokens.size());
    out.tokens += document->tokens.size();
    out.labels += static_cast<size_t>(
        std::ranges::count_if(document->labels, [](TokenId label) { return label >= 0; }));
    out.documents.push_back(std::move(*document));
  }
  if (!broken.empty()) {
    const std::span<const size_t> some(broken.data(), std::min(broken.size(), kNumbers));
    return fail(ErrorKind::invalid,
                "{}: {} of its lines cannot be used ({}{}):{}\nRepair or remove "
                "them; nothing has been trained",
                path.string(), broken.size(), fmt::join(some, ", "),
                broken.size() > kNumbers ? ", …" : "", reasons);
  }
  if (out.labels == 0)
    return fail(ErrorKind::invalid, "{}: nothing in it is to be taught", path.string());
  return out;
}

std::vector<std::vector<size_t>> pack(std::span<const Document> documents, size_t tokens,
                                      uint64_t seed) {
  std::vector<size_t> order(documents.size());
  std::iota(order.begin(), order.end(), 0);
  // std::shuffle differs between libraries; this is the same everywhere.
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  std::vector<std::vector<size_t>> out;
  size_t room = 0;
  for (const size_t i : order) {
    const size_t needed = documents[i].tokens.size();
    if (out.empty() || needed > room) {
      out.emplace_back();
      room = tokens;
    }
    out.back().push_back(i);
    room -= std::min(needed, room);
  }
  return out;
}

}  // namespace mill::learn
