// Memory in columns: arrays that begin on a cache line and are not written before they are used, so that a parallel fill
// touches each page once and a vector load never straddles two lines. Large ones lie on pages of 2 MB where the system has them: to be given a
// page takes it a microsecond or more, whatever its size, and a connectome has 600,000 of 4 KB.
#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

namespace proxon {

inline constexpr std::size_t cache_line = 64, large_page = 1 << 21;

/// Allocates on cache lines and leaves elements of trivial types as they are on resize (no pass of zeros).
template <class T>
struct ColumnAllocator {
  using value_type = T;
  ColumnAllocator() = default;
  template <class U>
  ColumnAllocator(const ColumnAllocator<U>&) {}
  T* allocate(std::size_t n) {
    void* p = ::operator new(n * sizeof(T), alignment(n));
#ifdef MADV_HUGEPAGE
    if (alignment(n) == std::align_val_t{large_page}) madvise(p, n * sizeof(T), MADV_HUGEPAGE);  // a wish: what it answers changes nothing
#endif
    return static_cast<T*>(p);
  }
  void deallocate(T* p, std::size_t n) { ::operator delete(p, alignment(n)); }
  template <class U>
  void construct(U* p) {
    ::new (static_cast<void*>(p)) U;
  }
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    ::new (static_cast<void*>(p)) U(static_cast<Args&&>(args)...);
  }
  template <class U>
  bool operator==(const ColumnAllocator<U>&) const {
    return true;
  }

 private:
  static constexpr std::align_val_t alignment(std::size_t n) { return std::align_val_t{n * sizeof(T) < 2 * large_page ? std::max(cache_line, alignof(T)) : large_page}; }
};

/// A column of T. `Column<float> w(n)` leaves its values unset; `Column<float> w(n, 0.f)` sets them.
template <class T>
using Column = std::vector<T, ColumnAllocator<T>>;

}  // namespace proxon
