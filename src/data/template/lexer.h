#pragma once
// Cuts a template into tokens, with jinja2's rules for white space as transformers sets them:
// trim_blocks (a newline right after a block or comment goes), lstrip_blocks (blanks before a block
// or comment that starts its line go), and no final newline.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::jinja {

enum class TokenKind {
  data,            // text between tags
  variable_begin,  // {{
  variable_end,    // }}
  block_begin,     // {%
  block_end,       // %}
  name,
  string,
  integer,
  real,
  op,
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  // a string literal's characters, an operator, digits without underscores
  int line = 1;
};

Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace mill::jinja
