# hf_flags carries what every room and every program must be compiled with.
add_library(hf_flags INTERFACE)
if(HF_SANITIZE)
    target_compile_options(hf_flags INTERFACE -fsanitize=${HF_SANITIZE} -fno-omit-frame-pointer
                                              $<$<STREQUAL:${HF_SANITIZE},undefined>:-fno-sanitize-recover=all>
                                              $<$<AND:$<STREQUAL:${HF_SANITIZE},undefined>,$<CXX_COMPILER_ID:Clang>>:-fno-sanitize=function>)
    target_link_options(hf_flags INTERFACE -fsanitize=${HF_SANITIZE})
endif()
if(HF_FUZZ)
    # Not what only checks (the property hf_only_checks): no fuzzer is to be led there.
    target_compile_options(hf_flags INTERFACE -fsanitize=address -fno-omit-frame-pointer
                                              $<$<NOT:$<BOOL:$<TARGET_PROPERTY:hf_only_checks>>>:-fsanitize=fuzzer-no-link>)
    target_link_options(hf_flags INTERFACE -fsanitize=address)
endif()
if(HF_FAILPOINTS)
    target_compile_definitions(hf_flags INTERFACE HF_FAILPOINTS=1)
endif()
