// What a shared object was built as, as an ELF note in its file. The loader finds and judges it before the file is opened: opening a
// file built with -ffast-math changes how the whole process treats denormals, and one with another layout would crash much later.
// Linkers put notes into the first page of a file, so that looking through a folder of plugins reads one page of each.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proxon {

/// Raised when the meaning of the plugin interface changes in a way that its layout does not show.
inline constexpr uint32_t interface_version = 1;

/// Bits of Stamp::sanitizers.
enum Sanitizer : uint32_t { address_sanitizer = 1, thread_sanitizer = 2 };

/// Whose note it is; 12 bytes, so that the numbers after it are aligned.
inline constexpr char stamp_owner[12] = "ProxonStamp";

/// The note: the head that ELF asks for, then what the file was built as.
struct Stamp {
  uint32_t owner_size;        ///< sizeof(owner)
  uint32_t body_size;         ///< of what follows `owner`
  uint32_t type;              ///< 1
  char owner[12];             ///< stamp_owner
  uint32_t interface;         ///< interface_version it was built with
  uint32_t fast_math;         ///< 1 when built with -ffast-math or a part of it that changes results
  uint64_t layout;            ///< layout_hash of the structs of its kind
  uint64_t instruction_sets;  ///< bits in the order of instruction_set_names
  uint32_t sanitizers;
  uint32_t reserved;
  char kind[24];
  char name[64];
  char compiler[64];
};

inline constexpr std::string_view instruction_set_names[] = {
    "sse4.2", "avx", "avx2", "fma", "bmi", "bmi2", "f16c", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd",
    "avx512vbmi", "avx512vnni", "avx512bf16", "avxvnni", "lzcnt", "avx512ifma", "avx512vbmi2", "avx512vpopcntdq",
    "avx512bitalg", "gfni"};

namespace detail {

template <size_t N>
constexpr void copy_text(char (&to)[N], std::string_view from) {
  for (size_t i = 0; i + 1 < N && i < from.size(); ++i) to[i] = from[i];
}

consteval uint64_t built_for() {
  uint64_t bits = 0;
#ifdef __SSE4_2__
  bits |= 1 << 0;
#endif
#ifdef __AVX__
  bits |= 1 << 1;
#endif
#ifdef __AVX2__
  bits |= 1 << 2;
#endif
#ifdef __FMA__
  bits |= 1 << 3;
#endif
#ifdef __BMI__
  bits |= 1 << 4;
#endif
#ifdef __BMI2__
  bits |= 1 << 5;
#endif
#ifdef __F16C__
  bits |= 1 << 6;
#endif
#ifdef __AVX512F__
  bits |= 1 << 7;
#endif
#ifdef __AVX512DQ__
  bits |= 1 << 8;
#endif
#ifdef __AVX512BW__
  bits |= 1 << 9;
#endif
#ifdef __AVX512VL__
  bits |= 1 << 10;
#endif
#ifdef __AVX512CD__
  bits |= 1 << 11;
#endif
#ifdef __AVX512VBMI__
  bits |= 1 << 12;
#endif
#ifdef __AVX512VNNI__
  bits |= 1 << 13;
#endif
#ifdef __AVX512BF16__
  bits |= 1 << 14;
#endif
#ifdef __AVXVNNI__
  bits |= 1 << 15;
#endif
#ifdef __LZCNT__
  bits |= 1 << 16;
#endif
#ifdef __AVX512IFMA__
  bits |= 1 << 17;
#endif
#ifdef __AVX512VBMI2__
  bits |= 1 << 18;
#endif
#ifdef __AVX512VPOPCNTDQ__
  bits |= 1 << 19;
#endif
#ifdef __AVX512BITALG__
  bits |= 1 << 20;
#endif
#ifdef __GFNI__
  bits |= 1 << 21;
#endif
  return bits;
}

}  // namespace detail

/// The stamp of the file that is being compiled.
consteval Stamp make_stamp(std::string_view kind, std::string_view name, uint64_t layout) {
  Stamp stamp{};
  stamp.owner_size = sizeof(stamp.owner);
  stamp.body_size = sizeof(Stamp) - offsetof(Stamp, interface);
  stamp.type = 1;
  detail::copy_text(stamp.owner, stamp_owner);
  stamp.interface = interface_version;
  stamp.layout = layout;
  stamp.instruction_sets = detail::built_for();
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || __FINITE_MATH_ONLY__
  stamp.fast_math = 1;
#endif
#if defined(__SANITIZE_ADDRESS__)
  stamp.sanitizers |= address_sanitizer;
#endif
#if defined(__SANITIZE_THREAD__)
  stamp.sanitizers |= thread_sanitizer;
#endif
  detail::copy_text(stamp.kind, kind);
  detail::copy_text(stamp.name, name);
  detail::copy_text(stamp.compiler, __VERSION__);
  return stamp;
}

}  // namespace proxon

/// Puts a stamp into the file that is being compiled. (The compiler would align it to 32 bytes, which no note may be.)
#define PROXON_STAMP(kind, name, layout) \
  [[gnu::used, gnu::section(".note.proxon")]] alignas(8) static const ::proxon::Stamp proxon_stamp = ::proxon::make_stamp(kind, name, layout)
