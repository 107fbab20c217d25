#include "proxon/simulation/bundle.hpp"

#include <algorithm>

#include "proxon/base/progress.hpp"
#include "proxon/base/ranks.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/schema/defaults.hpp"
#include "proxon/simulation/drive.hpp"

namespace proxon {
namespace {

/// A meeting of the ranks: the different values that any of them has, ascending.
std::vector<int32_t> different_of_ranks(std::vector<int32_t> mine) {
  std::vector<int32_t> all;
  const auto keep_different = [](std::vector<int32_t>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  };
  keep_different(mine);
  Pack pack;
  pack.list(mine);
  for (const Bytes& bytes : share(pack.bytes())) {
    const auto theirs = Unpack(bytes).list<std::vector<int32_t>>();
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  keep_different(all);
  return all;
}

/// A meeting of the ranks: the weight that all their synapses have; nothing when they differ, or there are none.
std::optional<float> one_value(std::span<const float> weights) {
  struct Mine {
    bool any, one;
    float value;
  };
  Mine mine{!weights.empty(), true, weights.empty() ? 0 : weights.front()};
  mine.one = std::all_of(weights.begin(), weights.end(), [&](float w) { return w == mine.value; });
  Pack pack;
  pack.value(mine);
  std::vector<Mine> all;
  for (const Bytes& bytes : share(pack.bytes()))
    if (const Mine theirs = Unpack(bytes).value<Mine>(); theirs.any) all.push_back(theirs);
  if (all.empty() || !std::all_of(all.begin(), all.end(), [&](const Mine& m) { return m.one && m.value == all.front().value; })) return {};
  return all.front().value;
}

/// Delay of every synapse in steps.
std::vector<int32_t> delays_in_steps(const SynapseRows& rows, const Clock& clock, const std::string& where) {
  std::vector<int32_t> steps(static_cast<size_t>(rows.size()));
  auto in_steps = [&](double delay) { return static_cast<int32_t>(clock.steps(delay, 1, where)); };
  std::vector<int32_t> of_code;
  for (const double delay : rows.delay.table()) of_code.push_back(in_steps(delay));
  for (size_t k = 0; k < steps.size(); ++k)
    steps[k] = of_code.empty() ? in_steps(rows.delay.each()[k]) : of_code[rows.delay.codes()[k]];
  return steps;
}

/// A neuron has no port for weights of one sign: refuse such weights.
void check_signs(const SynapseRows& rows, const Ports& ports, bool plastic, const RunningPopulation& to, const std::string& where) {
  if (ports.positive >= 0 && ports.negative >= 0) return;
  const char* missing = ports.positive < 0 ? "positive" : "negative";
  if (plastic)
    fail("{}: {} has no receptor for {} weights, and a plastic weight may become so; name the receptor.", where, to.model_name(), missing);
  for (float w : rows.weight)
    if (ports.positive < 0 ? w > 0 : w < 0)
      fail("{}: a weight is {}, and {} has no receptor for {} weights; name the receptor.", where, w, to.model_name(), missing);
}

Transpose transpose_of(const int64_t* offset, const int32_t* targets, int32_t sources, int32_t target_size) {
  Transpose t;
  const auto n = static_cast<size_t>(offset[sources]);
  t.offset.assign(static_cast<size_t>(target_size) + 1, 0);
  t.synapse.resize(n);
  t.source.resize(n);
  for (size_t k = 0; k < n; ++k) ++t.offset[static_cast<size_t>(targets[k]) + 1];
  for (size_t j = 1; j < t.offset.size(); ++j) t.offset[j] += t.offset[j - 1];
  std::vector<int64_t> next(t.offset.begin(), t.offset.end() - 1);
  for (int32_t i = 0; i < sources; ++i)
    for (int64_t k = offset[i]; k < offset[i + 1]; ++k) {
      const auto at = static_cast<size_t>(next[static_cast<size_t>(targets[k])]++);
      t.synapse[at] = static_cast<uint32_t>(k), t.source[at] = i;
    }
  return t;
}

}  // namespace

void Bundle::use(SynapseRows& rows) {
  offset = rows.offset.data(), targets = rows.target.data(), weight = rows.weight.data();
  first = rows.firsts(), whole = rows.whole;
}

void Bundle::regroup(const SynapseRows& rows, const std::vector<int32_t>& delays, int32_t chosen) {
  own_offset_.push_back(0);
  for (int32_t i = 0; i < rows.sources; ++i) {
    for (int64_t k = rows.offset[static_cast<size_t>(i)]; k < rows.offset[static_cast<size_t>(i) + 1]; ++k) {
      if (delays[static_cast<size_t>(k)] != chosen) continue;
      own_targets_.push_back(rows.target[static_cast<size_t>(k)]);
      own_weight_.push_back(rows.weight[static_cast<size_t>(k)]);
      number_.push_back(k);
    }
    own_offset_.push_back(static_cast<int64_t>(own_targets_.size()));
  }
  offset = own_offset_.data(), targets = own_targets_.data(), weight = own_weight_.data();

  // The numbers in the whole bundle: row after row, and within a row rank after rank.
  std::vector<int64_t> count(static_cast<size_t>(rows.sources));
  for (size_t i = 0; i < count.size(); ++i) count[i] = offset[i + 1] - offset[i];
  Pack pack;
  pack.list(count);
  std::vector<int64_t> all(count.size(), 0);
  own_first_.assign(count.size(), 0);
  int r = 0;
  for (const Bytes& bytes : share(pack.bytes())) {
    const auto theirs = Unpack(bytes).list<std::vector<int64_t>>();
    for (size_t i = 0; i < all.size(); ++i) all[i] += theirs[i], own_first_[i] += r < rank() ? theirs[i] : 0;
    ++r;
  }
  whole = 0;
  for (size_t i = 0; i < all.size(); ++i) own_first_[i] += whole, whole += all[i];
  first = own_first_.data();
}

void Bundle::write_back(SynapseRows& rows) const {
  for (size_t k = 0; k < number_.size(); ++k) rows.weight[static_cast<size_t>(number_[k])] = own_weight_[k];
}

void Bundle::split(const std::vector<int32_t>& borders) {
  threads_ = static_cast<int32_t>(borders.size()) - 1;
  split_.resize(static_cast<size_t>(int64_t{sources_} * (threads_ - 1)));
  parallel_for(threads_ > 1 ? sources_ : 0, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int32_t t = 1; t < threads_; ++t) {
        const int32_t *first = targets + offset[i], *last = targets + offset[i + 1];
        split_[static_cast<size_t>(i * (threads_ - 1) + t - 1)] =
            static_cast<int32_t>(std::lower_bound(first, last, borders[static_cast<size_t>(t)]) - first);
      }
  });

  has_gaps = false;
  if (one_weight && !rates && !coupling()) find_gaps(borders);
}

void Bundle::find_gaps(const std::vector<int32_t>& borders) {
  // Each part's gaps are counted, then written where they belong.
  const auto walk = [&](int64_t i, int32_t t, auto&& gap_is) {
    const Part row = part(static_cast<int32_t>(i), t);
    int32_t before = borders[static_cast<size_t>(t)];
    for (int64_t k = row.begin; k < row.end; before = targets[k++]) {
      int32_t gap = targets[k] - before;
      for (; gap >= gap_beyond; gap -= gap_beyond) gap_is(gap_beyond);
      gap_is(static_cast<uint8_t>(gap));
    }
  };
  gap_begin_.assign(static_cast<size_t>(int64_t{sources_} * threads_ + 1), 0);
  parallel_for(sources_, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int32_t t = 0; t < threads_; ++t) walk(i, t, [&](uint8_t) { ++gap_begin_[static_cast<size_t>(i * threads_ + t + 1)]; });
  });
  for (size_t k = 1; k < gap_begin_.size(); ++k) gap_begin_[k] += gap_begin_[k - 1];

  // Targets far from one another are better listed: a gap beyond a byte comes as a surprise to the processor, and costs as much as ten others.
  if (32 * (gap_begin_.back() - size()) > size()) {
    gap_begin_ = {};
    return;
  }
  gap_.resize(static_cast<size_t>(gap_begin_.back()));
  parallel_for(sources_, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int32_t t = 0; t < threads_; ++t) {
        uint8_t* to = gap_.data() + gap_begin_[static_cast<size_t>(i * threads_ + t)];
        walk(i, t, [&](uint8_t gap) { *to++ = gap; });
      }
  });
  has_gaps = true;
}

void Bundle::learn(const Projection& description, const Connectome& connectome, const RunningPopulation& from, const RunningPopulation& to,
                   const Clock& clock, const std::string& where) {
  const PluginValue& value = *description.learning_rule;
  plasticity = std::make_unique<Plasticity>();
  Plasticity& p = *plasticity;
  p.rule = Instance<LearningRuleTable, Step>(value, Step{clock.dt()});
  const LearningRuleTable& table = p.rule.table();

  // What the rule listens to must exist.
  const bool spikes = from.spiking() && to.spiking(), activity = !from.spiking() && !to.spiking();
  p.on_spikes = spikes && table.hooks & hooks_on_spikes;
  p.on_activity = activity && table.hooks & hook_update;
  if (!p.on_spikes && !p.on_activity) {
    const char* needs = table.hooks & hooks_on_spikes
                            ? table.hooks & hook_update ? "two populations that both spike or both have rates" : "spikes of both populations"
                        : table.hooks & hook_update ? "the activity of rate neurons on both sides"
                                                    : "the gradient of an approximator";
    fail("{}: the learning rule {} needs {}; the source '{}' is {} and the target '{}' is {}.", where, value.name, needs, from.name(),
         from.model_name(), to.name(), to.model_name());
  }
  for (const FieldInfo& field : table.target->list()) {
    p.target_variables.push_back(to.variable(field.name));
    if (p.target_variables.back() < 0)
      fail("{}: the learning rule {} needs the state variable {} of the target's neurons, and {} has none of that name.", where, value.name,
           field.name, to.model_name());
  }

  // Columns of the synapses: the weight and what the rule keeps beside it, at its defaults.
  p.columns.push_back(weight);
  const auto fields = table.synapse->list();
  for (size_t f = 0; f < fields.size(); ++f) {
    if (fields[f].type != FieldType::real32)
      fail("{}: the learning rule {} must keep its synapse's '{}' as a float.", where, value.name, fields[f].name);
    if (f == 0) continue;
    p.own_columns.emplace_back(static_cast<size_t>(size()), default_float(*table.synapse, static_cast<uint32_t>(f)));
    p.columns.push_back(p.own_columns.back().data());
  }

  // What the neurons remember.
  std::vector<float> tau_pre(table.pre->count + 1), tau_post(table.post->count + 1);
  float tau_signal = INFINITY;
  table.time_constants(p.rule.object(), tau_pre.data(), tau_post.data(), &tau_signal);
  for (uint32_t k = 0; k < table.pre->count; ++k) {
    p.keep_pre.push_back(p.on_spikes ? std::exp(-clock.dt() / double{tau_pre[k]}) : 1);
  }
  for (uint32_t k = 0; k < table.post->count; ++k) {
    p.keep_post.push_back(p.on_spikes ? std::exp(-clock.dt() / double{tau_post[k]}) : 1);
  }
  p.post = columns_at_defaults(*table.post, to.size());
  for (auto& column : p.post) p.post_columns.push_back(column.data());
  p.keep_signal = std::exp(-clock.dt() / double{tau_signal});
  p.signal_step = std::isfinite(tau_signal) ? 1 / double{tau_signal} : 1;
  p.weight_sum = description.weight_sum;
  if (description.learning_stop > 0) p.stop = clock.steps(description.learning_stop, 1, where + ": the end of learning");
  if (p.weight_sum == 0 && !(p.on_spikes && table.hooks & (hook_on_post | hook_post_step))) return;
  if (own_offset_.empty()) {
    p.transpose = &connectome.transpose(projection);
  } else {
    p.own_transpose = transpose_of(offset, targets, sources_, target_size_);
    p.transpose = &p.own_transpose;
  }
}

std::vector<Bundle> make_bundles(const Blueprint& blueprint, Connectome& connectome,
                                 const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock, uint64_t seed) {
  std::vector<Bundle> all;
  const auto projections = blueprint.projections();
  PROXON_CHECK(projections.size() == connectome.projections().size());
  for (size_t p = 0; p < projections.size(); ++p) {
    const Projection& projection = *projections[p];
    SynapseRows& rows = connectome.projections()[p];
    const RunningPopulation& from = *populations[static_cast<size_t>(rows.source_population)];
    const RunningPopulation& to = *populations[static_cast<size_t>(rows.target_population)];
    PROXON_CHECK(rows.sources == from.size() && rows.targets == to.size());
    const std::string where = fmt::format("Projection '{}'", projection.name);
    const Instance<SynapseTable, Step> synapse(projection.synapse, Step{clock.dt()});
    const char* couples = synapse.table().couples;
    int32_t source_variable = -1, target_variable = -1;
    if (couples) {
      source_variable = from.variable(couples), target_variable = to.variable(couples);
      for (const auto& [found, population] : {std::pair{source_variable, &from}, std::pair{target_variable, &to}})
        if (found < 0)
          fail("{}: {} couples the state variable {}, and the neurons of '{}' ({}) have none of that name.", where, projection.synapse.name, couples,
               population->name(), population->model_name());
      if (projection.learning_rule) fail("{}: {} is no synapse that a learning rule can change.", where, projection.synapse.name);
    }
    for (const FieldInfo& field : synapse.table().source->list())
      if (field.type != FieldType::real32)
        fail("{}: the synapse {} must keep its source's '{}' as a float.", where, projection.synapse.name, field.name);
    if (!from.spiking() && synapse.table().source->count > 0)
      fail("{}: the synapse {} needs spikes, and the source '{}' ({}) has rates.", where, projection.synapse.name, from.name(), from.model_name());
    const Ports ports = to.ports(couples ? Carried::current : from.spiking() ? Carried::spikes : Carried::activity, projection.receptor, where);
    check_signs(rows, ports, projection.learning_rule.has_value(), to, where);

    // One bundle, or one a delay.
    const std::string delay_text = where + ": the delay";
    std::vector<int32_t> delays, distinct;
    bool ahead = false;
    if (rows.delay.shared()) {
      distinct.push_back(static_cast<int32_t>(clock.steps(rows.delay[0], 1, delay_text)));
    } else if (!rows.delay.table().empty() && from.spiking() && !couples && !projection.learning_rule) {
      distinct.push_back(static_cast<int32_t>(clock.steps(rows.delay.table().front(), 1, delay_text)));
      ahead = true;
    } else {
      delays = delays_in_steps(rows, clock, delay_text);
      distinct = different_of_ranks(delays);
    }
    for (int32_t delay : distinct) {
      Bundle& bundle = all.emplace_back();
      bundle.projection = static_cast<int32_t>(p);
      bundle.source = rows.source_population, bundle.target = rows.target_population;
      bundle.sources_ = rows.sources, bundle.target_size_ = rows.targets;
      bundle.delay = delay;
      bundle.rates = !from.spiking() && !couples;
      bundle.source_variable = source_variable, bundle.target_variable = target_variable;
      bundle.key = Key{seed, purpose("synapse")}.with(static_cast<uint32_t>(p)).with(static_cast<uint32_t>(delay));
      bundle.ports = ports;
      bundle.synapse = Instance<SynapseTable, Step>(projection.synapse, Step{clock.dt()});
      if (ahead) {
        bundle.code = rows.delay.codes().data();
        for (const double ms : rows.delay.table())
          bundle.further.push_back(static_cast<int32_t>(clock.steps(ms, 1, delay_text)) - delay);
      }
      if (distinct.size() == 1)
        bundle.use(rows);
      else
        bundle.regroup(rows, delays, delay);
      if (projection.learning_rule) {
        bundle.learn(projection, connectome, from, to, clock, where);
        if (!projection.modulator.empty()) {
          bundle.plasticity->modulator = find_population(populations, projection.modulator, where + ": its modulator");
          if (!populations[static_cast<size_t>(bundle.plasticity->modulator)]->spiking())
            fail("{}: the modulator '{}' must be a population that spikes.", where, projection.modulator);
        } else if (bundle.plasticity->keep_signal < 1 && delay == distinct.front()) {
          note(fmt::format("{}: the learning rule '{}' learns from a signal, and no `modulator` names the population whose spikes are it.", where,
                           projection.learning_rule->name));
        }
      }
      const std::span<const float> weights(bundle.weight, static_cast<size_t>(bundle.size()));
      const std::optional<float> common = one_value(weights);
      bundle.one_weight = common && !bundle.plasticity && !ahead;
      bundle.common = common.value_or(0);
    }
  }
  return all;
}

}  // namespace proxon
