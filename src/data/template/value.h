#pragma once
// What a template computes with: Python's values, as far as templates can tell.
//
// Lists, tuples and dicts are immutable and shared, because chat templates run in an *immutable*
// sandbox: list.append and its kin are refused there. The one mutable thing is the namespace
// (`ns.x = 1`), so only namespaces can form cycles; the Runtime keeps a register of them and
// empties it at the end of a render.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace mill::jinja {

struct Undefined;
struct Text;
struct Sequence;
class Dict;
struct Iterator;
struct Namespace;
struct Callable;
struct Loop;
struct None {};

template <class T>
using Ptr = std::shared_ptr<T>;

class Value {
 public:
  using Data = std::variant<None, bool, std::int64_t, double, Ptr<const Undefined>, Ptr<const Text>,
                            Ptr<const Sequence>, Ptr<const Dict>, Ptr<Iterator>, Ptr<Namespace>,
                            Ptr<const Callable>, Ptr<Loop>>;

  Value() = default;  // none
  Value(bool value) : data_(value) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  template <class T>
  Value(Ptr<T> pointer) : data_(std::move(pointer)) {}
  // For literals of the template and for tests; what a render makes goes through Runtime::text,
  // which counts it.
  static Value text(std::string utf8);
  static Value undefined(std::string reason);

  const Data& data() const { return data_; }

  // The value seen as T, or null: as<bool>, as<std::int64_t>, as<Text>, as<Dict>, …
  template <class T>
  const T* as() const {
    constexpr bool kPlain =
        std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, double>;
    constexpr bool kMutable =
        std::is_same_v<T, Iterator> || std::is_same_v<T, Namespace> || std::is_same_v<T, Loop>;
    using Pointer = std::conditional_t<kMutable, Ptr<T>, Ptr<const T>>;
    if constexpr (kPlain)
      return std::get_if<T>(&data_);
    else if (const auto* pointer = std::get_if<Pointer>(&data_))
      return pointer->get();
    return nullptr;
  }
  template <class T>
  Ptr<T> shared() const {
    const auto* pointer = std::get_if<Ptr<T>>(&data_);
    return pointer != nullptr ? *pointer : nullptr;
  }

  bool is_none() const { return std::holds_alternative<None>(data_); }
  bool is_undefined() const { return as<Undefined>() != nullptr; }
  // Python's bool is an int: True + 1 == 2.
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;

 private:
  Data data_;
};

// Bytes that live values hold, counted down again when the value dies.
struct Meter {
  std::size_t held = 0;
};
class Held {
 public:
  Held() = default;
  Held(Meter& meter, std::size_t bytes) : meter_(&meter), bytes_(bytes) { meter.held += bytes; }
  Held(Held&& other) noexcept
      : meter_(std::exchange(other.meter_, nullptr)), bytes_(other.bytes_) {}
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (meter_ != nullptr) meter_->held -= bytes_;
  }

 private:
  Meter* meter_ = nullptr;
  std::size_t bytes_ = 0;
};

// Prints as nothing, iterates as nothing, is false; any other use fails with `reason`.
struct Undefined {
  std::string reason;
};

// `safe` is Python's Markup: what |safe returns. Text added to it is HTML-escaped.
struct Text {
  std::string utf8;
  bool safe = false;
  Held held;
};

// Everything with elements in order. A range or a dict's view is not a list to Python: it prints
// as `title` and has no JSON.
enum class Shape : std::uint8_t { list, tuple, range, view };
struct Sequence {
  Shape shape = Shape::list;
  std::vector<Value> items;
  std::string title;  // "range(0, 3)" or "dict_items"; empty for lists and tuples
  int depth = 1;      // 1 + the deepest element's
  Held held;
};

// Insertion order; keys are scalars and tuples of scalars, and 1, 1.0 and True are one key, as in
// Python.
class Dict {
 public:
  using Item = std::pair<Value, Value>;
  const std::vector<Item>& items() const { return items_; }
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);
  // Steps that finding or setting a key takes, for the work limit.
  std::size_t search_steps() const { return all_text_ ? 1 : 1 + items_.size(); }

  int depth = 1;
  std::optional<Held> held;

 private:
  std::optional<std::size_t> position(const Value& key) const;

  std::vector<Item> items_;
  std::unordered_map<std::string, std::size_t> by_text_;
  bool all_text_ = true;
};

// A generator: what map, select and the like return. True, without length, read once.
struct Iterator {
  Ptr<const Sequence> source;
  std::size_t next = 0;
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> items;
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};

bool truthy(const Value& value);
// `a is b`: one object, or the same number, truth value or none.
bool identical(const Value& a, const Value& b);
int depth_of(const Value& value);
// "str", "list", "NoneType", … for error messages.
std::string_view type_name(const Value& value);

}  // namespace mill::jinja
