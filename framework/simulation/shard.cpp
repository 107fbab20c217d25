#include "proxon/simulation/shard.hpp"

#include <algorithm>
#include <array>
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

/// Asks for a row part before it is needed: rows stand anywhere in memory, and the hardware guesses only within one. Inline, since GCC takes a
/// function that does nothing else for one that has no effect, and leaves out the call.
[[gnu::always_inline]] inline void prefetch(const Bundle& bundle, int32_t source, int32_t thread) {
  if (bundle.has_gaps) {
    const std::span<const uint8_t> gaps = bundle.gaps(source, thread);
    for (size_t k = 0; k < std::min<size_t>(gaps.size(), 2048); k += 64) __builtin_prefetch(gaps.data() + k);
    return;
  }
  const Bundle::Part part = bundle.part(source, thread);
  const int64_t end = std::min(part.end, part.begin + 1024);
  for (int64_t k = part.begin; k < end; k += 16) __builtin_prefetch(bundle.targets + k);
  if (bundle.one_weight) return;
  for (int64_t k = part.begin; k < end; k += 16) __builtin_prefetch(bundle.weight + k);
}

constexpr size_t max_columns = 24;  // members of a plain struct
constexpr int64_t never = -1;

using RowPointers = std::array<float*, max_columns>;

/// The columns of a rule's synapses, from one synapse on.
RowPointers columns_from(const Plasticity& plasticity, int64_t first) {
  RowPointers columns;
  for (size_t c = 0; c < plasticity.columns.size(); ++c) columns[c] = plasticity.columns[c] + first;
  return columns;
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

void Shard::deliver(int64_t n, int64_t trial_begin) {
  // What was sent with a delay a synapse comes first, onto planes that are empty: a sum may have been begun in a checkpoint.
  deliver_ahead(n, trial_begin);
  for (Arrivals& arrivals : arrivals_) arrivals.take(n, pages_);

  for (size_t b = 0; b < m_.bundles.size(); ++b) {
    const Bundle& bundle = m_.bundles[b];
    const int64_t from = n - bundle.delay;
    if (bundle.ahead() || !owns_targets(b)) continue;
    const RunningPopulation& source = *m_.populations[static_cast<size_t>(bundle.source)];
    if (bundle.coupling())
      deliver_coupling(bundle, source.kept(bundle.source_variable, from, trial_begin),
                       m_.populations[static_cast<size_t>(bundle.target)]->kept(bundle.target_variable, n - 1, trial_begin));
    else if (bundle.rates)
      deliver_activity(bundle, source.activity(from, trial_begin), n);
    else if (from >= trial_begin)
      deliver_spikes(b, n);
  }
}

void Shard::settle(int64_t n) {
  for (Arrivals& arrivals : arrivals_) arrivals.settle(n, pages_);
}

/// What synapses with delays of their own send at this step: their rows lie all over the memory, so that each is taken in pieces.
void Shard::deliver_ahead(int64_t n, int64_t trial_begin) {
  due_.clear();
  for (size_t b = 0; b < m_.bundles.size(); ++b) {
    const Bundle& bundle = m_.bundles[b];
    if (!bundle.ahead() || !owns_targets(b) || n - bundle.delay < trial_begin) continue;
    for (const Firings& those : m_.firings)
      for (const int32_t source : those.fired(n - bundle.delay, bundle.source)) due_.push_back({b, source});
  }

  constexpr size_t soon = 8, at_once = 4096;
  constexpr int64_t length = 128;
  for (size_t i = 0; i < due_.size(); ++i) {
    if (i + soon < due_.size()) m_.bundles[due_[i + soon].bundle].ask_for_part(due_[i + soon].source);
    const auto [b, source] = due_[i];
    const Bundle& bundle = m_.bundles[b];
    const Bundle::Part part = bundle.part(source, number_);
    const float factor = factor_of(b, source, n);
    for (int64_t begin = part.begin; begin < part.end; begin += length)
      pieces_.push_back({&bundle, {begin, std::min(begin + length, part.end)}, bundle.shift(source), factor});
    if (pieces_.size() >= at_once) send_pieces(n);
  }
  send_pieces(n);
}

/// Asks for a piece while those before it are sent: as many lines of memory as can be under way at once, and once only, so that they leave the
/// caches to what is used again.
void Shard::send_pieces(int64_t n) {
  constexpr size_t soon = 2;
  for (size_t i = 0; i < pieces_.size() + soon; ++i) {
    if (i < pieces_.size()) {
      const auto& [bundle, part, shift, factor] = pieces_[i];
      for (int64_t k = part.begin; k < part.end; k += 16) __builtin_prefetch(bundle->targets + k, 0, 0), __builtin_prefetch(bundle->weight + k, 0, 0);
      for (int64_t k = part.begin; k < part.end; k += 64) __builtin_prefetch(bundle->code + k, 0, 0);
    }
    if (i < soon) continue;
    const auto& [bundle, part, shift, factor] = pieces_[i - soon];
    Arrivals& arrivals = arrivals_[static_cast<size_t>(bundle->target)];
    ArrivalList *positive = arrivals.lists(bundle->ports.positive), *negative = arrivals.lists(bundle->ports.negative);
    const RowContext row{bundle->key, n, part.begin + shift};
    pages_.reserve(part.size());  // at most one page for each
    bundle->synapse.table().deliver_ahead(bundle->synapse.object(), bundle->targets + part.begin, bundle->weight + part.begin,
                                          bundle->code + part.begin, bundle->further.data(), part.size(), factor, positive ? positive : negative,
                                          negative ? negative : positive, &pages_.stock(), &row);
    events += part.size();
    if (pages_.in_use() > most_pages_) settle(n);
  }
  pieces_.clear();
}

/// What short-term plasticity makes of a spike that arrives: the factor on what all synapses of the source transmit.
float Shard::factor_of(size_t b, int32_t source, int64_t n) {
  Sources& state = sources_[b];
  if (state.columns.empty()) return 1;
  int64_t& last = state.last[static_cast<size_t>(source)];
  const double elapsed = last == never ? INFINITY : static_cast<double>(n - last) * m_.clock.dt();
  last = n;
  const Instance<SynapseTable, Step>& synapse = m_.bundles[b].synapse;
  return synapse.table().spike(synapse.object(), state.pointers.data(), source, static_cast<float>(elapsed));
}

void Shard::deliver_spikes(size_t b, int64_t n) {
  const Bundle& bundle = m_.bundles[b];
  const int64_t from = n - bundle.delay;
  if (std::all_of(m_.firings.begin(), m_.firings.end(), [&](const Firings& those) { return those.fired(from, bundle.source).empty(); })) return;
  RunningPopulation& target = *m_.populations[static_cast<size_t>(bundle.target)];
  float *positive = target.plane(bundle.ports.positive), *negative = target.plane(bundle.ports.negative);
  if (!positive) positive = negative;
  if (!negative) negative = positive;
  const SynapseTable& synapse = bundle.synapse.table();
  const Plasticity* plasticity = bundle.plasticity.get();
  const bool on_pre = plasticity && plasticity->has(hook_on_pre) && n < plasticity->stop;
  const int32_t first_target = own_[static_cast<size_t>(bundle.target)].begin;
  RowContext row{bundle.key, n, 0};

  for (const Firings& those : m_.firings) {
    const auto sources = those.fired(from, bundle.source);
    for (size_t i = 0; i < sources.size(); ++i) {
      if (i + 1 < sources.size()) prefetch(bundle, sources[i + 1], number_);
      const Bundle::Part part = bundle.part(sources[i], number_);
      const int32_t* targets = bundle.targets + part.begin;
      if (on_pre) {
        plasticity->rule.table().on_pre(plasticity->rule.object(), columns_from(*plasticity, part.begin).data(), targets, part.size(),
                                        pre_columns_[b].data(), sources[i], plasticity->post_columns.data());
      }
      const float factor = factor_of(b, sources[i], n);
      row.first = part.begin + bundle.shift(sources[i]);
      if (bundle.has_gaps) {
        const std::span<const uint8_t> gaps = bundle.gaps(sources[i], number_);
        synapse.deliver_gaps(bundle.synapse.object(), gaps.data(), bundle.common, static_cast<int64_t>(gaps.size()), factor,
                             positive + first_target, negative + first_target, &row);
      } else if (bundle.one_weight)
        synapse.deliver_common(bundle.synapse.object(), targets, bundle.common, part.size(), factor, positive, negative, &row);
      else
        synapse.deliver(bundle.synapse.object(), targets, bundle.weight + part.begin, part.size(), factor, positive, negative, &row);
      events += part.size();
    }
  }
}

void Shard::deliver_activity(const Bundle& bundle, const float* x, int64_t n) {
  RunningPopulation& target = *m_.populations[static_cast<size_t>(bundle.target)];
  float *positive = target.plane(bundle.ports.positive), *negative = target.plane(bundle.ports.negative);
  RowContext row{bundle.key, n, 0};
  for (int32_t i = 0; i < bundle.sources(); ++i) {
    if (x[i] == 0) continue;
    const Bundle::Part part = bundle.part(i, number_);
    row.first = part.begin + bundle.shift(i);
    bundle.synapse.table().deliver(bundle.synapse.object(), bundle.targets + part.begin, bundle.weight + part.begin, part.size(), x[i],
                                   positive, negative, &row);
  }
}

void Shard::deliver_coupling(const Bundle& bundle, const float* x, const float* y) {
  float* plane = m_.populations[static_cast<size_t>(bundle.target)]->plane(bundle.ports.positive);
  for (int32_t i = 0; i < bundle.sources(); ++i) {
    const Bundle::Part part = bundle.part(i, number_);
    bundle.synapse.table().couple(bundle.synapse.object(), bundle.targets + part.begin, bundle.weight + part.begin, part.size(), x[i], y, plane);
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

/// Gives the plastic weights that reach a neuron the sum that they are to have. Those of one projection may lie in several bundles.
void Shard::restore_sums(int64_t n) {
  for (size_t b = 0, end = 0; b < m_.bundles.size(); b = end) {
    while (end < m_.bundles.size() && m_.bundles[end].projection == m_.bundles[b].projection) ++end;
    const Plasticity* first = m_.bundles[b].plasticity.get();
    if (!first || first->weight_sum == 0 || n > first->stop) continue;
    const auto each = [&](int32_t target, auto&& use) {
      for (size_t k = b; k < end; ++k) {
        const Plasticity& p = *m_.bundles[k].plasticity;
        for (int64_t i = p.transpose->offset[static_cast<size_t>(target)]; i < p.transpose->offset[static_cast<size_t>(target) + 1]; ++i)
          use(p.columns[0][p.transpose->synapse[static_cast<size_t>(i)]]);
      }
    };
    const Range range = own_[static_cast<size_t>(m_.bundles[b].target)];
    for (int32_t j = range.begin; j < range.end; ++j) {
      double sum = 0;
      each(j, [&](float w) { sum += static_cast<double>(w); });
      if (!(sum > 0)) continue;
      const double factor = first->weight_sum / sum;
      each(j, [&](float& w) { w = static_cast<float>(static_cast<double>(w) * factor); });
    }
  }
}

void Shard::learn(int64_t n, int64_t trial_begin) {
  const bool interval_ends = (n + 1) % m_.learning_steps == 0;
  for (size_t b = 0; b < m_.bundles.size(); ++b) {
    const Bundle& bundle = m_.bundles[b];
    const Plasticity* p = bundle.plasticity.get();
    if (!p || n >= p->stop || own_[static_cast<size_t>(bundle.target)].size() == 0) continue;
    if (p->on_activity) {
      if (interval_ends)
        learn_from_activity(b, m_.populations[static_cast<size_t>(bundle.source)]->activity(n - bundle.delay, trial_begin),
                            m_.populations[static_cast<size_t>(bundle.target)]->activity(n, trial_begin));
      continue;
    }
    if (p->has(hook_post_step)) learn_from_state(b, n);
    learn_from_spikes(b, n, trial_begin);
    if (p->has(hook_elapsed) && interval_ends) learn_from_time(b);
  }
}

void Shard::learn_from_state(size_t b, int64_t n) {
  const Bundle& bundle = m_.bundles[b];
  const Plasticity& p = *bundle.plasticity;
  const LearningRuleTable& rule = p.rule.table();
  const Range range = own_[static_cast<size_t>(bundle.target)];
  const Moment moment{static_cast<float>(m_.clock.dt()), 0};
  RowPointers state;
  for (size_t v = 0; v < p.target_variables.size(); ++v)
    state[v] = const_cast<float*>(m_.populations[static_cast<size_t>(bundle.target)]->kept(p.target_variables[v], n, 0)) + range.begin;
  const int64_t count =
      rule.post_step(p.rule.object(), p.post_columns.data(), state.data(), range.begin, range.end, fired_scratch_.data(), &moment);
  for (int64_t i = 0; i < count; ++i) {
    const int32_t j = fired_scratch_[static_cast<size_t>(i)];
    const int64_t first = p.transpose->offset[static_cast<size_t>(j)], last = p.transpose->offset[static_cast<size_t>(j) + 1];
    rule.while_active(p.rule.object(), p.columns.data(), p.transpose->synapse.data() + first, p.transpose->source.data() + first, last - first,
                      pre_columns_[b].data(), p.post_columns.data(), j, &moment);
  }
}

void Shard::learn_from_spikes(size_t b, int64_t n, int64_t trial_begin) {
  const Bundle& bundle = m_.bundles[b];
  const Plasticity& p = *bundle.plasticity;
  const LearningRuleTable& rule = p.rule.table();
  const auto mine = fired(n, bundle.target);
  float* const* pre = pre_columns_[b].data();
  if (p.has(hook_on_post)) {
    // The synapses of a target stand anywhere in memory: a block is asked for while the one before it learns.
    constexpr int64_t block = 64;
    const auto ask = [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k)
        for (float* column : p.columns) __builtin_prefetch(column + p.transpose->synapse[static_cast<size_t>(k)], 1);
    };
    for (int32_t j : mine) {
      const int64_t first = p.transpose->offset[static_cast<size_t>(j)], last = p.transpose->offset[static_cast<size_t>(j) + 1];
      ask(first, std::min(first + block, last));
      for (int64_t begin = first; begin < last; begin += block) {
        const int64_t end = std::min(begin + block, last);
        ask(end, std::min(end + block, last));
        rule.on_post(p.rule.object(), p.columns.data(), p.transpose->synapse.data() + begin, p.transpose->source.data() + begin, end - begin,
                     pre, p.post_columns.data(), j);
      }
    }
  }
  if (n - bundle.delay >= trial_begin) {
    size_t modulating = 0;  // counted first, so that the sum does not depend on who fired them
    for (const Firings& those : m_.firings) {
      const auto arrived = those.fired(n - bundle.delay, bundle.source);
      rule.pre_fired(p.rule.object(), pre, arrived.data(), static_cast<int64_t>(arrived.size()));
      if (p.modulator >= 0) modulating += those.fired(n - bundle.delay, p.modulator).size();
    }
    signals_[b].now += p.signal_step * static_cast<double>(modulating);
  }
  rule.post_fired(p.rule.object(), p.post_columns.data(), mine.data(), static_cast<int64_t>(mine.size()));
  signals_[b].sum += signals_[b].now;
}

void Shard::learn_from_time(size_t b) {
  const Bundle& bundle = m_.bundles[b];
  const Plasticity& p = *bundle.plasticity;
  const auto steps = static_cast<double>(m_.learning_steps);
  const Moment moment{static_cast<float>(steps * m_.clock.dt()), static_cast<float>(signals_[b].sum / steps)};
  signals_[b].sum = 0;
  for (int32_t i = 0; i < bundle.sources(); ++i) {
    const Bundle::Part part = bundle.part(i, number_);
    p.rule.table().elapsed(p.rule.object(), columns_from(p, part.begin).data(), bundle.targets + part.begin, part.size(),
                           pre_columns_[b].data(), i, p.post_columns.data(), &moment);
  }
}

void Shard::learn_from_activity(size_t b, const float* x, const float* y) {
  const Bundle& bundle = m_.bundles[b];
  const Plasticity& p = *bundle.plasticity;
  const LearningRuleTable& rule = p.rule.table();
  const Moment moment{static_cast<float>(static_cast<double>(m_.learning_steps) * m_.clock.dt()), 0.f};
  float* const* pre = pre_columns_[b].data();
  for (int32_t i = 0; i < bundle.sources(); ++i) {
    const Bundle::Part part = bundle.part(i, number_);
    rule.update(p.rule.object(), columns_from(p, part.begin).data(), bundle.targets + part.begin, part.size(), x[i], y, pre, i,
                p.post_columns.data(), &moment);
  }
  const Range range = own_[static_cast<size_t>(bundle.target)];
  rule.pre_active(p.rule.object(), pre, x, 0, bundle.sources(), &moment);
  rule.post_active(p.rule.object(), p.post_columns.data(), y, range.begin, range.end, &moment);
}

}  // namespace proxon
