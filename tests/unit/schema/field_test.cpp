#include "proxon/schema/field.hpp"

#include <cmath>

#include "example.hpp"

using namespace proxon;
using example::Everything;

TEST_CASE("a declaration gives names, units, bounds and offsets without being told twice") {
  const SchemaInfo& schema = schema_of<Everything>();
  REQUIRE(schema.count == 15);
  CHECK(schema.size == sizeof(Everything));
  const FieldInfo& tau = schema.fields[0];
  CHECK(std::string(tau.name) == "tau_m");
  CHECK(std::string(tau.unit) == "ms");
  CHECK(tau.type == FieldType::real);
  CHECK(tau.low == 0);
  CHECK((tau.flags & field_low_open) != 0);
  CHECK(std::isinf(tau.high));
  CHECK(tau.offset == offsetof(Everything, tau_m));
  CHECK(schema.fields[3].offset == offsetof(Everything, size));
  CHECK(std::string(schema.fields[5].choices) == "tanh|relu|linear");
  CHECK(std::string(schema.fields[12].choices) == "optimizer");
  CHECK(schema.fields[13].low == 0);
  CHECK(schema.fields[13].high == 1);
}

TEST_CASE("every type of member is known by its type") {
  const FieldType expected[] = {FieldType::real,  FieldType::real32,  FieldType::integer,  FieldType::integer32, FieldType::boolean,
                                FieldType::text,  FieldType::text,    FieldType::text,     FieldType::reals,     FieldType::integers,
                                FieldType::texts, FieldType::distribution, FieldType::plugin, FieldType::real,   FieldType::real};
  const auto fields = schema_of<Everything>().list();
  for (size_t i = 0; i < fields.size(); ++i) CHECK_MESSAGE(fields[i].type == expected[i], fields[i].name);
}

namespace {
struct Long {
  double a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12, m = 13, n = 14, o = 15, p = 16, q = 17,
         r = 18, s = 19, t = 20, u = 21, v = 22, w = 23, x = 24;
};
struct Nested {
  int32_t first = 1;
  Distribution inner;
  float last = 2;
};
}  // namespace

TEST_CASE("members are counted and reached in their order, up to the stated limit") {
  CHECK(member_count<NoParameters> == 0);
  CHECK(member_count<Long> == 24);
  CHECK(member_count<Nested> == 3);
  Long all;
  CHECK(std::get<0>(members(all)) == 1);
  CHECK(std::get<13>(members(all)) == 14);
  CHECK(std::get<23>(members(all)) == 24);
  Nested nested;
  std::get<2>(members(nested)) = 5;
  CHECK(nested.last == 5);
}

namespace {
struct A {
  int32_t x, y;
};
struct Swapped {
  float x;
  int32_t y;
};
struct Longer {
  int32_t x, y, z;
};
struct Unsigned {
  uint32_t x;
  int32_t y;
};
struct Calls {
  void (*call)(int) noexcept;
};
struct CallsOther {
  void (*call)(float) noexcept;
};
struct Holds {
  A inner;
};
struct HoldsSwapped {
  Swapped inner;
};
}  // namespace

TEST_CASE("the layout hash changes with every change of a member, also inside a member and in a function's arguments") {
  const uint64_t hashes[] = {layout_hash<A>(),     layout_hash<Swapped>(),    layout_hash<Longer>(), layout_hash<Unsigned>(),
                             layout_hash<Calls>(), layout_hash<CallsOther>(), layout_hash<Holds>(),  layout_hash<HoldsSwapped>(),
                             layout_hash<A, A>()};
  for (size_t i = 0; i < std::size(hashes); ++i)
    for (size_t j = 0; j < i; ++j) CHECK_MESSAGE(hashes[i] != hashes[j], i, " and ", j);
  struct SameAsA {
    int32_t u, v;
  };
  CHECK(layout_hash<A>() == layout_hash<SameAsA>());
}

TEST_CASE("bounds are written and judged as declared, open or closed") {
  const auto fields = schema_of<Everything>().list();
  const FieldInfo &tau = fields[0], &size = fields[3], &probability = fields[13], &noise = fields[14];
  CHECK(bounds_text(tau) == "above 0");
  CHECK(bounds_text(size) == "between 1 and 1000");
  CHECK(bounds_text(noise) == "above 0 and below 1");
  CHECK(bounds_text(fields[1]).empty());
  CHECK(out_of_bounds(tau, 0) == "is 0 ms, and must be above 0");
  CHECK(out_of_bounds(tau, std::nextafter(0.0, 1.0)).empty());
  CHECK(out_of_bounds(probability, 0).empty());
  CHECK(out_of_bounds(probability, 1).empty());
  CHECK(out_of_bounds(probability, std::nextafter(1.0, 2.0)) == "is 1.0000000000000002, and must be between 0 and 1");
  CHECK(out_of_bounds(noise, 1) == "is 1, and must be above 0 and below 1");
  CHECK(out_of_bounds(tau, std::numeric_limits<double>::quiet_NaN()) == "is nan, and must be a finite number");
  CHECK(out_of_bounds(tau, std::numeric_limits<double>::infinity()) == "is inf, and must be a finite number");
}
