#include "server/s3/operations/operations.h"
#include "server/s3/request_checks.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

/// Tools that copy objects ask for the tags first. An object without any has an empty set
/// (operations 9), and until tags can be written that is every object.
Reply get_object_tagging(Context& context) {
    if (auto version = check_version_id(context.request); !version)
        co_return std::move(version).error();
    auto found = co_await context.services.objects.find(context.bucket->id(), context.key(),
                                                        catalog::Fetch::record);
    if (!found) co_return context.error(found.error());
    if (!*found) co_return no_such_key(context.key());
    XmlWriter xml;
    xml.open_root("Tagging");
    xml.open("TagSet");
    for (const auto& tag : (*found)->record.properties().tags()) {
        xml.open("Tag");
        xml.element("Key", tag.key());
        xml.element("Value", tag.value());
        xml.close();
    }
    xml.close();
    xml.close();
    co_return xml_response(std::move(xml).finish());
}

}  // namespace holdfast::s3
