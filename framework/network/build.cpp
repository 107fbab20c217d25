// Building a Connectome. Each projection is written straight into its columns: the rule is asked to count, a prefix sum
// says where each row begins, the rule is asked again to write. The units of parallel work depend on the sizes alone,
// so the result does not depend on threads.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/network/connectome.hpp"
#include "proxon/network/listed.hpp"

namespace proxon {
namespace {

/// A connection rule made ready, with the numbers that it keeps.
class Rule {
 public:
  Rule(const Population& source, const Population& target, const Projection& projection, uint64_t seed)
      : name_(projection.connectivity.name),
        setup_{.sources = source.size,
               .targets = target.size,
               .same_population = &source == &target,
               .key = {seed, purpose("connectivity"), purpose(projection.name)},
               .scratch = nullptr} {
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

/// [n + 1]: where the partners of each of n entities begin.
Column<int64_t> count_partners(const Rule& rule, int64_t n) {
  Column<int64_t> offset(static_cast<size_t>(n) + 1);
  offset[0] = 0;
  parallel_for(n, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) offset[i + 1] = rule.count(i);
  });
  std::partial_sum(offset.begin(), offset.end(), offset.begin());
  return offset;
}

/// Throws where `synapses` cannot fit into this machine: the kernel would grant the memory and end the process later.
void check_memory(int64_t synapses) {
  const double needed = 8.0 * static_cast<double>(synapses);
  const double there = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (needed > there)
    fail("its {} synapses need {} of memory, and this machine has {}; make it smaller.", format_count(synapses),
         format_bytes(needed), format_bytes(there));
}

void connect_by_source(const Rule& rule, SynapseRows& rows) {
  rows.offset = count_partners(rule, rows.sources);
  check_memory(rows.offset.back());
  rows.target.resize(static_cast<size_t>(rows.offset.back()));
  parallel_for(rows.sources, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int32_t* row = rows.target.data() + rows.offset[i];
      const int64_t n = rows.offset[i + 1] - rows.offset[i];
      if (!rule.write(i, row, n)) std::sort(row, row + n);
    }
  });
}

void connect_by_target(const Rule& rule, SynapseRows& rows) {
  const Column<int64_t> first = count_partners(rule, rows.targets);
  const int64_t n = first.back();
  check_memory(n);

  // Draw the sources, target by target. They wait in the column of weights, which is filled last; each share of the
  // targets counts how often it met each source. So few shares that their counts stay within an eighth of the result.
  rows.weight.resize(static_cast<size_t>(n));
  const int64_t shares = std::clamp<int64_t>(n / (4 * int64_t{rows.sources}), 1, 64);
  std::vector<Column<int32_t>> count(static_cast<size_t>(shares));
  auto share = [&](int64_t s) { return rows.targets * s / shares; };
  parallel_for(shares, 1, [&](int64_t s, int64_t) {
    count[s].assign(static_cast<size_t>(rows.sources), 0);
    std::vector<int32_t> partners;
    for (int64_t j = share(s); j < share(s + 1); ++j) {
      partners.resize(static_cast<size_t>(first[j + 1] - first[j]));
      rule.write(j, partners.data(), static_cast<int64_t>(partners.size()));
      for (size_t k = 0; k < partners.size(); ++k) {
        rows.weight[first[j] + k] = std::bit_cast<float>(partners[k]);
        ++count[s][partners[k]];
      }
    }
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
  std::partial_sum(rows.offset.begin(), rows.offset.end(), rows.offset.begin());

  // Write. Targets come in ascending order, within a share and from share to share.
  rows.target.resize(static_cast<size_t>(n));
  parallel_for(shares, 1, [&](int64_t s, int64_t) {
    for (int64_t j = share(s); j < share(s + 1); ++j)
      for (int64_t k = first[j]; k < first[j + 1]; ++k) {
        const auto source = std::bit_cast<int32_t>(rows.weight[k]);
        rows.target[rows.offset[source] + count[s][source]++] = static_cast<int32_t>(j);
      }
  });
}

/// Throws when nothing sensible can be drawn from a distribution.
void check_distribution(const Distribution& d) {
  if (!std::isfinite(d.mean) || !std::isfinite(d.std) || d.std < 0 || std::isnan(d.low) || std::isnan(d.high))
    fail("its weight {} is not made of finite numbers.", distribution_text(d));
  if (d.kind == DistributionKind::constant) return;
  if (d.low > d.high) fail("its weight {} has low above high.", distribution_text(d));
  if (d.kind == DistributionKind::uniform && !(std::isfinite(d.low) && std::isfinite(d.high)))
    fail("its weight {} needs low and high.", distribution_text(d));
  if (d.kind == DistributionKind::lognormal && d.mean == 0)
    fail("its weight {} needs a mean other than 0.", distribution_text(d));
}

/// Draws each synapse's weight from (seed, "weight", projection, synapse).
void draw_weights(const Distribution& distribution, const Key& key, SynapseRows& rows) {
  check_distribution(distribution);
  std::atomic<bool> finite = true;
  rows.weight.resize(rows.target.size());
  parallel_for(rows.size(), 1 << 16, [&](int64_t begin, int64_t end) {
    bool all = true;
    if (distribution.kind == DistributionKind::constant) {
      std::fill(rows.weight.begin() + begin, rows.weight.begin() + end, static_cast<float>(distribution.mean));
      all = std::isfinite(rows.weight[begin]);
    } else {
      for (int64_t k = begin; k < end; ++k) {
        Stream stream(key, static_cast<uint64_t>(k));
        rows.weight[k] = static_cast<float>(sample(distribution, stream));
        all &= std::isfinite(rows.weight[k]);
      }
    }
    if (!all) finite = false;
  });
  if (!finite) fail("its weight {} gave a value that is not a finite float.", distribution_text(distribution));
}

SynapseRows build_rows(const Population& source, const Population& target, const Projection& projection,
                       uint64_t seed) {
  SynapseRows rows;
  rows.name = projection.name;
  rows.sources = source.size, rows.targets = target.size;
  rows.delay = projection.delay;
  if (!(projection.delay > 0) || std::isinf(projection.delay))
    fail("its delay is {} ms; it must be a finite number above 0.", projection.delay);

  const Rule rule(source, target, projection, seed);
  if (rule.axis() == Axis::source) connect_by_source(rule, rows);
  if (rule.axis() == Axis::target) connect_by_target(rule, rows);
  if (rule.axis() == Axis::listed) read_rows(source, target, projection, rows);
  const bool from_file = rule.axis() == Axis::listed && !rows.weight.empty();
  if (!from_file) draw_weights(projection.weight, {seed, purpose("weight"), purpose(projection.name)}, rows);
  return rows;
}

Estimate estimate_rows(const Population& source, const Population& target, const Projection& projection,
                       uint64_t seed) {
  const Rule rule(source, target, projection, seed);
  Estimate e;
  bool delays = false;
  if (rule.axis() == Axis::listed) {
    const ListedCount listed = count_rows(source, target, projection);
    e.synapses = listed.synapses, delays = listed.delays;
  } else {
    e.synapses = count_partners(rule, rule.axis() == Axis::source ? source.size : target.size).back();
  }
  e.bytes = e.synapses * (delays ? 12 : 8) + (int64_t{source.size} + 1) * 8;
  return e;
}

/// body(source, target, projection) for each projection; an Error gets the projection's name in front.
template <class Body>
void for_each_projection(const Blueprint& blueprint, Body&& body) {
  for (const Projection* projection : blueprint.projections()) {
    try {
      body(blueprint.population(projection->source), blueprint.population(projection->target), *projection);
    } catch (const Error& error) {
      fail("projection '{}': {}", projection->name, error.what());
    }
  }
}

}  // namespace

Connectome build(const Blueprint& blueprint, uint64_t seed) {
  std::vector<Connectome::PopulationRange> populations;
  for (const Population* population : blueprint.populations())
    populations.push_back({population->name, 0, population->size});
  auto position = [&](const std::string& name) {
    const auto found =
        std::find_if(populations.begin(), populations.end(), [&](const auto& p) { return p.name == name; });
    return static_cast<int32_t>(found - populations.begin());
  };

  std::vector<SynapseRows> projections;
  for_each_projection(blueprint, [&](const Population& source, const Population& target, const Projection& projection) {
    projections.push_back(build_rows(source, target, projection, seed));
    projections.back().source_population = position(source.name);
    projections.back().target_population = position(target.name);
  });
  return {std::move(populations), std::move(projections)};
}

Estimate estimate(const Blueprint& blueprint, uint64_t seed) {
  Estimate sum;
  for_each_projection(blueprint, [&](const Population& source, const Population& target, const Projection& projection) {
    const Estimate e = estimate_rows(source, target, projection, seed);
    sum.synapses += e.synapses, sum.bytes += e.bytes;
  });
  return sum;
}

}  // namespace proxon
