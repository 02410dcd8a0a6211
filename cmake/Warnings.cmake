# Warnings are errors in every build but the optimised one, where gcc 12 gives false alarms in Boost code.
add_library(hf_warnings INTERFACE)
target_compile_options(hf_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
    -Wimplicit-fallthrough -Wformat=2 -Wcast-qual
    $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>
    $<$<CXX_COMPILER_ID:Clang>:-Wreserved-identifier>
    $<$<NOT:$<CONFIG:Release>>:-Werror>)
