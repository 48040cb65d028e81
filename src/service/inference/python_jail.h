#pragma once
// Runs Python that a model wrote. What it is kept in, all of it from util-linux and the kernel:
//
//   namespaces    of its own for users, mounts, network (none), processes, IPC: whatever it starts
//                 ends with it
//   files         /usr, which cannot be written to, and /scratch, 16 MiB that go with it; no other
//                 file of the machine is there
//   rights        none (no capabilities, no new privileges)
//   limits        5 s of processor time and 512 MiB of addresses for each process, 16 processes,
//                 files of 1 MiB, 1 MiB of output; and a time by the clock for all of it
//
// What it is not: a machine of its own. It shares the kernel, whose faults it could use, and what
// the processor shares. Sixteen processes can still keep that busy while they live.

#include <memory>

#include "llm/reason/verifier.h"
#include "service/inference/errands.h"

namespace mill::inference {

class PythonJail : public llm::Jail {
 public:
  // Refused (unsupported), with what is missing, where the machine does not let it be built.
  static Result<std::shared_ptr<PythonJail>> open();
  ~PythonJail() override { close(); }

  Result<void> run(Program, Told) override;
  void close() override { errands_.close(); }

 private:
  PythonJail() = default;
  Errands errands_{2, 1024};  // so that the engine keeps most of the machine
};

// Waits for it. Ends it as soon as it is abandoned.
Result<llm::Jail::Ran> run_jailed(const llm::Jail::Program&, const std::atomic<bool>& abandoned);

}  // namespace mill::inference
