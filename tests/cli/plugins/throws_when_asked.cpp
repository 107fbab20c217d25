// A metric that throws when it is asked for its figure.
#include <proxon/plugin/metric.hpp>
#include <stdexcept>

using namespace proxon;

struct ThrowsWhenAsked {
  static constexpr Documentation about{.summary = "Has no figure."};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;
  ThrowsWhenAsked(const Parameters&, const MetricSetup&) {}
  void evaluate(const MetricInput&, MetricSink&) const { throw std::runtime_error("the matrix is singular"); }
};

PROXON_PLUGIN(metric, throws_when_asked, ThrowsWhenAsked)
