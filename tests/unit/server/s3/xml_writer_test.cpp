#include "server/s3/xml_writer.h"

#include "server/s3/xml_reader.h"
#include "tests/catch.h"

using namespace holdfast::s3;

namespace {

const std::string prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string written(std::string_view text) {
    XmlWriter xml;
    xml.element("T", text);
    return std::move(xml).finish().substr(prolog.size());
}

}  // namespace

TEST_CASE("XmlWriter: prolog, namespace and nesting (GEN-01)", "[s3][xml]") {
    XmlWriter xml;
    xml.open_root("Root");
    xml.open("A");
    xml.element("N", std::uint64_t{18446744073709551615U});
    xml.element("B", true);
    xml.element("C", false);
    xml.close();
    xml.element("E", "");
    xml.close();
    CHECK(std::move(xml).finish() ==
          prolog +
              "<Root xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><A>"
              "<N>18446744073709551615</N><B>true</B><C>false</C></A><E></E></Root>");
}

TEST_CASE("XmlWriter: markup and quotes are escaped", "[s3][xml]") {
    CHECK(written("a<b>&\"c\"") == "<T>a&lt;b&gt;&amp;&quot;c&quot;</T>");
    CHECK(written("it's") == "<T>it's</T>");
}

TEST_CASE("XmlWriter: CR and control characters become references (operations 3.3)", "[s3][xml]") {
    CHECK(written("a\rb") == "<T>a&#13;b</T>");
    CHECK(written("\t\n") == "<T>\t\n</T>");
    CHECK(written("\x01\x0b\x1f") == "<T>&#x1;&#xb;&#x1f;</T>");
    CHECK(written("\x7f") == "<T>\x7f</T>");
}

TEST_CASE("XmlWriter: bytes that are not UTF-8 are shown as Latin-1", "[s3][xml]") {
    CHECK(written("\xc3\xa4") == "<T>\xc3\xa4</T>");
    CHECK(written("a\xff") == "<T>a&#xff;</T>");
}

TEST_CASE("XmlWriter: every byte can be read back", "[s3][xml]") {
    std::string text;
    for (int c = 1; c < 0x80; ++c) text.push_back(static_cast<char>(c));
    XmlWriter xml;
    xml.open_root("Root");
    xml.element("Key", text);
    xml.close();
    const auto document = XmlDocument::parse(std::move(xml).finish(), "Root");
    REQUIRE(document);
    CHECK(child_text(document->root(), "Key") == text);
}
