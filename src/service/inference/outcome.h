#pragma once
// How requests end, and how it is told that their end has been written down.

#include <cstdint>
#include <functional>

#include "base/error.h"

namespace mill::inference {

// With its whole answer, by its client's leave, or by our fault.
enum class Outcome : uint8_t { whole, cancelled, failed };

// Called once, on any thread: the record is on the disk, or could not be brought there.
using Kept = std::function<void(Result<void>)>;

}  // namespace mill::inference
