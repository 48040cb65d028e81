#pragma once
// Names and what they mean. A scope is made for each iteration of a loop, each call of a macro and
// each `with`; `if` makes none. What a body sets lives in its own scope and hides the outer name.

#include <string_view>
#include <utility>
#include <vector>

#include "data/template/value.h"

namespace mill::jinja {

class Scope {
 public:
  explicit Scope(Ptr<Scope> parent = nullptr) : parent_(std::move(parent)) {}

  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get())
      for (const auto& [key, value] : scope->names_)
        if (key == name) return &value;
    return nullptr;
  }

  // `name` must outlive the scope: it points into the template.
  void set(std::string_view name, Value value) {
    for (auto& [key, old] : names_)
      if (key == name) return void(old = std::move(value));
    names_.emplace_back(name, std::move(value));
  }

  std::size_t size() const { return names_.size(); }

  void clear() {
    names_.clear();
    parent_.reset();
  }

 private:
  Ptr<Scope> parent_;
  std::vector<std::pair<std::string_view, Value>> names_;
};

}  // namespace mill::jinja
