// A metric during which Ctrl-C is pressed: the only way to hit a short stage for certain.
#include <proxon/plugin/metric.hpp>

#include <csignal>

using namespace proxon;

struct Interrupts {
  static constexpr Documentation about{.summary = "Sends the program the signal of Ctrl-C."};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;
  Interrupts(const Parameters&, const MetricSetup&) {}
  void evaluate(const MetricInput& in, MetricSink& sink) const {
    if (in.prediction) std::raise(SIGINT);
    sink.value("interrupts", 1, in.rows, 0, 1, "always 1");
  }
};

PROXON_PLUGIN(metric, interrupts, Interrupts)
