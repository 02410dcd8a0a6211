#include "tests/model/choosing.h"

#include <map>
#include <utility>

#include "tests/model/digests.h"
#include "tests/model/rules.h"

namespace holdfast::model_test {

const std::vector<std::string> bucket_names{"alpha", "beta", "gamma"};
const std::vector<std::string> key_names{"a", "a/",  "a/b",  "a/b/c", "a/bb",     "a+c",
                                         "b", "b c", "b//d", "b/",    "\xc3\xa4", "z&<q>\"'"};

const std::array<const char*, 7> algorithms{"CRC32", "CRC64NVME", "SHA256", "CRC32C",
                                            "SHA1",  "SHA512",    "MD5"};

namespace {

/// Bytes that are like no other stretch of themselves or of another body.
std::string pattern(std::size_t size, std::size_t variant) {
    std::string bytes(size, '\0');
    std::uint32_t state = static_cast<std::uint32_t>(size * 31 + variant * 7919 + 1);
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

/// A body, the same object for the same choice, so that its digests are computed once.
ContentPtr body_of(std::size_t size, std::size_t variant) {
    static std::map<std::pair<std::size_t, std::size_t>, ContentPtr> made;
    auto& body = made[{size, variant}];
    if (!body) body = std::make_shared<Content>(pattern(size, variant));
    return body;
}

}  // namespace

ContentPtr choose_body(Choices& choose) {
    // Around the limits: the smallest part, what is kept beside its record, a frame.
    constexpr std::size_t sizes[] = {1,    0,    100,     1024,   1500,   1023,   1024,   3000,
                                     2000, 100,  5000,    1025,   16'383, 16'384, 16'385, 1100,
                                     1,    4096, 65'535,  65'536, 65'537, 20'000, 200,    131'072,
                                     9000, 1200, 150'001, 7,      2048,   33'000};
    const auto size = choose.of(sizes);
    return body_of(size, choose.below(8));
}

std::string choose_bucket(Choices& choose) {
    const auto at = choose.below(40);
    if (at < 26) return "alpha";
    if (at < 34) return "beta";
    return at < 39 ? "gamma" : "delta";  // which is never made
}

const Object* object_of(const Reference& state, const std::string& bucket, const std::string& key) {
    const auto found = state.buckets().find(bucket);
    if (found == state.buckets().end()) return nullptr;
    const auto object = found->second.objects.find(key);
    return object == found->second.objects.end() ? nullptr : &object->second;
}

std::string etag_of(const Object* object) {
    return quoted(object == nullptr ? hex(digest_of("MD5", "none")) : object->etag);
}

void choose_object(Choices& choose, const Reference& state, std::string& bucket, std::string& key) {
    bucket = choose_bucket(choose);
    key = choose.of(key_names);
    const auto found = state.buckets().find(bucket);
    if (found == state.buckets().end() || found->second.objects.empty()) return;
    if (!choose.chance(50)) return;
    key = std::next(found->second.objects.begin(),
                    static_cast<std::ptrdiff_t>(choose.below(found->second.objects.size())))
              ->first;
}

void add_digest(Choices& choose, Call& call, const std::string& algorithm) {
    const auto kind = choose.below(20);
    if (kind < 9 && algorithm.empty()) return;
    if (kind < 12 && algorithm.empty()) {
        call.headers["content-md5"] = base64(call.body->digest("MD5"));
    } else if (kind == 12) {
        call.headers["content-md5"] = base64(digest_of("MD5", "something else"));
    } else if (kind == 13) {
        const std::string name = choose.of(algorithms);
        call.headers[checksum_header(name)] = base64(digest_of(name, "something else"));
    } else if (kind < 19 && !algorithm.empty()) {
        call.headers[checksum_header(algorithm)] = checksum_value(*call.body, algorithm);
    } else {
        const std::string name = choose.of(algorithms);
        call.headers[checksum_header(name)] = checksum_value(*call.body, name);
    }
}

void add_properties(Choices& choose, Call& call) {
    if (choose.chance(30)) call.headers["content-type"] = "text/plain";
    if (choose.chance(25))
        call.headers["x-amz-meta-color"] = choose.below(2) == 0 ? "red" : "deep blue";
    if (choose.chance(8)) call.headers["cache-control"] = "max-age=60";
    const auto storage = choose.below(60);
    if (storage == 58) call.headers["x-amz-storage-class"] = "STANDARD_IA";
    if (storage == 59) call.headers["x-amz-storage-class"] = "COLD";
}

void add_write_condition(Choices& choose, Call& call, const Object* current) {
    const auto kind = choose.below(50);
    if (kind < 42) return;
    if (kind < 45) call.headers["if-none-match"] = "*";
    if (kind >= 45 && kind < 47) call.headers["if-match"] = etag_of(current);
    if (kind == 47) call.headers["if-match"] = quoted("0123456789abcdef0123456789abcdef");
    if (kind == 48) call.headers["if-match"] = "*";
    if (kind == 49) call.headers["if-none-match"] = etag_of(current);
}

void add_read_condition(Choices& choose, Call& call, const std::string& prefix,
                        const Object* object, std::int64_t now_ms) {
    const auto kind = choose.below(60);
    if (kind < 48) return;
    const auto modified = object == nullptr ? now_ms : object->modified_ms;
    const auto date = http_date(choose.below(3) == 0   ? modified
                                : choose.below(2) == 0 ? modified - 5000
                                                       : now_ms + 50'000);
    const bool right = choose.below(2) == 0;
    const auto tag = right ? etag_of(object) : quoted("ffff");
    if (kind < 51) call.headers[prefix + "if-match"] = tag;
    if (kind >= 51 && kind < 54) call.headers[prefix + "if-none-match"] = tag;
    if (kind == 53 || kind == 54 || kind == 58) call.headers[prefix + "if-modified-since"] = date;
    if (kind == 50 || kind >= 55) call.headers[prefix + "if-unmodified-since"] = date;
}

std::string source_header(const std::string& bucket, const std::string& key) {
    return "/" + bucket + "/" + percent_encoded(key, false);
}

Named choose_upload(Choices& choose, const Reference& state) {
    std::vector<Named> open;
    std::vector<Named> ended;
    for (const auto& [name, bucket] : state.buckets()) {
        for (const auto& upload : bucket.uploads)
            open.push_back({name, upload.key, upload.id, &upload, nullptr});
        for (const auto& past : bucket.ended)
            ended.push_back({name, past.key, past.id, nullptr, &past});
    }
    const auto kind = choose.below(40);
    if (kind == 39 || (open.empty() && ended.empty()))
        return {choose_bucket(choose), choose.of(key_names), "no-such-upload-id", nullptr, nullptr};
    Named named;
    if (open.empty() || (kind >= 33 && !ended.empty()))
        named = ended[ended.size() - 1 - choose.below(ended.size())];
    else
        named = open[open.size() - 1 - choose.below(open.size())];
    if (kind == 38) {
        named.key = choose.of(key_names);  // perhaps another one
        const bool same = (named.open != nullptr && named.open->key == named.key) ||
                          (named.ended != nullptr && named.ended->key == named.key);
        if (!same) named.open = nullptr, named.ended = nullptr;
    }
    return named;
}

}  // namespace holdfast::model_test
