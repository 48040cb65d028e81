#include <fmt/core.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/build_package.h"
#include "apps/command.h"
#include "apps/image_package.h"
#include "apps/open_package.h"
#include "data/package/archive.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

struct PackageOptions {
  std::string place, file, key, trust, profile;
  BuildOptions build;
  ImageOptions image;
};
using Options = std::shared_ptr<PackageOptions>;

Result<package::Package> opened(const PackageOptions& options) {
  TRY_ASSIGN(const package::PublicKey key, trusted_key(options.trust));
  return package::verify_package(options.place, key);
}

void tell(const package::Package& package, const char* what) {
  fmt::print("{}: {} {}, {} files, sha256:{}\n", what, package.manifest.name,
             package.manifest.version, package.manifest.files.size(), package.digest);
}

Result<void> sign(const PackageOptions& options) {
  TRY_ASSIGN(const std::string text, package::read_small_file(options.key));
  const auto key = package::parse_secret_key(text);
  if (!key) return within(options.key, key.error());
  TRY_ASSIGN(const std::string digest, package::sign_package(options.place, *key));
  fmt::print("signed: sha256:{}\n", digest);
  return {};
}

Result<void> verify(const PackageOptions& options) {
  TRY_ASSIGN(const package::Package package, opened(options));
  tell(package, "verified");
  return {};
}

Result<void> list_profiles(const PackageOptions& options) {
  TRY_ASSIGN(const package::Package package, opened(options));
  TRY_ASSIGN(const ProfileChoice choice,
             choose_profile(package.manifest, this_machine(), options.profile));
  fmt::print("{}", choice.explained);
  return {};
}

Result<void> export_file(const PackageOptions& options) {
  TRY_ASSIGN(const package::Package package, opened(options));
  TRY(package::export_package(package, options.file));
  tell(package, "exported");
  return {};
}

Result<void> import_file(const PackageOptions& options) {
  TRY_ASSIGN(const package::PublicKey key, trusted_key(options.trust));
  TRY_ASSIGN(const package::Package package,
             package::import_package(options.file, options.place, key));
  tell(package, "imported");
  return {};
}

Result<void> image(const PackageOptions& options) {
  TRY_ASSIGN(const package::PublicKey key, trusted_key(options.trust));
  TRY_ASSIGN(const package::Package package, package::verify_package(options.place, key));
  return image_package(package, key, options.image);
}

using Runs = std::vector<std::pair<CLI::App*, Run>>;

CLI::App* trusting(CLI::App* command, const Options& options) {
  command->add_option("--trust", options->trust, "Public key that must have signed it, or its file")
      ->required();
  return command;
}

CLI::App* placed(CLI::App* command, const Options& options) {
  command->add_option("package", options->place, "The package's folder")->required();
  return command;
}

void add_makers(CLI::App& command, const Options& options, Runs& runs) {
  CLI::App* build = command.add_subcommand("build", "Make a package of a model and a draft");
  build->add_option("draft", options->build.draft, "The manifest without `files`")->required();
  build->add_option("model", options->build.model, "A GGUF file or a Hugging Face folder")
      ->required();
  build->add_option("package", options->build.output, "The folder to make")->required();
  runs.emplace_back(build, [options] { return build_package(options->build); });
  CLI::App* signer = placed(command.add_subcommand("sign", "Sign a package"), options);
  signer->add_option("--key", options->key, "Secret key, made by minisign -G -W")->required();
  runs.emplace_back(signer, [options] { return sign(*options); });
}

void add_readers(CLI::App& command, const Options& options, Runs& runs) {
  CLI::App* check = command.add_subcommand("verify", "Check signature, manifest and every file");
  runs.emplace_back(trusting(placed(check, options), options),
                    [options] { return verify(*options); });
  CLI::App* list = command.add_subcommand("list-profiles", "What of it runs here, and why");
  list->add_option("--profile", options->profile, "Choose this one [the best fit]");
  runs.emplace_back(trusting(placed(list, options), options),
                    [options] { return list_profiles(*options); });
  CLI::App* out = command.add_subcommand("export", "Write a package as one file");
  placed(out, options)->add_option("file", options->file, "The tar to write")->required();
  runs.emplace_back(trusting(out, options), [options] { return export_file(*options); });
  CLI::App* in = command.add_subcommand("import", "Unpack such a file, if all of it verifies");
  in->add_option("file", options->file, "The tar")->required();
  runs.emplace_back(trusting(placed(in, options), options),
                    [options] { return import_file(*options); });
}

void add_image(CLI::App& command, const Options& options, Runs& runs) {
  CLI::App* made = command.add_subcommand("image", "Make a container image of program and package");
  placed(made, options);
  made->add_option("--out", options->image.out, "A new folder, or a file NAME.tar")->required();
  made->add_option("--tag", options->image.tag, "What it is called [the package's NAME:VERSION]");
  runs.emplace_back(trusting(made, options), [options] { return image(*options); });
}

// `run` is `serve`; with --dry-run it is list-profiles.
void add_runner(CLI::App& command, const Options& options, Runs& runs) {
  CLI::App* run = command.add_subcommand("run", "Serve a package, as `tokenmill serve` does");
  const Run serve = add_serve(*run);
  const auto dry = std::make_shared<bool>(false);
  run->add_flag("--dry-run", *dry, "Tell which profile would be taken, and stop");
  runs.emplace_back(run, [run, serve, dry, options]() -> Result<void> {
    if (!*dry) return serve();
    options->place = run->get_option("name")->as<std::string>();
    options->trust = run->get_option("--trust")->as<std::string>();
    options->profile = run->get_option("--profile")->as<std::string>();
    return list_profiles(*options);
  });
}

}  // namespace

Run add_package(CLI::App& command) {
  const auto options = std::make_shared<PackageOptions>();
  const auto runs = std::make_shared<Runs>();
  command.require_subcommand(1);
  add_makers(command, options, *runs);
  add_readers(command, options, *runs);
  add_image(command, options, *runs);
  add_runner(command, options, *runs);
  return [runs]() -> Result<void> {
    for (const auto& [subcommand, run] : *runs) {
      if (subcommand->parsed()) return run();
    }
    return {};
  };
}

}  // namespace mill::apps
