#include "server/s3/operations/operations.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

Reply get_bucket_location(Context& context) {
    XmlWriter xml;
    xml.open_root("LocationConstraint");
    // us-east-1 has no name here, since before regions had any.
    if (context.bucket->region() != "us-east-1") xml.text(context.bucket->region());
    xml.close();
    co_return xml_response(std::move(xml).finish());
}

}  // namespace holdfast::s3
