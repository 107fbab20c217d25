#include "proxon/learning/response.hpp"

#include <algorithm>

namespace proxon {

std::vector<float> impulse_response(const Model& model, int64_t steps) {
  const int64_t inputs = model.inputs(), outputs = model.outputs(), length = 2 * steps;
  const ApproximatorTable& table = model.approximator().table();
  const void* object = model.approximator().object();
  constexpr int64_t at_once = 16;
  Column<float> X(static_cast<size_t>(at_once * length * inputs), 0.f), Z(static_cast<size_t>(at_once * length * outputs));
  Column<float> tape(static_cast<size_t>(table.tape(object, at_once, length)));
  std::vector<float> quiet, response(static_cast<size_t>(steps * inputs * outputs));
  Status status;
  // Sample 0 of the first block is the quiet one; then one input after the other.
  for (int64_t first = -1; first < inputs; first += at_once) {
    const int64_t n = std::min(at_once, inputs - first);
    const auto impulse = [&](int64_t k) -> float& { return X[static_cast<size_t>((k * length + steps) * inputs + first + k)]; };
    for (int64_t k = 0; k < n; ++k)
      if (first + k >= 0) impulse(k) = 1;
    ForwardPass pass{};
    pass.theta = model.theta().data();
    pass.input = X.data(), pass.output = Z.data(), pass.tape = tape.data();
    pass.batch = n, pass.steps = length;
    table.forward(object, &learning_services(), &pass, &status);
    check(status, "approximator", model.approximator().name());
    if (quiet.empty()) quiet.assign(Z.begin(), Z.begin() + length * outputs);
    for (int64_t k = 0; k < n; ++k) {
      if (first + k < 0) continue;
      impulse(k) = 0;
      for (int64_t t = 0; t < steps; ++t)
        for (int64_t j = 0; j < outputs; ++j)
          response[static_cast<size_t>((t * inputs + first + k) * outputs + j)] =
              Z[static_cast<size_t>((k * length + steps + t) * outputs + j)] - quiet[static_cast<size_t>((steps + t) * outputs + j)];
    }
  }
  return response;
}

}  // namespace proxon
