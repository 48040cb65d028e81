#include "service/web/files.h"

#include <doctest/doctest.h>

#include "service/inference/recorder.h"
#include "service/web/gunzip.h"

namespace mill::web {
namespace {

using inference::testing::Recorder;

// gzip.compress(b"console.log(1);\n" * 8, 9, mtime=0), by Python
constexpr std::string_view kScript(
    "\037\213\010\000\000\000\000\000\002\003\113\316\317\053\316\317\111\325\313\311"
    "\117\327\060\324\264\346\112\246\063\037\000\224\265\010\141\200\000\000\000",
    39);

std::string script() {
  std::string text;
  for (int i = 0; i < 8; ++i) text += "console.log(1);\n";
  return text;
}

const std::vector<File>& files() {
  static const std::vector<File> all = {
      {"assets/main-1f.js", "text/javascript", "\"11\"", kScript, true},
      {"index.html", "text/html; charset=utf-8", "\"22\"", "<p>console</p>", false},
  };
  return all;
}

http::Response get(std::span<const File> built, const std::string& path,
                   std::vector<http::Header> headers = {}) {
  const auto recorder = std::make_shared<Recorder>();
  http::router(file_routes(built))(
      {.method = "GET", .path = path, .query = "", .headers = std::move(headers)}, recorder);
  return recorder->wait();
}

std::string header(const http::Response& response, std::string_view name) {
  for (const http::Header& it : response.headers)
    if (it.name == name) return it.value;
  return "";
}

TEST_CASE("what Python has gzipped is what it was") { CHECK(gunzipped(kScript) == script()); }

TEST_CASE("the first page, and where it is found") {
  const http::Response page = get(files(), "/console/");
  CHECK(page.status == 200);
  CHECK(page.body == "<p>console</p>");
  CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
  CHECK(header(page, "Cache-Control") == "no-cache");
  CHECK(get(files(), "/console/index.html").body == page.body);
  CHECK(get(files(), "/console").status == 301);
  CHECK(header(get(files(), "/console"), "Location") == "/console/");
  const auto browser = get(files(), "/", {{"Accept", "text/html,*/*;q=0.8"}});
  CHECK(browser.status == 302);
  CHECK(header(browser, "Location") == "/console/");
  CHECK(get(files(), "/", {{"Accept", "*/*"}}).status == 404);
}

TEST_CASE("whoever takes gzip gets it, and nobody else") {
  const char* const path = "/console/assets/main-1f.js";
  struct Row {
    const char* accepts;
    bool packed;
  };
  for (const Row& row :
       {Row{"gzip", true}, Row{"deflate, gzip;q=0.5, br", true}, Row{"", false}, Row{"br", false},
        Row{"gzip;q=0", false}, Row{"br, gzip;q=0.000", false}, Row{"xgzip", false}}) {
    CAPTURE(row.accepts);
    const http::Response it = get(files(), path, {{"Accept-Encoding", row.accepts}});
    CHECK(it.status == 200);
    CHECK(header(it, "Content-Encoding") == (row.packed ? "gzip" : ""));
    CHECK((row.packed ? gunzipped(it.body) : it.body) == script());
    CHECK(header(it, "Vary") == "Accept-Encoding");
    CHECK(header(it, "Cache-Control") == "public, max-age=31536000, immutable");
  }
}

TEST_CASE("who has a file already is told so, without it") {
  for (const char* known : {"\"22\"", "W/\"22\"", "\"1\", \"22\"", "*"}) {
    CAPTURE(known);
    const http::Response it = get(files(), "/console/", {{"If-None-Match", known}});
    CHECK(it.status == 304);
    CHECK(it.body.empty());
    CHECK(header(it, "ETag") == "\"22\"");
  }
  CHECK(get(files(), "/console/", {{"If-None-Match", "\"2\""}}).status == 200);
}

TEST_CASE("a 304 says nothing of a length") {
  const std::string told = http::serialized({.status = 304}, {.framing = http::Framing::length});
  CHECK(told.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  CHECK(told.find("Content-Length") == std::string::npos);
}

TEST_CASE("nothing but the files is there") {
  for (const char* path :
       {"/console/nothing.js", "/console/assets", "/console/assets/", "/console//index.html",
        "/console/../index.html", "/console/assets/../index.html", "/console/./index.html",
        "/console/../../../../etc/passwd", "/console/index.html/", "/console/INDEX.HTML"}) {
    CAPTURE(path);
    const http::Response it = get(files(), path);
    CHECK(it.status == 404);
    CHECK(it.body.find("\"unknown_url\"") != std::string::npos);
  }
}

TEST_CASE("pages run nothing but what was built") {
  const http::Response it = get(files(), "/console/");
  const std::string policy = header(it, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'; script-src 'self';"));
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(header(it, "X-Content-Type-Options") == "nosniff");
  CHECK(header(it, "Referrer-Policy") == "no-referrer");
}

TEST_CASE("a build without pages says how to make them") {
  const http::Response it = get({}, "/console/");
  CHECK(it.status == 404);
  CHECK(header(it, "Content-Type") == "text/html; charset=utf-8");
  CHECK(it.body.find("make console") != std::string::npos);
}

TEST_CASE("the table of this build is in order, and every packed file can be unpacked") {
  const auto built = built_files();
  CHECK(std::ranges::is_sorted(built, {}, &File::path));
  for (const File& file : built) {
    CAPTURE(file.path);
    CHECK(file.etag.size() == 26);
    CHECK(!file.bytes.empty());
    if (file.gzip) CHECK(gunzipped(file.bytes).size() > file.bytes.size());
  }
}

}  // namespace
}  // namespace mill::web
