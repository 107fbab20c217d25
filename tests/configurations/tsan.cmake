# cmake -C tests/configurations/tsan.cmake -G Ninja -S . -B build/tsan
# Thread sanitizer: two threads at one place without an order between them.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1" CACHE STRING "")
set(PROXON_SANITIZER "thread" CACHE STRING "")
set(PROXON_WERROR ON CACHE BOOL "" FORCE)
set(PROXON_TESTS ON CACHE BOOL "" FORCE)  # also in a folder that docs/quickstart.sh configured
