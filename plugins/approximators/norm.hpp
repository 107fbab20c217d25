// What approximators share that normalise what units compute before their activation:
//
//   z' = gain (z - mean) / sqrt(variance + 1e-5) + bias
//
// with mean and variance over the units of a row (layer: Ba, Kiros & Hinton 2016, arXiv:1607.06450), or unit by unit over all rows of a batch (batch:
// Ioffe & Szegedy 2015, arXiv:1502.03167), where means over the batches seen in training stand in as long as nothing trains. In theta a normalisation
// has a gain a unit, and with `batch` the two means; the bias is that of the layer. Recurrent layers normalise what they give, so with a bias of its own.
#pragma once
#include <cmath>
#include <string>
#include <type_traits>

#include <proxon/base/sums.hpp>

#include "sums.hpp"

namespace proxon {

inline constexpr const char* norm_choices = "none|layer|batch";

inline constexpr float norm_epsilon = 1e-5f;

/// Normalises the n numbers x of a row: x becomes gain (x - mean) / deviation + bias, which may be null; `kept` gets (x - mean) / deviation. Returns
/// 1 / deviation.
inline float normalise_row(int64_t n, const float* gain, const float* bias, float* x, float* kept) {
  const float mean = sum_in_parts<float>(n, [&](int64_t i) { return x[i]; }) / float(n);
  const float variance = sum_in_parts<float>(n, [&](int64_t i) { return (x[i] - mean) * (x[i] - mean); }) / float(n);
  const float scale = 1 / std::sqrt(variance + norm_epsilon);
  for (int64_t i = 0; i < n; ++i) kept[i] = (x[i] - mean) * scale;
  for (int64_t i = 0; i < n; ++i) x[i] = gain[i] * kept[i];
  if (bias) add(n, 1, bias, x);
  return scale;
}

/// d, the error of what normalise_row made, becomes that of what it took, from what it kept and returned.
inline void normalise_row_back(int64_t n, const float* gain, const float* kept, float scale, float* d) {
  for (int64_t i = 0; i < n; ++i) d[i] *= gain[i];
  const float mean = sum_in_parts<float>(n, [&](int64_t i) { return d[i]; }) / float(n);
  const float along = sum_in_parts<float>(n, [&](int64_t i) { return d[i] * kept[i]; }) / float(n);
  for (int64_t i = 0; i < n; ++i) d[i] = scale * (d[i] - mean - kept[i] * along);
}

/// Rows of numbers, those of a sample together. With `length` the rows of a sample from there on are padding: they have no part in anything.
struct NormRows {
  float* first;
  int64_t samples, steps, stride;  ///< stride: floats from one sample to the next
  const int32_t* length = nullptr;

  int64_t count() const { return samples * steps; }
  int64_t own(int64_t sample) const { return length ? length[sample] : steps; }
};

class Norm {
 public:
  explicit Norm(std::string_view name = "none") : layer_(name == "layer"), batch_(name == "batch") {}
  explicit operator bool() const { return layer_ || batch_; }

  /// The pieces of theta that a normalisation has beside the layer's bias: gain; and with `batch` mean and variance.
  int32_t layers() const { return layer_ ? 1 : batch_ ? 3 : 0; }
  /// Piece `piece` of layer number `index` with `units` units, where `offset` is where it begins in theta.
  static LayerInfo layer(int32_t piece, int32_t index, int64_t units, int64_t offset) {
    static constexpr const char* names[] = {"gain_", "mean_", "variance_"};
    LayerInfo info{};
    info.name.assign((names[piece] + std::to_string(index + 1)).c_str());
    info.role = piece == 0 ? LayerRole::per_unit : LayerRole::average;
    info.inputs = 1, info.outputs = units;
    info.weight_offset = offset;
    info.bias_offset = -1, info.tape_offset = no_activities;
    return info;
  }
  /// What they begin with: gains and variances at 1, means at 0.
  static void begin(int32_t piece, int64_t units, float* theta) { std::fill_n(theta, units, piece == 1 ? 0.f : 1.f); }

  /// Floats of tape for rows of `units` numbers: (z - mean) / deviation of each; 1 / deviation; and with `batch` what the batch moves mean and variance by.
  int64_t tape(int64_t rows, int64_t units) const { return !*this ? 0 : rows * units + (layer_ ? rows : 3 * units + 1); }

  /// z becomes z'; theta[piece] points at the pieces of this normalisation, bias may be null.
  void forward(const Services& services, uint32_t training, NormRows z, int64_t units, const float* const* theta, const float* bias, float* tape) const {
    float* own = tape + z.count() * units;
    if (batch_) {
      own[3 * units] = float(training);
      services.parallel_for(units, 16, [&](int64_t begin, int64_t end) {
        for (int64_t u = begin; u < end; u += lanes) describe_units(training, z, u, std::min<int64_t>(lanes, end - u), units, theta, own);
      });
    }
    each_row(services, z, units, [&](int64_t row, float* x) {
      float* kept = tape + row * units;
      if (layer_) {
        own[row] = normalise_row(units, theta[0], bias, x, kept);
        return;
      }
      // own: 1 / deviation, mean.
      for (int64_t i = 0; i < units; ++i) kept[i] = (x[i] - own[units + i]) * own[i];
      for (int64_t i = 0; i < units; ++i) x[i] = theta[0][i] * kept[i];
      if (bias) add(units, 1, bias, x);
    });
  }

  /// z' of z in operators of ONNX, while nothing trains; `theta` and `bias` as above.
  Value to_onnx(const Graph& g, const std::string& layer, Value z, int64_t units, const float* const* theta, const float* bias) const {
    std::vector<float> scale(theta[0], theta[0] + units), shift(size_t(units), 0.f);
    if (bias) shift.assign(bias, bias + units);
    for (int64_t i = 0; batch_ && i < units; ++i) {
      scale[size_t(i)] /= std::sqrt(theta[2][i] + norm_epsilon);
      shift[size_t(i)] -= theta[1][i] * scale[size_t(i)];
    }
    const Value gain = g.constant((layer + ".gain").c_str(), scale, {units}), offset = g.constant((layer + ".bias").c_str(), shift, {units});
    if (layer_) return g.op("LayerNormalization", {z, gain, offset}, {attribute("axis", -1), attribute("epsilon", double(norm_epsilon))});
    return g.op("Add", {g.op("Mul", {z, gain}), offset});
  }

  /// dz' becomes dz; gradient[piece] gets d loss / d gain, and what is subtracted from the means.
  void backward(const Services& services, NormRows dz, int64_t units, const float* const* theta, float* const* gradient, float* tape) const {
    float* own = tape + dz.count() * units;
    services.parallel_for(units, 16, [&](int64_t begin, int64_t end) {
      for (int64_t u = begin; u < end; u += lanes) units_back(dz, u, std::min<int64_t>(lanes, end - u), units, theta, gradient, tape, own);
    });
    if (!layer_) return;
    each_row(services, dz, units, [&](int64_t row, float* d) { normalise_row_back(units, theta[0], tape + row * units, own[row], d); });
  }

 private:
  static constexpr float momentum = 0.1f;
  static constexpr int64_t lanes = 16;

  /// body(row, its numbers) for the rows that are no padding.
  template <class Body>
  static void each_row(const Services& services, const NormRows& rows, int64_t units, Body&& body) {
    const auto run = [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t sample = row / rows.steps, t = row % rows.steps;
        if (t < rows.own(sample)) body(row, rows.first + sample * rows.stride + t * units);
      }
    };
    if (rows.count() * units <= 16384) return run(0, rows.count());
    services.parallel_for(rows.count(), std::max<int64_t>(1, 16384 / units), run);
  }

  /// body(row, its numbers) for the rows that are no padding, on this thread, in their order.
  template <class Body>
  static int64_t in_order(const NormRows& rows, int64_t units, Body&& body) {
    int64_t n = 0;
    for (int64_t sample = 0; sample < rows.samples; ++sample)
      for (int64_t t = 0; t < rows.own(sample); ++t, ++n) body(sample * rows.steps + t, rows.first + sample * rows.stride + t * units);
    return n;
  }

  /// Calls body(width) with a constant where the units fill the lanes, so that their sums stay in registers.
  template <class Body>
  static void by_width(int64_t n, Body&& body) {
    if (n == lanes)
      body(std::integral_constant<int64_t, lanes>{});
    else
      body(n);
  }

  /// own = [1 / deviation, mean, variance] of units [u, u + n): of the batch's rows in training, else those of theta.
  static void describe_units(uint32_t training, const NormRows& z, int64_t u, int64_t n, int64_t units, const float* const* theta, float* own) {
    double sum[lanes] = {}, square[lanes] = {};
    int64_t rows = 0;
    if (training)
      by_width(n, [&](auto width) {
        double s[lanes] = {}, q[lanes] = {};
        rows = in_order(z, units, [&](int64_t, const float* x) {
          for (int64_t k = 0; k < width; ++k) s[k] += double(x[u + k]), q[k] += double(x[u + k]) * double(x[u + k]);
        });
        std::copy_n(s, lanes, sum), std::copy_n(q, lanes, square);
      });
    for (int64_t k = 0; k < n; ++k) {
      const double mean = sum[k] / double(std::max<int64_t>(1, rows));
      const float variance = training ? float(std::max(0.0, square[k] / double(std::max<int64_t>(1, rows)) - mean * mean)) : theta[2][u + k];
      own[u + k] = 1 / std::sqrt(variance + norm_epsilon);
      own[units + u + k] = training ? float(mean) : theta[1][u + k];
      // The variance of all inputs, of which the batch's are a sample.
      own[2 * units + u + k] = rows > 1 ? variance * float(double(rows) / double(rows - 1)) : variance;
    }
  }

  /// The gradients of units [u, u + n); with `batch` also their errors.
  void units_back(const NormRows& dz, int64_t u, int64_t n, int64_t units, const float* const* theta, float* const* gradient, const float* tape,
                  const float* own) const {
    double sums[lanes] = {}, along[lanes] = {};
    int64_t rows = 0;
    by_width(n, [&](auto width) {
      double s[lanes] = {}, a[lanes] = {};
      rows = in_order(dz, units, [&](int64_t row, const float* d) {
        const float* kept = tape + row * units + u;
        for (int64_t k = 0; k < width; ++k) s[k] += double(d[u + k]), a[k] += double(d[u + k] * kept[k]);
      });
      std::copy_n(s, lanes, sums), std::copy_n(a, lanes, along);
    });
    for (int64_t k = 0; k < n; ++k) gradient[0][u + k] = float(along[k]);
    if (layer_) return;
    const bool trained = own[3 * units] != 0;
    float factor[lanes], mean[lanes], slope[lanes];
    for (int64_t k = 0; k < n; ++k) {
      factor[k] = theta[0][u + k] * own[u + k];
      mean[k] = trained ? float(sums[k] / double(std::max<int64_t>(1, rows))) : 0;
      slope[k] = trained ? float(along[k] / double(std::max<int64_t>(1, rows))) : 0;
      for (int64_t piece = 1; piece < 3; ++piece)
        gradient[piece][u + k] = trained ? momentum * (theta[piece][u + k] - own[piece * units + u + k]) : 0;
    }
    by_width(n, [&](auto width) {
      in_order(dz, units, [&](int64_t row, float* d) {
        const float* kept = tape + row * units + u;
        for (int64_t k = 0; k < width; ++k) d[u + k] = factor[k] * (d[u + k] - mean[k] - kept[k] * slope[k]);
      });
    });
  }

  bool layer_, batch_;
};

}  // namespace proxon
