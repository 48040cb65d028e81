#include "apps/open_engine.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "apps/chat_template_source.h"
#include "apps/model_digest.h"
#include "apps/model_store.h"
#include "apps/open_package.h"
#include "data/fetch/digest.h"
#include "data/model_file.h"
#include "kernels/ops.h"
#include "llm/open_runner.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

struct KvTypeName {
  const char* name;
  kernels::KvType type;
};
constexpr std::array kKvTypes = {
    KvTypeName{"f16", kernels::KvType::f16},
    KvTypeName{"bf16", kernels::KvType::bf16},
    KvTypeName{"q8", kernels::KvType::q8},
    KvTypeName{"f32", kernels::KvType::f32},
};

Result<KvTypeName> kv_type_named(const std::string& name) {
  for (const KvTypeName& row : kKvTypes) {
    if (std::string_view(row.name) == (name.empty() ? "f16" : name)) return row;
  }
  return fail(ErrorKind::invalid, "--kv-type {}: there are f16, bf16, q8 and f32", name);
}

Result<llm::Speculation> speculation_named(const std::string& name) {
  if (name == "off") return llm::Speculation::off;
  if (name == "lookup") return llm::Speculation::lookup;
  return fail(ErrorKind::invalid, "--speculate {}: there are off and lookup", name);
}

// What the options say of the cache of keys and values.
struct KvRoom {
  KvTypeName type;
  std::string memory;  // as it was written; "" = not said
  uint64_t bytes = 0;
};

Result<KvRoom> kv_room(const ModelOptions& options) {
  KvRoom room{.type = {}, .memory = options.kv_memory};
  TRY_ASSIGN(room.type, kv_type_named(options.kv_type));
  if (room.memory.empty()) return room;
  auto bytes = parse_bytes(room.memory);
  if (!bytes) return within("--kv-memory", std::move(bytes).error());
  room.bytes = *bytes;
  return room;
}

// How many positions fit: each has a key and a value of every KV head in every layer.
Result<uint32_t> kv_tokens_in(const KvRoom& room, const llm::ModelConfig& config) {
  if (room.memory.empty()) return 0;
  const kernels::KvLayout layout{.type = room.type.type, .head_dim = config.head_dim};
  const double each = static_cast<double>(layout.key_bytes() + layout.value_bytes()) *
                      config.layers * config.kv_heads / llm::kBlockTokens;
  const double tokens = static_cast<double>(room.bytes) / each;
  if (tokens < 1024)
    return fail(ErrorKind::invalid,
                "--kv-memory {} holds {:.0f} tokens of this model ({:.0f} bytes each); at least "
                "1024 are needed",
                room.memory, tokens, each);
  return static_cast<uint32_t>(std::min(tokens, 1e9));
}

Result<std::unique_ptr<llm::Runner>> open_runner_for(const std::shared_ptr<const ModelFile>& file,
                                                     const KvRoom& room,
                                                     const ModelOptions& options) {
  TRY_ASSIGN(llm::ModelDescription described, llm::describe_model(file));
  llm::RunnerOptions how;
  how.threads = options.threads;
  how.context_tokens = options.context;
  how.kv_type = room.type.type;
  TRY_ASSIGN(how.kv_tokens, kv_tokens_in(room, described.config));
  auto description = std::make_shared<const llm::ModelDescription>(std::move(described));
  auto runner = llm::open_runner(std::move(description), how);
  if (!runner) return within(file->path.string(), std::move(runner).error());
  return runner;
}

// The same again, once it was let go of. The files stay mapped meanwhile, so that the weights are
// the very same, whatever has come to lie under their names; clients see what it says.
llm::RunnerFactory again_from(std::shared_ptr<const ModelFile> file, KvRoom room,
                              ModelOptions options) {
  return [file = std::move(file), room = std::move(room),
          options = std::move(options)]() -> Result<std::unique_ptr<llm::Runner>> {
    if (file->rewritten())
      return fail(ErrorKind::invalid,
                  "its file has been written to since it was opened; restart the server");
    auto runner = open_runner_for(file, room, options);
    const std::string place = file->path.string() + ": ";
    if (!runner && runner.error().message.starts_with(place))
      runner.error().message.erase(0, place.size());
    return runner;
  };
}

// A template that does not compile is no reason not to serve the model: the error is the answer to
// whoever wants a conversation.
Result<ChatTemplate> compiled_template(const Result<std::string>& source) {
  TRY(source);
  auto compiled = ChatTemplate::compile(*source);
  if (!compiled) return within("the model's chat template", compiled.error());
  return compiled;
}

Result<service::Provenance> provenance_of(const Tokenizer& tokenizer, const KvRoom& room,
                                          const Result<std::string>& chat_template) {
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  service::Provenance out{.vocabulary = vocabulary_digest(tokenizer),
                          .isa = std::string(ops->name),
                          .order = std::string(kernels::specification(*ops).name),
                          .kv_type = room.type.name};
  if (chat_template) out.chat_template = fetch::sha256_of_text(*chat_template);
  TRY_ASSIGN(out.program, fetch::sha256_of("/proc/self/exe"));
  return out;
}

int64_t modified_at(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto system = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(system).count();
}

std::string id_for(const fs::path& path) {
  return path.extension() == ".gguf" ? path.stem().string() : path.filename().string();
}

}  // namespace

Result<kernels::KvType> kv_type_of(const std::string& name) {
  TRY_ASSIGN(const KvTypeName row, kv_type_named(name));
  return row.type;
}

void add_model_options(CLI::App& command, ModelOptions& options) {
  auto* positional = command.add_option(
      "name", options.model, "A short name, what `tokenmill models` lists, or a path [default]");
  command.add_option("--model", options.model, "The same")->excludes(positional);
  command.add_option("--threads", options.threads, "Threads [one for each processor]");
  command.add_option("--context", options.context,
                     "Longest prompt and answer together, tokens [as trained, at most 8192]");
  command.add_option("--kv-memory", options.kv_memory,
                     "Room for keys and values, e.g. 512MB [four contexts, as memory allows]");
  command.add_option("--kv-type", options.kv_type, "How they are kept: f16, bf16, q8, f32 [f16]");
  command.add_option("--trust", options.trust,
                     "Of a package: the public key that must have signed it, or its file");
  command.add_option("--profile", options.profile, "Of a package: this one [the best fit]");
  command.add_option("--parallel", options.parallel, "Most requests answered at once [64]");
  command.add_option("--speculate", options.speculate,
                     "Guess tokens ahead, which changes no answer: lookup (what followed the same "
                     "words before), off [off]");
}

Result<std::unique_ptr<service::EngineModel>> open_engine(const ModelOptions& given) {
  TRY_ASSIGN(const ModelOptions options, with_package(given));
  TRY_ASSIGN(const KvRoom room, kv_room(options));
  TRY_ASSIGN(const fs::path path, resolve_model(options.model));
  TRY_ASSIGN(ModelFile opened, open_model_file(path));
  const auto file = std::make_shared<const ModelFile>(std::move(opened));
  TRY_ASSIGN(const llm::Speculation speculation, speculation_named(options.speculate));
  const llm::EngineOptions engine{.running_max = options.parallel,
                                  .speculation = speculation,
                                  .sleep_after_ns = options.sleep_after_ns};
  TRY(engine.validate());
  TRY_ASSIGN(Tokenizer tokenizer, Tokenizer::open(*file));
  TRY_ASSIGN(auto runner, open_runner_for(file, room, options));
  const Result<std::string> chat_template = chat_template_source(*file);
  std::string digest;
  service::Provenance provenance;
  if (options.digest) {
    TRY_ASSIGN(digest, model_digest(path));
    TRY_ASSIGN(provenance, provenance_of(tokenizer, room, chat_template));
  }
  return std::make_unique<service::EngineModel>(service::EngineModelParts{
      .id = options.model_id.empty() ? id_for(path) : options.model_id,
      .created = modified_at(path),
      .digest = std::move(digest),
      .provenance = std::move(provenance),
      .origin = {.package = options.package,
                 .profile = options.package.empty() ? "" : options.profile,
                 .kv_type = room.type.name},
      .engine = std::make_unique<llm::Engine>(std::move(runner), std::move(tokenizer), engine,
                                              options.joules, again_from(file, room, options)),
      .dialect = dialect::dialect_of(chat_template.value_or("")),
      .chat_template = compiled_template(chat_template)});
}

Result<uint64_t> parse_bytes(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, double>, 10> kUnits = {{{"", 1},
                                                                           {"B", 1},
                                                                           {"K", 1e3},
                                                                           {"KB", 1e3},
                                                                           {"M", 1e6},
                                                                           {"MB", 1e6},
                                                                           {"MiB", 0x1p20},
                                                                           {"G", 1e9},
                                                                           {"GB", 1e9},
                                                                           {"GiB", 0x1p30}}};
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  for (const auto& [name, factor] : kUnits) {
    if (error == std::errc() && unit == name && number >= 0 && number * factor < 1e18)
      return static_cast<uint64_t>(number * factor);
  }
  return fail(ErrorKind::invalid, "'{}' is no amount of memory; write it like 512MB or 2GiB", text);
}

}  // namespace mill::apps
