#pragma once
// The template as a tree, as docs/formats/jinja.md gives its grammar.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "data/template/operators.h"
#include "data/template/value.h"

namespace mill::jinja {

struct Operation;
struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<const Expression>;
using Expressions = std::vector<ExpressionPtr>;
using Body = std::vector<Statement>;

// (a, b, *rest, key=value, **more)
struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr more_positional, more_named;
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListExpression {
  Shape shape = Shape::list;
  Expressions items;
};
struct DictExpression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
};
struct Negation {
  bool minus = true;  // else the plus sign, which only checks for a number
  ExpressionPtr operand;
};
struct BinaryExpression {
  BinaryOperator op;
  ExpressionPtr left, right;
};
struct Logic {
  bool conjunction = false;  // and; else or
  ExpressionPtr left, right;
};
struct Not {
  ExpressionPtr operand;
};
struct CompareExpression {  // a < b <= c: each pair, until one is false
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};
struct Concatenation {  // a ~ b ~ c
  Expressions parts;
};
struct Conditional {  // then if condition else otherwise
  ExpressionPtr then, condition, otherwise;
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};
struct Item {
  ExpressionPtr object, key;
};
struct Slice {
  ExpressionPtr object, start, stop, step;
};
struct FilterExpression {  // null operation: a name that we do not know, refused when reached
  ExpressionPtr subject;   // null: the text of a {% filter %} block
  std::string name;
  const Operation* operation = nullptr;
  CallArguments arguments;
};
struct TestExpression {
  ExpressionPtr subject;
  std::string name;
  const Operation* operation = nullptr;
  CallArguments arguments;
};
struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};

struct Expression {
  int line = 0;
  int depth = 1;  // of the tree below, bounded by the parser
  std::variant<Literal, Name, ListExpression, DictExpression, Negation, BinaryExpression, Logic,
               Not, CompareExpression, Concatenation, Conditional, Attribute, Item, Slice,
               FilterExpression, TestExpression, Call>
      node;
};

// What can be assigned to: a name, a namespace's entry, a tuple of such.
struct Target {
  std::string name;
  std::string entry;             // ns.entry = …
  std::vector<Target> elements;  // (a, b) = …
  bool tuple = false;
};

struct TextStatement {
  Value text;
};
struct PrintStatement {
  Expressions values;
};
struct IfStatement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct ForStatement {
  Target target;
  ExpressionPtr source, condition;
  bool recursive = false;
  Body body, otherwise;
};
struct SetStatement {
  Target target;
  ExpressionPtr value;
};
struct SetBlock {
  Target target;
  ExpressionPtr filter;
  Body body;
};
struct Parameter {
  std::string name;
  ExpressionPtr otherwise;
};
struct MacroStatement {
  std::string name;
  std::vector<Parameter> parameters;
  bool takes_caller = false, takes_named = false, takes_positional = false;  // as its body asks
  Body body;
};
struct CallBlock {
  MacroStatement caller;
  ExpressionPtr call;
};
struct FilterBlock {
  ExpressionPtr filter;
  Body body;
};
struct WithStatement {
  std::vector<std::pair<Target, ExpressionPtr>> values;
  Body body;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  int line = 0;
  std::variant<TextStatement, PrintStatement, IfStatement, ForStatement, SetStatement, SetBlock,
               MacroStatement, CallBlock, FilterBlock, WithStatement, BreakStatement,
               ContinueStatement>
      node;
};

}  // namespace mill::jinja
