#include "apps/image_package.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>

#include "apps/program_files.h"
#include "data/fetch/progress.h"
#include "data/image/layout.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kUser = 65532;  // "nonroot", as images without a distribution have it
constexpr const char* kPackageFolder = "srv/package";
constexpr const char* kStateFolder = "var/lib/tokenmill";
constexpr const char* kProgram = "/usr/bin/tokenmill";
// Where Debian, Fedora, Alpine keep the certificates of public authorities, all in one file.
constexpr std::array kAuthorities = {"/etc/ssl/certs/ca-certificates.crt",
                                     "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

#if defined(__x86_64__)
constexpr const char* kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#else
#error "name this architecture as Go does"
#endif

std::string below_root(const fs::path& path) { return path.relative_path().string(); }

Result<void> add_authorities(image::Layer& layer) {
  std::error_code error;
  for (const char* path : kAuthorities) {
    if (fs::exists(path, error)) return layer.add_file(below_root(kAuthorities[0]), path);
  }
  return fail(ErrorKind::not_found,
              "there are no certificates of authorities here for the image to have; `apt-get "
              "install ca-certificates` brings them");
}

// A root file system with nothing in it that the program does not need: no shell, no packages.
Result<image::Layer> program_layer(const ProgramFiles& files) {
  image::Layer layer;
  TRY(layer.add_file(below_root(kProgram), files.program, {.mode = 0755}));
  for (const fs::path& library : files.libraries)
    TRY(layer.add_file(below_root(library), library, {.mode = 0755}));
  TRY(add_authorities(layer));
  layer.add_text("etc/passwd", fmt::format("root:x:0:0:root:/root:/sbin/nologin\n"
                                           "tokenmill:x:{0}:{0}:tokenmill:/{1}:/sbin/nologin\n",
                                           kUser, kStateFolder));
  layer.add_text("etc/group", fmt::format("root:x:0:\ntokenmill:x:{}:\n", kUser));
  layer.add_text("etc/nsswitch.conf", "hosts: files dns\n");
  for (const char* folder : {"dev", "etc/tokenmill", "proc", "run", "sys"})
    layer.add_folder(folder);
  layer.add_folder("tmp", {01777, 0});
  layer.add_folder(kStateFolder, {0700, kUser});
  return layer;
}

Result<image::Layer> package_layer(const package::Package& package) {
  image::Layer layer;
  const auto add = [&](const std::string& path) {
    return layer.add_file(fmt::format("{}/{}", kPackageFolder, path), package.root / path);
  };
  TRY(add(package::kManifestName));
  TRY(add(package::kSignatureName));
  for (const package::PackageFile& file : package.manifest.files) TRY(add(file.path));
  return layer;
}

// The loader of the image has no cache, so it is told where the libraries are.
std::string library_path(const ProgramFiles& files) {
  std::set<std::string> folders;
  for (const fs::path& library : files.libraries) folders.insert(library.parent_path().string());
  std::string path;
  for (const std::string& folder : folders) path += (path.empty() ? "" : ":") + folder;
  return path;
}

image::Config config_of(const package::Package& package, const package::PublicKey& signer,
                        const ProgramFiles& files) {
  const package::Manifest& manifest = package.manifest;
  image::Config config{
      .user = fmt::format("{0}:{0}", kUser),
      .folder = fmt::format("/{}", kStateFolder),
      .entry_point = {kProgram, "serve", fmt::format("/{}", kPackageFolder), "--trust",
                      package::key_text(signer), "--host", "0.0.0.0", "--port", "8080"},
      .environment = {"PATH=/usr/bin", fmt::format("HOME=/{}", kStateFolder),
                      "LD_LIBRARY_PATH=" + library_path(files)},
      .ports = {"8080/tcp"},
      .health_check = {kProgram, "health"},
      .labels = {{"org.opencontainers.image.title", manifest.name},
                 {"org.opencontainers.image.version", manifest.version},
                 {"tokenmill.package.digest", "sha256:" + package.digest},
                 {"tokenmill.program.version", TOKENMILL_VERSION}}};
  if (!manifest.license.empty())
    config.labels.emplace("org.opencontainers.image.licenses", manifest.license);
  return config;
}

std::string tag_of(const package::Manifest& manifest) {
  std::string name = manifest.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name + ":" + manifest.version;
}

}  // namespace

Result<void> image_package(const package::Package& package, const package::PublicKey& signer,
                           const ImageOptions& options) {
  TRY_ASSIGN(const ProgramFiles files, program_files());
  TRY_ASSIGN(image::Layer program, program_layer(files));
  TRY_ASSIGN(image::Layer model, package_layer(package));
  fmt::print(stderr, "program: {} and {} libraries, {}\npackage: {} files, {}\n",
             files.program.filename().string(), files.libraries.size(),
             fetch::bytes_text(program.bytes()), package.manifest.files.size() + 2,
             fetch::bytes_text(model.bytes()));
  image::Image image{
      .tag = options.tag.empty() ? tag_of(package.manifest) : options.tag,
      .architecture = kArchitecture,
      .config = config_of(package, signer, files),
      .layers = {{"tokenmill " TOKENMILL_VERSION, std::move(program)},
                 {fmt::format("package {} {}", package.manifest.name, package.manifest.version),
                  std::move(model)}}};
  fetch::Progress progress(options.out);
  const auto digest = image::write_image(
      image, options.out, [&](uint64_t done, uint64_t total) { progress.update(done, total); });
  progress.finish();
  if (!digest) return std::unexpected(digest.error());
  fmt::print("image: {} sha256:{} in {}\n", image.tag, *digest, options.out);
  return {};
}

}  // namespace mill::apps
