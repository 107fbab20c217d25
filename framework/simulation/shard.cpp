#include "proxon/simulation/shard.hpp"

#include <algorithm>
#include <cmath>

#include "proxon/base/ranks.hpp"
#include "proxon/schema/defaults.hpp"

namespace proxon {
namespace {

/// x *= keep, with `keep` in two pieces so that its rounding does not add up over steps; what is too small to matter becomes 0, since
/// subnormal numbers are slow.
void decay(float* x, int64_t n, double keep) {
  const auto high = static_cast<float>(keep), low = static_cast<float>(keep - static_cast<double>(high));
  for (int64_t i = 0; i < n; ++i) {
    const float value = x[i] * high + x[i] * low;
    x[i] = std::fabs(value) > 1e-25f ? value : 0.f;
  }
}

}  // namespace

Shard::Shard(Machine& machine, int32_t number, Firings& firings) : m_(machine), number_(number), fired_(firings), own_(firings.own()) {
  int32_t largest = 0;
  for (const Range& range : own_) largest = std::max(largest, range.size());
  fired_scratch_.resize(static_cast<size_t>(largest) + 8);
  drive_scratch_.resize(static_cast<size_t>(largest) + 8);

  int64_t neurons_ahead = 0;  // times the steps to come
  for (size_t p = 0; p < own_.size(); ++p) {
    arrivals_.emplace_back(*m_.populations[p], own_[p]);
    neurons_ahead += m_.populations[p]->ahead_slots() * own_[p].size();
  }
  most_pages_ = std::max<int64_t>(1024, 2 * neurons_ahead * static_cast<int64_t>(sizeof(Arrival)) / static_cast<int64_t>(ArrivalPage::bytes));

  pre_.resize(m_.bundles.size());
  pre_columns_.resize(m_.bundles.size());
  signals_.resize(m_.bundles.size());
  sources_.resize(m_.bundles.size());
  for (size_t b = 0; b < m_.bundles.size(); ++b) {
    const Bundle& bundle = m_.bundles[b];
    if (const SchemaInfo& schema = *bundle.synapse.table().source; schema.count > 0) {
      sources_[b].columns = columns_at_defaults(schema, bundle.sources());
      for (auto& column : sources_[b].columns) sources_[b].pointers.push_back(column.data());
      sources_[b].last.assign(static_cast<size_t>(bundle.sources()), never);
    }
    if (!bundle.plasticity) continue;
    pre_[b] = columns_at_defaults(*bundle.plasticity->rule.table().pre, bundle.sources());
    for (auto& column : pre_[b]) pre_columns_[b].push_back(column.data());
  }
}

void Shard::run(int64_t begin, int64_t end) noexcept {
  int64_t n = begin;
  for (const Firings& those : m_.firings)
    if (&those != &fired_) those.ask_for(std::max<int64_t>(0, 2 * begin - end), begin);
  try {
    for (; n < end; ++n) step(n);
  } catch (...) {
    error = std::current_exception();
    failed_step = n;
  }
}

void Shard::check_finite(int64_t end) noexcept {
  if (error) return;
  try {
    for (size_t p = 0; p < own_.size(); ++p) m_.populations[p]->check_finite(own_[p], m_.clock.time(end));
  } catch (...) {
    error = std::current_exception();
    failed_step = end;
  }
}

void Shard::step(int64_t n) {
  const int64_t trial_begin = m_.trial_steps > 0 ? n - n % m_.trial_steps : 0;
  if (n == trial_begin) reset(n);
  if (n % m_.learning_steps == 0) restore_sums(n);
  decay_traces(n);
  deliver(n, trial_begin);
  drive(n);
  update(n);
  learn(n, trial_begin);
  m_.recorder->record_traces(n, own_);
}

void Shard::reset(int64_t n) {
  for (size_t p = 0; p < own_.size(); ++p) m_.populations[p]->reset(own_[p]), arrivals_[p].clear(n, pages_);
  for (size_t b = 0; b < m_.bundles.size(); ++b) {
    Sources& sources = sources_[b];
    const SchemaInfo& schema = *m_.bundles[b].synapse.table().source;
    for (uint32_t c = 0; c < schema.count; ++c) std::fill(sources.columns[c].begin(), sources.columns[c].end(), default_float(schema, c));
    std::fill(sources.last.begin(), sources.last.end(), never);
    signals_[b] = {};

    Plasticity* p = m_.bundles[b].plasticity.get();
    if (!p || !p->on_spikes) continue;  // what rate neurons remember outlives a trial, as the weights do
    const LearningRuleTable& rule = p->rule.table();
    for (uint32_t k = 0; k < rule.pre->count; ++k) std::fill(pre_[b][k].begin(), pre_[b][k].end(), default_float(*rule.pre, k));
    const Range range = own_[static_cast<size_t>(m_.bundles[b].target)];
    for (uint32_t k = 0; k < rule.post->count; ++k) std::fill_n(p->post[k].data() + range.begin, range.size(), default_float(*rule.post, k));
  }
}

void Shard::decay_traces(int64_t n) {
  for (size_t b = 0; b < m_.bundles.size(); ++b) {
    Plasticity* plasticity = m_.bundles[b].plasticity.get();
    if (!plasticity || !plasticity->on_spikes || n >= plasticity->stop) continue;
    const Range range = own_[static_cast<size_t>(m_.bundles[b].target)];
    signals_[b].now *= plasticity->keep_signal;
    if (range.size() == 0) continue;
    for (size_t k = 0; k < pre_[b].size(); ++k)
      if (plasticity->keep_pre[k] != 1) decay(pre_columns_[b][k], m_.bundles[b].sources(), plasticity->keep_pre[k]);
    for (size_t k = 0; k < plasticity->post.size(); ++k)
      if (plasticity->keep_post[k] != 1) decay(plasticity->post_columns[k] + range.begin, range.size(), plasticity->keep_post[k]);
  }
}

void Shard::drive(int64_t n) {
  const bool signals = rank() == 0 && number_ == 0 && m_.recorder->wants_signals(n);
  for (size_t d = 0; d < m_.drives.size(); ++d) {
    const Drive& drive = m_.drives[d];
    const Range range = own_[static_cast<size_t>(drive.population())];
    if (range.size() == 0 && !signals) continue;
    const double common = drive.common(n);
    if (signals) m_.recorder->signal(static_cast<int32_t>(d), common);
    drive.apply(n, common, range, drive_scratch_.data());
  }
}

void Shard::update(int64_t n) {
  for (size_t p = 0; p < own_.size(); ++p) {
    RunningPopulation& population = *m_.populations[p];
    const int64_t count = own_[p].size() > 0 ? population.update(own_[p], n, fired_scratch_.data()) : 0;
    fired_.add(n, static_cast<int32_t>(p), {fired_scratch_.data(), static_cast<size_t>(population.spiking() ? count : 0)});
    if (count > 0 && population.spiking() && m_.recorder->wants_spikes(static_cast<int32_t>(p)))
      m_.recorder->spikes(number_, static_cast<int32_t>(p), n, {fired_scratch_.data(), static_cast<size_t>(count)});
  }
  spikes += fired_.count(n);
}

}  // namespace proxon
