#include "server/s3/xml_writer.h"

#include "base/assert.h"
#include "model/names.h"

namespace holdfast::s3 {

XmlWriter::XmlWriter() {
    out_.reserve(1024);
    out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void XmlWriter::open(std::string_view name) {
    out_.append("<").append(name).append(">");
    open_.push_back(name);
}

void XmlWriter::open_root(std::string_view name) {
    out_.append("<").append(name).append(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    open_.push_back(name);
}

void XmlWriter::close() {
    out_.append("</").append(open_.back()).append(">");
    open_.pop_back();
}

void XmlWriter::element(std::string_view name, std::string_view text) {
    out_.append("<").append(name).append(">");
    escape(text);
    out_.append("</").append(name).append(">");
}

void XmlWriter::element(std::string_view name, std::uint64_t number) {
    element(name, std::string_view(std::to_string(number)));
}

void XmlWriter::append_reference(unsigned char byte) {
    constexpr char digits[] = "0123456789abcdef";
    out_.append("&#x");
    if (byte >= 16) out_.push_back(digits[byte >> 4]);
    out_.push_back(digits[byte & 15]);
    out_.push_back(';');
}

void XmlWriter::escape(std::string_view text) {
    // A header's value may be any bytes (Latin-1): shown as such, so that the document stays UTF-8.
    const bool utf8 = model::is_utf8(text);
    for (const char c : text) {
        switch (c) {
            case '&':
                out_.append("&amp;");
                break;
            case '<':
                out_.append("&lt;");
                break;
            case '>':
                out_.append("&gt;");
                break;
            case '"':
                out_.append("&quot;");
                break;
            case '\r':
                out_.append("&#13;");
                break;
            default: {
                const auto byte = static_cast<unsigned char>(c);
                const bool control = byte < 0x20 && c != '\t' && c != '\n';
                if (control || (byte >= 0x80 && !utf8))
                    append_reference(byte);
                else
                    out_.push_back(c);
            }
        }
    }
}

std::string XmlWriter::finish() && {
    HF_ASSERT(open_.empty());
    return std::move(out_);
}

}  // namespace holdfast::s3
