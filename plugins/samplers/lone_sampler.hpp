// A sampler by itself, for tests: a space, a function of it in shares of the axes or in their own unit, and trials one after the other.
#pragma once
#include <functional>
#include <vector>

#include "proxon/plugin/registry.hpp"

namespace proxon {

class LoneSampler {
 public:
  LoneSampler(const char* name, std::vector<SamplerAxis> axes, uint64_t seed = 1, int64_t trials = 0, std::vector<uint32_t> maximise = {0},
              const std::function<void(Values&)>& parameters = {})
      : axes_(std::move(axes)), maximise_(std::move(maximise)) {
    static Registry registry(default_folders(""));
    PluginValue value = plugin_value(registry, "sampler", name);
    if (parameters) parameters(value.values);
    sampler_ = {value, {{seed, purpose("sampler")}, axes_.data(), static_cast<int64_t>(axes_.size()), maximise_.data(), static_cast<int64_t>(maximise_.size()), trials}};
  }

  /// The point of a trial; empty when the sampler waits.
  std::vector<double> propose(int64_t number) const {
    std::vector<double> point(axes_.size(), NAN);
    const SamplerHistory history{trial.data(), points.data(), values.data(), states.data(), static_cast<int64_t>(trial.size())};
    Status status;
    const bool has = sampler_.table().propose(sampler_.object(), number, &history, point.data(), static_cast<int64_t>(point.size()), &status);
    check(status, "sampler", sampler_.name());
    return has ? point : std::vector<double>{};
  }

  void add(const std::vector<double>& point, const std::vector<double>& value, uint32_t state = sampler_done) {
    trial.push_back(static_cast<int64_t>(trial.size())), points.insert(points.end(), point.begin(), point.end());
    values.insert(values.end(), value.begin(), value.end()), states.push_back(state);
  }

  /// Runs so many trials of a function; gives the least value.
  double minimise(int64_t trials, const std::function<double(const std::vector<double>&)>& function) {
    double least = INFINITY;
    for (int64_t t = 0; t < trials; ++t) {
      const std::vector<double> point = propose(static_cast<int64_t>(trial.size()));
      const double value = function(point);
      least = std::min(least, value), add(point, {value});
    }
    return least;
  }

  int64_t size() const { return sampler_.table().points(sampler_.object()); }

  std::vector<int64_t> trial;
  std::vector<double> points, values;
  std::vector<uint32_t> states;

 private:
  std::vector<SamplerAxis> axes_;
  std::vector<uint32_t> maximise_;
  Instance<SamplerTable, SamplerSetup> sampler_;
};

/// So many ranges from low to high.
inline std::vector<SamplerAxis> ranges(size_t n, double low, double high) { return std::vector<SamplerAxis>(n, {.name = "x", .low = low, .high = high}); }

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
}

}  // namespace proxon
