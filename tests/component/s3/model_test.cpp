// Long random histories against a model that a page of code can be sure of: what is read, what is
// listed, and that nothing is left when everything was deleted. Spec durability P1 to P4.

#include <map>

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

/// A history of one seed, and what must be true of it.
class History {
public:
    explicit History(std::uint64_t seed) : state_(seed) {}

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            step();
            if (i % 10 == 0) check();
        }
        check();
    }
    void end() {
        while (!uploads_.empty()) abort_upload(uploads_.begin()->first);
        for (const auto& key : keys_) REQUIRE(endpoint_.remove("/photos/" + key).status == 204);
        endpoint_.collect_garbage();
        CHECK(endpoint_.blobs.live() == 0);
        CHECK(endpoint_.remove("/photos").status == 204);
    }

private:
    struct Upload {
        std::string key;
        std::map<int, std::pair<std::string, std::string>> parts;  ///< body and ETag by number
    };

    std::uint64_t random(std::uint64_t below) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state_ >> 33) % below;
    }
    std::string body() {
        constexpr std::size_t sizes[] = {0, 1, 100, 16'384, 16'385, 65'536, 150'000};
        return std::string(sizes[random(std::size(sizes))], static_cast<char>('a' + random(26)));
    }
    std::string key() { return keys_[random(keys_.size())]; }

    void step() {
        switch (random(9)) {
            case 0:
            case 1:
                return put();
            case 2:
                return remove();
            case 3:
                return copy();
            case 4:
                return start();
            case 5:
            case 6:
                return part();
            case 7:
                return complete();
            default:
                if (!uploads_.empty() && random(3) == 0) abort_upload(uploads_.begin()->first);
                endpoint_.collect_garbage();
        }
    }
    void put() {
        const auto to = key();
        auto bytes = body();
        const bool fails = random(4) == 0;
        Request request = Request("PUT", "/photos/" + to).body(bytes);
        if (fails) request.header("Content-MD5", base64_md5(bytes + "?"));
        REQUIRE(endpoint_.send(request).status == (fails ? 400U : 200U));
        if (!fails) objects_[to] = std::move(bytes);
    }
    void remove() {
        const auto which = key();
        REQUIRE(endpoint_.remove("/photos/" + which).status == 204);
        objects_.erase(which);
    }
    void copy() {
        const auto from = key();
        const auto to = key();
        const auto answer = endpoint_.send(Request("PUT", "/photos/" + to)
                                               .header("x-amz-copy-source", "/photos/" + from)
                                               .header("x-amz-metadata-directive", "REPLACE"));
        const auto source = objects_.find(from);
        REQUIRE(answer.status == (source == objects_.end() ? 404U : 200U));
        if (source != objects_.end()) objects_[to] = std::string(source->second);
    }
    void start() {
        if (uploads_.size() > 4) return;
        const auto to = key();
        uploads_[endpoint_.start_upload("/photos/" + to)].key = to;
    }
    void part() {
        if (uploads_.empty()) return;
        auto& [id, upload] =
            *std::next(uploads_.begin(), static_cast<std::ptrdiff_t>(random(uploads_.size())));
        const auto number = 1 + static_cast<int>(random(3));
        auto bytes = body();
        auto etag = endpoint_.put_part("/photos/" + upload.key, id, number, bytes);
        upload.parts[number] = {std::move(bytes), std::move(etag)};
    }
    /// One of the parts is enough for the smallest of objects.
    void complete() {
        if (uploads_.empty()) return;
        const auto it = uploads_.begin();
        const auto target = "/photos/" + it->second.key + "?uploadId=" + it->first;
        if (it->second.parts.empty()) {
            REQUIRE(endpoint_.post(target, part_list({{1, "none"}})).status == 400);
            return;
        }
        const auto& [number, chosen] = *it->second.parts.rbegin();
        const auto list = part_list({{number, chosen.second}});
        const auto answer = endpoint_.post(target, list);
        REQUIRE(answer.status == 200);
        CHECK(endpoint_.post(target, list).body == answer.body);
        objects_[it->second.key] = chosen.first;
        uploads_.erase(it);
    }
    void abort_upload(const std::string& id) {
        REQUIRE(endpoint_.remove("/photos/" + uploads_[id].key + "?uploadId=" + id).status == 204);
        uploads_.erase(id);
    }
    void check() {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : objects_) {
            names.push_back(name);
            const auto read = endpoint_.get("/photos/" + name);
            CHECK(read.status == 200);
            CHECK((read.body == bytes));
        }
        CHECK(endpoint_.get("/photos").elements("Key") == names);
        CHECK(endpoint_.get("/photos?uploads").elements("UploadId").size() == uploads_.size());
    }

    MemoryEndpoint endpoint_;
    std::uint64_t state_;
    const std::vector<std::string> keys_{"a", "a/b", "b", "c"};
    std::map<std::string, std::string> objects_;
    std::map<std::string, Upload> uploads_;
};

}  // namespace

TEST_CASE("Random histories read and list as the model does, and leave nothing behind (P1 to P4)",
          "[s3][model]") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        INFO("seed " << seed);
        History history(seed);
        history.run(150);
        history.end();
    }
}

}  // namespace holdfast::test
