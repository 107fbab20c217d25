#include "proxon/network/connectome.hpp"

#include <mutex>
#include <limits>
#include <numeric>

#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

/// Some sources of one projection: the unit of work of transposing, so that its result does not depend on threads.
struct Portion {
  const SynapseRows* rows;
  int32_t begin, end;        // sources
  int64_t first_target = 0;  // added to targets, sources and synapses: 0, or what makes them global
  int64_t first_source = 0, first_synapse = 0;
  Column<int32_t> count = {};  // synapses to each target; then where the next goes within the target's entries
};

/// Divides a projection into portions of about the same number of synapses, so few that their counts stay small beside
/// the result.
void add_portions(const SynapseRows& rows, bool global, std::vector<Portion>& portions) {
  const int64_t n = std::clamp<int64_t>(rows.size() / (4 * int64_t{std::max(rows.targets, 1)}), 1, 64);
  int32_t begin = 0;
  for (int64_t i = 0; i < n; ++i) {
    const auto limit = std::lower_bound(rows.offset.begin() + begin, rows.offset.end() - 1, rows.size() * (i + 1) / n);
    const int32_t end = i + 1 == n ? rows.sources : static_cast<int32_t>(limit - rows.offset.begin());
    Portion portion{&rows, begin, end};
    if (global)
      portion.first_target = rows.first_target, portion.first_source = rows.first_source,
      portion.first_synapse = rows.first_synapse;
    portions.push_back(std::move(portion));
    begin = end;
  }
}

Transpose transposed(std::vector<Portion> portions, int64_t targets) {
  Transpose result;

  // Count how many synapses each portion has to each target.
  parallel_for(static_cast<int64_t>(portions.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      Portion& portion = portions[b];
      portion.count.assign(static_cast<size_t>(portion.rows->targets), 0);
      for (int64_t k = portion.rows->offset[portion.begin]; k < portion.rows->offset[portion.end]; ++k)
        ++portion.count[portion.rows->target[k]];
    }
  });

  // Prefix sum: within a target over the portions that reach its population, then over the targets.
  result.offset.assign(static_cast<size_t>(targets) + 1, 0);
  std::map<int64_t, std::vector<Portion*>> reaching;
  for (Portion& portion : portions) reaching[portion.first_target].push_back(&portion);
  for (auto& [first_target, list] : reaching)
    parallel_for(list.front()->rows->targets, 4096,
                 [&, first = first_target, &list = list](int64_t begin, int64_t end) {
                   for (int64_t j = begin; j < end; ++j) {
                     int32_t sum = 0;
                     for (Portion* portion : list) sum += std::exchange(portion->count[j], sum);
                     result.offset[first + j + 1] = sum;
                   }
                 });
  std::partial_sum(result.offset.begin(), result.offset.end(), result.offset.begin());

  if (result.offset.back() > int64_t{std::numeric_limits<uint32_t>::max()})
    fail("{} synapses are too many to be listed by their targets: a learning rule or a graph that asks who reaches a neuron takes fewer than 4,294,967,296 on one rank. "
         "Use more ranks.", result.offset.back());

  // Write, each portion to its own places.
  result.synapse.resize(static_cast<size_t>(result.offset.back()));
  result.source.resize(static_cast<size_t>(result.offset.back()));
  parallel_for(static_cast<int64_t>(portions.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      Portion& portion = portions[b];
      const SynapseRows& rows = *portion.rows;
      for (int32_t i = portion.begin; i < portion.end; ++i)
        for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k) {
          const int64_t at = result.offset[portion.first_target + rows.target[k]] + portion.count[rows.target[k]]++;
          result.synapse[at] = static_cast<uint32_t>(portion.first_synapse + k);
          result.source[at] = static_cast<int32_t>(portion.first_source + i);
        }
    }
  });
  return result;
}

/// Throws when the columns of a projection contradict each other.
void check_rows(const SynapseRows& rows) {
  const size_t n = rows.target.size();
  if (rows.offset.size() != static_cast<size_t>(rows.sources) + 1 || rows.offset.front() != 0 ||
      rows.offset.back() != rows.size() || !std::is_sorted(rows.offset.begin(), rows.offset.end()))
    fail("projection '{}': its row offsets must ascend from 0 to its {} synapses, one more than its {} sources.",
         rows.name, n, rows.sources);
  const size_t delays = rows.delay.codes().size() + rows.delay.each().size();
  if (rows.weight.size() != n || (!rows.delay.shared() && delays != n))
    fail("projection '{}' has {} targets, {} weights and {} delays; they must be as many.", rows.name, n,
         rows.weight.size(), delays);
  parallel_for(rows.sources, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t k = rows.offset[i], before = 0; k < rows.offset[i + 1]; before = rows.target[k++])
        if (rows.target[k] < before || rows.target[k] >= rows.targets)
          fail("projection '{}': the targets of source {} must ascend and lie within 0 to {}.", rows.name, i,
               rows.targets - 1);
  });
}

}  // namespace

struct Connectome::Transposes {
  /// A transpose and whether it is there yet.
  struct Lazy {
    std::once_flag once;
    Transpose transpose;
  };
  explicit Transposes(size_t projections) : projection(projections) {}
  std::vector<Lazy> projection;
  Lazy whole;
};

Connectome::Connectome() : transposes_(std::make_shared<Transposes>(0)) {}

Connectome::Connectome(std::vector<PopulationRange> populations, std::vector<SynapseRows> projections)
    : populations_(std::move(populations)),
      projections_(std::move(projections)),
      outgoing_(populations_.size()),
      incoming_(populations_.size()),
      transposes_(std::make_shared<Transposes>(projections_.size())) {
  // Number the neurons.
  int64_t neurons = 0;
  for (PopulationRange& population : populations_) {
    population.first = static_cast<int32_t>(neurons);
    neurons += population.size;
    if (population.size < 0 || neurons > std::numeric_limits<int32_t>::max())
      fail("population '{}' makes the network larger than 2147483647 neurons.", population.name);
  }
  neurons_ = static_cast<int32_t>(neurons);

  // Number the synapses.
  for (SynapseRows& rows : projections_) {
    const auto n = static_cast<int32_t>(populations_.size());
    PROXON_CHECK(rows.source_population >= 0 && rows.source_population < n && rows.target_population >= 0 &&
                 rows.target_population < n);
    const PopulationRange& source = populations_[rows.source_population];
    const PopulationRange& target = populations_[rows.target_population];
    rows.first_source = source.first, rows.sources = source.size;
    rows.first_target = target.first, rows.targets = target.size;
    rows.first_synapse = synapses_;
    synapses_ += rows.size();
    if (rows.first.empty()) rows.whole = rows.size();
    check_rows(rows);
    const auto position = static_cast<int32_t>(&rows - projections_.data());
    outgoing_[rows.source_population].push_back(position);
    incoming_[rows.target_population].push_back(position);
  }
}

int64_t Connectome::all_synapses() const {
  int64_t sum = 0;
  for (const SynapseRows& rows : projections_) sum += rows.whole;
  return sum;
}

int32_t Connectome::population_of(int32_t neuron) const {
  PROXON_CHECK(neuron >= 0 && neuron < neurons_, "neuron {} of {}", neuron, neurons_);
  const auto after =
      std::upper_bound(populations_.begin(), populations_.end(), neuron,
                       [](int32_t n, const PopulationRange& population) { return n < population.first; });
  return static_cast<int32_t>(after - populations_.begin()) - 1;
}

int64_t Connectome::bytes() const {
  int64_t sum = 0;
  for (const SynapseRows& rows : projections_)
    sum += static_cast<int64_t>(rows.offset.size() * sizeof(int64_t) + rows.target.size() * sizeof(int32_t) +
                                rows.weight.size() * sizeof(float)) +
           rows.delay.bytes();
  return sum;
}

const Transpose& Connectome::transpose(int32_t projection) const {
  Transposes::Lazy& lazy = transposes_->projection.at(static_cast<size_t>(projection));
  std::call_once(lazy.once, [&] {
    std::vector<Portion> portions;
    add_portions(projections_[projection], false, portions);
    lazy.transpose = transposed(std::move(portions), projections_[projection].targets);
  });
  return lazy.transpose;
}

const Transpose& Connectome::transpose() const {
  Transposes::Lazy& lazy = transposes_->whole;
  std::call_once(lazy.once, [&] {
    std::vector<Portion> portions;
    for (const SynapseRows& rows : projections_) add_portions(rows, true, portions);
    lazy.transpose = transposed(std::move(portions), neurons_);
  });
  return lazy.transpose;
}

std::vector<std::string> unconnected_populations(const Connectome& connectome) {
  std::vector<std::string> names;
  for (size_t p = 0; p < connectome.populations().size(); ++p) {
    int64_t synapses = 0;
    for (const int32_t i : connectome.outgoing(static_cast<int32_t>(p))) synapses += connectome.projections()[i].whole;
    for (const int32_t i : connectome.incoming(static_cast<int32_t>(p))) synapses += connectome.projections()[i].whole;
    if (synapses == 0) names.push_back(connectome.populations()[p].name);
  }
  return names;
}

}  // namespace proxon
