#include "server/s3/commit_object.h"

namespace holdfast::s3 {

base::Awaitable<Result<base::Unit>> check_beforehand(Context& context,
                                                     const WriteConditions& conditions) {
    if (!conditions.any()) co_return base::Unit{};
    auto found = co_await context.services.objects.find(context.bucket->id(), context.key(),
                                                        catalog::Fetch::record);
    if (!found) co_return context.error(found.error());
    const auto* current = *found ? &**found : nullptr;
    co_return check(conditions, current, context.key());
}

base::Awaitable<Result<base::Unit>> commit_object(Context& context, records::Object object,
                                                  catalog::BodyWriter::Finished body,
                                                  const WriteConditions& conditions) {
    std::optional<S3Error> refusal;
    catalog::Objects::Write write;
    write.bucket_id = context.bucket->id();
    write.key = context.key();
    write.object = std::move(object);
    write.body = std::move(body);
    if (conditions.any()) {
        write.check = [&](const catalog::FoundObject* current) {
            auto passed = check(conditions, current, context.key());
            if (!passed) refusal = std::move(passed).error();
            return !refusal;
        };
    }
    auto done = co_await context.services.objects.put(std::move(write));
    if (refusal) co_return std::move(*refusal);
    if (!done) co_return context.error(done.error());
    co_return base::Unit{};
}

}  // namespace holdfast::s3
