# docs/decisions/0018: the release build is compiled for what benchmarks were seen to do. tools/record-profile makes
# cmake/release.profdata anew, from the build that records. A function that has changed since is compiled without it, and
# so is one that only its file can see, once that file is compiled in another batch.
set(STANDIN_PROFILE "" CACHE STRING "use | record | (empty)")
set(profile ${CMAKE_SOURCE_DIR}/cmake/release.profdata)

# A function that only one file can see is known by its batch's name, wherever that is.
set(by_name_alone "SHELL:-mllvm -static-func-full-module-prefix=false")
if(STANDIN_PROFILE STREQUAL "use")
  # No dependency that the compiler writes down names the profile: another one is another command line.
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
  file(SHA256 ${profile} profile_hash)
  target_compile_definitions(standin_options INTERFACE STANDIN_PROFILE_HASH=${profile_hash})
  target_compile_options(standin_options INTERFACE -fprofile-use=${profile} ${by_name_alone}
    -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled -Wno-backend-plugin)
  target_link_options(standin_options INTERFACE -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto)
elseif(STANDIN_PROFILE STREQUAL "record")
  target_compile_options(standin_options INTERFACE -fprofile-generate ${by_name_alone})
  target_link_options(standin_options INTERFACE -fprofile-generate)
endif()
