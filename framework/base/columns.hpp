// Memory in columns: arrays that begin on a cache line and are not written before they are used, so that a parallel fill
// touches each page once and a vector load never straddles two lines.
#pragma once
#include <cstddef>
#include <new>
#include <vector>

namespace proxon {

inline constexpr std::size_t cache_line = 64;

/// Allocates on cache lines and leaves elements of trivial types as they are on resize (no pass of zeros).
template <class T>
struct ColumnAllocator {
  using value_type = T;
  ColumnAllocator() = default;
  template <class U>
  ColumnAllocator(const ColumnAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{cache_line})); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t{cache_line}); }
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
};

/// A column of T. `Column<float> w(n)` leaves its values unset; `Column<float> w(n, 0.f)` sets them.
template <class T>
using Column = std::vector<T, ColumnAllocator<T>>;

}  // namespace proxon
