// What a person writes down of a network: populations and the projections between them, as a small Boost graph. It is what is archived and
// compared; build() turns it into a Connectome, the same for the same seed.
#pragma once
#include <boost/graph/adjacency_list.hpp>
#include <optional>
#include <string>
#include <vector>

#include "proxon/network/positions.hpp"
#include "proxon/plugin/registry.hpp"

namespace proxon {

/// A set of neurons of one model. Neurons are numbered 0 .. size-1 within it, and globally in the order of the populations.
struct Population {
  std::string name;
  int32_t size = 0;
  PluginValue neuron;                                       ///< model and its parameters
  std::vector<std::pair<const FieldInfo*, Distribution>> initial;  ///< initial values of state variables; the others at their defaults
  std::vector<std::string> neuron_names;                    ///< empty, or one a neuron ("ADAL")
  Positions positions;                                      ///< where the neurons are; none when nobody asks for distances
};

/// What Dale's law lets the weights of a projection be.
enum class Sign { any, excitatory, inhibitory };
inline constexpr const char* sign_names[] = {"any", "excitatory", "inhibitory"};

/// The synapses from one population to another.
struct Projection {
  std::string name;
  std::string source, target;
  PluginValue connectivity;
  Distribution weight = Distribution::constant(1);  ///< in the unit of the target's port; scales nothing that a file gives
  double weight_scale = 1;                          ///< factor on weights that come from a file
  Distribution delay = Distribution::constant(1);   ///< ms; drawn ones are rounded to the nearest multiple of dt, at least one
  Sign sign = Sign::any;                            ///< weights of the other sign are refused
  PluginValue synapse;
  std::optional<PluginValue> learning_rule;
  double learning_stop = 0;  ///< ms; after it the weights stay as they are; 0: never
  double weight_sum = 0;     ///< of the weights that reach a target, restored every learning_interval while they change; 0: not
  std::string modulator;  ///< population whose spikes are the learning rule's signal (reward, dopamine); "": none
  std::string receptor;  ///< name of the target's port; "" lets the sign of the weight choose
};

/// populations as vertices, projections as edges (parallel edges and loops allowed).
using BlueprintGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, Population, Projection>;

struct Blueprint {
  BlueprintGraph graph;

  void add(Population population);
  /// Throws Error when source or target is not the name of a population (with the nearest name) or the name is taken.
  void add(Projection projection);

  const Population& population(std::string_view name) const;
  /// In the order in which they were added; population i begins at the global neuron offset(i).
  std::vector<const Population*> populations() const;
  std::vector<const Projection*> projections() const;
};

}  // namespace proxon
