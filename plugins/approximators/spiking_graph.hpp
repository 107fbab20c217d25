// A network of spiking layers for other programs: in operators of ONNX, and as a graph of NIR.
#pragma once
#include <cmath>
#include <string>

#include <proxon/plugin/operators.hpp>

namespace proxon {

/// A layer: its weights as they stand in theta (`recurrent` is null where units do not see one another), and e^{-bin / tau} of each unit.
struct SpikingLayer {
  int64_t inputs, units;
  const float *input, *bias, *recurrent, *threshold;
  std::vector<float> decay;
};

struct SpikingNetwork {
  std::vector<SpikingLayer> layers;
  float bin, readout_decay;  // ms; 0: the readout sees the spikes of its own step alone
  int64_t outputs;
  const float *readout, *readout_bias;

  Value to_onnx(const Graph& g, Value x) const {
    for (size_t l = 0; l < layers.size(); ++l) {
      const SpikingLayer& s = layers[l];
      const std::string name = "layer_" + std::to_string(l + 1);
      const Value decay = g.constant((name + ".decay").c_str(), s.decay, {s.units});
      const Value threshold = g.constant((name + ".threshold").c_str(), s.threshold, {s.units});
      const Value current = g.affine(name + ".input", x, s.input, s.inputs, s.units, s.bias), rest = g.zeros(x, s.units);
      x = g.loop({rest, rest}, {current}, [&](std::span<const Value> at) {
        const Value before = at[0], fired = at[1];
        Value v = g.op("Add", {g.op("Mul", {decay, before}), at[2]});
        if (s.recurrent) v = g.op("Add", {v, g.affine(name + ".recurrent", fired, s.recurrent, s.units, s.units, nullptr)});
        v = g.op("Sub", {v, g.op("Mul", {threshold, fired})});
        const Value spikes = g.op("Cast", {g.op("Greater", {v, threshold})}, {attribute("to", 1)});
        return std::vector{v, spikes, spikes};
      })[0];
    }
    const int64_t units = layers.back().units;
    if (readout_decay > 0)
      x = g.loop({g.zeros(x, units)}, {x}, [&](std::span<const Value> at) {
        const Value filtered = g.op("Add", {g.op("Mul", {g.number(readout_decay), at[0]}), at[1]});
        return std::vector{filtered, filtered};
      })[0];
    return g.affine("output", x, readout, units, outputs, readout_bias);
  }

  /// A unit of NIR integrates tau dv/dt = -v + r I; for an input that is constant over a bin this is v(t) = decay v(t-1) + (1 - decay) r I, so that
  /// r = 1 / (1 - decay). Time constants are in s.
  Value to_nir(const Graph& g, Value x) const {
    const auto matrix = [&](const float* W, int64_t inputs, int64_t outputs) {
      std::vector<float> transposed(size_t(inputs * outputs));
      for (int64_t i = 0; i < inputs; ++i)
        for (int64_t o = 0; o < outputs; ++o) transposed[size_t(o * inputs + i)] = W[i * outputs + o];
      return attribute("weight", g.constant("", transposed, {outputs, inputs}));
    };
    const auto column = [&](const char* name, const std::vector<float>& numbers) {
      return attribute(name, g.constant("", numbers, {int64_t(numbers.size())}));
    };
    const auto affine = [&](Value v, const float* W, int64_t inputs, int64_t outputs, const float* b) {
      return g.op("Affine", {v}, {matrix(W, inputs, outputs), column("bias", {b, b + outputs})});
    };
    const auto seconds = [&](const std::vector<float>& decay) {
      std::vector<float> tau;
      for (const float d : decay) tau.push_back(float(-double(bin) / 1000 / std::log(double(d))));
      return column("tau", tau);
    };
    const auto resistance = [&](const std::vector<float>& decay) {
      std::vector<float> r;
      for (const float d : decay) r.push_back(float(1 / (1 - double(d))));
      return column("r", r);
    };
    for (const SpikingLayer& s : layers) {
      const std::vector<float> rest(size_t(s.units), 0.f);
      x = affine(x, s.input, s.inputs, s.units, s.bias);
      x = g.op("LIF", {x}, {seconds(s.decay), resistance(s.decay), column("v_leak", rest), column("v_reset", rest),
                            column("v_threshold", {s.threshold, s.threshold + s.units}), attribute("reset", "subtract")});
      if (s.recurrent) g.connect(g.op("Linear", {x}, {matrix(s.recurrent, s.units, s.units)}), x);
    }
    const int64_t units = layers.back().units;
    if (readout_decay > 0) {
      const std::vector<float> decay(size_t(units), readout_decay), rest(size_t(units), 0.f);
      x = g.op("LI", {x}, {seconds(decay), resistance(decay), column("v_leak", rest)});
    }
    return affine(x, readout, units, outputs, readout_bias);
  }
};

}  // namespace proxon
