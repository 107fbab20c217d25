# cmake -C tests/configurations/coverage.cmake -G Ninja -S . -B build/coverage
# Counts which lines the tests run: afterwards `gcovr -r . build/coverage` or gcov.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1" CACHE STRING "")
set(PROXON_COVERAGE ON CACHE BOOL "")
set(PROXON_WERROR ON CACHE BOOL "" FORCE)
set(PROXON_TESTS ON CACHE BOOL "" FORCE)  # also in a folder that docs/quickstart.sh configured
