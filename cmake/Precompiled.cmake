# hf_precompile(TARGET HEADER...): what most sources of a target include, parsed once for all of them.
# It only saves time: each source includes what it uses, as builds without this show (of the rooms the
# release and the lint, of the tests the thread sanitizer's).

# CMake would make system headers of them, in which no compiler warns.
set(CMAKE_PCH_PROLOGUE "")

# A precompiled header that a compiler cache brings back is older or younger than what it was made from.
if(HF_PRECOMPILED AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(hf_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()

function(hf_precompile target)
    if(HF_PRECOMPILED AND TARGET ${target})
        list(TRANSFORM ARGN PREPEND "${CMAKE_SOURCE_DIR}/")
        target_precompile_headers(${target} PRIVATE ${ARGN})
    endif()
endfunction()
