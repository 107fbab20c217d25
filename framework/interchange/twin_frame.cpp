#include "proxon/interchange/twin_frame.hpp"

namespace proxon {

Value describe(const Model& model, GraphFormat format, const Graph& graph, Value x) {
  const auto& approximator = model.approximator();
  const auto bit = static_cast<uint32_t>(format);
  if (!(approximator.table().formats >> bit & 1))
    fail("approximator '{}' does not say what it computes in operators of {} (docs/export.md has the table of those that do).", approximator.name(),
         graph_format_names[bit]);
  Status status;
  const Value z = approximator.table().describe(approximator.object(), format, &graph, model.theta().data(), x, &status);
  check(status, "approximator", approximator.name());
  return z;
}

}  // namespace proxon
