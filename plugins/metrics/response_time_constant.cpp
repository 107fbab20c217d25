#include <algorithm>
#include <cmath>
#include <proxon/plugin/metric.hpp>
#include <vector>

using namespace proxon;

struct response_time_constant {
  static constexpr Documentation about{
      .summary = "Time constant of an exponential fitted to what one spike does to the twin's outputs: that of the membrane, where N_phi is a leaky "
                 "integrator.",
      .equation = "u(k) = sum_ij h_ij(k) H_ij, H_ij = sum_k h_ij(k);  tau = argmin min_a sum_k (u(k) - a e^{-k bin / tau})^2 from the peak of u on",
      .reference = "Gerstner, Kistler, Naud & Paninski 2014, Neuronal Dynamics, chapter 1, doi:10.1017/CBO9781107447615"};
  static constexpr uint32_t needs = needs_response;
  using Parameters = NoParameters;

  response_time_constant(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr const char* meaning = "ms in which the response to a spike falls to 1/e";
    const auto undefined = [&](const char* why) { sink.undefined("response_time_constant", why, 0, 0, INFINITY, meaning); };

    // One course for all synapses, each weighted by its own size and sign
    const int64_t pairs = in.inputs * in.outputs;
    std::vector<double> total(static_cast<size_t>(pairs), 0), course(static_cast<size_t>(in.response_bins), 0);
    for (int64_t k = 0; k < in.response_bins; ++k)
      for (int64_t p = 0; p < pairs; ++p) total[size_t(p)] += in.response[k * pairs + p];
    for (int64_t k = 0; k < in.response_bins; ++k)
      for (int64_t p = 0; p < pairs; ++p) course[size_t(k)] += in.response[k * pairs + p] * total[size_t(p)];
    const auto peak = std::max_element(course.begin(), course.end());
    if (!(*peak > 0)) return undefined("a spike does nothing to the output");
    const std::vector<double> u(peak, course.end());
    if (u.size() < 3) return undefined("the response is shorter than three bins");

    // What the best exponential of a rate leaves: a is found in closed form
    const auto left = [&](double tau) {
      double uu = 0, ue = 0, ee = 0;
      for (size_t k = 0; k < u.size(); ++k) {
        const double e = std::exp(-double(k) * in.bin / tau);
        uu += u[k] * u[k], ue += u[k] * e, ee += e * e;
      }
      return uu - ue * ue / ee;
    };
    // A coarse search over the logarithm, then golden sections (Kiefer 1953)
    double low = in.bin / 10, high = double(u.size()) * in.bin * 10, best = low;
    for (double tau = low; tau < high; tau *= 1.1)
      if (left(tau) < left(best)) best = tau;
    double a = best / 1.1, b = best * 1.1;
    for (int i = 0; i < 60; ++i) {
      const double c = b - 0.6180339887498949 * (b - a), d = a + 0.6180339887498949 * (b - a);
      (left(c) < left(d) ? b : a) = left(c) < left(d) ? d : c;
    }
    sink.value("response_time_constant", (a + b) / 2, pairs, 0, INFINITY, meaning);
  }
};

PROXON_PLUGIN(metric, response_time_constant, response_time_constant)
