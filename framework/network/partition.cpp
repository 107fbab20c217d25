#include "proxon/network/partition.hpp"

#include "proxon/plugin/learning_rule.hpp"

namespace proxon {

std::vector<bool> undivided(const Blueprint& blueprint) {
  const auto populations = blueprint.populations();
  std::vector<bool> whole(populations.size(), false);
  for (const Projection* projection : blueprint.projections()) {
    if (!projection->learning_rule) continue;
    const auto& rule = *static_cast<const LearningRuleTable*>(projection->learning_rule->plugin->table);
    if (!(rule.hooks & hook_whole_rows)) continue;
    for (size_t p = 0; p < populations.size(); ++p)
      if (populations[p]->name == projection->target) whole[p] = true;
  }
  return whole;
}

std::vector<Range> own_neurons(const Blueprint& blueprint, int32_t rank, int32_t ranks) {
  const auto populations = blueprint.populations();
  const std::vector<bool> whole = undivided(blueprint);
  std::vector<Range> own;
  for (size_t p = 0; p < populations.size(); ++p) {
    const Range all{0, populations[p]->size};
    own.push_back(!whole[p] ? part_of(all, rank, ranks, static_cast<int32_t>(p)) : rank == 0 ? all : Range{all.end, all.end});
  }
  return own;
}

}  // namespace proxon
