// Calling things: how arguments meet parameters, for operations and for macros.
#include <algorithm>

#include "data/template/access.h"
#include "data/template/evaluator.h"

namespace mill::jinja {

Result<Arguments> Evaluator::arguments(const CallArguments& given) {
  Arguments made;
  TRY_ASSIGN(made.positional, values(given.positional));
  for (const auto& [name, expression] : given.named) {
    TRY_ASSIGN(Value argument, value(*expression));
    made.named.emplace_back(name, std::move(argument));
  }
  if (given.more_positional) {
    TRY_ASSIGN(const Value more, value(*given.more_positional));
    TRY_ASSIGN(const auto all, elements(runtime_, more));
    made.positional.insert(made.positional.end(), all->items.begin(), all->items.end());
  }
  if (given.more_named) {
    TRY_ASSIGN(const Value more, value(*given.more_named));
    const Dict* dict = more.as<Dict>();
    if (dict == nullptr) return runtime_.fail("** needs a dict, not {}", type_name(more));
    TRY(runtime_.charge(dict->items().size()));
    for (const auto& [key, argument] : dict->items()) {
      const Text* name = key.as<Text>();
      if (name == nullptr) return runtime_.fail("** needs a dict whose keys are strings");
      made.named.emplace_back(name->utf8, argument);
    }
  }
  return made;
}

Result<Value> Evaluator::call(const Value& callee, Arguments arguments) {
  if (const Undefined* undefined = callee.as<Undefined>())
    return runtime_.fail("{}", undefined->reason);
  if (const auto loop = callee.shared<Loop>()) return recurse(*loop, std::move(arguments));
  const Callable* callable = callee.as<Callable>();
  if (callable == nullptr) return runtime_.fail("'{}' object is not callable", type_name(callee));
  if (callable->macro != nullptr) return call_macro(*callable, std::move(arguments));
  return apply(runtime_, *callable->operation, callable->self, arguments);
}

Result<Value> Evaluator::call_macro(const Callable& macro, Arguments arguments) {
  const Ptr<Scope> outer = std::exchange(scope_, std::make_shared<Scope>(macro.scope));
  TRY(bind(*macro.macro, arguments));
  std::string text;
  TRY(capture(macro.macro->body, text));
  scope_ = outer;
  return runtime_.text(std::move(text));
}

namespace {

std::optional<Value> take(Arguments& arguments, std::string_view name) {
  const auto found =
      std::ranges::find(arguments.named, name, &std::pair<std::string, Value>::first);
  if (found == arguments.named.end()) return std::nullopt;
  Value value = std::move(found->second);
  arguments.named.erase(found);
  return value;
}

}  // namespace

// Positional arguments first, then by name, then the default, which may use earlier parameters.
Result<void> Evaluator::bind(const MacroStatement& macro, Arguments& arguments) {
  const auto& parameters = macro.parameters;
  std::vector<std::optional<Value>> given(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    given[i] = i < arguments.positional.size() ? std::optional(arguments.positional[i])
                                               : take(arguments, parameters[i].name);
    scope_->set(parameters[i].name,
                given[i].value_or(
                    Value::undefined("parameter '" + parameters[i].name + "' was not provided")));
  }
  const std::size_t used = std::min(parameters.size(), arguments.positional.size());
  arguments.positional.erase(arguments.positional.begin(),
                             arguments.positional.begin() + static_cast<std::ptrdiff_t>(used));
  TRY(bind_extras(macro, arguments));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (given[i] || !parameters[i].otherwise) continue;
    TRY_ASSIGN(Value otherwise, value(*parameters[i].otherwise));
    scope_->set(parameters[i].name, std::move(otherwise));
  }
  return {};
}

// caller, kwargs and varargs, for a macro whose body names them.
Result<void> Evaluator::bind_extras(const MacroStatement& macro, Arguments& arguments) {
  if (macro.takes_caller)
    scope_->set("caller",
                take(arguments, "caller").value_or(Value::undefined("No caller defined")));
  if (macro.takes_named) {
    Dict named;
    for (auto& [name, argument] : arguments.named)
      TRY(runtime_.put(named, Value::text(name), std::move(argument)));
    TRY_ASSIGN(Value dict, runtime_.dict(std::move(named)));
    scope_->set("kwargs", std::move(dict));
  } else if (!arguments.named.empty()) {
    return runtime_.fail("macro '{}' takes no keyword argument '{}'", macro.name,
                         arguments.named[0].first);
  }
  if (macro.takes_positional) {
    TRY_ASSIGN(Value rest, runtime_.tuple(std::move(arguments.positional)));
    scope_->set("varargs", std::move(rest));
  } else if (!arguments.positional.empty()) {
    return runtime_.fail("macro '{}' takes not more than {} argument(s)", macro.name,
                         macro.parameters.size());
  }
  return {};
}

namespace {

struct Parameters {
  std::vector<std::string_view> names;
  std::size_t required = 0;
  bool by_position = false;
};

// "a b? c?" → a, b, c of which one is required.
Parameters parsed(std::string_view list) {
  Parameters made;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (word == "/") {
      made.by_position = true;
      continue;
    }
    if (word.ends_with('?'))
      word.remove_suffix(1);
    else
      made.required = made.names.size() + 1;
    made.names.push_back(word);
  }
  return made;
}

}  // namespace

Result<Value> apply(Runtime& runtime, const Operation& operation, const Value& self,
                    const Arguments& arguments) {
  if (operation.run_any != nullptr) return operation.run_any(runtime, self, arguments);
  const Parameters parameters = parsed(operation.parameters);
  std::vector<std::optional<Value>> values(parameters.names.size());
  if (arguments.positional.size() > values.size())
    return runtime.fail("{}() takes at most {} argument(s), {} given", operation.name,
                        values.size(), arguments.positional.size());
  std::ranges::copy(arguments.positional, values.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::ranges::find(parameters.names, name);
    const auto at = static_cast<std::size_t>(found - parameters.names.begin());
    if (found == parameters.names.end() || parameters.by_position)
      return runtime.fail("{}() has no argument named '{}'", operation.name, name);
    if (values[at]) return runtime.fail("{}() got '{}' twice", operation.name, name);
    values[at] = value;
  }
  for (std::size_t i = 0; i < parameters.required; ++i)
    if (!values[i])
      return runtime.fail("{}() needs the argument '{}'", operation.name, parameters.names[i]);
  return operation.run(runtime, self, Bound(std::move(values)));
}

}  // namespace mill::jinja
