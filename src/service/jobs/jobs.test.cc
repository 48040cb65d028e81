// Files and batches over a model that answers at once, in a folder that outlives each "server".

#include <doctest/doctest.h>

#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "base/scratch_folder.h"
#include "service/inference/recorder.h"
#include "service/jobs/endpoints.h"
#include "service/jobs/line_log.h"

namespace mill::jobs {
namespace {

namespace fs = std::filesystem;
using Exchange = std::shared_ptr<http::Exchange>;

// Answers {"n": 7} with {"n": 7}, "bad" with 400; "wait" only once the client has gone.
struct Answerer {
  std::atomic<int> asked{0}, busy{0};
  std::atomic<bool> hold{false};
  std::mutex mutex;     // guards what follows
  http::Caller caller;  // of the last request

  http::Caller last_caller() {
    const std::lock_guard lock(mutex);
    return caller;
  }

  void handle(const http::Request& request, const Exchange& exchange) {
    ++asked;
    {
      const std::lock_guard lock(mutex);
      caller = request.caller;
    }
    const Json body = Json::parse(request.body);
    if (body.contains("drop")) return;
    if (busy > 0 && busy-- > 0)
      return exchange->respond(http::problem_response({busy % 2 == 0 ? 503 : 429, "full"}));
    if (body.contains("bad")) return exchange->respond(http::problem_response({400, "bad"}));
    if (hold) {
      return exchange->on_gone(
          [exchange] { exchange->respond(http::problem_response({503, "cancelled"})); });
    }
    exchange->respond(http::json_response({{"n", body["n"]}}));
  }
};

struct Server {
  Answerer answerer;
  std::shared_ptr<inference::Host> host = std::make_shared<inference::Host>();
  std::atomic<int64_t> now{1000};
  std::atomic<uint64_t> drawn;
  std::string tenant;  // who asks
  std::unique_ptr<Jobs> jobs;
  http::Handler handler;

  explicit Server(const fs::path& folder, uint64_t first_id = 1, bool hold = false)
      : drawn(first_id) {
    answerer.hold = hold;
    host->unix_time = [this] { return now.load(); };
    host->entropy = [this] { return ++drawn; };
    auto opened = Jobs::open(folder, host, [this](const http::Request& request, Exchange exchange) {
      answerer.handle(request, exchange);
    });
    REQUIRE(opened.has_value());
    jobs = std::move(*opened);
    handler = http::router(jobs->routes());
  }
  http::Response send(const char* method, const std::string& path, const std::string& body = "",
                      const std::string& query = "") {
    const auto recorder = std::make_shared<inference::testing::Recorder>();
    handler({.method = method,
             .path = path,
             .query = query,
             .headers = {{"Content-Type", "multipart/form-data; boundary=b"}},
             .body = body,
             .caller = {.tenant = tenant}},
            recorder);
    return recorder->wait();
  }
  Json get(const std::string& path, const std::string& query = "") {
    return Json::parse(send("GET", path, "", query).body);
  }
  std::string upload(const std::string& content, const std::string& more = "") {
    const auto response =
        send("POST", "/v1/files",
             "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n" + more +
                 "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a\"\r\n\r\n" +
                 content + "\r\n--b--\r\n");
    CAPTURE(response.body);
    REQUIRE(response.status == 200);
    return Json::parse(response.body)["id"];
  }
  Json start(const std::string& file) {
    const Json body = {
        {"input_file_id", file}, {"endpoint", "/v1/completions"}, {"completion_window", "24h"}};
    return Json::parse(send("POST", "/v1/batches", body.dump()).body);
  }
  Json finished(const std::string& id) {
    for (;;) {
      Json batch = get("/v1/batches/" + id);
      if (!is_active(batch)) return batch;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // The ids of a file's lines.
  std::multiset<std::string> ids_in(const Json& file) {
    std::multiset<std::string> ids;
    if (!file.is_string()) return ids;
    std::istringstream lines(send("GET", "/v1/files/" + file.get<std::string>() + "/content").body);
    for (std::string line; std::getline(lines, line);)
      ids.insert(Json::parse(line)["custom_id"].get<std::string>());
    return ids;
  }
};

std::string line(const std::string& id, const Json& body) {
  return Json({{"custom_id", id}, {"method", "POST"}, {"url", "/v1/completions"}, {"body", body}})
             .dump() +
         "\n";
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line(std::to_string(i), {{"n", i}});
  return text;
}

}  // namespace

TEST_CASE("files are kept, listed, told and deleted") {
  const fs::path folder = test_data::empty_folder("jobs-files");
  const std::string bytes("one\r\n\0two", 9);
  std::string first, second;
  {
    Server server(folder);
    first = server.upload(bytes);
    second = server.upload("");
  }
  std::ofstream(folder / "files" / "file-stray.content") << "of a server that was killed";
  Server server(folder, 100);
  CHECK_FALSE(fs::exists(folder / "files" / "file-stray.content"));
  CHECK(server.get("/v1/files/" + first)["filename"] == "../a");
  CHECK(server.send("GET", "/v1/files/" + first + "/content").body == bytes);
  CHECK(server.get("/v1/files")["data"][0]["id"] == second);
  const Json page = server.get("/v1/files", "limit=1&order=asc&purpose=batch");
  CHECK(page["last_id"] == first);
  CHECK(page["has_more"] == true);
  CHECK(server.get("/v1/files", "after=" + second)["data"][0]["id"] == first);
  for (const char* wrong : {"limit=0", "limit=x", "after=none", "order=up"})
    CHECK(server.send("GET", "/v1/files", "", wrong).status == 400);
  CHECK(server.send("DELETE", "/v1/files/" + first).status == 200);
  for (const std::string& gone : {first, std::string("../../etc/passwd"), first + "/content"})
    CHECK(server.send("GET", "/v1/files/" + gone).status == 404);
}

TEST_CASE("a file is forgotten when its time is over") {
  Server server(test_data::empty_folder("jobs-expiry"));
  const std::string id = server.upload(
      "a",
      "--b\r\nContent-Disposition: form-data; name=\"expires_after[seconds]\"\r\n\r\n3600\r\n");
  CHECK(server.get("/v1/files/" + id)["expires_at"] == 4600);
  server.now = 4600;
  CHECK(server.send("GET", "/v1/files/" + id).status == 404);
}

TEST_CASE("room for files is bounded") {
  const auto store =
      FileStore::open(test_data::empty_folder("jobs-room"), {.files_max = 2, .bytes_max = 10});
  REQUIRE(store.has_value());
  CHECK((*store)->add({.id = "a", .name = "a", .purpose = "batch"}, "123456").has_value());
  CHECK_FALSE((*store)->add({.id = "b", .name = "b", .purpose = "batch"}, "12345").has_value());
  CHECK((*store)->add({.id = "b", .name = "b", .purpose = "batch"}, "").has_value());
  CHECK_FALSE((*store)->add({.id = "c", .name = "c", .purpose = "batch"}, "").has_value());
}

TEST_CASE("every request has one line: answered, refused, dropped, or asked again") {
  Server server(test_data::empty_folder("jobs-batch"));
  server.answerer.busy = 3;
  const std::string file =
      server.upload(lines(20) + line("bad", {{"bad", 1}}) + line("drop", {{"drop", 1}}) +
                    line("stream", {{"n", 1}, {"stream", true}}));
  const Json started = server.start(file);
  CHECK(started["request_counts"]["total"] == 23);
  server.send("DELETE", "/v1/files/" + file);  // harms no batch
  const Json batch = server.finished(started["id"]);
  CHECK(batch["status"] == "completed");
  CHECK(batch["request_counts"].dump() == R"({"total":23,"completed":20,"failed":3})");
  const auto good = server.ids_in(batch["output_file_id"]);
  CHECK(good.size() == 20);
  CHECK(std::set(good.begin(), good.end()).size() == 20);
  CHECK(server.ids_in(batch["error_file_id"]) ==
        std::multiset<std::string>{"bad", "drop", "stream"});
  CHECK(server.answerer.asked == 20 + 3 + 2);
  CHECK(server.send("POST", "/v1/batches/" + batch["id"].get<std::string>() + "/cancel").status ==
        409);
}

TEST_CASE("a batch goes on where its server has ended, after a line that was torn") {
  const fs::path folder = test_data::empty_folder("jobs-resume");
  std::string id;
  {
    Server server(folder, 1, true);  // none is answered
    id = server.start(server.upload(lines(10)))["id"];
    while (server.answerer.asked < 4) std::this_thread::yield();
  }
  std::ofstream(folder / "batches" / (id + ".output"))
      << R"({"custom_id":"3","response":{"status_code":200,"body":{}}})" << "\n"
      << R"({"custom_id":"4","resp)";
  {
    Server server(folder, 100);
    const Json batch = server.finished(id);
    CHECK(batch["request_counts"]["completed"] == 10);
    CHECK(server.ids_in(batch["output_file_id"]).size() == 10);
    CHECK(server.answerer.asked == 9);
  }  // ends once its worker has cleared away what it wrote on the way
  CHECK(std::distance(fs::directory_iterator(folder / "batches"), {}) == 1);
}

TEST_CASE("cancelled or too late: what has no answer says so") {
  struct Row {
    const char *status, *code;
    bool cancel;
  };
  for (const Row& row :
       {Row{"cancelled", "batch_cancelled", true}, Row{"expired", "batch_expired", false}}) {
    Server server(test_data::empty_folder("jobs-cancel"), 1, true);
    const std::string id = server.start(server.upload(lines(6)))["id"];
    while (server.answerer.asked < 4) std::this_thread::yield();
    if (row.cancel) server.send("POST", "/v1/batches/" + id + "/cancel");
    if (!row.cancel) server.now += 86'400;
    const Json batch = server.finished(id);
    CHECK(batch["status"] == row.status);
    CHECK(server.ids_in(batch["error_file_id"]).size() == 6);
    const std::string file = batch["error_file_id"];
    CHECK(server.send("GET", "/v1/files/" + file + "/content").body.contains(row.code));
    CHECK(server.answerer.asked == 4);
  }
}

TEST_CASE("a wrong input fails as a whole, by line") {
  struct Row {
    std::string text;
    const char* code;
    int line;
  };
  const Row rows[] = {
      {"{", "invalid_json_line", 1},
      {"\n[]", "invalid_json_line", 2},
      {line("", {{"n", 1}}), "missing_required_parameter", 1},
      {R"({"custom_id": "a", "method": "GET"})", "invalid_method", 1},
      {R"({"custom_id": "a", "method": "POST", "url": "/v1/models"})", "mismatched_url", 1},
      {R"({"custom_id": "a", "method": "POST", "url": "/v1/completions"})", "invalid_request", 1},
      {lines(2) + lines(1), "duplicate_custom_id", 3},
  };
  Server server(test_data::empty_folder("jobs-wrong"));
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Json batch = server.start(server.upload(row.text));
    CHECK(batch["status"] == "failed");
    CHECK(batch["errors"]["data"][0]["code"] == row.code);
    CHECK(batch["errors"]["data"][0]["line"] == row.line);
  }
  CHECK(server.start(server.upload(" \n"))["errors"]["data"][0]["code"] == "empty_file");
  CHECK(server.start("file-none")["error"]["param"] == "input_file_id");
  CHECK(server.answerer.asked == 0);
}

TEST_CASE("what is wrong is refused by its name") {
  struct Row {
    const char *body, *param;
  };
  const Row rows[] = {
      {R"({"endpoint": "/v1/moderations", "completion_window": "24h"})", "endpoint"},
      {R"({"endpoint": "/v1/completions", "completion_window": "1h"})", "completion_window"},
      {R"({"endpoint": "/v1/completions", "completion_window": "24h", "metadata": {"a": 1}})",
       "metadata"},
      {R"({"output_expires_after": {"seconds": 1}})", "output_expires_after.seconds"},
  };
  Server server(test_data::empty_folder("jobs-refused"));
  for (const Row& row : rows) {
    const http::Response response = server.send("POST", "/v1/batches", row.body);
    CHECK(response.status == 400);
    CHECK(Json::parse(response.body)["error"]["param"] == row.param);
  }
  CHECK(server.send("GET", "/v1/batches/none").status == 404);
  CHECK(server.send("POST", "/v1/batches/none/cancel").status == 404);
  CHECK(server.send("POST", "/v1/files", "--b--").status == 400);
}

TEST_CASE("a folder has one server at a time") {
  const fs::path folder = test_data::empty_folder("jobs-lock");
  const Server server(folder);
  const auto second = Jobs::open(folder, server.host, [](const auto&, const auto&) {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().message.contains("--state"));
}

TEST_CASE("without a folder the option is named") {
  const auto recorder = std::make_shared<inference::testing::Recorder>();
  http::router(routes_without_state())(
      {.method = "POST", .path = "/v1/files", .query = "", .headers = {}}, recorder);
  CHECK(recorder->wait().status == 400);
  CHECK(recorder->wait().body.contains("--state FOLDER"));
}

TEST_CASE("a tenant's files and batches are nobody else's") {
  Server server(test_data::empty_folder("jobs-tenants"));
  server.tenant = "acme";
  const std::string file = server.upload(line("a", {{"n", 1}}));
  const std::string batch = server.start(file)["id"];
  const std::string output = server.finished(batch)["output_file_id"];
  CHECK(server.send("GET", "/v1/files/" + output + "/content").status == 200);
  CHECK(server.answerer.last_caller().tenant == "acme");  // who pays
  CHECK(server.answerer.last_caller().request == "req_" + batch + "_0");
  server.tenant = "beta";
  for (const std::string& path :
       {"/v1/files/" + file, "/v1/files/" + output + "/content", "/v1/batches/" + batch})
    CHECK(server.send("GET", path).status == 404);
  CHECK(server.send("DELETE", "/v1/files/" + file).status == 404);
  CHECK(server.send("POST", "/v1/batches/" + batch + "/cancel").status == 404);
  CHECK(server.start(file)["error"]["code"] == "not_found");
  CHECK(server.get("/v1/files")["data"].empty());
  CHECK(server.get("/v1/batches")["data"].empty());
  server.tenant = "acme";
  CHECK(server.get("/v1/files")["data"].size() == 2);
  CHECK(server.get("/v1/batches")["data"].size() == 1);
}

}  // namespace mill::jobs
