#include "proxon/simulation/spike_counts.hpp"

#include <algorithm>

namespace proxon {

Members::Members(const NeuronsRequest& request, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const std::string& where)
    : population_(find_population(populations, request.population, where)) {
  const RunningPopulation& population = *populations[static_cast<size_t>(population_)];
  if (!population.spiking())
    fail("{}: the neurons of '{}' ({}) have rates and do not spike; record their 'activity'.", where, population.name(), population.model_name());
  const std::vector<int32_t> neurons = checked_neurons(request.neurons, population, where);
  size_ = static_cast<int64_t>(neurons.size());
  if (size_ == population.size()) return;
  chosen_.resize(static_cast<size_t>(population.size()));
  for (const int32_t neuron : neurons) chosen_[static_cast<size_t>(neuron)] = 1;
}

int64_t Members::count(std::span<const int32_t> neurons) const {
  if (chosen_.empty()) return static_cast<int64_t>(neurons.size());
  return std::count_if(neurons.begin(), neurons.end(), [&](int32_t neuron) { return holds(neuron); });
}

PopulationRate::PopulationRate(const RateRequest& request, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock)
    : name_(request.name),
      members_(request.source, populations, fmt::format("Recording of the rate '{}'", request.name)),
      steps_(request.interval),
      interval_(clock.time(request.interval)) {
  if (steps_ < 1) fail("Recording of the rate '{}': its interval is {} steps, and must be at least 1.", name_, steps_);
}

void PopulationRate::prepare(int64_t first_step) {
  bin_ = first_step / steps_, open_ = 0;
  rows_.clear();
}

void PopulationRate::spikes(int64_t step, std::span<const int32_t> neurons) {
  close_bins(step / steps_);
  open_ += members_.count(neurons);
}

std::vector<float> PopulationRate::take(int64_t end) {
  close_bins(end / steps_);
  return std::exchange(rows_, {});
}

void PopulationRate::close_bins(int64_t bin) {
  const double neuron_seconds = static_cast<double>(members_.size()) * interval_ / 1000;
  for (; bin_ < bin; ++bin_, open_ = 0) rows_.push_back(neuron_seconds > 0 ? static_cast<float>(static_cast<double>(open_) / neuron_seconds) : 0.f);
}

Correlogram::Correlogram(const CorrelationRequest& request, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock)
    : name_(request.name), clock_(clock), bin_(request.bin), lags_(request.lags), first_(request.start) {
  const std::string where = fmt::format("Recording of the correlation '{}'", name_);
  source_ = Members(request.source, populations, where), target_ = Members(request.target, populations, where);
  if (bin_ < 1 || bin_ % 2 == 0) fail("{}: its bins are {} steps wide, and must be an odd number of steps, so that one is centred at lag 0.", where, bin_);
  if (lags_ < 0 || first_ < 0) fail("{}: it has {} lags on each side and begins at step {}, and neither may be below 0.", where, lags_, first_);
  window_ = lags_ * bin_ + bin_ / 2;
  prepare(0);
}

CorrelationInfo Correlogram::info() const {
  CorrelationInfo info{.name = name_, .lags = {}};
  for (int64_t k = -lags_; k <= lags_; ++k) info.lags.push_back(k < 0 ? -clock_.time(-k * bin_) : clock_.time(k * bin_));
  return info;
}

void Correlogram::prepare(int64_t first_step) {
  done_ = first_step;
  spikes_[0] = spikes_[1] = 0;
  pairs_.assign(static_cast<size_t>(2 * window_ + 1), 0);
  past_source_.assign(static_cast<size_t>(window_), 0);
  past_target_ = past_source_;
}

int64_t& Correlogram::at(std::vector<int64_t>& past, int64_t step) {
  const auto place = static_cast<size_t>(window_ + step - done_);
  if (place >= past.size()) past.resize(place + 1);
  return past[place];
}

void Correlogram::spikes(int32_t population, int64_t step, std::span<const int32_t> neurons) {
  if (step < first_) return;
  const bool from = population == source_.population(), to = population == target_.population();
  if (from) at(past_source_, step) += source_.count(neurons);
  if (to) at(past_target_, step) += target_.count(neurons);
  // A spike makes no pair with itself.
  if (from && to)
    pairs_[static_cast<size_t>(window_)] -= std::count_if(neurons.begin(), neurons.end(), [&](int32_t i) { return source_.holds(i) && target_.holds(i); });
}

void Correlogram::finish(int64_t end) {
  const auto window = static_cast<size_t>(window_), size = window + static_cast<size_t>(end - done_);
  past_source_.resize(size), past_target_.resize(size);
  for (size_t t = window; t < size; ++t) {
    const int64_t source = past_source_[t], target = past_target_[t];
    spikes_[0] += source, spikes_[1] += target;
    // The target's spikes of now with the source's of before and now, then the source's of now with the target's of before.
    if (target > 0)
      for (size_t lag = 0; lag <= window; ++lag) pairs_[window + lag] += target * past_source_[t - lag];
    if (source > 0)
      for (size_t lag = 1; lag <= window; ++lag) pairs_[window - lag] += source * past_target_[t - lag];
  }
  for (auto* past : {&past_source_, &past_target_}) past->erase(past->begin(), past->end() - window_);
  done_ = end;
}

std::vector<int64_t> Correlogram::counts() const {
  std::vector<int64_t> counts(static_cast<size_t>(2 * lags_ + 1));
  for (size_t k = 0; k < pairs_.size(); ++k) counts[k / static_cast<size_t>(bin_)] += pairs_[k];
  return counts;
}

std::vector<double> Correlogram::chance() const {
  const auto time = static_cast<double>(done_ - first_), bin = static_cast<double>(bin_);
  std::vector<double> chance(static_cast<size_t>(2 * lags_ + 1));
  if (time <= 0) return chance;
  const double pairs = static_cast<double>(spikes_[0]) * static_cast<double>(spikes_[1]);
  for (int64_t k = -lags_; k <= lags_; ++k)
    chance[static_cast<size_t>(k + lags_)] = pairs * bin * std::max(0.0, time - static_cast<double>(std::abs(k)) * bin) / (time * time);
  return chance;
}

}  // namespace proxon
