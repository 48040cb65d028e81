#include "apps/open_package.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "apps/model_store.h"
#include "base/pages.h"
#include "kernels/ops.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;
using package::Fit;
using package::Profile;

std::string line_for(const Profile& profile, const package::Fitted& fitted) {
  const char* name = fitted.fit == Fit::compatible  ? "compatible"
                     : fitted.fit == Fit::with_less ? "compatible with less"
                                                    : "incompatible";
  return fmt::format("  {:<16} {}{}{}\n", profile.name, name, fitted.why.empty() ? "" : ": ",
                     fitted.why);
}

std::string reason(const ProfileChoice& choice, const std::string& wanted) {
  if (!wanted.empty()) return "it was asked for";
  return choice.fits[static_cast<size_t>(choice.chosen)].fit == Fit::compatible
             ? "the first compatible one of the author's order"
             : "none is compatible as it is, and this is the first that runs with less";
}

Result<int> index_of(const package::Manifest& manifest, const ProfileChoice& choice,
                     const std::string& wanted) {
  if (wanted.empty()) return package::choose(choice.fits);
  std::string names;
  for (size_t i = 0; i < manifest.profiles.size(); ++i) {
    const std::string& name = manifest.profiles[i].name;
    names += (i == 0 ? "" : ", ") + name;
    if (name != wanted) continue;
    if (choice.fits[i].fit != Fit::incompatible) return static_cast<int>(i);
    return fail(ErrorKind::unsupported, "the profile {} does not run here: {}", wanted,
                choice.fits[i].why);
  }
  return fail(ErrorKind::not_found, "there is no profile {}; there are {}", wanted, names);
}

void take_over(const package::Package& opened, const ProfileChoice& choice, ModelOptions& options) {
  const auto index = static_cast<size_t>(choice.chosen);
  const Profile& profile = opened.manifest.profiles[index];
  options.package = opened.manifest.name;
  options.profile = profile.name;
  options.model = profile.model == "." ? opened.root : opened.root / profile.model;
  if (options.model_id.empty()) options.model_id = opened.manifest.name;
  if (options.threads == 0) options.threads = choice.fits[index].threads;
  if (options.context == 0) options.context = choice.fits[index].context;
  if (options.kv_type.empty()) options.kv_type = profile.kv_format;
}

}  // namespace

package::Machine this_machine() {
  package::Machine machine{.isas = {},
                           .threads = std::max(1U, std::thread::hardware_concurrency()),
                           .memory_bytes = available_memory()};
  for (const kernels::Ops* ops : kernels::available_ops()) machine.isas.emplace_back(ops->name);
  return machine;
}

Result<package::PublicKey> trusted_key(const std::string& trust) {
  std::error_code error;
  if (!fs::exists(trust, error)) return package::parse_public_key(trust);
  TRY_ASSIGN(const std::string text, package::read_small_file(trust));
  auto key = package::parse_public_key(text);
  if (!key) return within(trust, key.error());
  return key;
}

Result<ProfileChoice> choose_profile(const package::Manifest& manifest,
                                     const package::Machine& machine, const std::string& wanted) {
  ProfileChoice choice;
  for (const Profile& profile : manifest.profiles) {
    choice.fits.push_back(package::fit(profile, machine));
    choice.explained += line_for(profile, choice.fits.back());
  }
  TRY_ASSIGN(choice.chosen, index_of(manifest, choice, wanted));
  if (choice.chosen >= 0) {
    choice.explained +=
        fmt::format("chosen: {} ({})\n", manifest.profiles[static_cast<size_t>(choice.chosen)].name,
                    reason(choice, wanted));
  } else {
    choice.explained += "chosen: none, because nothing of it runs here\n";
  }
  return choice;
}

Result<ModelOptions> with_package(const ModelOptions& given) {
  if (given.trust.empty() && !given.profile.empty())
    return fail(ErrorKind::invalid, "--profile goes with a package and --trust KEY only");
  TRY_ASSIGN(const fs::path path, resolve_model(given.model));
  if (!package::is_package(path)) {
    if (given.trust.empty()) return given;
    return fail(ErrorKind::invalid, "--trust: {} is no package, so nothing vouches for it",
                path.string());
  }
  if (given.trust.empty())
    return fail(ErrorKind::invalid,
                "{} is a package; name the key that must have signed it: --trust KEY", given.model);
  TRY_ASSIGN(const package::PublicKey key, trusted_key(given.trust));
  TRY_ASSIGN(const package::Package opened, package::verify_package(path, key));
  TRY_ASSIGN(const ProfileChoice choice,
             choose_profile(opened.manifest, this_machine(), given.profile));
  if (choice.chosen < 0)
    return fail(ErrorKind::unsupported, "no profile of {} runs here:\n{}", opened.manifest.name,
                choice.explained);
  fmt::print(stderr, "{} {} (sha256:{}), signed by {}\n{}", opened.manifest.name,
             opened.manifest.version, opened.digest, package::id_text(key.id), choice.explained);
  ModelOptions options = given;
  take_over(opened, choice, options);
  return options;
}

}  // namespace mill::apps
