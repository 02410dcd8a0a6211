#include "server/startup_banner.h"

#include <fmt/format.h>

namespace holdfast::server {

namespace {

constexpr std::string_view places = R"(
Holdfast {version} is ready.

  S3     {endpoint}  (region {region})
  Admin  {admin_endpoint}  (/health/live, /health/ready, /metrics)
  Data   {data}
)";

constexpr std::string_view clients = R"(
Root credentials, made by this start{kept}. The secret key is not shown again.

  Access key  {id}
  Secret key  {secret}

Paste into a shell for the AWS CLI:

  export AWS_ACCESS_KEY_ID={id}
  export AWS_SECRET_ACCESS_KEY={secret}
  export AWS_DEFAULT_REGION={region}
  aws --endpoint-url {endpoint} s3 mb s3://first-bucket

boto3:

  import boto3
  s3 = boto3.client("s3", endpoint_url="{endpoint}", region_name="{region}",
                    aws_access_key_id="{id}",
                    aws_secret_access_key="{secret}")

rclone (~/.config/rclone/rclone.conf):

  [holdfast]
  type = s3
  provider = Other
  endpoint = {endpoint}
  region = {region}
  access_key_id = {id}
  secret_access_key = {secret}
  acl = bucket-owner-full-control

)";

std::string credentials_line(const Banner& banner) {
    const std::string where = banner.credentials_path.empty()
                                  ? "secret key from the settings"
                                  : "secret key in " + banner.credentials_path;
    return fmt::format("  Root   access key {}, {}\n\n", banner.access_key_id, where);
}

std::string clients_text(const Banner& banner) {
    const std::string kept =
        banner.credentials_path.empty() ? "" : " and kept in " + banner.credentials_path;
    return fmt::format(clients, fmt::arg("kept", kept), fmt::arg("id", banner.access_key_id),
                       fmt::arg("secret", banner.new_secret_key.reveal()),
                       fmt::arg("region", banner.region), fmt::arg("endpoint", banner.endpoint));
}

}  // namespace

std::string endpoint_url(const std::string& address, std::uint16_t port, bool tls) {
    std::string host = address;
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    if (host.find(':') != std::string::npos) host = '[' + host + ']';
    return fmt::format("{}://{}:{}", tls ? "https" : "http", host, port);
}

std::string banner_text(const Banner& banner) {
    std::string text = fmt::format(
        places, fmt::arg("version", banner.version), fmt::arg("endpoint", banner.endpoint),
        fmt::arg("region", banner.region), fmt::arg("admin_endpoint", banner.admin_endpoint),
        fmt::arg("data", banner.data));
    return text + (banner.new_secret_key.empty() ? credentials_line(banner) : clients_text(banner));
}

}  // namespace holdfast::server
