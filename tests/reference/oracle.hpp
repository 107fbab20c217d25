// A slow, plain simulator in double precision that the real one is held against: one neuron at a time, one synapse at a time, every
// spike ever fired remembered, all traces summed anew from them. Its equations are written down a second time, not shared.
#pragma once
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace proxon::test {

struct OracleNeuron {
  enum Model { delta, psc_exp, psc_alpha, cond_exp, mat2, rate } model = delta;
  // Parameters, and the state (V above 0; the rate for rate neurons).
  double tau = 10, C = 250, E = -70, theta = -55, reset = -70, ref = 2, tau_ex = 2, tau_in = 2, I_e = 0, g = 1, lambda = 1;
  double g_L = 16.6667, E_ex = 0, E_in = -85;                            // cond_exp, in place of tau
  double omega = -51, alpha_1 = 37, alpha_2 = 2, tau_1 = 10, tau_2 = 200;  // mat2, in place of theta and reset
  // Currents, or conductances; and for alpha functions what feeds them.
  double V = 0, i_ex = 0, i_in = 0, d_ex = 0, d_in = 0;
  double refractory_until = -1e9;
  std::vector<double> spikes;    ///< ms
  std::vector<double> rates;     ///< at the end of each step
};

struct OracleSynapse {
  int source, target;
  double w, delay;
  bool stdp = false;
  double A_plus = 0, A_minus = 0, tau_plus = 1, tau_minus = 1, w_min = 0, w_max = 0;
  bool hebb = false;
  double eta = 0;
};

struct Oracle {
  double dt = 0.1;
  std::vector<OracleNeuron> neurons;
  std::vector<OracleSynapse> synapses;
  std::function<double(int neuron, double t)> spikes_in;  ///< what external spikes that arrive at t add
  std::function<double(int neuron, double t)> current_in; ///< pA during the step that ends at t

  static bool same(double a, double b) { return std::fabs(a - b) < 1e-6; }
  static bool has(const std::vector<double>& spikes, double t) {
    for (double s : spikes)
      if (same(s, t)) return true;
    return false;
  }
  /// Sum over spikes strictly before t.
  static double trace(const std::vector<double>& spikes, double t, double tau) {
    double x = 0;
    for (double s : spikes)
      if (s < t - 1e-6) x += std::exp(-(t - s) / tau);
    return x;
  }

  void run(int steps) {
    std::vector<double> start;
    for (const OracleNeuron& n : neurons) start.push_back(n.V);
    for (int step = 0; step < steps; ++step) {
      const double t = (step + 1) * dt;  // end of the step
      std::vector<double> ex(neurons.size(), 0), in(neurons.size(), 0), rate_in(neurons.size(), 0);

      // Arrivals; a plastic synapse is depressed first and transmits its new weight.
      for (OracleSynapse& s : synapses) {
        OracleNeuron& from = neurons[size_t(s.source)];
        if (from.model == OracleNeuron::rate) {
          const int k = step - int(std::lround(s.delay / dt));
          rate_in[size_t(s.target)] += s.w * (k < 0 ? start[size_t(s.source)] : from.rates[size_t(k)]);
          continue;
        }
        if (!has(from.spikes, t - s.delay)) continue;
        if (s.stdp) s.w = std::max(s.w_min, s.w - s.A_minus * trace(neurons[size_t(s.target)].spikes, t, s.tau_minus));
        (s.w < 0 ? in : ex)[size_t(s.target)] += s.w;
      }
      for (size_t j = 0; j < neurons.size(); ++j) {
        const double outside = spikes_in ? spikes_in(int(j), t) : 0;
        (outside < 0 ? in : ex)[j] += outside;
      }

      // Neurons.
      std::vector<bool> fires(neurons.size(), false);
      for (size_t j = 0; j < neurons.size(); ++j) {
        OracleNeuron& n = neurons[j];
        const double I = current_in ? current_in(int(j), t) : 0;
        if (n.model == OracleNeuron::rate) {
          n.V = n.V * std::exp(-n.lambda * dt / n.tau) + (1 - std::exp(-n.lambda * dt / n.tau)) / n.lambda * std::tanh(n.g * (I + rate_in[j]));
          n.rates.push_back(n.V);
          continue;
        }
        const double membrane = std::exp(-dt / n.tau);
        const bool held = t <= n.refractory_until + 1e-6 && n.model != OracleNeuron::mat2;
        if (n.model == OracleNeuron::cond_exp || n.model == OracleNeuron::psc_alpha) {
          // Tiny steps of Heun's method.
          const int tiny = 400;
          const double h = dt / tiny;
          auto slope = [&](double s, double V) {
            const double e = std::exp(-s / n.tau_ex), i = std::exp(-s / n.tau_in);
            if (n.model == OracleNeuron::psc_alpha)
              return (n.E - V) / n.tau + (n.I_e + I + (n.i_ex + n.d_ex * s) * e + (n.i_in + n.d_in * s) * i) / n.C;
            return (n.g_L * (n.E - V) + n.i_ex * e * (n.E_ex - V) - n.i_in * i * (n.E_in - V) + n.I_e + I) / n.C;
          };
          for (int k = 0; k < tiny && !held; ++k) {
            const double a = slope(k * h, n.V);
            n.V += h / 2 * (a + slope((k + 1) * h, n.V + h * a));
          }
        } else if (!held) {
          double V = n.E + (n.V - n.E) * membrane + (n.I_e + I) * n.tau / n.C * (1 - membrane);
          auto psp = [&](double i, double tau_s) {
            return i * n.tau * tau_s / (n.C * (n.tau - tau_s)) * (membrane - std::exp(-dt / tau_s));
          };
          if (n.model == OracleNeuron::delta)
            V += ex[j] + in[j];
          else
            V += psp(n.i_ex, n.tau_ex) + psp(n.i_in, n.tau_in);
          n.V = V;
        }
        if (n.model == OracleNeuron::psc_alpha) {
          n.i_ex = (n.i_ex + n.d_ex * dt) * std::exp(-dt / n.tau_ex);
          n.i_in = (n.i_in + n.d_in * dt) * std::exp(-dt / n.tau_in);
          n.d_ex = n.d_ex * std::exp(-dt / n.tau_ex) + ex[j] * std::exp(1.0) / n.tau_ex;
          n.d_in = n.d_in * std::exp(-dt / n.tau_in) + in[j] * std::exp(1.0) / n.tau_in;
        } else {
          n.i_ex = n.i_ex * std::exp(-dt / n.tau_ex) + ex[j];
          n.i_in = n.i_in * std::exp(-dt / n.tau_in) + in[j];
        }
        if (n.model == OracleNeuron::mat2) {
          double threshold = n.omega;
          for (double s : n.spikes) threshold += n.alpha_1 * std::exp(-(t - s) / n.tau_1) + n.alpha_2 * std::exp(-(t - s) / n.tau_2);
          if (n.V >= threshold && t > n.refractory_until + 1e-6) fires[j] = true, n.refractory_until = t + n.ref;
        } else if (n.V >= n.theta) {
          fires[j] = true, n.V = n.reset, n.refractory_until = t + n.ref;
        }
      }

      // Potentiation, by all arrivals strictly before t; Hebb by what arrived and what came of it.
      for (OracleSynapse& s : synapses) {
        if (s.stdp && fires[size_t(s.target)])
          s.w = std::min(s.w_max, s.w + s.A_plus * trace(neurons[size_t(s.source)].spikes, t - s.delay, s.tau_plus));
        if (s.hebb) {
          const int k = step - int(std::lround(s.delay / dt));
          s.w += dt * s.eta * (k < 0 ? start[size_t(s.source)] : neurons[size_t(s.source)].rates[size_t(k)]) * neurons[size_t(s.target)].V;
        }
      }
      for (size_t j = 0; j < neurons.size(); ++j)
        if (fires[j]) neurons[j].spikes.push_back(t);
    }
  }
};

}  // namespace proxon::test
