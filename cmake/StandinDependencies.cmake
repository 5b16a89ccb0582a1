# Everything here is a Debian 12 package; tools/install-dependencies names them.
find_package(Threads REQUIRED)
find_package(Boost 1.81.0 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(date REQUIRED)  # libhowardhinnant-date-dev: time zones, which libstdc++ 12 lacks
find_package(pugixml REQUIRED)
find_package(GTest REQUIRED)

# Thirty allocations a request: docs/decisions/0016. Sanitizers bring an allocator of their own.
if(NOT STANDIN_SANITIZE)
  find_library(STANDIN_ALLOCATOR tcmalloc_minimal REQUIRED)  # libgoogle-perftools-dev
  target_link_libraries(standin_options INTERFACE ${STANDIN_ALLOCATOR})
endif()

# Asio and Beast compiled once, not in every file that includes them.
add_library(standin_asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio_impl.cc)
target_compile_definitions(standin_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  # Operations and coroutine frames then come from operator new, which glibc serves many times faster than aligned_alloc.
  BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN)
target_link_libraries(standin_asio PUBLIC standin_options Boost::headers Threads::Threads)
