# cmake -C tests/configurations/asan.cmake -G Ninja -S . -B build/asan
# Address and undefined-behaviour sanitizer: reads and writes outside, use after free, leaks, overflow, bad shifts and casts.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1" CACHE STRING "")
set(PROXON_SANITIZER "address,undefined" CACHE STRING "")
set(PROXON_WERROR ON CACHE BOOL "" FORCE)
set(PROXON_TESTS ON CACHE BOOL "" FORCE)  # also in a folder that docs/quickstart.sh configured
