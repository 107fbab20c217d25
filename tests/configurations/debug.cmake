# cmake -C tests/configurations/debug.cmake -G Ninja -S . -B build/debug
# For a debugger: no optimisation, the standard library checks its own bounds.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS "-D_GLIBCXX_ASSERTIONS" CACHE STRING "")
set(PROXON_WERROR ON CACHE BOOL "" FORCE)
set(PROXON_TESTS ON CACHE BOOL "" FORCE)  # also in a folder that docs/quickstart.sh configured
