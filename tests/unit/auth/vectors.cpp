#include "tests/unit/auth/vectors.h"

namespace holdfast::auth::testing {

namespace {

const std::string aws_host = "examplebucket.s3.amazonaws.com";
const std::string own_host = "127.0.0.1:9000";

Request request(std::string method, std::string path, std::string query, const std::string& host,
                HeaderList others) {
    Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.query = std::move(query);
    made.set("host", host);
    for (auto& [name, value] : others) made.add(std::move(name), std::move(value));
    return made;
}

/// With x-amz-date and the hash it is signed with.
Request hashed(Request made, std::string_view hash = empty_sha256) {
    return made.set("x-amz-date", std::string(timestamp))
        .set("x-amz-content-sha256", std::string(hash));
}

std::string url_parameters(const std::string& expires) {
    return "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
           "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=" +
           expires + "&X-Amz-SignedHeaders=host";
}

Vector t6() {
    return {"T6",
            hashed(request("PUT", "/examplebucket/chunkObject.txt", "", "s3.amazonaws.com",
                           {{"content-encoding", "aws-chunked"},
                            {"content-length", "66824"},
                            {"x-amz-decoded-content-length", "66560"},
                            {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}),
                   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            {},
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "cee3fed04b70f867d036f722359b0b1f2f0e5dc0efadbc082b76c4c60e316455",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"};
}

Vector t7() {
    return {"T7",
            hashed(request("PUT", "/examplebucket/chunkObject.txt", "", "s3.amazonaws.com",
                           {{"content-encoding", "aws-chunked"},
                            {"content-length", "66946"},
                            {"x-amz-decoded-content-length", "66560"},
                            {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                            {"x-amz-trailer", "x-amz-checksum-crc32c"}}),
                   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
            {"content-length"},
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "44d48b8c2f70eae815a0198cc73d7a546a73a93359c070abbaa5e6c7de112559",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"};
}

std::vector<Vector> aws_vectors() {
    const std::string welcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const std::string none(empty_sha256);
    return {
        {"T1",
         hashed(request("GET", "/test.txt", "", aws_host, {{"range", "bytes=0-9"}})),
         {},
         none,
         "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {"T2",
         hashed(request("PUT", "/test%24file.text", "", aws_host,
                        {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                         {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}),
                welcome),
         {},
         welcome,
         "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {"T3",
         hashed(request("GET", "/", "lifecycle", aws_host, {})),
         {},
         none,
         "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"T4",
         hashed(request("GET", "/", "max-keys=2&prefix=J", aws_host, {})),
         {},
         none,
         "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
        {"T5",
         request("GET", "/test.txt", url_parameters("86400"), aws_host, {}),
         {},
         "UNSIGNED-PAYLOAD",
         "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04",
         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
         true},
        t6(),
        t7(),
    };
}

std::vector<Vector> own_vectors() {
    const std::string none(empty_sha256);
    return {
        {"T9",
         hashed(request("GET", "/examplebucket/a%20b%2Bc~d%28%C3%A9%29//./../x%252Fy%2A%27%21", "",
                        own_host, {})),
         {},
         none,
         "e7116f24ff18234bb8b91e4ad06cc80d08bc81b3549f8b087cf912be7634cb55",
         "6a69fba2b1d800486c77bd9659deeb36cc784dc4869ab1a2e2629af405d47395"},
        {"T10",
         hashed(request("GET", "/examplebucket",
                        "prefix=a%20b%2Bc%3D%26%2A~&list-type=2&start-after=&encoding-type=url&"
                        "delimiter=%2F",
                        own_host, {})),
         {},
         none,
         "2b117e5b0ae59434b463193a837739970a765874b1dd33486d5ff94313900ca6",
         "fe50ee89891541b353d52d2211f30c04f596b4fa7031974c3e87a5738ddfbf4a"},
        {"T11",
         hashed(request("POST", "/examplebucket/obj", "uploads", own_host,
                        {{"content-type", "text/plain"},
                         {"x-amz-acl", "private"},
                         {"x-amz-meta-note", "   a   b  c  "},
                         {"x-amz-server-side-encryption", "AES256"},
                         {"x-amz-tagging", "k=v%201"}})),
         {},
         none,
         "b484e26c89f1c8a2673a60ace006c586bc3c9e0f345948bd7a2eb19c493fd6c9",
         "2f88a6b7316066512e87c44f0f0762d23060f63caa0d74353a04a331a463630e"},
        {"T12",
         hashed(
             request("PUT", "/examplebucket/obj", "", own_host,
                     {{"x-amz-meta-a", "1"}, {"x-amz-meta-a", " 2  3"}, {"x-amz-meta-a", "4 "}})),
         {},
         none,
         "8854dcc2cdccc30734224947940fb5f9a139dc75523e584d346a7f588601e837",
         "f80ccc5b0c60e1ef60df0bc99d39f88e2a49b1ace30f064302e7cbcddf3e2f2c"},
        {"T13",
         hashed(request("PUT", "/examplebucket/obj", "", own_host,
                        {{"content-encoding", "aws-chunked"},
                         {"x-amz-decoded-content-length", "11"},
                         {"x-amz-sdk-checksum-algorithm", "CRC32"},
                         {"x-amz-trailer", "x-amz-checksum-crc32"}}),
                "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
         {},
         "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
         "4144dfa42b6ac752db6c1225906e6dd87f93425ba5cd3251bdd19f56e63801d2",
         "7d56cfa3934d6c5645ae39e02e4fbe76475ecd9ff456fb2964f3f8f0ee77b591"},
        {"T14",
         hashed(request("GET", "/examplebucket/test.txt", "", own_host,
                        {{"x-amz-security-token", "TOKEN+/="}})),
         {},
         none,
         "020d168567830835576fd68d914f04dff895cd3609edab2dbfcfe5bc974e3dee",
         "7f54a7b7cffc76eb9a9d104730f940d08fd1d61f78148aa01725e78a91e27ddd",
         false,
         true},
        {"T15",
         request("PUT", "/examplebucket/obj",
                 "partNumber=1&uploadId=abc~1&" + url_parameters("3600") +
                     "&X-Amz-Security-Token=TOKEN%2B%2F%3D",
                 own_host, {}),
         {},
         "UNSIGNED-PAYLOAD",
         "3f9332af541fcb651f892d8103b0169db22c1d5187edc9e673f1bd885911330e",
         "f92087a236ea8556e6abfc0afb5e793c65f7bc0ab0c0b34c9b08a1c94c35bd04",
         true,
         true},
    };
}

}  // namespace

std::vector<Vector> request_vectors() {
    auto vectors = aws_vectors();
    for (auto& vector : own_vectors()) vectors.push_back(std::move(vector));
    return vectors;
}

std::vector<std::string> signed_names(const Vector& vector) {
    auto names = names_of(vector.request.headers);
    for (const auto& name : vector.unsigned_names) std::erase(names, name);
    return names;
}

Request as_sent(const Vector& vector) {
    auto sent = vector.request;
    if (vector.presigned) return sent.add_query("X-Amz-Signature", vector.signature);
    return sent.set("authorization", authorization(signed_names(vector), vector.signature));
}

}  // namespace holdfast::auth::testing
