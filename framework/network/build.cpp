// Building a Connectome. Each projection is written straight into its columns: the rule is asked to count, a prefix sum
// says where each row begins, the rule is asked again to write. The units of parallel work depend on the sizes alone,
// so the result does not depend on threads.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/network/connectome.hpp"
#include "proxon/network/draw.hpp"
#include "proxon/network/listed.hpp"

namespace proxon {
namespace {

/// A connection rule made ready, with the numbers that it keeps.
class Rule {
 public:
  Rule(const Population& source, const Population& target, const Projection& projection, const Space& space,
       uint64_t seed)
      : name_(projection.connectivity.name),
        setup_{.sources = source.size,
               .targets = target.size,
               .same_population = &source == &target,
               .key = {seed, purpose("connectivity"), purpose(projection.name)},
               .scratch = nullptr,
               .space = space} {
    const auto& table = *static_cast<const ConnectivityTable*>(projection.connectivity.plugin->table);
    scratch_.resize(static_cast<size_t>(table.scratch(projection.connectivity.values.data(), &setup_)));
    setup_.scratch = scratch_.data();
    instance_ = {projection.connectivity, setup_};
  }

  Axis axis() const { return instance_.table().axis; }
  const ConnectivitySetup& setup() const { return setup_; }

  /// How many partners an entity has.
  int64_t count(int64_t entity) const { return call(entity, nullptr); }

  /// Writes an entity's partners and returns true when they ascend.
  bool write(int64_t entity, int32_t* partners, int64_t n) const {
    const int64_t written = call(entity, partners);
    if (written != n)
      fail("connectivity '{}': gave neuron {} first {} and then {} partners; it must do the same each time.", name_,
           entity, n, written);
    const int32_t end = axis() == Axis::target ? setup_.sources : setup_.targets;
    bool ascends = true;
    for (int64_t k = 0; k < n; ++k) {
      if (static_cast<uint32_t>(partners[k]) >= static_cast<uint32_t>(end))
        fail("connectivity '{}': gave neuron {} the partner {}, outside a population of {}.", name_, entity,
             partners[k], end);
      ascends &= k == 0 || partners[k - 1] <= partners[k];
    }
    return ascends;
  }

 private:
  int64_t call(int64_t entity, int32_t* partners) const {
    Status status;
    const int64_t n =
        instance_.table().connect(instance_.object(), static_cast<int32_t>(entity), &setup_.key, partners, &status);
    check(status, "connectivity", name_);
    return n;
  }

  std::string name_;
  ConnectivitySetup setup_;
  Column<int64_t> scratch_;
  Instance<ConnectivityTable, ConnectivitySetup> instance_;
};

double machine_bytes() { return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)); }

/// Throws where the network cannot fit into this machine: the kernel would grant the memory and end the process later.
void check_memory(int64_t synapses, int64_t bytes) {
  if (static_cast<double>(bytes) > machine_bytes())
    fail("the network's {} synapses need {} of memory, and this machine has {}; make it smaller.",
         format_count(synapses), format_bytes(static_cast<double>(bytes)), format_bytes(machine_bytes()));
}

/// The same of neurons, whose state alone is counted: 4 bytes a variable.
void check_neurons(const Blueprint& blueprint) {
  double neurons = 0, bytes = 0;
  for (const Population* population : blueprint.populations()) {
    neurons += population->size;
    if (const PluginInfo* model = population->neuron.plugin)
      bytes += 4.0 * population->size * static_cast<double>(static_cast<const NeuronTable*>(model->table)->state->list().size() + 1);
  }
  if (bytes > machine_bytes())
    fail("the network's {} neurons need more than {} of memory, and this machine has {}; make it smaller.", format_count(static_cast<int64_t>(neurons)),
         format_bytes(bytes), format_bytes(machine_bytes()));
}

/// The same of one projection, before its synapses are counted, which may take hours: by the partners of some of n entities, and with a margin.
void check_memory_roughly(const Rule& rule, int64_t n) {
  const int64_t looked_at = std::min<int64_t>(n, 64);
  double partners = 0;
  for (int64_t k = 0; k < looked_at; ++k) partners += static_cast<double>(rule.count(k * n / looked_at));
  const double synapses = looked_at > 0 ? partners * static_cast<double>(n) / static_cast<double>(looked_at) : 0, bytes = 8 * synapses;
  if (bytes > 2 * machine_bytes())
    fail("its synapses, about {:.2g}, need about {} of memory, and this machine has {}; make it smaller.", synapses, format_bytes(bytes),
         format_bytes(machine_bytes()));
}

/// [n + 1]: where the partners of each of n entities begin.
Column<int64_t> count_partners(const Rule& rule, int64_t n) {
  check_memory_roughly(rule, n);
  Column<int64_t> offset(static_cast<size_t>(n) + 1);
  offset[0] = 0;
  parallel_for(n, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && !interrupted(); ++i) offset[i + 1] = rule.count(i);
  });
  stop_if_interrupted("counting the network's synapses");
  std::partial_sum(offset.begin(), offset.end(), offset.begin());
  return offset;
}

/// Sorts a row of numbers below `bound`: byte by byte from the lowest (a tenth of the time of comparing), short rows by
/// comparing.
void sort_row(int32_t* row, int64_t n, int32_t bound, std::vector<int32_t>& other) {
  if (n < 128) return std::sort(row, row + n);
  other.resize(static_cast<size_t>(n));
  int32_t *from = row, *to = other.data();
  for (int shift = 0; bound > 1 && (bound - 1) >> shift > 0; shift += 8) {
    int64_t place[257] = {};
    for (int64_t k = 0; k < n; ++k) ++place[(from[k] >> shift & 255) + 1];
    for (int b = 1; b < 256; ++b) place[b] += place[b - 1];
    for (int64_t k = 0; k < n; ++k) to[place[from[k] >> shift & 255]++] = from[k];
    std::swap(from, to);
    if (shift == 24) break;
  }
  if (from != row) std::copy(from, from + n, row);
}

/// The rows' targets within `own`: each row is drawn whole, once to count and once to write.
void connect_by_source(const Rule& rule, const Column<int64_t>& first, Range own, SynapseRows& rows) {
  const auto each_row = [&](auto use) {
    parallel_for(rows.sources, 64, [&](int64_t begin, int64_t end) {
      std::vector<int32_t> row, other;
      for (int64_t i = begin; i < end; ++i) {
        row.resize(static_cast<size_t>(first[i + 1] - first[i]));
        const auto n = static_cast<int64_t>(row.size());
        if (!rule.write(i, row.data(), n)) sort_row(row.data(), n, rows.targets, other);
        const auto from = std::lower_bound(row.begin(), row.end(), own.begin), to = std::lower_bound(from, row.end(), own.end);
        use(i, from - row.begin(), std::span<const int32_t>(from, to));
      }
    });
  };
  rows.offset.assign(static_cast<size_t>(rows.sources) + 1, 0);
  rows.first.resize(static_cast<size_t>(rows.sources));
  each_row([&](int64_t i, int64_t before, std::span<const int32_t> kept) {
    rows.offset[i + 1] = static_cast<int64_t>(kept.size());
    rows.first[i] = first[i] + before;
  });
  std::partial_sum(rows.offset.begin(), rows.offset.end(), rows.offset.begin());
  rows.target.resize(static_cast<size_t>(rows.offset.back()));
  each_row([&](int64_t i, int64_t, std::span<const int32_t> kept) {
    std::copy(kept.begin(), kept.end(), rows.target.begin() + rows.offset[i]);
  });
}

void connect_by_source(const Rule& rule, Column<int64_t> first, SynapseRows& rows) {
  rows.offset = std::move(first);
  rows.target.resize(static_cast<size_t>(rows.offset.back()));
  parallel_for(rows.sources, 64, [&](int64_t begin, int64_t end) {
    std::vector<int32_t> other;
    for (int64_t i = begin; i < end; ++i) {
      int32_t* row = rows.target.data() + rows.offset[i];
      const int64_t n = rows.offset[i + 1] - rows.offset[i];
      if (!rule.write(i, row, n)) sort_row(row, n, rows.targets, other);
    }
  });
}

/// The synapses that end at the targets of `own`; the others are drawn too, but only to count how many come before.
void connect_by_target(const Rule& rule, const Column<int64_t>& first, Range own, SynapseRows& rows) {
  const bool whole = own.size() == rows.targets;
  const int64_t n = first[own.end] - first[own.begin];

  // Draw the sources, target by target. They wait in the column of weights, which is filled last; each share of the
  // targets counts how often it met each source. So few shares that their counts stay within an eighth of the result.
  rows.weight.resize(static_cast<size_t>(n));
  const int64_t shares = std::clamp<int64_t>(n / (4 * int64_t{rows.sources}), 1, 64);
  std::vector<Column<int32_t>> count(static_cast<size_t>(shares));
  auto share = [&](int64_t s) { return own.begin + own.size() * s / shares; };
  const auto draw = [&](int64_t begin, int64_t end, Column<int32_t>& met, auto keep) {
    met.assign(static_cast<size_t>(rows.sources), 0);
    std::vector<int32_t> partners;
    for (int64_t j = begin; j < end; ++j) {
      partners.resize(static_cast<size_t>(first[j + 1] - first[j]));
      rule.write(j, partners.data(), static_cast<int64_t>(partners.size()));
      for (size_t k = 0; k < partners.size(); ++k) {
        keep(first[j] + static_cast<int64_t>(k), partners[k]);
        ++met[partners[k]];
      }
    }
  };
  parallel_for(shares, 1, [&](int64_t s, int64_t) {
    draw(share(s), share(s + 1), count[s],
         [&](int64_t k, int32_t source) { rows.weight[k - first[own.begin]] = std::bit_cast<float>(source); });
  });
  Column<int32_t> before, after;
  if (!whole)
    parallel_for(2, 1, [&](int64_t side, int64_t) {
      if (side == 0) draw(0, own.begin, before, [](int64_t, int32_t) {});
      if (side == 1) draw(own.end, rows.targets, after, [](int64_t, int32_t) {});
    });

  // Prefix sum: within a source over the shares, then over the sources.
  rows.offset.resize(static_cast<size_t>(rows.sources) + 1);
  rows.offset[0] = 0;
  parallel_for(rows.sources, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int32_t sum = 0;
      for (Column<int32_t>& c : count) sum += std::exchange(c[i], sum);
      rows.offset[i + 1] = sum;
    }
  });
  if (!whole) {
    rows.first.resize(static_cast<size_t>(rows.sources));
    int64_t sum = 0;
    for (int32_t i = 0; i < rows.sources; ++i) {
      rows.first[i] = sum + before[i];
      sum += int64_t{before[i]} + rows.offset[i + 1] + after[i];
    }
  }
  std::partial_sum(rows.offset.begin(), rows.offset.end(), rows.offset.begin());

  // Write. Targets come in ascending order, within a share and from share to share.
  rows.target.resize(static_cast<size_t>(n));
  parallel_for(shares, 1, [&](int64_t s, int64_t) {
    for (int64_t j = share(s); j < share(s + 1); ++j)
      for (int64_t k = first[j]; k < first[j + 1]; ++k) {
        const auto source = std::bit_cast<int32_t>(rows.weight[k - first[own.begin]]);
        rows.target[rows.offset[source] + count[s][source]++] = static_cast<int32_t>(j);
      }
  });
}

/// Leaves of rows that are whole the synapses that end in `own`.
void cut(Range own, SynapseRows& rows) {
  const bool weights = !rows.weight.empty();
  std::vector<double> table = rows.delay.table();
  Column<int64_t> offset{0};
  Column<uint8_t> codes;
  Column<float> each;
  int64_t kept = 0;
  for (int32_t i = 0; i < rows.sources; ++i) {
    const int32_t* row = rows.target.data();
    const int64_t from = std::lower_bound(row + rows.offset[i], row + rows.offset[i + 1], own.begin) - row;
    const int64_t to = std::lower_bound(row + from, row + rows.offset[i + 1], own.end) - row;
    rows.first.push_back(from);
    for (int64_t k = from; k < to; ++k, ++kept) {
      rows.target[kept] = rows.target[k];
      if (weights) rows.weight[kept] = rows.weight[k];
      if (!rows.delay.codes().empty()) codes.push_back(rows.delay.codes()[k]);
      if (!rows.delay.each().empty()) each.push_back(rows.delay.each()[k]);
    }
    offset.push_back(kept);
  }
  if (!rows.delay.each().empty())
    rows.delay = Delays::among(rows.delay.table(), std::move(each));
  else if (!rows.delay.codes().empty())
    rows.delay = Delays(std::move(table), std::move(codes));
  rows.offset = std::move(offset);
  rows.target.resize(static_cast<size_t>(kept));
  if (weights) rows.weight.resize(static_cast<size_t>(kept));
}

/// Dale's law: throws when a weight has the sign that the projection must not have.
void check_sign(const Projection& projection, const SynapseRows& rows) {
  if (projection.sign == Sign::any) return;
  const bool excitatory = projection.sign == Sign::excitatory;
  const auto wrong =
      std::count_if(rows.weight.begin(), rows.weight.end(), [&](float w) { return excitatory ? w < 0 : w > 0; });
  if (wrong > 0)
    fail(
        "{} of its {} weights are {}, and it is declared {} (Dale's law); bound the weight by {} = 0, or leave `sign` "
        "out.",
        wrong, rows.size(), excitatory ? "negative" : "positive", sign_names[static_cast<size_t>(projection.sign)],
        excitatory ? "low" : "high");
}

/// A projection that has been counted and not yet written.
struct Prepared {
  const Projection* projection;
  const Population *source, *target;
  std::unique_ptr<ProjectionSpace> space;
  std::unique_ptr<Rule> rule;
  Column<int64_t> first;  ///< where the partners of each entity of the rule's axis begin; empty for listed ones

  int64_t synapses() const { return first.empty() ? 0 : first.back(); }
};

Prepared prepare(const Population& source, const Population& target, const Projection& projection, uint64_t seed) {
  Prepared p{&projection, &source, &target, nullptr, nullptr, {}};
  p.space = std::make_unique<ProjectionSpace>(source.positions, source.size, source.name, target.positions, target.size,
                                              target.name, seed);
  for (const auto& [what, distribution] :
       {std::pair{"weight", &projection.weight}, std::pair{"delay", &projection.delay}})
    if (distribution->law != DistanceLaw::none && p.space->space().dimensions == 0)
      fail(
          "its {} depends on distance, and population '{}' has no positions; add the table "
          "[network.populations.{}.positions].",
          what, source.positions ? target.name : source.name, source.positions ? target.name : source.name);
  p.rule = std::make_unique<Rule>(source, target, projection, p.space->space(), seed);
  if (p.rule->axis() != Axis::listed)
    p.first = count_partners(*p.rule, p.rule->axis() == Axis::source ? source.size : target.size);
  return p;
}

/// Bytes of the columns of a projection.
int64_t bytes_of(const Prepared& p, int64_t synapses, bool delays) {
  return synapses * (delays ? 9 : 8) + (int64_t{p.source->size} + 1) * 8;
}

SynapseRows build_rows(Prepared& p, uint64_t seed, double dt, Range own) {
  const Projection& projection = *p.projection;
  SynapseRows rows;
  rows.name = projection.name;
  rows.sources = p.source->size, rows.targets = p.target->size;
  const Rule& rule = *p.rule;
  const bool all = own.size() == rows.targets;
  rows.whole = p.synapses();
  if (rule.axis() == Axis::source && all) connect_by_source(rule, std::move(p.first), rows);
  if (rule.axis() == Axis::source && !all) connect_by_source(rule, p.first, own, rows);
  if (rule.axis() == Axis::target) connect_by_target(rule, p.first, own, rows);
  bool weights = false, delays = false;
  if (rule.axis() == Axis::listed) {
    delays = read_rows(*p.source, *p.target, projection, rows);
    weights = !rows.weight.empty();
    rows.whole = rows.size();
    if (!all) cut(own, rows);
  }
  const Space space = p.space->space();
  if (!weights) draw_weights(projection.weight, {seed, purpose("weight"), purpose(projection.name)}, space, rows);
  check_sign(projection, rows);
  if (!delays) draw_delays(projection.delay, {seed, purpose("delay"), purpose(projection.name)}, space, dt, rows);
  return rows;
}

Estimate estimate_rows(const Prepared& p) {
  Estimate e;
  bool delays = p.projection->delay.varies();
  if (p.rule->axis() == Axis::listed) {
    const ListedCount listed = count_rows(*p.source, *p.target, *p.projection);
    e.synapses = listed.synapses, delays |= listed.delays;
  } else {
    e.synapses = p.synapses();
  }
  e.bytes = bytes_of(p, e.synapses, delays);
  return e;
}

/// body(source, target, projection) for each projection; an Error gets the projection's name in front.
template <class Body>
void for_each_projection(const Blueprint& blueprint, Body&& body) {
  for (const Projection* projection : blueprint.projections()) {
    stop_if_interrupted("making the network");
    try {
      body(blueprint.population(projection->source), blueprint.population(projection->target), *projection);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& error) {
      fail("projection '{}': {}", projection->name, error.what());
    }
  }
}

}  // namespace

Connectome build(const Blueprint& blueprint, uint64_t seed, double dt, const std::vector<Range>& own) {
  std::vector<Connectome::PopulationRange> populations;
  for (const Population* population : blueprint.populations())
    populations.push_back({population->name, 0, population->size});
  auto position = [&](const std::string& name) {
    const auto found =
        std::find_if(populations.begin(), populations.end(), [&](const auto& p) { return p.name == name; });
    return static_cast<int32_t>(found - populations.begin());
  };
  auto own_of = [&](const Population& target) {
    return own.empty() ? Range{0, target.size} : own[static_cast<size_t>(position(target.name))];
  };

  // Count all, and check that they fit.
  check_neurons(blueprint);
  std::vector<Prepared> prepared;
  int64_t synapses = 0, bytes = 0;
  for_each_projection(blueprint, [&](const Population& source, const Population& target, const Projection& projection) {
    check_distribution(projection.weight, "weight");
    const Prepared& p = prepared.emplace_back(prepare(source, target, projection, seed));
    check_delay(projection.delay, p.rule->axis() == Axis::listed && !projection.delay.varies() ? 0 : dt);
    const Range part = own_of(target);
    const double share = target.size > 0 ? static_cast<double>(part.size()) / static_cast<double>(target.size) : 0;
    const auto here = static_cast<int64_t>(share * static_cast<double>(p.synapses()));
    synapses += here;
    bytes += bytes_of(p, here, projection.delay.varies());
  });
  check_memory(synapses, bytes);

  // Write them.
  std::vector<SynapseRows> projections;
  for_each_projection(blueprint, [&](const Population& source, const Population& target, const Projection&) {
    projections.push_back(build_rows(prepared[projections.size()], seed, dt, own_of(target)));
    prepared[projections.size() - 1] = {};
    projections.back().source_population = position(source.name);
    projections.back().target_population = position(target.name);
  });
  return {std::move(populations), std::move(projections)};
}

Estimate estimate(const Blueprint& blueprint, uint64_t seed) {
  Estimate sum;
  for_each_projection(blueprint, [&](const Population& source, const Population& target, const Projection& projection) {
    const Estimate e = estimate_rows(prepare(source, target, projection, seed));
    sum.synapses += e.synapses, sum.bytes += e.bytes;
  });
  return sum;
}

}  // namespace proxon
