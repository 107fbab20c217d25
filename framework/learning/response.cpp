#include "proxon/learning/response.hpp"

#include <algorithm>
#include <numeric>

#include "proxon/learning/steps.hpp"

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

std::vector<double> hidden_rates(const Model& model, SampleSource& source, Split split, double bin) {
  const int64_t n = source.samples(split), block = std::min(n, Predictor::block(model, source));
  if (!model.approximator().table().counts_spikes || n == 0) return {};
  Model copy = model;
  BatchPass pass(copy, source, block, 0);
  std::vector<double> rates(static_cast<size_t>(model.hidden_units()), 0.0);
  std::vector<int64_t> numbers;
  int64_t steps = 0;
  for (int64_t first = 0; first < n; first += block) {
    numbers.resize(static_cast<size_t>(std::min(block, n - first)));
    std::iota(numbers.begin(), numbers.end(), first);
    pass.load(source, split, numbers, 0);
    pass.forward(false);
    pass.check_plugin();
    for (size_t k = 0; k < rates.size(); ++k) rates[k] += pass.spike_counts()[k];
    steps += pass.own_steps();
  }
  for (double& rate : rates) rate *= 1000 / (bin * static_cast<double>(steps));
  return rates;
}

}  // namespace proxon
