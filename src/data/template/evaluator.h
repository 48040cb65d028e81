#pragma once
// Walks the tree of a template and writes its text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/template/ast.h"
#include "data/template/callable.h"
#include "data/template/runtime.h"
#include "data/template/scope.h"

namespace mill::jinja {

class Evaluator {
 public:
  Evaluator(Runtime& runtime, Ptr<Scope> globals) : runtime_(runtime), scope_(std::move(globals)) {}

  Result<std::string> render(const Body& body);

 private:
  // How a body ended: at its end, or at a {% break %} or {% continue %} of a loop around it.
  enum class Flow : std::uint8_t { next, break_loop, continue_loop };

  // Expressions (evaluator.cc)
  Result<Value> value(const Expression& expression);
  Result<Value> value_or_none(const ExpressionPtr& expression);
  Result<std::vector<Value>> values(const Expressions& expressions);
  Result<Value> evaluate(const Literal&);
  Result<Value> evaluate(const Name&);
  Result<Value> evaluate(const ListExpression&);
  Result<Value> evaluate(const DictExpression&);
  Result<Value> evaluate(const Negation&);
  Result<Value> evaluate(const BinaryExpression&);
  Result<Value> evaluate(const Logic&);
  Result<Value> evaluate(const Not&);
  Result<Value> evaluate(const CompareExpression&);
  Result<Value> evaluate(const Concatenation&);
  Result<Value> evaluate(const Conditional&);
  Result<Value> evaluate(const Attribute&);
  Result<Value> evaluate(const Item&);
  Result<Value> evaluate(const Slice&);
  Result<Value> evaluate(const FilterExpression&);
  Result<Value> evaluate(const TestExpression&);
  Result<Value> evaluate(const Call&);

  // Calls (invocation.cc)
  Result<Arguments> arguments(const CallArguments& given);
  Result<Value> call(const Value& callee, Arguments arguments);
  Result<Value> call_macro(const Callable& macro, Arguments arguments);
  Result<void> bind(const MacroStatement& macro, Arguments& arguments);
  Result<void> bind_extras(const MacroStatement& macro, Arguments& arguments);

  // Loops (looping.cc)
  Result<Flow> iterate(const ForStatement& statement, const Value& source, std::int64_t depth0);
  Result<Flow> iteration(const Ptr<Loop>& loop, const Value& element);
  Result<std::optional<Value>> advance(Loop& loop);
  Result<std::optional<Value>> peek(Loop& loop);
  Result<std::optional<Value>> fetch(Loop& loop);
  Result<std::int64_t> loop_length(Loop& loop);
  Result<Value> loop_attribute(const Ptr<Loop>& loop, std::string_view name);
  Result<Value> recurse(const Loop& loop, Arguments arguments);

  // Statements (execution.cc)
  Result<Flow> execute(const Body& body);
  Result<Flow> run(const TextStatement&);
  Result<Flow> run(const PrintStatement&);
  Result<Flow> run(const IfStatement&);
  Result<Flow> run(const ForStatement&);
  Result<Flow> run(const SetStatement&);
  Result<Flow> run(const SetBlock&);
  Result<Flow> run(const MacroStatement&);
  Result<Flow> run(const CallBlock&);
  Result<Flow> run(const FilterBlock&);
  Result<Flow> run(const WithStatement&);
  Result<Flow> run(const BreakStatement&) { return Flow::break_loop; }
  Result<Flow> run(const ContinueStatement&) { return Flow::continue_loop; }
  // Executes in a scope of its own and collects what it writes.
  Result<Flow> capture(const Body& body, std::string& text);
  Result<void> assign(const Target& target, const Value& value);
  Result<void> define(std::string_view name, Value value);
  Result<void> write(std::string_view text);
  Result<void> write(const Value& value);

  Runtime& runtime_;
  Ptr<Scope> scope_;
  std::string output_;
  std::string* out_ = &output_;
  std::size_t open_bytes_ = 0;  // written to output_ and to all captures under way
  Value block_text_;            // what {% filter %} or {% set x | … %} captured
};

}  // namespace mill::jinja
