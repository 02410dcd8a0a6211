/// The handlers, one file for each operation. Each parses its request once, then acts.
#pragma once

#include "server/s3/context.h"

namespace holdfast::s3 {

Reply list_buckets(Context& context);
Reply create_bucket(Context& context);
Reply head_bucket(Context& context);
Reply delete_bucket(Context& context);
Reply get_bucket_location(Context& context);

Reply put_object(Context& context);
Reply get_object(Context& context);
Reply head_object(Context& context);
Reply get_object_attributes(Context& context);
Reply get_object_tagging(Context& context);
Reply delete_object(Context& context);
Reply delete_objects(Context& context);
Reply copy_object(Context& context);
Reply list_objects(Context& context);
Reply list_objects_v2(Context& context);

Reply create_multipart_upload(Context& context);
Reply upload_part(Context& context);
Reply upload_part_copy(Context& context);
Reply complete_multipart_upload(Context& context);
Reply abort_multipart_upload(Context& context);
Reply list_parts(Context& context);
Reply list_multipart_uploads(Context& context);

}  // namespace holdfast::s3
