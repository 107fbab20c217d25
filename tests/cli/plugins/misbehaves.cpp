// A metric that does to its process what a trial of a sweep must survive.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <proxon/plugin/metric.hpp>
#include <stdexcept>

using namespace proxon;

struct Misbehaves {
  static constexpr Documentation about{.summary = "Ends or holds up its process."};
  static constexpr uint32_t needs = needs_prediction;
  struct Parameters {
    std::string_view how = "well";
    static constexpr auto fields() { return std::tuple{field<&Parameters::how>("", "what it does", one_of("well|crash|hang|eat|print|throw|exit|marked|picky"))}; }
  };

  std::string_view how;
  Misbehaves(const Parameters& p, const MetricSetup&) : how(p.how) {}

  void evaluate(const MetricInput& input, MetricSink& sink) const {
    // Of trials that are run at once it ends those alone whose prediction is large.
    if (how == "picky" && std::abs(input.prediction[0]) > 1000) std::raise(SIGSEGV);
    if (how == "crash") std::fprintf(stderr, "the last words\n"), std::fflush(stderr), std::raise(SIGSEGV);
    if (how == "exit") std::_Exit(7);
    if (how == "throw") throw std::domain_error("it does not want to");
    if (how == "marked" && access("marked", F_OK) == 0) throw std::domain_error("there is a mark");
    while (how == "hang") usleep(1000);
    for (size_t n = 0; how == "eat" && n < 100'000; ++n) {
      char* memory = static_cast<char*>(::operator new(1 << 20));
      for (size_t i = 0; i < 1 << 20; i += 4096) memory[i] = 1;
    }
    const std::string line(1 << 16, 'x');
    for (int n = 0; how == "print" && n < 1 << 14; ++n) std::fwrite(line.data(), 1, line.size(), stdout);
    sink.value("misbehaves", static_cast<double>(how.size()), 1, 0, std::numeric_limits<double>::infinity(), "letters of what it did");
  }
};

PROXON_PLUGIN(metric, misbehaves, Misbehaves)
