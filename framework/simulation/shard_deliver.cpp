// What arrives at the neurons of a shard: step 2 of shard.hpp.
#include <algorithm>
#include <cmath>

#include "proxon/simulation/shard.hpp"

namespace proxon {
namespace {

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

}  // namespace

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
        plasticity->rule.table().on_pre(plasticity->rule.object(), plasticity->columns_from(part.begin).data(), targets, part.size(),
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

}  // namespace proxon
