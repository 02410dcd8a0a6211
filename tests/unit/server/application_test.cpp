#include "server/application.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "server/admin_client.h"
#include "server/health_check.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast;
using namespace std::chrono_literals;
using server::Application;
using server::ExitCode;
using tests::TemporaryDirectory;

namespace {

config::Settings settings_of(const TemporaryDirectory& directory,
                             std::vector<std::string> assignments = {}) {
    assignments.insert(assignments.begin(),
                       {"server.port=0", "admin.port=0", "storage.segment_bytes=128MiB",
                        "log.level=error", "storage.directory=" + directory.file("data")});
    const auto settings = config::load({"", {}, assignments});
    REQUIRE(settings);
    return *settings;
}

/// The port of a line of the banner, as a script would find it.
std::string port_of(const std::string& banner, std::string_view line) {
    constexpr std::string_view host = "http://127.0.0.1:";
    const auto at = banner.find(host, banner.find(line));
    REQUIRE(at != std::string::npos);
    const auto port = at + host.size();
    return banner.substr(port, banner.find(' ', port) - port);
}

/// Asks the admin API of a server as an operator would.
class AdminOf {
public:
    AdminOf(const Application& application, const TemporaryDirectory& directory)
        : token_(directory.read("data/admin-token")) {
        const auto admin =
            config::load({"", {}, {"admin.port=" + port_of(application.banner(), "  Admin  ")}});
        REQUIRE(admin);
        settings_ = *admin;
        token_.resize(token_.find_last_not_of('\n') + 1);
    }

    boost::json::object get(const std::string& path) { return ask("GET", path, 200); }
    boost::json::object post(const std::string& path, unsigned status) {
        return ask("POST", path, status);
    }
    /// Asks again and again until the answer is as it should be; fails when it does not become so.
    void get_until(const std::string& path,
                   const std::function<bool(const boost::json::object&)>& wanted) {
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        auto answer = get(path);
        while (!wanted(answer) && std::chrono::steady_clock::now() < deadline) answer = get(path);
        INFO(path << ": " << boost::json::serialize(answer));
        REQUIRE(wanted(answer));
    }

private:
    boost::json::object ask(const char* method, const std::string& path, unsigned status) {
        const server::AdminRequest request{method, "/admin/v1/" + path, base::Secret(token_)};
        const auto answer = server::ask_admin(settings_, request, 10s);
        REQUIRE(answer);
        INFO(answer->body);
        CHECK(answer->status == status);
        return boost::json::parse(answer->body).as_object();
    }

    config::Settings settings_;
    std::string token_;
};

server::Result<void> health(const std::string& admin_port) {
    const auto settings = config::load({"", {}, {"admin.port=" + admin_port}});
    REQUIRE(settings);
    return server::check_health(*settings, 10s);
}

server::Failure refusal(const config::Settings& settings) {
    Application application(settings);
    auto started = application.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().message.find('\n') == std::string::npos);
    return std::move(started).error();
}

}  // namespace

TEST_CASE("application: starts on free ports, is ready, and stops", "[server]") {
    for (const char* engine : {"local", "memory"}) {
        INFO(engine);
        const TemporaryDirectory directory;
        Application application(settings_of(directory, {std::string("storage.engine=") + engine}));
        REQUIRE(application.start());
        const std::string admin = port_of(application.banner(), "  Admin  ");
        CHECK(admin != "0");
        CHECK(port_of(application.banner(), "  S3 ") != "0");
        CHECK(health(admin));
        application.stop();
        const auto gone = health(admin);
        REQUIRE_FALSE(gone);
        CHECK(gone.error().code == ExitCode::failure);
    }
}

TEST_CASE("application: the second start shows the key's place, not the key", "[server]") {
    const TemporaryDirectory directory;
    {
        Application first(settings_of(directory));
        REQUIRE(first.start());
        CHECK_THAT(first.banner(), Catch::Contains("export AWS_SECRET_ACCESS_KEY="));
        first.stop();
    }
    Application second(settings_of(directory));
    REQUIRE(second.start());
    CHECK_THAT(second.banner(), !Catch::Contains("AWS_SECRET_ACCESS_KEY"));
    CHECK_THAT(second.banner(), Catch::Contains("data/root-credentials"));
    second.stop();
}

TEST_CASE("application: 2.5 a data directory in use is exit code 4", "[server]") {
    const TemporaryDirectory directory;
    Application first(settings_of(directory));
    REQUIRE(first.start());
    const auto failure = refusal(settings_of(directory));
    CHECK(failure.code == ExitCode::data_in_use);
    CHECK_THAT(failure.message, Catch::StartsWith("storage.directory: "));
    first.stop();
}

TEST_CASE("application: 2.5 somebody else's directory is exit code 3 and stays as it is",
          "[server]") {
    const TemporaryDirectory directory;
    std::filesystem::create_directory(directory.file("data"));
    directory.write("data/thesis.txt", "do not touch");
    CHECK(refusal(settings_of(directory)).code == ExitCode::data_unusable);
    CHECK(directory.read("data/thesis.txt") == "do not touch");
    CHECK_FALSE(std::filesystem::exists(directory.file("data/root-credentials")));
}

TEST_CASE("application: a port that is taken is exit code 5 and names it", "[server]") {
    const TemporaryDirectory one;
    const TemporaryDirectory other;
    Application first(settings_of(one));
    REQUIRE(first.start());
    const std::string port = port_of(first.banner(), "  Admin  ");
    const auto failure = refusal(settings_of(other, {"admin.port=" + port}));
    CHECK(failure.code == ExitCode::not_listening);
    CHECK_THAT(failure.message, Catch::Contains(port));
    first.stop();
}

TEST_CASE("application: a certificate that cannot be read is exit code 5", "[server]") {
    const TemporaryDirectory directory;
    const auto failure =
        refusal(settings_of(directory, {"tls.certificate=" + directory.file("none.pem"),
                                        "tls.key=" + directory.file("none.key")}));
    CHECK(failure.code == ExitCode::not_listening);
    CHECK_THAT(failure.message, Catch::Contains("none.pem"));
}

TEST_CASE("health: port 0 says nothing about where to ask", "[server]") {
    const auto asked = health("0");
    REQUIRE_FALSE(asked);
    CHECK(asked.error().code == ExitCode::usage);
}

TEST_CASE("application: the admin API tells what was before a pass and what uploads leave free",
          "[server]") {
    const TemporaryDirectory directory;
    Application application(settings_of(directory, {"storage.free_bytes_min=1"}));
    REQUIRE(application.start());
    AdminOf admin(application, directory);
    CHECK(admin.get("info")["disk"].as_object()["reserve_bytes"].to_number<int>() == 96 << 20);
    for (const auto& [start, report] :
         {std::pair{"gc/run", "gc/report"}, std::pair{"scrub/start", "scrub/status"}}) {
        const auto started = admin.post(start, 202);
        CHECK(started.at("started").as_bool());
        CHECK(started.at("passes_before").to_number<int>() == 0);
        admin.get_until(report, [](const auto& told) { return told.at("passes").as_int64() == 1; });
    }
    application.stop();
}

TEST_CASE("application: a scrub that is asked for while one runs is not started", "[server]") {
    const TemporaryDirectory directory;
    // A file of the index takes minutes at that rate; a stop does not wait for it.
    auto settings = settings_of(directory);
    settings.scrub_bytes_per_second_max = 1;
    Application application(settings);
    REQUIRE(application.start());
    AdminOf admin(application, directory);
    CHECK(admin.post("scrub/start", 202).at("started").as_bool());
    admin.get_until("scrub/status", [](const auto& told) { return told.at("running").as_bool(); });
    const auto again = admin.post("scrub/start", 200);
    CHECK_FALSE(again.at("started").as_bool());
    CHECK(again.at("passes_before").to_number<int>() == 0);
    application.stop();
}

TEST_CASE("application: 2.5 a read-only start serves and leaves every file as it is", "[server]") {
    const TemporaryDirectory directory;
    {
        Application first(settings_of(directory));
        REQUIRE(first.start());
        first.stop();
    }
    const auto format = directory.read("data/incarnation");
    Application second(settings_of(directory, {"storage.read_only=true"}));
    REQUIRE(second.start());
    CHECK(health(port_of(second.banner(), "  Admin  ")));
    second.stop();
    CHECK(directory.read("data/incarnation") == format);
}

TEST_CASE("application: 2.5 what the directory holds is refused with exit code 3 and one line",
          "[server]") {
    const std::vector<std::pair<std::string, std::string>> damages{
        {"data/format", "something else"},          {"data/incarnation", "something else"},
        {"data/index/CURRENT", "something else"},   {"data/keyring", "something else"},
        {"data/root-account", "something else"},    {"data/keyring-id", "something else"},
        {"data/root-credentials", "something else"}};
    for (const auto& [file, content] : damages) {
        INFO(file);
        const TemporaryDirectory directory;
        {
            Application first(settings_of(directory));
            REQUIRE(first.start());
            first.stop();
        }
        directory.write(file, content);
        CHECK(refusal(settings_of(directory)).code == ExitCode::data_unusable);
        CHECK(directory.read(file) == content);
    }
}

TEST_CASE("application: a wrong master key is told apart from damage", "[server]") {
    const TemporaryDirectory directory;
    {
        Application first(settings_of(directory));
        REQUIRE(first.start());
        first.stop();
    }
    const std::string other_key(43, 'A');
    const auto wrong =
        refusal(settings_of(directory, {"encryption.master_key=" + other_key + '='}));
    CHECK(wrong.code == ExitCode::data_unusable);
    CHECK_THAT(wrong.message, Catch::Contains("lacks master key"));
    CHECK_THAT(wrong.message, !Catch::Contains("damaged"));
    std::filesystem::remove(directory.file("data/keyring"));
    CHECK_THAT(refusal(settings_of(directory)).message,
               Catch::Contains("the data was written with master key"));
}
