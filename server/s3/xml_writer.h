/// Writes XML by appending: answers of S3 are trees written once, top to bottom. threads: one.
/// source: spec multipart GEN-01, operations 3.3 (characters).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::s3 {

class XmlWriter {
public:
    /// Begins with the prolog.
    XmlWriter();

    /// `name` must outlive the element. The root of an answer has S3's namespace, Error has none.
    void open(std::string_view name);
    void open_root(std::string_view name);
    void close();
    /// Text is escaped: markup, CR, and control characters as references, so that nothing is
    /// lost; bytes that are not UTF-8 are taken for Latin-1.
    void element(std::string_view name, std::string_view text);
    void element(std::string_view name, std::uint64_t number);
    /// Of a bool alone: a literal would rather become one than a text.
    template <std::same_as<bool> Bool>
    void element(std::string_view name, Bool value) {
        element(name, std::string_view(value ? "true" : "false"));
    }
    /// Text known to need no escaping.
    void text(std::string_view raw) { out_.append(raw); }

    /// REQUIRES: everything is closed.
    [[nodiscard]] std::string finish() &&;

private:
    void escape(std::string_view text);
    void append_reference(unsigned char byte);
    std::string out_;
    std::vector<std::string_view> open_;
};

}  // namespace holdfast::s3
