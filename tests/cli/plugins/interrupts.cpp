// A metric during which Ctrl-C is pressed: the only way to hit a short stage for certain.
#include <csignal>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct Interrupts {
  static constexpr Documentation about{.summary = "Sends the program a signal, once."};
  static constexpr uint32_t needs = needs_prediction;
  struct Parameters {
    int64_t signal = SIGINT;
    static constexpr auto fields() { return std::tuple{field<&Parameters::signal>("1", "number of the signal")}; }
  };
  int signal;
  Interrupts(const Parameters& p, const MetricSetup&) : signal(int(p.signal)) {}
  void evaluate(const MetricInput& in, MetricSink& sink) const {
    // A second one would end the program, and evaluate() is asked for a baseline too.
    static bool sent = false;
    if (!sent) sent = true, std::raise(signal);
    sink.value("interrupts", 1, in.rows, 0, 1, "always 1");
  }
};

PROXON_PLUGIN(metric, interrupts, Interrupts)
