#include "proxon/simulation/exchange.hpp"

#include <algorithm>
#include <numeric>

namespace proxon {

Outcome exchange(Machine& m, int64_t begin, int64_t end, const Outcome& mine) {
  if (ranks() == 1) return mine;
  const auto populations = static_cast<int32_t>(m.populations.size());
  Pack pack;
  pack.value(mine.upto);
  pack.value<char>(mine.interrupted);
  pack.list(mine.sentence);
  if (!mine.failed())
    for (int64_t n = begin; n < end; ++n)
      for (int32_t p = 0; p < populations; ++p) {
        int64_t count = 0;
        for (const auto& shard : m.shards) count += static_cast<int64_t>(shard->fired(n, p).size());
        pack.value(count);
        for (const auto& shard : m.shards) pack.raw(shard->fired(n, p).data(), shard->fired(n, p).size_bytes());
        m.populations[static_cast<size_t>(p)]->read_by_others(n, m.own[static_cast<size_t>(rank())][static_cast<size_t>(p)],
                                                              [&](void* data, size_t bytes) { pack.raw(data, bytes); });
      }
  const std::vector<Bytes> all = share(pack.bytes());

  // The first sentence, the earliest step.
  Outcome outcome{.upto = end};
  std::vector<Unpack> from(all.begin(), all.end());
  for (Unpack& theirs : from) {
    outcome.upto = std::min(outcome.upto, theirs.value<int64_t>());
    outcome.interrupted |= theirs.value<char>() != 0;
    const auto sentence = theirs.list<std::string>();
    if (outcome.sentence.empty()) outcome.sentence = sentence;
  }
  if (outcome.failed()) return outcome;

  std::vector<int32_t> fired;
  for (size_t r = 0; r < all.size(); ++r) {
    if (r == static_cast<size_t>(rank())) continue;
    Firings& theirs = m.firings[r < static_cast<size_t>(rank()) ? r : r + m.shards.size() - 1];
    for (int64_t n = begin; n < end; ++n) {
      for (int32_t p = 0; p < populations; ++p) {
        fired.resize(static_cast<size_t>(from[r].value<int64_t>()));
        from[r].raw(fired.data(), fired.size() * sizeof(int32_t));
        theirs.add(n, p, fired);
        m.populations[static_cast<size_t>(p)]->read_by_others(n, m.own[r][static_cast<size_t>(p)],
                                                              [&](void* data, size_t bytes) { from[r].raw(data, bytes); });
      }
    }
  }
  return outcome;
}

namespace {

/// Calls see(data, bytes) for every piece of memory that belongs to neurons of a rank.
template <class See>
void neuron_pieces(Machine& m, size_t of_rank, See&& see) {
  const std::vector<Range>& own = m.own[of_rank];
  for (size_t p = 0; p < m.populations.size(); ++p) m.populations[p]->pieces(own[p], see);
  for (Bundle& bundle : m.bundles) {
    if (!bundle.plasticity) continue;
    const Range range = own[static_cast<size_t>(bundle.target)];
    for (float* column : bundle.plasticity->post_columns) see(column + range.begin, static_cast<size_t>(range.size()) * sizeof(float));
  }
}

}  // namespace

void collect_neurons(Machine& m) {
  if (ranks() == 1) return;
  Pack pack;
  if (rank() > 0) neuron_pieces(m, static_cast<size_t>(rank()), [&](void* data, size_t bytes) { pack.raw(data, bytes); });
  const std::vector<Bytes> all = collect(pack.bytes());
  for (size_t r = 1; r < all.size(); ++r) {
    Unpack from(all[r]);
    neuron_pieces(m, r, [&](void* data, size_t bytes) { from.raw(data, bytes); });
  }
}

Connectome collect_connectome(const Connectome& mine) {
  std::vector<SynapseRows> all;
  for (const SynapseRows& rows : mine.projections()) {
    const auto collected = [&](const auto* values) { return collect_synapses(rows.offset.data(), rows.firsts(), rows.sources, rows.whole, values); };
    SynapseRows& to = all.emplace_back();
    to.name = rows.name;
    to.source_population = rows.source_population, to.target_population = rows.target_population;
    to.target = collected(rows.target.data());
    to.weight = collected(rows.weight.data());
    to.delay = rows.delay;
    if (!rows.delay.shared() && !rows.delay.table().empty()) to.delay = Delays(rows.delay.table(), collected(rows.delay.codes().data()));
    if (rows.delay.table().empty()) to.delay = Delays::among({}, collected(rows.delay.each().data()));

    // Where each row begins among all: as many synapses as all ranks have of the rows before.
    std::vector<int64_t> count(static_cast<size_t>(rows.sources));
    for (size_t i = 0; i < count.size(); ++i) count[i] = rows.offset[i + 1] - rows.offset[i];
    Pack pack;
    pack.list(count);
    to.offset.assign(count.size() + 1, 0);
    for (const Bytes& bytes : collect(pack.bytes())) {
      const auto theirs = Unpack(bytes).list<std::vector<int64_t>>();
      for (size_t i = 0; i < theirs.size(); ++i) to.offset[i + 1] += theirs[i];
    }
    std::partial_sum(to.offset.begin(), to.offset.end(), to.offset.begin());
  }
  if (rank() > 0) return {};
  return {mine.populations(), std::move(all)};
}

}  // namespace proxon
