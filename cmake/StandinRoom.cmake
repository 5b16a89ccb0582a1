# standin_room(NAME [THREADED] ROOMS a b LIBS x y): one static library of every .cc in the folder but main and
# *_test.cc, and one test binary, NAME_test, of every *_test.cc. ROOMS are the rooms below that it may include.
# THREADED: its tests start threads, and are run under ThreadSanitizer as well.
set(STANDIN_SANITIZE "" CACHE STRING "address,undefined | thread | (empty)")

add_library(standin_options INTERFACE)
target_include_directories(standin_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(standin_options INTERFACE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Werror=switch
  -Wno-deprecated-declarations  # libstdc++ 12's own stable_sort trips it
  -Wno-missing-field-initializers -Wno-missing-designated-field-initializers)
target_link_options(standin_options INTERFACE -fuse-ld=lld)
if(STANDIN_SANITIZE)
  target_compile_options(standin_options INTERFACE -fsanitize=${STANDIN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(standin_options INTERFACE -fsanitize=${STANDIN_SANITIZE})
endif()

# What `make test` builds and runs under ThreadSanitizer: everything else is single-threaded and costs minutes there.
add_custom_target(all_threaded_tests)

# standin_test(NAME TARGET [THREADED]): registers a test binary. A ThreadSanitizer build knows the threaded ones alone.
# The two builds of one suite never run at once: they would meet in the same temporary files.
function(standin_test name target)
  cmake_parse_arguments(ARG "THREADED" "" "" ${ARGN})
  set(suite ${name})
  if(STANDIN_SANITIZE STREQUAL "thread")
    if(NOT ARG_THREADED)
      return()
    endif()
    set(name ${name}_under_tsan)
  endif()
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 RESOURCE_LOCK ${suite})
  if(ARG_THREADED)
    set_tests_properties(${name} PROPERTIES LABELS threaded)
    add_dependencies(all_threaded_tests ${target})
  endif()
endfunction()

function(standin_room name)
  cmake_parse_arguments(ARG "THREADED" "" "ROOMS;LIBS;TEST_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(TRANSFORM ARG_ROOMS PREPEND standin_)
  if(sources)
    add_library(standin_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(standin_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(standin_${name} ${scope} standin_options ${ARG_ROOMS} ${ARG_LIBS})
  if(tests)
    if(ARG_THREADED)
      set(threaded THREADED)
    endif()
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE standin_${name} ${ARG_TEST_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
    standin_test(${name} ${name}_test ${threaded})
  endif()
endfunction()
