#include "proxon/evaluation/nulls.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/evaluation/linear_nonlinear.hpp"

namespace proxon {
namespace {

/// use(numbers, Y) for blocks of samples of a split.
template <class Use>
void each_block(NamedSource& source, Split split, Use use) {
  const int64_t most = std::max<int64_t>(1, 4096 / source.steps());
  std::vector<float> X, Y;
  for (int64_t begin = 0; begin < source.samples(split); begin += most) {
    stop_if_interrupted("fitting the null models");
    std::vector<int64_t> numbers(static_cast<size_t>(std::min(most, source.samples(split) - begin)));
    std::iota(numbers.begin(), numbers.end(), begin);
    const auto rows = numbers.size() * static_cast<size_t>(source.steps_of(split, numbers));
    X.resize(rows * static_cast<size_t>(source.inputs())), Y.resize(rows * static_cast<size_t>(source.outputs()));
    source.gather(split, numbers, X.data(), Y.data());
    use(numbers, Y);
  }
}

/// The mean target at each bin of a trial; empty where a row's bin is in no training row, as where splits part each trial.
std::vector<float> psth(NamedSource& source, Split split) {
  const auto bins = static_cast<size_t>(std::llround(source.trial() / source.bin())), outputs = static_cast<size_t>(source.outputs());
  const auto bin_of = [&](Split of, int64_t number, int64_t step) {
    const auto bin = std::llround(source.sample_time(of, number) / source.bin()) - 1 + step;
    return static_cast<size_t>(bin) % bins;
  };
  std::vector<double> sum(bins * outputs, 0.0), count(bins, 0.0);
  each_block(source, Split::train, [&](const std::vector<int64_t>& numbers, const std::vector<float>& Y) {
    source.each_row(Split::train, numbers, [&](size_t i, int64_t step, size_t row) {
      const size_t bin = bin_of(Split::train, numbers[i], step);
      ++count[bin];
      for (size_t j = 0; j < outputs; ++j) sum[bin * outputs + j] += static_cast<double>(Y[row * outputs + j]);
    });
  });
  std::vector<float> prediction;
  bool known = true;
  each_block(source, split, [&](const std::vector<int64_t>& numbers, const std::vector<float>&) {
    source.each_row(split, numbers, [&](size_t i, int64_t step, size_t) {
      const size_t bin = bin_of(split, numbers[i], step);
      known &= count[bin] > 0;
      for (size_t j = 0; j < outputs; ++j) prediction.push_back(static_cast<float>(sum[bin * outputs + j] / count[bin]));
    });
  });
  if (!known) return {};
  source.to_units(prediction);
  return prediction;
}

}  // namespace

NullPrediction null_mean(std::vector<float> mean) { return {"mean of the training span", "most frequent class", std::move(mean), ""}; }

NullPrediction null_prediction(std::string_view name, NamedSource& source, Split split, std::span<const double> filter) {
  if (name == "psth") {
    if (source.trial() == 0) return {"PSTH", "", {}, "there are no trials"};
    std::vector<float> prediction = psth(source, split);
    const bool known = !prediction.empty();
    return {"PSTH", "", std::move(prediction), known ? "" : "the training span has other times of a trial"};
  }
  PROXON_CHECK(name == "linear_nonlinear", "null model '{}'", name);
  NullPrediction null{"linear-nonlinear", "", {}, LinearNonlinear::refusal(source, filter)};
  if (!null.undefined.empty()) return null;
  null.prediction = LinearNonlinear(source, filter).predict(source, split);
  source.to_units(null.prediction);
  return null;
}

}  // namespace proxon
