# A room is a folder with one library target named after it (storage/local -> hf_storage_local).
# Sources are the .cpp files of the folder itself (and of operations/ below it); what a room may
# include is exactly what its LINKS line names. A room of headers only becomes an interface target.
function(hf_room path)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    string(REPLACE "/" "_" name "hf_${path}")
    file(GLOB sources CONFIGURE_DEPENDS "${path}/*.cpp" "${path}/operations/*.cpp")
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    if(sources)
        add_library(${name} STATIC ${sources})
        target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
        target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE hf_warnings PUBLIC hf_flags)
    else()
        add_library(${name} INTERFACE)
        target_include_directories(${name} INTERFACE "${CMAKE_SOURCE_DIR}")
        target_link_libraries(${name} INTERFACE ${ARG_LINKS} hf_flags)
    endif()
endfunction()

# A program: the .cpp files of one folder, or only main.cpp where the rest of the folder is a room.
function(hf_program name path)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${path}/*.cpp")
    if(TARGET hf_${path})
        list(FILTER sources INCLUDE REGEX "/main\\.cpp$")
    endif()
    if(sources)
        add_executable(${name} ${sources})
        target_link_libraries(${name} PRIVATE ${ARG_LINKS} hf_warnings)
        target_compile_definitions(${name} PRIVATE HF_VERSION="${PROJECT_VERSION}")
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
    endif()
endfunction()

# Generates C++ from a schema into the build tree and adds it to a room (warnings off for it).
function(hf_protobuf target proto)
    if(NOT EXISTS "${CMAKE_SOURCE_DIR}/${proto}")
        return()
    endif()
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(out "${CMAKE_BINARY_DIR}/generated/${stem}")
    get_filename_component(folder "${out}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    add_custom_command(
        OUTPUT "${out}.pb.cc" "${out}.pb.h"
        COMMAND protobuf::protoc --cpp_out "${CMAKE_BINARY_DIR}/generated"
                -I "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/${proto}"
        DEPENDS "${CMAKE_SOURCE_DIR}/${proto}")
    string(REPLACE "/" "_" name "${stem}_proto")
    add_library(${name} STATIC "${out}.pb.cc" "${out}.pb.h")
    target_include_directories(${name} SYSTEM PUBLIC "${CMAKE_BINARY_DIR}/generated")
    target_link_libraries(${name} PUBLIC protobuf::libprotobuf hf_flags)
    get_target_property(kind ${target} TYPE)
    if(kind STREQUAL "INTERFACE_LIBRARY")
        target_link_libraries(${target} INTERFACE ${name})
    else()
        target_link_libraries(${target} PUBLIC ${name})
    endif()
endfunction()
