#include "data/grammar/formats.h"

#include <array>
#include <utility>

namespace mill::grammar {
namespace {

// February has 29 days in years divisible by 4 but not by 100.
constexpr std::string_view kDate =
    "(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|"
    "02-(0[1-9]|1\\d|2[0-8]))|\\d\\d(0[48]|[2468][048]|[13579][26])-02-29)";
constexpr std::string_view kTime =
    "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";
constexpr std::string_view kLocalTime = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?";
constexpr std::string_view kLabel = "[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?";
constexpr std::string_view kByte = "(\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])";
// Of a host in a uri, whose labels have no limit.
constexpr std::string_view kFreeLabel = "[A-Za-z0-9]+(-[A-Za-z0-9]+)*";
// RFC 3986, with a host in a uri: what a path, query or fragment is made of.
constexpr std::string_view kPathCode = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";

std::string text(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

std::string hostname() { return text({kLabel, "(\\.", kLabel, "){0,4}"}); }

std::string ipv4() { return text({kByte, "(\\.", kByte, "){3}"}); }

std::string tail() { return text({"(\\?(", kPathCode, "|[/?])*)?(#(", kPathCode, "|[/?])*)?"}); }

std::string uri() {
  return text({"([A-Za-z][A-Za-z0-9+.-]{0,15}://", kFreeLabel, "(\\.", kFreeLabel,
               "){0,4}(:\\d{1,5})?(/", kPathCode, "*)*", tail(),
               "|(urn|mailto|tel|tag|data):", kPathCode, "+)"});
}

std::string uri_reference() {
  return text({"(", uri(), "|/?(", kPathCode, "+/)*[A-Za-z0-9._~-]*", tail(), ")"});
}

std::string email() {
  return text({"[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@(", kLabel, "\\.){1,3}", kLabel});
}

std::string ipv6() {
  return "(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|::([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,5})?|"
         "([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,3})";
}

std::string duration() {
  return "P(\\d{1,9}W|\\d{1,9}Y(\\d{1,9}M(\\d{1,9}D)?)?|\\d{1,9}M(\\d{1,9}D)?|\\d{1,9}D|"
         "(\\d{1,9}D)?T(\\d{1,9}H(\\d{1,9}M(\\d{1,9}S)?)?|\\d{1,9}M(\\d{1,9}S)?|\\d{1,9}S))";
}

std::string pattern_of(std::string_view name) {
  if (name == "date") return std::string(kDate);
  if (name == "time") return std::string(kTime);
  if (name == "date-time") return text({kDate, "T", kTime});
  if (name == "iso-time") return std::string(kLocalTime);
  if (name == "iso-date-time") return text({kDate, "T", kLocalTime});
  if (name == "duration") return duration();
  if (name == "email" || name == "idn-email") return email();
  if (name == "hostname" || name == "idn-hostname") return hostname();
  if (name == "ipv4") return ipv4();
  if (name == "ipv6") return ipv6();
  if (name == "uri" || name == "iri") return uri();
  if (name == "url")
    return text(
        {"(https?|ftp)://[a-z0-9]{2,20}(\\.[a-z0-9]{2,20}){0,3}\\.[a-z]{2,6}(:\\d{2,4})?"
         "(/[A-Za-z0-9._~-]*)*"});
  if (name == "uri-reference" || name == "iri-reference") return uri_reference();
  if (name == "uri-template") return "[A-Za-z0-9/._~-]*(\\{[A-Za-z0-9_]+\\}[A-Za-z0-9/._~-]*)*";
  if (name == "uuid") return "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
  if (name == "json-pointer") return "(/([^/~]|~[01])*)*";
  if (name == "json-pointer-uri-fragment") return "#(/([A-Za-z0-9_.!$&'()*+,;:=@-]|~[01])*)*";
  if (name == "relative-json-pointer") return "(0|[1-9]\\d{0,8})(#|(/([^/~]|~[01])*)*)";
  if (name == "regex") return "[A-Za-z0-9 _,:;=@#-]*";
  if (name == "byte") return "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?";
  return "";
}

}  // namespace

std::string format_pattern(std::string_view name) {
  const std::string pattern = pattern_of(name);
  return pattern.empty() ? "" : "^(" + pattern + ")$";
}

}  // namespace mill::grammar
