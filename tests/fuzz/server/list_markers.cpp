// Tokens and markers of the listings: pages of any size add up to the listing in one page, a token
// means the same as start-after, and no text that a client makes up is more than refused.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/log.h"
#include "model/uri.h"
#include "tests/fuzz/server/small_server.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::size_t keys_max = 6;
constexpr std::size_t seal_bytes = 8;

void require(bool condition) {
    if (!condition) std::abort();
}

std::string encoded(std::string_view text) {
    return model::percent_encode(text);
}

/// Names as they are, objects and common prefixes in one order.
struct Page {
    unsigned status = 0;
    std::vector<std::string> names;
    std::vector<std::string> prefixes;
    bool truncated = false;
    Answer answer;
};

class Listings {
public:
    explicit Listings(base::ByteView bytes) : rest_(base::as_text(bytes)) {
        if (!rest_.empty()) page_size_ = 1 + static_cast<unsigned char>(rest_.front()) % 3;
        prefix_ = text();
        delimiter_ = text();
        made_up_ = text();
        require(server_.ask(Request("PUT", "/photos")).status == 200);
        for (std::size_t i = 0; i < keys_max && !rest_.empty(); ++i) add(std::string(text()));
        put_parts();
    }

    void check_objects();
    void check_uploads();
    void check_parts();
    void check_buckets();

private:
    std::string_view text() {
        const auto piece = rest_.substr(0, rest_.find('\0'));
        rest_.remove_prefix(std::min(piece.size() + 1, rest_.size()));
        return piece.substr(0, 64);
    }
    /// An object, and beside it an upload of the same key.
    void add(const std::string& key) {
        const auto path = "/photos/" + model::percent_encode(key, "/");
        const auto made =
            server_.ask({Request("PUT", path).body("x"), Request("POST", path + "?uploads")});
        if (made.front().status != 200) return;
        require(made.size() == 2 && made.back().status == 200);
        keys_.insert(key);
        upload_path_ = path;
        upload_ = made.back().element("UploadId");
        ++uploads_;
    }
    /// Of the last upload, as many as there are keys.
    void put_parts() {
        std::vector<Request> parts;
        for (std::size_t part = 1; part <= keys_.size(); ++part)
            parts
                .emplace_back("PUT", upload_path_ + "?partNumber=" + std::to_string(part * part) +
                                         "&uploadId=" + upload_)
                .body("part");
        for (const auto& answer : server_.ask(parts)) require(answer.status == 200);
    }
    Page list(const std::string& query) {
        Page page;
        page.answer =
            server_.ask(Request("GET", "/photos?encoding-type=url&prefix=" + encoded(prefix_) +
                                           "&delimiter=" + encoded(delimiter_) + query));
        page.status = page.answer.status;
        require(page.status == 200 || page.status == 400);
        for (const auto& key : page.answer.elements("Key"))
            page.names.push_back(model::percent_decode(key).value());
        const auto prefixes = page.answer.elements("Prefix");
        const bool said = query.find("uploads") == std::string::npos || !prefix_.empty();
        for (std::size_t i = said ? 1 : 0; i < prefixes.size(); ++i)
            page.prefixes.push_back(model::percent_decode(prefixes[i]).value());
        page.truncated = page.answer.element("IsTruncated") == "true";
        return page;
    }
    [[nodiscard]] std::string size_of_page(const char* name) const {
        return std::string("&") + name + "=" + std::to_string(page_size_);
    }
    void check_against_keys(const Page& whole) const;
    template <class Next>
    void check_walk(const Page& whole, const std::string& query, Next next);

    SmallServer server_;
    std::string_view rest_;
    std::size_t page_size_ = 1;
    std::string_view prefix_;
    std::string_view delimiter_;
    std::string_view made_up_;
    std::set<std::string> keys_;
    std::string upload_path_;
    std::string upload_;
    std::size_t uploads_ = 0;
};

/// A naive listing.
void Listings::check_against_keys(const Page& whole) const {
    std::vector<std::string> names;
    std::set<std::string> prefixes;
    for (const auto& key : keys_) {
        if (!key.starts_with(prefix_)) continue;
        const auto at =
            delimiter_.empty() ? std::string::npos : key.find(delimiter_, prefix_.size());
        if (at == std::string::npos)
            names.push_back(key);
        else
            prefixes.insert(key.substr(0, at + delimiter_.size()));
    }
    require(whole.names == names && !whole.truncated);
    require(
        std::equal(whole.prefixes.begin(), whole.prefixes.end(), prefixes.begin(), prefixes.end()));
}

/// `next` says how the query of the page after this one goes on.
template <class Next>
void Listings::check_walk(const Page& whole, const std::string& query, Next next) {
    std::vector<std::string> names;
    std::vector<std::string> prefixes;
    std::string where;
    for (bool more = true; more;) {
        const auto page = list(query + where);
        require(page.status == 200);
        const auto entries = page.names.size() + page.prefixes.size();
        require(entries <= page_size_ && (entries == page_size_ || !page.truncated));
        names.insert(names.end(), page.names.begin(), page.names.end());
        prefixes.insert(prefixes.end(), page.prefixes.begin(), page.prefixes.end());
        require(names.size() + prefixes.size() <= whole.names.size() + whole.prefixes.size());
        more = page.truncated;
        if (more) where = next(page);
    }
    require(names == whole.names && prefixes == whole.prefixes);
}

void Listings::check_objects() {
    const auto whole = list("&list-type=2");
    if (whole.status != 200) return;
    check_against_keys(whole);
    const auto first = list("");
    require(first.names == whole.names && first.prefixes == whole.prefixes);

    std::string token;
    check_walk(whole, "&list-type=2" + size_of_page("max-keys"), [&](const Page& page) {
        token = page.answer.element("NextContinuationToken");
        return "&continuation-token=" + encoded(token);
    });
    check_walk(whole, size_of_page("max-keys"), [&](const Page& page) {
        if (delimiter_.empty()) return "&marker=" + encoded(page.names.back());
        const auto marker = model::percent_decode(page.answer.element("NextMarker"));
        return "&marker=" + encoded(marker.value());
    });

    // Whatever the client makes up is a marker, and is no token but by the seal.
    const auto after = list("&list-type=2&start-after=" + encoded(made_up_));
    const auto marked = list("&marker=" + encoded(made_up_));
    require(after.status == marked.status && after.names == marked.names);
    require(after.prefixes == marked.prefixes);
    for (const auto& name : after.names) require(name > made_up_ && keys_.contains(name));
    const auto no_token = list("&list-type=2&continuation-token=" + encoded(made_up_));
    require(no_token.status == (made_up_.empty() ? 200 : 400));
    if (token.empty() || made_up_.empty()) return;
    auto bytes = base::from_base64(token).value();
    bytes.resize(seal_bytes);
    const auto name = base::as_bytes(made_up_);
    bytes.insert(bytes.end(), name.begin(), name.end());
    const auto forged = list("&list-type=2&continuation-token=" + encoded(base::to_base64(bytes)));
    require(forged.status == 200 && forged.names == after.names);
    require(forged.prefixes == after.prefixes);
    bytes.front() ^= 1;
    require(list("&list-type=2&continuation-token=" + encoded(base::to_base64(bytes))).status ==
            400);
}

void Listings::check_uploads() {
    const auto whole = list("&uploads");
    if (whole.status != 200) return;
    if (prefix_.empty() && delimiter_.empty()) require(whole.names.size() == uploads_);
    check_walk(whole, "&uploads" + size_of_page("max-uploads"), [&](const Page& page) {
        const auto key = model::percent_decode(page.answer.element("NextKeyMarker"));
        return "&key-marker=" + encoded(key.value()) +
               "&upload-id-marker=" + encoded(page.answer.element("NextUploadIdMarker"));
    });
    const auto after = list("&uploads&key-marker=" + encoded(made_up_));
    if (after.status == 200)
        for (const auto& name : after.names) require(name > made_up_);
    // An upload id belongs to its key.
    const auto id = list("&uploads&key-marker=k&upload-id-marker=" + encoded(made_up_));
    require(id.status == (made_up_.empty() ? 200 : 400));
}

void Listings::check_parts() {
    if (upload_.empty()) return;
    const auto numbers_of = [&](const std::string& query) {
        const auto answer =
            server_.ask(Request("GET", upload_path_ + "?uploadId=" + upload_ + query));
        require(answer.status == 200 || answer.status == 400);
        return std::make_pair(answer, answer.elements("PartNumber"));
    };
    const auto [whole, all] = numbers_of("");
    require(whole.status == 200 && all.size() == keys_.size());
    std::vector<std::string> walked;
    std::string marker = "0";
    for (bool more = true; more;) {
        const auto [page, numbers] =
            numbers_of("&part-number-marker=" + marker + size_of_page("max-parts"));
        require(page.status == 200 && numbers.size() <= page_size_);
        walked.insert(walked.end(), numbers.begin(), numbers.end());
        require(walked.size() <= all.size());
        marker = page.element("NextPartNumberMarker");
        more = page.element("IsTruncated") == "true";
    }
    require(walked == all);
    const auto [page, numbers] = numbers_of("&part-number-marker=" + encoded(made_up_));
    if (page.status != 200) return;
    const auto said = std::stoull(page.element("PartNumberMarker"));
    for (const auto& number : numbers) require(std::stoull(number) > said);
    require(std::count_if(all.begin(), all.end(), [&](const auto& number) {
                return std::stoull(number) > said;
            }) == static_cast<std::ptrdiff_t>(numbers.size()));
}

void Listings::check_buckets() {
    require(server_.ask(Request("PUT", "/albums")).status == 200);
    const auto first = server_.ask(Request("GET", "/?max-buckets=1"));
    require(first.status == 200 && first.element("Name") == "albums");
    const auto token = first.element("ContinuationToken");
    const auto second =
        server_.ask(Request("GET", "/?max-buckets=1&continuation-token=" + encoded(token)));
    require(second.status == 200 && second.element("Name") == "photos");
    const auto made_up = server_.ask(Request("GET", "/?continuation-token=" + encoded(made_up_)));
    require(made_up.status == 200 || made_up.status == 400);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    base::log::start({base::log::Level::error, base::log::Format::json, "/dev/null"});
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Listings listings(base::ByteView(data, size));
    listings.check_objects();
    listings.check_uploads();
    listings.check_parts();
    listings.check_buckets();
    return 0;
}
