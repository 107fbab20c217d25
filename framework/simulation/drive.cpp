#include "proxon/simulation/drive.hpp"

#include <algorithm>
#include <numeric>

namespace proxon {

int32_t find_population(const std::vector<std::unique_ptr<RunningPopulation>>& populations, const std::string& name,
                        const std::string& where) {
  std::vector<std::string> names;
  for (const auto& population : populations) {
    if (population->name() == name) return static_cast<int32_t>(names.size());
    names.push_back(population->name());
  }
  fail("{}: there is no population '{}'.{}", where, name, did_you_mean(name, names));
}

std::vector<int32_t> checked_neurons(std::vector<int32_t> neurons, const RunningPopulation& population, const std::string& where) {
  if (neurons.empty()) {
    neurons.resize(static_cast<size_t>(population.size()));
    std::iota(neurons.begin(), neurons.end(), 0);
  }
  std::sort(neurons.begin(), neurons.end());
  for (size_t k = 0; k < neurons.size(); ++k) {
    if (neurons[k] < 0 || neurons[k] >= population.size())
      fail("{}: there is no neuron {} in population '{}', which has {} (0 to {}).", where, neurons[k], population.name(), population.size(),
           population.size() - 1);
    if (k > 0 && neurons[k] == neurons[k - 1]) fail("{}: neuron {} of population '{}' is named twice.", where, neurons[k], population.name());
  }
  return neurons;
}

Drive::Drive(const Stimulus& stimulus, int32_t number, const std::vector<std::unique_ptr<RunningPopulation>>& populations,
             const Clock& clock, uint64_t seed)
    : name_(stimulus.name),
      clock_(clock),
      key_(Key{seed, purpose("stimulus")}.with(static_cast<uint32_t>(number))),
      weight_(static_cast<float>(stimulus.weight)),
      samples_(stimulus.samples),
      shown_(samples_ ? std::make_unique<const ShownSamples>(samples_->view()) : nullptr) {
  const std::string where = fmt::format("Stimulus '{}'", name_);
  if (!std::isfinite(stimulus.weight)) fail("{}: its weight is {}, and must be a finite number.", where, stimulus.weight);
  generator_ = Instance<StimulusTable, StimulusSetup>(stimulus.generator, StimulusSetup{clock.dt(), key_, shown_.get()});
  population_ = find_population(populations, stimulus.target, where);
  RunningPopulation& target = *populations[static_cast<size_t>(population_)];

  const Carried what = generator_.table().emits == Emits::spikes ? Carried::spikes : Carried::current;
  const Ports ports = target.ports(what, stimulus.receptor, where);
  plane_ = target.plane(weight_ < 0 ? ports.negative : ports.positive);
  if (!plane_) fail("{}: {} has no receptor for a {} weight; name the receptor.", where, target.model_name(), weight_ < 0 ? "negative" : "positive");

  neurons_ = checked_neurons(stimulus.neurons, target, where);
  if (!neurons_.empty()) reach_ = {neurons_.front(), neurons_.back() + 1};
  if (reach_.size() == static_cast<int32_t>(neurons_.size())) neurons_.clear();
}

double Drive::common(int64_t step) const {
  const Instant at = instant(step);
  Status status;
  const double value = generator_.table().common(generator_.object(), &at, &status);
  if (status.failed) check(status, "stimulus", generator_.name());
  return value;
}

void Drive::apply(int64_t step, double common, Range own, float* scratch) const {
  const Range range{std::max(own.begin, reach_.begin), std::min(own.end, reach_.end)};
  if (range.size() <= 0) return;
  const Instant at = instant(step);
  Status status;
  if (neurons_.empty()) {
    generator_.table().apply(generator_.object(), &at, common, weight_, range.begin, range.end, plane_, &status);
  } else {
    std::fill_n(scratch, range.size(), 0.f);
    generator_.table().apply(generator_.object(), &at, common, weight_, range.begin, range.end, scratch - range.begin, &status);
    for (auto i = std::lower_bound(neurons_.begin(), neurons_.end(), range.begin); i != neurons_.end() && *i < range.end; ++i)
      plane_[*i] += scratch[*i - range.begin];
  }
  if (status.failed) check(status, "stimulus", generator_.name());
}

}  // namespace proxon
