// Weights between neurons of N_phi in an approximator whose units are its neurons: what is known of them, how those of theta act, and which may move.
// Rows are sources (the inputs, or the twin's own units), columns the outputs. A row that is no neuron has free weights.
#pragma once
#include <proxon/plugin/approximator.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace proxon {

inline constexpr const char* constraint_choices = "none|mask|mask_sign|cell_type|fixed";

struct GraphWeights {
  enum Constraint { none, mask, mask_sign, cell_type, fixed };
  Constraint constraint;
  const GraphView* graph;
  const int32_t* source_unit;  ///< [sources], the neuron of a row; -1 where it is none
  int64_t sources, outputs;

  static Constraint constraint_of(std::string_view name) {
    return name == "none" ? none : name == "mask" ? mask : name == "mask_sign" ? mask_sign : name == "cell_type" ? cell_type : fixed;
  }
  int64_t size() const { return sources * outputs; }

  /// The output that each neuron of the graph is, -1 where it is none.
  static void map_outputs(const GraphView& graph, int64_t outputs, int32_t* output_of) {
    std::fill_n(output_of, graph.units, -1);
    for (int64_t o = 0; o < outputs; ++o)
      if (graph.output_unit[o] >= 0) output_of[graph.output_unit[o]] = int32_t(o);
  }

  std::vector<int32_t> output_map() const {
    std::vector<int32_t> output_of(size_t(graph->units));
    map_outputs(*graph, outputs, output_of.data());
    return output_of;
  }

  /// Leaves of the weights that were drawn what the constraint allows.
  void begin(const int32_t* output_of, float* theta) const {
    if (constraint == none) return;
    std::vector<float> phi(size_t(size()), 0.f);
    each_synapse(output_of, [&](int64_t i, int64_t o, float w) { phi[size_t(i * outputs + o)] += w; });
    for (int64_t i = 0; i < sources; ++i) {
      if (source_unit[i] < 0) continue;
      for (int64_t k = i * outputs; k < (i + 1) * outputs; ++k) {
        const float known = phi[size_t(k)];
        if (known == 0 || constraint == cell_type) theta[k] = 0;
        if (constraint == mask_sign && known != 0) theta[k] = std::copysign(theta[k], known);
        if (constraint == fixed) theta[k] = known;
      }
    }
  }

  /// The weights as they act.
  void act(const int32_t* output_of, const float* theta, float* acting) const {
    if (constraint == none) {
      std::copy_n(theta, size(), acting);
      return;
    }
    for (int64_t i = 0; i < sources; ++i)
      if (source_unit[i] < 0)
        std::copy_n(theta + i * outputs, outputs, acting + i * outputs);
      else
        std::fill_n(acting + i * outputs, outputs, 0.f);
    each_synapse(output_of, [&](int64_t i, int64_t o, float phi) {
      const int64_t at = i * outputs + o;
      const float w = theta[at];
      acting[at] = constraint == fixed ? acting[at] + phi : constraint == mask_sign && w * phi < 0 ? 0.f : w;
    });
  }

  /// Takes out of the gradient what may not move; weights that are one have one gradient. `whole` [size()] is scratch.
  void constrain(const int32_t* output_of, const float* theta, float* gradient, float* whole) const {
    if (constraint == none) return;
    std::copy_n(gradient, size(), whole);
    for (int64_t i = 0; i < sources; ++i)
      if (source_unit[i] >= 0) std::fill_n(gradient + i * outputs, outputs, 0.f);
    if (constraint == fixed) return;
    if (constraint != cell_type) {
      // Where a weight stands on the wrong side of 0 it may move back alone.
      each_synapse(output_of, [&](int64_t i, int64_t o, float phi) {
        const int64_t at = i * outputs + o;
        const bool outward = constraint == mask_sign && theta[at] * phi < 0 && whole[at] * phi > 0;
        gradient[at] = outward ? 0.f : whole[at];
      });
      return;
    }
    for (int32_t from = 0; from < graph->types; ++from)
      for (int32_t to = 0; to < graph->types; ++to) {
        const auto of_pair = [&](int64_t i, int64_t o) { return graph->type[source_unit[i]] == from && graph->type[graph->output_unit[o]] == to; };
        double sum = 0;
        each_synapse(output_of, [&](int64_t i, int64_t o, float) { sum += of_pair(i, o) ? double(whole[i * outputs + o]) : 0.0; });
        each_synapse(output_of, [&](int64_t i, int64_t o, float) {
          if (of_pair(i, o)) gradient[i * outputs + o] = float(sum);
        });
      }
  }

 private:
  /// use(row, output, weight of N_phi) for every synapse between neurons that are both.
  template <class Use>
  void each_synapse(const int32_t* output_of, Use&& use) const {
    for (int64_t i = 0; i < sources; ++i) {
      const int32_t source = source_unit[i];
      if (source < 0) continue;
      for (int64_t k = graph->offset[source]; k < graph->offset[source + 1]; ++k)
        if (const int32_t o = output_of[graph->target[k]]; o >= 0) use(i, int64_t(o), graph->weight[k]);
    }
  }
};

}  // namespace proxon
