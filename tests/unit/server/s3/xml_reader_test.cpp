#include "server/s3/xml_reader.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

bool accepts(std::string_view text) {
    const auto document = XmlDocument::parse(text, "Root");
    if (!document) CHECK(code_of(document) == "MalformedXML");
    return document.has_value();
}

/// The text of Root's child Key; nothing when the document is refused.
std::optional<std::string> key_of(std::string_view content) {
    const auto document =
        XmlDocument::parse("<Root><Key>" + std::string(content) + "</Key></Root>", "Root");
    if (!document) return std::nullopt;
    return child_text(document->root(), "Key");
}

std::string nested(int depth) {
    std::string text = "<Root>";
    for (int i = 1; i < depth; ++i) text += "<a>";
    for (int i = 1; i < depth; ++i) text += "</a>";
    return text + "</Root>";
}

}  // namespace

TEST_CASE("XML: a document with or without prolog, namespace and comments", "[s3][xml]") {
    CHECK(accepts("<Root/>"));
    CHECK(accepts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Root></Root>\n"));
    CHECK(accepts("\xef\xbb\xbf<Root/>"));
    CHECK(accepts("<Root xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><A/></Root>"));
    CHECK(accepts("<s3:Root xmlns:s3=\"x\"/>"));
    CHECK(accepts("<!-- a --><Root><!-- <b> & --></Root><!-- c -->"));
    CHECK(accepts("<Root a='<b>&amp;'/>"));
}

TEST_CASE("XML: a document type or an entity of its own is refused (S-22)", "[s3][xml]") {
    CHECK_FALSE(accepts("<!DOCTYPE Root><Root/>"));
    CHECK_FALSE(accepts("<!doctype Root [<!ENTITY a \"b\">]><Root>&a;</Root>"));
    CHECK_FALSE(accepts("<Root><!ENTITY a SYSTEM \"file:///etc/passwd\"></Root>"));
    CHECK_FALSE(accepts("<Root/><!DOCTYPE Root>"));
    CHECK_FALSE(accepts("<!--><!DOCTYPE Root>--><Root/><a>"));
    CHECK_FALSE(accepts("<Root>&a;</Root>"));
    CHECK_FALSE(accepts("<Root a=\"&b;\"/>"));
    CHECK_FALSE(accepts("<Root>&</Root>"));
    CHECK_FALSE(accepts("<Root>&amp</Root>"));
}

TEST_CASE("XML: at most 16 levels (S-22)", "[s3][xml]") {
    CHECK(accepts(nested(16)));
    CHECK_FALSE(accepts(nested(17)));
    CHECK_FALSE(accepts(nested(100'000)));
}

TEST_CASE("XML: exactly one root of the right name, and no text beside it", "[s3][xml]") {
    for (const char* text : {"",
                             " ",
                             "Root",
                             "<Other/>",
                             "<root/>",
                             "<Root/><Root/>",
                             "<a/><Root/>",
                             "<Root/>x",
                             "x<Root/>",
                             "<![CDATA[x]]><Root/>",
                             "<Root>",
                             "<Root></Other>",
                             "<Root><a></Root></a>",
                             "</Root>",
                             "<Root></Root></Root>",
                             "<Root",
                             "<>",
                             "<Root a=1/>",
                             "<Root a=\"1/>",
                             "<Root><!-- </Root>",
                             "<Root><![CDATA[ </Root>"}) {
        INFO(text);
        CHECK_FALSE(accepts(text));
    }
}

TEST_CASE("XML: only UTF-8 without NUL is read", "[s3][xml]") {
    CHECK_FALSE(accepts("<Root>\xff</Root>"));
    CHECK_FALSE(accepts("<Root>\xed\xa0\x80</Root>"));
    CHECK_FALSE(accepts(std::string_view("<Root>a\0b</Root>", 16)));
    CHECK_FALSE(accepts(std::string_view("<Root/>\0", 8)));
    CHECK_FALSE(accepts(std::string_view("\xff\xfe<\0R\0o\0o\0t\0/\0>\0", 16)));
    CHECK(key_of("\xc3\xa4") == "\xc3\xa4");
}

TEST_CASE("XML: a text is exactly what was sent (operations 3.3)", "[s3][xml]") {
    CHECK(key_of("a&lt;b&gt;&amp;&quot;&apos;") == "a<b>&\"'");
    CHECK(key_of("a&#13;b") == "a\rb");
    CHECK(key_of("a&#x0D;&#x0A;b") == "a\r\nb");
    CHECK(key_of("a\r\nb") == "a\nb");
    CHECK(key_of("&#x1;") == "\x01");
    CHECK(key_of("&#128512;") == "\xf0\x9f\x98\x80");
    CHECK(key_of(" ") == " ");
    CHECK(key_of("  a  ") == "  a  ");
    CHECK(key_of("") == "");
}

TEST_CASE("XML: a text in pieces is read whole", "[s3][xml]") {
    CHECK(key_of("a<!-- x -->b") == "ab");
    CHECK(key_of("a<![CDATA[<&]]>b") == "a<&b");
    CHECK(key_of(" <![CDATA[a]]> ") == " a ");
}

TEST_CASE("XML: a reference to no character is refused, not cut off", "[s3][xml]") {
    for (const char* content : {"a&#0;b", "a&#x0;b", "&#xD800;", "&#x110000;", "&#4294967361;",
                                "&#;", "&#x;", "&#-1;", "&#1a;"}) {
        INFO(content);
        CHECK(key_of(content) == std::nullopt);
    }
}

TEST_CASE("XML: child_text takes the first of that name, whatever its prefix", "[s3][xml]") {
    const auto document =
        XmlDocument::parse("<Root><n:Key>a</n:Key><Key>b</Key><Empty/></Root>", "Root");
    REQUIRE(document);
    CHECK(child_text(document->root(), "Key") == "a");
    CHECK(child_text(document->root(), "Empty") == "");
    CHECK(child_text(document->root(), "Missing") == std::nullopt);
}
