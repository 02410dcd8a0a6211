#include "server/startup_banner.h"

#include "tests/catch.h"

using namespace holdfast;
using server::endpoint_url;

namespace {

server::Banner a_banner() {
    server::Banner banner;
    banner.version = "1.2.3";
    banner.endpoint = "http://127.0.0.1:9000";
    banner.admin_endpoint = "http://127.0.0.1:9001";
    banner.region = "eu-test-1";
    banner.data = "./data";
    banner.access_key_id = "AKIAEXAMPLE";
    banner.credentials_path = "./data/root-credentials";
    return banner;
}

}  // namespace

TEST_CASE("endpoint_url: where a client on this machine finds the listener", "[server]") {
    CHECK(endpoint_url("127.0.0.1", 9000, false) == "http://127.0.0.1:9000");
    CHECK(endpoint_url("0.0.0.0", 9000, true) == "https://127.0.0.1:9000");
    CHECK(endpoint_url("::1", 80, false) == "http://[::1]:80");
    CHECK(endpoint_url("::", 80, false) == "http://[::1]:80");
}

TEST_CASE("banner: says where everything is", "[server]") {
    const std::string text = banner_text(a_banner());
    for (const char* part :
         {"Holdfast 1.2.3 is ready", "http://127.0.0.1:9000", "http://127.0.0.1:9001", "eu-test-1",
          "./data", "AKIAEXAMPLE", "secret key in ./data/root-credentials"})
        CHECK_THAT(text, Catch::Contains(part));
}

TEST_CASE("banner: a new secret key is shown with clients to paste it into", "[server]") {
    auto banner = a_banner();
    banner.new_secret_key = base::Secret("s3cret/key+value");
    const std::string text = banner_text(banner);
    for (const char* part :
         {"export AWS_SECRET_ACCESS_KEY=s3cret/key+value\n",
          "aws --endpoint-url http://127.0.0.1:9000 ", "aws_secret_access_key=\"s3cret/key+value\"",
          "region_name=\"eu-test-1\"", "secret_access_key = s3cret/key+value\n", "type = s3\n",
          "kept in ./data/root-credentials"})
        CHECK_THAT(text, Catch::Contains(part));
}

TEST_CASE("banner: a key of the settings is not said to be in a file", "[server]") {
    auto banner = a_banner();
    banner.credentials_path.clear();
    CHECK_THAT(banner_text(banner), Catch::Contains("secret key from the settings"));
}
