#pragma once
// One render's bookkeeping: limits, the clock, the line for errors, and the making of values.
//
// The limits keep a hostile template from hanging or eating the memory:
//   work     a unit an evaluated node or element, and one for each 64 bytes of text handled
//   memory   bytes that live values hold, counted by Held
//   depth    of nested values and of nested evaluation

#include <fmt/format.h>

#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/template/callable.h"
#include "data/template/value.h"

namespace mill::jinja {

inline constexpr std::size_t kWorkMax = 20'000'000;
inline constexpr std::size_t kHeldBytesMax = 256U << 20;
inline constexpr std::size_t kTextBytesMax = 16U << 20;  // of the output, and of any one text
inline constexpr int kValueDepthMax = 100;
inline constexpr int kEvaluationDepthMax = 1000;
inline constexpr std::size_t kNamespacesMax = 10'000;
inline constexpr std::int64_t kRangeMax = 100'000;  // jinja2's sandbox has the same

class Runtime {
 public:
  explicit Runtime(const std::tm& now) : now_(now) {}
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  template <class... Args>
  std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) const {
    return std::unexpected(
        Error{ErrorKind::invalid,
              fmt::format("line {}: {}", line, fmt::format(format, std::forward<Args>(args)...))});
  }

  Result<void> charge(std::size_t units);
  // Before reading so many bytes of text …
  Result<void> charge_bytes(std::size_t bytes) { return charge(1 + bytes / 64); }
  // … and before making a text of so many.
  Result<void> expect_bytes(std::size_t bytes);
  // Before making a list of so many.
  Result<void> expect_items(std::size_t count);

  // Makers of values; each counts what it makes.
  Result<Value> text(std::string utf8, bool safe = false);
  Result<Value> list(std::vector<Value> items, Shape shape = Shape::list, std::string title = "");
  Result<Value> tuple(std::vector<Value> items) { return list(std::move(items), Shape::tuple); }
  Result<Value> dict(Dict items);
  // Puts an entry into a dict in the making; fails where Python calls the key unhashable.
  Result<void> put(Dict& dict, Value key, Value value);
  Result<Value> iterator(std::vector<Value> items);
  Result<Value> space(std::vector<std::pair<std::string, Value>> items);
  // Can it be a key (of a dict, of |unique)?
  Result<void> check_key(const Value& key);
  // Remembers a scope that a macro captured, so that cycles through it end with the render.
  Result<void> keep(Ptr<Scope> scope);

  const std::tm& now() const { return now_; }

  int line = 1;   // of the construct being evaluated
  int depth = 0;  // of nested evaluation

 private:
  Result<void> hold(std::size_t bytes) const;

  std::tm now_;
  std::size_t work_ = 0;
  Meter meter_;
  std::vector<Ptr<Namespace>> namespaces_;
  std::vector<Ptr<Scope>> scopes_;
};

// Arguments as a plain type, or an error that names the parameter.
Result<std::int64_t> integer_argument(const Runtime&, const Value&, std::string_view name);
Result<std::string_view> text_argument(const Runtime&, const Value&, std::string_view name);

}  // namespace mill::jinja
