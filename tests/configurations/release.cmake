# What users run, with warnings as errors.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(PROXON_WERROR ON CACHE BOOL "" FORCE)
set(PROXON_TESTS ON CACHE BOOL "" FORCE)  # also in a folder that docs/quickstart.sh configured
