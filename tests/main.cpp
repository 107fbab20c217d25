#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#ifdef __SANITIZE_ADDRESS__
/// HDF5 1.10 forgets a few hundred bytes of its own when it is shown a damaged file; everything else that is not freed is a fault.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }
#endif
