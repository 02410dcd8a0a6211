/// The query of a presigned URL, through the verifier.

#include "tests/fuzz/auth/fuzz_bench.h"

using namespace holdfast::auth;
using namespace holdfast::auth::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench bench;
    Input input(data, size);
    HeaderList headers{{"host", "localhost"}};
    const auto flags = input.byte();
    if ((flags & 1) != 0) headers.emplace_back("x-amz-content-sha256", input.text());
    if ((flags & 2) != 0) headers.emplace_back("authorization", input.text());
    if ((flags & 4) != 0) headers.emplace_back("x-amz-acl", input.text());
    std::string query(input.rest());
    if ((flags & 8) != 0)
        query +=
            "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
            "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&"
            "X-Amz-Signature=0";
    const SignedRequest request{"GET", "/bucket/key", query, &headers, false};
    must_not_be_root(bench.verifier.verify(request, (flags & 16) != 0));
    return 0;
}
