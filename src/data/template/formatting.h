#pragma once
// Python's two ways to fill in a text: '%s: %d' % (a, b) and '{}: {:>4}'.format(a, b).
//
//   %[(name)][-+ 0#][width][.precision]conversion     conversion: s r d i u f F e E g G x X o c %
//   {[name or index][.attribute | [key]]…[!r | !s][:specification]}
//   specification: [[fill]align][sign][#][0][width][,][.precision][type]

#include <string>
#include <string_view>

#include "base/error.h"
#include "data/template/callable.h"

namespace mill::jinja {

Result<Value> percent_format(Runtime& runtime, const Text& text, const Value& values);
Result<Value> brace_format(Runtime& runtime, const Text& text, const Arguments& values);

// One value laid out; what both of the above come down to.
struct Layout {
  std::string_view fill = " ";
  char align = 0;  // < > ^ =, 0: text left, numbers right
  char sign = '-';
  bool alternative = false;
  bool grouped = false;
  std::int64_t width = 0;
  int precision = -1;
  char type = 0;
};
Result<std::string> laid_out(Runtime& runtime, const Value& value, const Layout& layout);

}  // namespace mill::jinja
