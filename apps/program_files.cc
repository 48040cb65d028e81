#include "apps/program_files.h"

#include <link.h>

#include <algorithm>

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

// The program's own name is empty, and the kernel's page (linux-vdso.so.1) has no folder.
int collect(dl_phdr_info* info, size_t, void* user) {
  const std::string name = info->dlpi_name;
  if (name.find('/') != std::string::npos)
    static_cast<std::vector<fs::path>*>(user)->push_back(name);
  return 0;
}

}  // namespace

Result<ProgramFiles> program_files() {
  ProgramFiles files;
  std::error_code error;
  files.program = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(ErrorKind::io, "/proc/self/exe: {}; is /proc mounted?", error.message());
  dl_iterate_phdr(collect, &files.libraries);
  for (fs::path& library : files.libraries) library = fs::absolute(library).lexically_normal();
  std::sort(files.libraries.begin(), files.libraries.end());
  return files;
}

}  // namespace mill::apps
