// Loaded before the C library: the wall clock loses ten seconds now and then. The monotonic clock is left alone.
#include <dlfcn.h>
#include <time.h>

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
  using Function = int (*)(clockid_t, struct timespec*);
  static const Function real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, time);
  static int calls = 0;
  if (clock == CLOCK_REALTIME) time->tv_sec -= 10 * (++calls / 7);
  return result;
}
