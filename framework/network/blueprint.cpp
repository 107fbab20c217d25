#include "proxon/network/blueprint.hpp"

#include <unordered_set>

namespace proxon {

std::vector<const Population*> Blueprint::populations() const {
  std::vector<const Population*> all;
  for (auto [v, end] = vertices(graph); v != end; ++v) all.push_back(&graph[*v]);
  return all;
}

std::vector<const Projection*> Blueprint::projections() const {
  std::vector<const Projection*> all;
  for (auto [e, end] = edges(graph); e != end; ++e) all.push_back(&graph[*e]);
  return all;
}

const Population& Blueprint::population(std::string_view name) const {
  std::vector<std::string> names;
  for (const Population* population : populations()) {
    if (population->name == name) return *population;
    names.push_back(population->name);
  }
  fail("there is no population '{}'.{}", name, did_you_mean(name, names));
}

void Blueprint::add(Population population) {
  // Check the name and the size.
  if (population.name.empty()) fail("a population needs a name.");
  int64_t neurons = population.size;
  for (const Population* other : populations()) {
    if (other->name == population.name)
      fail("there are two populations called '{}'; rename one of them.", population.name);
    neurons += other->size;
  }
  if (population.size < 1)
    fail("population '{}' has {} neurons; it needs at least one.", population.name, population.size);
  if (neurons > std::numeric_limits<int32_t>::max())
    fail("population '{}' makes the network larger than 2147483647 neurons.", population.name);

  // Check the neurons' names.
  if (!population.neuron_names.empty() && population.neuron_names.size() != static_cast<size_t>(population.size))
    fail("population '{}' has {} neurons and names {} of them; name all or none.", population.name, population.size,
         population.neuron_names.size());
  std::unordered_set<std::string_view> names;
  for (const std::string& name : population.neuron_names)
    if (!names.insert(name).second) fail("population '{}' has two neurons called '{}'.", population.name, name);

  try {
    check_positions(population.positions, population.size);
  } catch (const Error& error) {
    fail("population '{}': its positions: {}", population.name, error.what());
  }
  add_vertex(std::move(population), graph);
}

void Blueprint::add(Projection projection) {
  if (projection.name.empty()) fail("a projection needs a name.");
  for (const Projection* other : projections())
    if (other->name == projection.name)
      fail("there are two projections called '{}'; rename one of them.", projection.name);

  // Find its two ends.
  auto vertex = [&](const std::string& name, const char* end) {
    std::vector<std::string> names;
    for (const Population* population : populations()) {
      if (population->name == name) return names.size();
      names.push_back(population->name);
    }
    fail("projection '{}': its {} '{}' is not a population.{}", projection.name, end, name, did_you_mean(name, names));
  };
  const size_t source = vertex(projection.source, "source"), target = vertex(projection.target, "target");
  add_edge(source, target, std::move(projection), graph);
}

}  // namespace proxon
