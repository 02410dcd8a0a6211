/// What goes into the reference model and what comes out of it: a request as S3 words it, and the
/// answer that the specification demands. threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::model_test {

/// A run of bytes with its digests, computed once each. Shared, never changed.
class Content {
public:
    explicit Content(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    /// Raw digest; the algorithm as S3 names it in upper case ("MD5", "CRC32", …).
    const std::string& digest(const std::string& algorithm) const;

private:
    std::string bytes_;
    mutable std::map<std::string, std::string> digests_;
};
using ContentPtr = std::shared_ptr<const Content>;

/// A request without what signing and framing add to it.
struct Call {
    std::string method{};
    std::string bucket{};                                      ///< empty: of the service
    std::string key{};                                         ///< decoded; empty: of the bucket
    std::vector<std::pair<std::string, std::string>> query{};  ///< decoded
    std::map<std::string, std::string> headers{};              ///< names in lower case
    ContentPtr body{};                                         ///< null: none

    [[nodiscard]] std::optional<std::string> header(const std::string& name) const;
    [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const;
    /// Path and query as on the wire.
    [[nodiscard]] std::string target() const;
    /// In one line, for people.
    [[nodiscard]] std::string text() const;
};

/// "*" as a value of header or document: any value.
inline const std::string any_value = "*";

struct Expected {
    unsigned status = 200;
    /// By name in lower case; exactly these of the ones that belong to S3 (see differences()).
    std::map<std::string, std::string> headers{};
    /// Leaves of the XML document by path, "" naming the root: "Contents[0]/Key". Empty: none.
    std::map<std::string, std::string> document{};
    ContentPtr body{};  ///< of an object; null: the document alone

    [[nodiscard]] std::string code() const;
};

std::string percent_encoded(const std::string& text, bool slash_too);

}  // namespace holdfast::model_test
