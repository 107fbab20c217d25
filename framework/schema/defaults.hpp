// The defaults of structs of floats, such as a learning rule's memories and a synapse's state of its source, as the framework keeps them: a
// column a member.
#pragma once
#include <cstring>

#include "proxon/base/columns.hpp"
#include "proxon/schema/field.hpp"

namespace proxon {

/// The default of member number `field`, which must be a float.
inline float default_float(const SchemaInfo& schema, uint32_t field) {
  float value;
  std::memcpy(&value, static_cast<const char*>(schema.defaults) + schema.fields[field].offset, sizeof value);
  return value;
}

/// [member][row], every row at the defaults.
inline std::vector<Column<float>> columns_at_defaults(const SchemaInfo& schema, int64_t rows) {
  std::vector<Column<float>> columns;
  for (uint32_t k = 0; k < schema.count; ++k) columns.emplace_back(static_cast<size_t>(rows), default_float(schema, k));
  return columns;
}

}  // namespace proxon
