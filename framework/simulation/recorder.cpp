#include "proxon/simulation/recorder.hpp"

#include <algorithm>

#include "proxon/base/ranks.hpp"

namespace proxon {

Recorder::Recorder(const SimulationOptions& options, const std::vector<std::unique_ptr<RunningPopulation>>& populations,
                   const std::vector<Drive>& drives, const Clock& clock)
    : populations_(populations), clock_(clock), keeps_spikes_(populations.size(), false) {
  for (const std::string& name : options.record_spikes) {
    const int32_t p = find_population(populations, name, "Recording of spikes");
    const RunningPopulation& population = *populations[static_cast<size_t>(p)];
    if (!population.spiking()) fail("Recording of spikes: the neurons of '{}' ({}) have rates and do not spike; record their 'activity'.", name, population.model_name());
    keeps_spikes_[static_cast<size_t>(p)] = true;
  }
  wants_spikes_ = keeps_spikes_;
  for (const RateRequest& request : options.rates) {
    const PopulationRate& rate = rates_.emplace_back(request, populations, clock);
    wants_spikes_[static_cast<size_t>(rate.members().population())] = true;
  }
  for (const CorrelationRequest& request : options.correlations) {
    const Correlogram& correlation = correlations_.emplace_back(request, populations, clock);
    correlation_infos_.push_back(correlation.info());
    for (const Members* members : {&correlation.source(), &correlation.target()}) wants_spikes_[static_cast<size_t>(members->population())] = true;
  }

  for (const TraceRequest& request : options.traces) {
    const std::string where = fmt::format("Recording of '{}' of '{}'", request.variable, request.population);
    const int32_t p = find_population(populations, request.population, where);
    const RunningPopulation& population = *populations[static_cast<size_t>(p)];
    const int32_t variable = population.variable(request.variable);
    const auto states = population.table().state->list();
    if (variable < 0) {
      std::vector<std::string> names;
      for (const FieldInfo& field : states) names.emplace_back(field.name);
      if (!population.spiking()) names.emplace_back("activity");
      std::string all;
      for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
      fail("{}: {} has no such variable (it has {}).{}", where, population.model_name(), all, did_you_mean(request.variable, names));
    }
    if (request.interval < 1) fail("{}: its interval is {} steps, and must be at least 1.", where, request.interval);
    const double interval = clock.time(request.interval);
    traces_.push_back({.population = request.population,
                       .variable = request.variable,
                       .unit = static_cast<size_t>(variable) < states.size() ? states[static_cast<size_t>(variable)].unit : "1",
                       .neurons = checked_neurons(request.neurons, population, where),
                       .start = interval,
                       .interval = interval});
    buffers_.push_back({p, variable, request.interval, 0, {}});
  }

  signal_steps_ = clock.steps(options.signal_interval, 1, "The interval of the stimuli's signals");
  for (const Drive& drive : drives)
    signals_.push_back({.name = drive.name(), .unit = drive.unit(), .start = 0, .interval = clock.time(signal_steps_)});
  for (const PopulationRate& rate : rates_) signals_.push_back(rate.info());
  signal_values_.resize(drives.size());
}

int64_t Recorder::flush_steps(int64_t wanted) const {
  double bytes_a_step = 1;
  for (size_t t = 0; t < buffers_.size(); ++t)
    bytes_a_step += 4.0 * static_cast<double>(traces_[t].neurons.size()) / static_cast<double>(buffers_[t].interval);
  return std::max<int64_t>(1, std::min(wanted, static_cast<int64_t>(64e6 / bytes_a_step)));
}

void Recorder::prepare(int32_t threads, int64_t steps, int64_t first_step, const std::vector<std::vector<Range>>& own) {
  own_ = own;
  spikes_.assign(static_cast<size_t>(threads) + (rank() == 0 ? own.size() - 1 : 0), std::vector<Spikes>(populations_.size()));
  for (size_t t = 0; t < buffers_.size(); ++t) {
    buffers_[t].rows_done = first_step / buffers_[t].interval;
    buffers_[t].rows.resize(static_cast<size_t>(steps / buffers_[t].interval + 1) * traces_[t].neurons.size());
  }
  for (auto& values : signal_values_) values.clear();
  for (PopulationRate& rate : rates_) rate.prepare(first_step);
  for (Correlogram& correlation : correlations_) correlation.prepare(first_step);
}

void Recorder::spikes(int32_t thread, int32_t population, int64_t step, std::span<const int32_t> neurons) {
  auto& mine = spikes_[static_cast<size_t>(thread)][static_cast<size_t>(population)];
  for (int32_t neuron : neurons) mine.push_back({step, neuron});
}

void Recorder::record_traces(int64_t step, const std::vector<Range>& own) {
  for (size_t t = 0; t < buffers_.size(); ++t) {
    Trace& trace = buffers_[t];
    if ((step + 1) % trace.interval != 0) continue;
    const auto& neurons = traces_[t].neurons;
    const Range range = own[static_cast<size_t>(trace.population)];
    const int64_t row = (step + 1) / trace.interval - 1 - trace.rows_done;
    float* values = trace.rows.data() + static_cast<size_t>(row) * neurons.size();
    auto k = static_cast<size_t>(std::lower_bound(neurons.begin(), neurons.end(), range.begin) - neurons.begin());
    for (; k < neurons.size() && neurons[k] < range.end; ++k)
      values[k] = populations_[static_cast<size_t>(trace.population)]->value(trace.variable, neurons[k], step);
  }
}

template <class See>
void Recorder::trace_pieces(size_t t, int64_t end, size_t of_rank, See&& see) {
  const auto& neurons = traces_[t].neurons;
  const Range own = own_[of_rank][static_cast<size_t>(buffers_[t].population)];
  const auto first = std::lower_bound(neurons.begin(), neurons.end(), own.begin) - neurons.begin();
  const auto last = std::lower_bound(neurons.begin(), neurons.end(), own.end) - neurons.begin();
  const auto rows = static_cast<size_t>(std::max<int64_t>(0, end / buffers_[t].interval - buffers_[t].rows_done));
  for (size_t row = 0; row < rows; ++row)
    see(buffers_[t].rows.data() + row * neurons.size() + static_cast<size_t>(first), static_cast<size_t>(last - first) * sizeof(float));
}

void Recorder::collect_from_ranks(int64_t end) {
  if (ranks() == 1) return;
  Pack pack;
  if (rank() > 0) {
    for (size_t p = 0; p < populations_.size(); ++p) {
      // Merged as flush_spikes() would: by step, and within a step by thread.
      std::vector<Spike> all;
      for (const auto& thread : spikes_) all.insert(all.end(), thread[p].begin(), thread[p].end());
      std::stable_sort(all.begin(), all.end(), [](const Spike& a, const Spike& b) { return a.step < b.step; });
      pack.list(all);
    }
    for (size_t t = 0; t < traces_.size(); ++t) trace_pieces(t, end, static_cast<size_t>(rank()), [&](float* data, size_t bytes) { pack.raw(data, bytes); });
  }
  const std::vector<Bytes> all = collect(pack.bytes());
  for (size_t r = 1; r < all.size(); ++r) {
    Unpack from(all[r]);
    auto& theirs = spikes_[spikes_.size() - own_.size() + r];
    for (size_t p = 0; p < populations_.size(); ++p) theirs[p] = Spikes{from.list<std::vector<Spike>>()};
    for (size_t t = 0; t < traces_.size(); ++t) trace_pieces(t, end, r, [&](float* data, size_t bytes) { from.raw(data, bytes); });
  }
}

void Recorder::flush_spikes(RecordingSink& sink, int64_t end) {
  // By step, and within a step by thread, which is by neuron.
  std::vector<double> time;
  std::vector<int32_t> neuron;
  std::vector<size_t> next(spikes_.size());
  for (size_t p = 0; p < populations_.size(); ++p) {
    if (!wants_spikes_[p]) continue;
    const auto population = static_cast<int32_t>(p);
    time.clear(), neuron.clear();
    std::fill(next.begin(), next.end(), 0);
    while (true) {
      int64_t step = end;
      for (size_t t = 0; t < spikes_.size(); ++t)
        if (next[t] < spikes_[t][p].size()) step = std::min(step, spikes_[t][p][next[t]].step);
      if (step == end) break;
      const size_t first = neuron.size();
      for (size_t t = 0; t < spikes_.size(); ++t)
        for (; next[t] < spikes_[t][p].size() && spikes_[t][p][next[t]].step == step; ++next[t]) {
          time.push_back(clock_.time(step + 1));
          neuron.push_back(spikes_[t][p][next[t]].neuron);
        }
      const auto fired = std::span(neuron).subspan(first);
      for (PopulationRate& rate : rates_)
        if (rate.members().population() == population) rate.spikes(step, fired);
      for (Correlogram& correlation : correlations_) correlation.spikes(population, step, fired);
    }
    for (auto& thread : spikes_) thread[p].clear();
    if (keeps_spikes_[p] && !time.empty()) sink.spikes(population, time, neuron);
  }
}

void Recorder::flush(RecordingSink& sink, int64_t end) {
  flush_spikes(sink, end);

  // Rows of traces that are complete.
  for (size_t t = 0; t < buffers_.size(); ++t) {
    Trace& trace = buffers_[t];
    const int64_t rows = end / trace.interval - trace.rows_done;
    if (rows > 0) sink.trace(static_cast<int32_t>(t), {trace.rows.data(), static_cast<size_t>(rows) * traces_[t].neurons.size()});
    trace.rows_done += std::max<int64_t>(0, rows);
  }
  for (size_t s = 0; s < signal_values_.size(); ++s) {
    if (!signal_values_[s].empty()) sink.signal(static_cast<int32_t>(s), signal_values_[s]);
    signal_values_[s].clear();
  }
  for (size_t r = 0; r < rates_.size(); ++r)
    if (const std::vector<float> rows = rates_[r].take(end); !rows.empty()) sink.signal(static_cast<int32_t>(signal_values_.size() + r), rows);
  for (size_t c = 0; c < correlations_.size(); ++c) {
    correlations_[c].finish(end);
    sink.correlation(static_cast<int32_t>(c), correlations_[c].counts(), correlations_[c].chance());
  }
  sink.until(clock_.time(end));
}

}  // namespace proxon
