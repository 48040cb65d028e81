// Statements.
#include "data/template/access.h"
#include "data/template/evaluator.h"
#include "data/template/printing.h"

namespace mill::jinja {

Result<std::string> Evaluator::render(const Body& body) {
  TRY(execute(body));
  return std::move(output_);
}

Result<Evaluator::Flow> Evaluator::execute(const Body& body) {
  if (++runtime_.depth > kEvaluationDepthMax)
    return runtime_.fail("macros or loops are nested too deeply (limit: {} levels)",
                         kEvaluationDepthMax);
  Flow flow = Flow::next;
  for (const Statement& statement : body) {
    TRY(runtime_.charge(1));
    runtime_.line = statement.line;
    TRY_ASSIGN(flow, std::visit([this](const auto& node) { return run(node); }, statement.node));
    if (flow != Flow::next) break;
  }
  --runtime_.depth;
  return flow;
}

Result<void> Evaluator::write(std::string_view text) {
  TRY(runtime_.charge_bytes(text.size()));
  open_bytes_ += text.size();
  if (open_bytes_ > kTextBytesMax)
    return runtime_.fail("the output is too long (limit: {} bytes)", kTextBytesMax);
  *out_ += text;
  return {};
}

Result<void> Evaluator::write(const Value& value) {
  if (const Text* text = value.as<Text>()) return write(std::string_view(text->utf8));
  TRY_ASSIGN(const std::string shown, str(runtime_, value));
  return write(std::string_view(shown));
}

Result<Evaluator::Flow> Evaluator::run(const TextStatement& statement) {
  TRY(write(statement.text));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const PrintStatement& statement) {
  for (const auto& expression : statement.values) {
    TRY_ASSIGN(const Value printed, value(*expression));
    TRY(write(printed));
  }
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const IfStatement& statement) {
  for (const auto& [condition, body] : statement.branches) {
    TRY_ASSIGN(const Value holds, value(*condition));
    if (truthy(holds)) return execute(body);
  }
  return execute(statement.otherwise);
}

Result<Evaluator::Flow> Evaluator::run(const ForStatement& statement) {
  TRY_ASSIGN(const Value source, value(*statement.source));
  return iterate(statement, source, 0);
}

Result<Evaluator::Flow> Evaluator::run(const SetStatement& statement) {
  TRY_ASSIGN(const Value assigned, value(*statement.value));
  TRY(assign(statement.target, assigned));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::capture(const Body& body, std::string& text) {
  const Ptr<Scope> outer = std::exchange(scope_, std::make_shared<Scope>(scope_));
  std::string* out = std::exchange(out_, &text);
  TRY_ASSIGN(const Flow flow, execute(body));
  out_ = out;
  open_bytes_ -= text.size();
  scope_ = outer;
  return flow;
}

Result<Evaluator::Flow> Evaluator::run(const SetBlock& statement) {
  std::string text;
  TRY_ASSIGN(const Flow flow, capture(statement.body, text));
  if (flow != Flow::next) return flow;
  TRY_ASSIGN(block_text_, runtime_.text(std::move(text)));
  Value assigned = block_text_;
  if (statement.filter) {
    TRY_ASSIGN(assigned, value(*statement.filter));
  }
  TRY(assign(statement.target, assigned));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const FilterBlock& statement) {
  std::string text;
  TRY_ASSIGN(const Flow flow, capture(statement.body, text));
  if (flow != Flow::next) return flow;
  TRY_ASSIGN(block_text_, runtime_.text(std::move(text)));
  TRY_ASSIGN(const Value filtered, value(*statement.filter));
  TRY(write(filtered));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const MacroStatement& statement) {
  auto macro = std::make_shared<Callable>();
  macro->macro = &statement;
  macro->scope = scope_;
  TRY(runtime_.keep(scope_));
  TRY(define(statement.name, Value(Ptr<const Callable>(std::move(macro)))));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const CallBlock& statement) {
  auto caller = std::make_shared<Callable>();
  caller->macro = &statement.caller;
  caller->scope = scope_;
  const Call& node = std::get<Call>(statement.call->node);
  TRY_ASSIGN(const Value callee, value(*node.callee));
  TRY_ASSIGN(Arguments given, arguments(node.arguments));
  given.named.emplace_back("caller", Value(Ptr<const Callable>(std::move(caller))));
  TRY_ASSIGN(const Value result, call(callee, std::move(given)));
  TRY(write(result));
  return Flow::next;
}

Result<Evaluator::Flow> Evaluator::run(const WithStatement& statement) {
  const auto inner = std::make_shared<Scope>(scope_);
  const Ptr<Scope> outer = scope_;
  for (const auto& [target, expression] : statement.values) {
    TRY_ASSIGN(const Value assigned, value(*expression));  // in the outer scope
    scope_ = inner;
    TRY(assign(target, assigned));
    scope_ = outer;
  }
  scope_ = inner;
  TRY_ASSIGN(const Flow flow, execute(statement.body));
  scope_ = outer;
  return flow;
}

Result<void> Evaluator::define(std::string_view name, Value value) {
  TRY(runtime_.charge(1 + scope_->size() / 32));
  scope_->set(name, std::move(value));
  return {};
}

Result<void> Evaluator::assign(const Target& target, const Value& value) {
  if (!target.entry.empty()) {
    const Value* found = scope_->find(target.name);
    const auto space = found != nullptr ? found->shared<Namespace>() : nullptr;
    if (space == nullptr)
      return runtime_.fail("cannot assign to '{}.{}': '{}' is not a namespace", target.name,
                           target.entry, target.name);
    if (target.entry.starts_with('_'))
      return runtime_.fail("a namespace's entries cannot begin with '_': '{}'", target.entry);
    TRY(runtime_.charge(1 + space->items.size() / 32));
    space->set(target.entry, value);
    return {};
  }
  if (!target.tuple) return define(target.name, value);
  TRY_ASSIGN(const auto parts, elements(runtime_, value));
  if (parts->items.size() != target.elements.size())
    return runtime_.fail("cannot unpack {} value(s) into {} name(s)", parts->items.size(),
                         target.elements.size());
  for (std::size_t i = 0; i < target.elements.size(); ++i)
    TRY(assign(target.elements[i], parts->items[i]));
  return {};
}

}  // namespace mill::jinja
