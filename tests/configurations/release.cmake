# What users run, with warnings as errors.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(PROXON_WERROR ON CACHE BOOL "")
