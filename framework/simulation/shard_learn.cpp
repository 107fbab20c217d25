// How the plastic synapses of a shard learn: step 5 of shard.hpp.
#include <algorithm>
#include <cmath>

#include "proxon/simulation/shard.hpp"

namespace proxon {

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
      if (sum == 0) continue;
      const double factor = first->weight_sum / std::fabs(sum);  // inhibitory weights stay negative
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
    p.rule.table().elapsed(p.rule.object(), p.columns_from(part.begin).data(), bundle.targets + part.begin, part.size(),
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
    rule.update(p.rule.object(), p.columns_from(part.begin).data(), bundle.targets + part.begin, part.size(), x[i], y, pre, i,
                p.post_columns.data(), &moment);
  }
  const Range range = own_[static_cast<size_t>(bundle.target)];
  rule.pre_active(p.rule.object(), pre, x, 0, bundle.sources(), &moment);
  rule.post_active(p.rule.object(), p.post_columns.data(), y, range.begin, range.end, &moment);
}

}  // namespace proxon
