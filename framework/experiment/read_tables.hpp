// How load() takes an experiment's tables apart. Inside of the room; each throws Error with the place in the file, what is wrong and what to do.
#pragma once
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// [network] and [stimuli]: populations, projections, groups, and what drives them.
void read_network(Table root, double dt, Experiment& experiment);
/// [simulation] and [record].
void read_recording(Table root, Experiment& experiment);

/// A time as a number of steps, at least 1; refuses what is no multiple of dt (ms).
int64_t in_steps(double ms, double dt, const std::string& where);

/// Looks a name up in a map, or says which there are.
template <class Map>
const auto& lookup(const Map& map, std::string_view name, const std::string& where, const char* what) {
  const auto found = map.find(std::string(name));
  if (found != map.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [key, value] : map) names.push_back(key);
  fail("{}there is no {} called '{}'; there are: {}.{}", where, what, name, fmt::join(names, ", "), did_you_mean(name, names));
}

}  // namespace proxon
