// The cells of recurrent layers: what the units of one layer, in one direction of time, do in a step, and its way back. Rows are steps of samples;
// a sample has one row more than steps, so that `h`, whose row t + 1 holds the activity of step t, has a row of zeros before the first one.
#pragma once
#include <proxon/plugin/approximator.hpp>

namespace proxon {

struct RecurrentCell {
  enum Kind { rnn, gru, lstm };

  /// Where things are in the tape, in floats a row; gru: `back` holds h' U, which one gate needs apart, and on the way back its error.
  struct Place {
    int64_t gate, h, c, tanh_c, back, end;
  };

  Kind kind;
  int64_t units;

  static constexpr int64_t gates(Kind kind) { return kind == rnn ? 1 : kind == gru ? 3 : 4; }
  int64_t gates() const { return gates(kind); }
  Place place(int64_t begin) const {
    Place p{};
    p.gate = begin;
    p.h = p.gate + gates() * units;
    p.c = p.h + units;
    p.tanh_c = p.c + (kind == lstm ? units : 0);
    p.back = p.tanh_c + (kind == lstm ? units : 0);
    p.end = p.back + (kind == gru ? gates() * units : 0);
    return p;
  }

  /// The units of one sample at one step: row r holds what comes in.
  void step(const Services& services, const Place& s, float* tape, int64_t all, int64_t r) const {
    const int64_t n = units, columns = gates() * n;
    float* gate = tape + all * s.gate + r * columns;
    const float* before = tape + all * s.h + r * n;
    float* h = tape + all * s.h + (r + 1) * n;
    if (kind == rnn) return services.activate(services.host, Activation::tanh, gate, h, n);
    if (kind == lstm) {
      services.activate(services.host, Activation::sigmoid, gate, gate, 3 * n);
      services.activate(services.host, Activation::tanh, gate + 3 * n, gate + 3 * n, n);
      const float* c_before = tape + all * s.c + r * n;
      float* c = tape + all * s.c + (r + 1) * n;
      float* tanh_c = tape + all * s.tanh_c + r * n;
      const float *i = gate, *f = gate + n, *o = gate + 2 * n, *g = gate + 3 * n;
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) c[k] = f[k] * c_before[k] + i[k] * g[k];
      services.activate(services.host, Activation::tanh, c, tanh_c, n);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) h[k] = o[k] * tanh_c[k];
      return;
    }
    const float* back = tape + all * s.back + r * columns;
#pragma GCC ivdep
    for (int64_t k = 0; k < 2 * n; ++k) gate[k] += back[k];
    services.activate(services.host, Activation::sigmoid, gate, gate, 2 * n);
    const float *reset = gate, *z = gate + n;
    float* candidate = gate + 2 * n;
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) candidate[k] += reset[k] * back[2 * n + k];
    services.activate(services.host, Activation::tanh, candidate, candidate, n);
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) h[k] = z[k] * before[k] + (1 - z[k]) * candidate[k];
  }

  /// Turns the gates of one sample at one step into their errors. `dh` is the activity's error from outside, `from_later` what comes from the step
  /// after through the recurrent weights; gru leaves there what goes to the step before through the state itself; lstm keeps dc.
  void step_back(const Place& s, float* tape, int64_t all, int64_t r, const float* dh, float* from_later, float* dc) const {
    const int64_t n = units, columns = gates() * n;
    float* gate = tape + all * s.gate + r * columns;
    const float* before = tape + all * s.h + r * n;
    if (kind == rnn) {
      const float* h = tape + all * s.h + (r + 1) * n;
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) gate[k] = (dh[k] + from_later[k]) * (1 - h[k] * h[k]);
      return;
    }
    if (kind == lstm) {
      const float* c_before = tape + all * s.c + r * n;
      const float* tanh_c = tape + all * s.tanh_c + r * n;
      float *i = gate, *f = gate + n, *o = gate + 2 * n, *g = gate + 3 * n;
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        const float d = dh[k] + from_later[k], in = i[k], forget = f[k], out = o[k], candidate = g[k];
        const float cell_error = dc[k] + d * out * (1 - tanh_c[k] * tanh_c[k]);
        i[k] = cell_error * candidate * in * (1 - in);
        f[k] = cell_error * c_before[k] * forget * (1 - forget);
        o[k] = d * tanh_c[k] * out * (1 - out);
        g[k] = cell_error * in * (1 - candidate * candidate);
        dc[k] = cell_error * forget;
      }
      return;
    }
    float* back = tape + all * s.back + r * columns;
    float *reset = gate, *z = gate + n, *candidate = gate + 2 * n;
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) {
      const float d = dh[k] + from_later[k], rk = reset[k], zk = z[k], nk = candidate[k];
      const float dn = d * (1 - zk) * (1 - nk * nk);
      const float dz = d * (before[k] - nk) * zk * (1 - zk);
      const float dr = dn * back[2 * n + k] * rk * (1 - rk);
      reset[k] = dr, z[k] = dz, candidate[k] = dn;
      back[k] = dr, back[n + k] = dz, back[2 * n + k] = dn * rk;
      from_later[k] = d * zk;
    }
  }
};

}  // namespace proxon
