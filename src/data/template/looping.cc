// {% for %} and its `loop`.
#include "data/template/access.h"
#include "data/template/evaluator.h"
#include "data/template/printing.h"

namespace mill::jinja {

Result<Evaluator::Flow> Evaluator::iterate(const ForStatement& statement, const Value& source,
                                           std::int64_t depth0) {
  const auto loop = std::make_shared<Loop>();
  TRY_ASSIGN(auto all, elements(runtime_, source));
  loop->source = Value(std::move(all));
  loop->depth0 = depth0;
  loop->statement = &statement;
  loop->scope = scope_;
  bool finished_one = false;  // as in jinja2, an iteration that jumps does not count for `else`
  for (;;) {
    TRY_ASSIGN(const auto element, advance(*loop));
    if (!element) break;
    TRY_ASSIGN(const Flow flow, iteration(loop, *element));
    if (flow == Flow::break_loop) break;
    finished_one |= flow == Flow::next;
  }
  if (finished_one) return Flow::next;
  scope_ = std::make_shared<Scope>(loop->scope);
  TRY_ASSIGN(const Flow flow, execute(statement.otherwise));
  scope_ = loop->scope;
  return flow;
}

Result<Evaluator::Flow> Evaluator::iteration(const Ptr<Loop>& loop, const Value& element) {
  scope_ = std::make_shared<Scope>(loop->scope);
  TRY(define("loop", Value(loop)));
  TRY(assign(loop->statement->target, element));
  TRY_ASSIGN(const Flow flow, execute(loop->statement->body));
  scope_ = loop->scope;
  return flow;
}

// The next element that the loop's `if` lets through, past those already looked at.
Result<std::optional<Value>> Evaluator::fetch(Loop& loop) {
  if (loop.rest_position < loop.rest.size()) return loop.rest[loop.rest_position++];
  const auto& items = loop.source.as<Sequence>()->items;
  while (loop.position < items.size()) {
    const Value& element = items[loop.position++];
    TRY(runtime_.charge(1));
    if (!loop.statement->condition) return element;
    const Ptr<Scope> outer = std::exchange(scope_, std::make_shared<Scope>(loop.scope));
    TRY(assign(loop.statement->target, element));
    TRY_ASSIGN(const Value passes, value(*loop.statement->condition));
    scope_ = outer;
    if (truthy(passes)) return element;
  }
  return std::nullopt;
}

Result<std::optional<Value>> Evaluator::peek(Loop& loop) {
  if (!loop.after) {
    TRY_ASSIGN(loop.after, fetch(loop));
  }
  return loop.after;
}

Result<std::optional<Value>> Evaluator::advance(Loop& loop) {
  TRY_ASSIGN(auto next, peek(loop));
  loop.after.reset();
  if (!next) return next;
  ++loop.index0;
  loop.before = std::exchange(loop.current, *next);
  return next;
}

Result<std::int64_t> Evaluator::loop_length(Loop& loop) {
  if (loop.length) return *loop.length;
  std::vector<Value> rest;
  for (;;) {
    TRY_ASSIGN(auto next, fetch(loop));
    if (!next) break;
    rest.push_back(*std::move(next));
  }
  const std::int64_t seen = loop.index0 + 1 + (loop.after ? 1 : 0);
  loop.length = seen + static_cast<std::int64_t>(rest.size());
  loop.rest = std::move(rest);
  loop.rest_position = 0;
  return *loop.length;
}

namespace {

Result<Value> cycle(Runtime& runtime, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) return runtime.fail("loop.cycle needs items");
  const auto index = static_cast<std::size_t>(self.as<Loop>()->index0);
  return arguments.positional[index % arguments.positional.size()];
}

// Kept as printed text, so that no loop holds itself; 1 and 1.0 are a change here.
Result<Value> changed(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Value all, runtime.tuple(arguments.positional));
  TRY_ASSIGN(std::string shown, repr(runtime, all));
  auto& last = self.shared<Loop>()->last_changed;
  const bool differs = last != shown;
  last = std::move(shown);
  return Value(differs);
}

constexpr Operation kLoopMethods[] = {
    {.name = "cycle", .parameters = "", .run_any = cycle},
    {.name = "changed", .parameters = "", .run_any = changed},
};

}  // namespace

Result<Value> Evaluator::loop_attribute(const Ptr<Loop>& loop, std::string_view name) {
  if (name == "index0") return Value(loop->index0);
  if (name == "index") return Value(loop->index0 + 1);
  if (name == "first") return Value(loop->index0 == 0);
  if (name == "depth0") return Value(loop->depth0);
  if (name == "depth") return Value(loop->depth0 + 1);
  if (name == "previtem")
    return loop->index0 == 0 ? Value::undefined("there is no previous item") : loop->before;
  if (name == "last" || name == "nextitem") {
    TRY_ASSIGN(const auto next, peek(*loop));
    if (name == "last") return Value(!next.has_value());
    return next.value_or(Value::undefined("there is no next item"));
  }
  if (name == "length" || name == "revindex" || name == "revindex0") {
    TRY_ASSIGN(const std::int64_t length, loop_length(*loop));
    return Value(name == "length"     ? length
                 : name == "revindex" ? length - loop->index0
                                      : length - loop->index0 - 1);
  }
  if (const Operation* method = find_row(kLoopMethods, name)) {
    auto bound = std::make_shared<Callable>();
    bound->operation = method;
    bound->self = Value(loop);
    return Value(Ptr<const Callable>(std::move(bound)));
  }
  return Value::undefined(fmt::format("'loop' has no attribute '{}'", name));
}

// loop(children) in a recursive loop: the loop's text for these elements.
Result<Value> Evaluator::recurse(const Loop& loop, Arguments arguments) {
  if (!loop.statement->recursive)
    return runtime_.fail("only a loop marked 'recursive' can be called");
  if (arguments.positional.size() != 1 || !arguments.named.empty())
    return runtime_.fail("loop() takes one argument");
  const Ptr<Scope> outer = std::exchange(scope_, loop.scope);
  std::string text;
  std::string* out = std::exchange(out_, &text);
  TRY(iterate(*loop.statement, arguments.positional[0], loop.depth0 + 1));
  out_ = out;
  open_bytes_ -= text.size();
  scope_ = outer;
  return runtime_.text(std::move(text));
}

}  // namespace mill::jinja
