// Every plugin that is found (ours; a user's where PROXON_PLUGIN_PATH says) keeps to the rules of its kind; and plugins that break one rule
// each are caught, so that the drivers are known to bite.
#include "proxon/experiment/conformance.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace proxon;

TEST_CASE("every plugin found keeps to the rules of its kind") {
  Registry registry(default_folders(""));
  std::set<std::string> kinds;
  for (const FoundPlugin& plugin : registry.found()) {
    kinds.insert(plugin.kind);
    for (const std::string& sentence : conformance(registry.find(plugin.kind, plugin.name)))
      FAIL_CHECK(plugin.kind << " '" << plugin.name << "': " << sentence);
  }
  for (const RefusedPlugin& refused : registry.refused()) FAIL_CHECK(refused.reason);
  CHECK(kinds.size() == plugin_kinds().size());
  MESSAGE(registry.found().size() << " plugins of " << kinds.size() << " kinds");
}

namespace {

template <class Tag, class T>
std::string broken(const char* kind) {
  static const auto table = detail::Kind<Tag>::template make_table<T>();
  static const PluginInfo info{kind, "wrong", T::about, &schema_of<typename T::Parameters>(), &table};
  std::string all;
  for (const std::string& sentence : conformance(info)) all += sentence + "\n";
  return all;
}
bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

struct Base {
  static constexpr Documentation about{.summary = "Breaks a rule."};
};
struct In {
  float I;
  static constexpr auto fields() { return std::tuple{field<&In::I>("pA", "current", current)}; }
};
struct St {
  double V = 0;
  static constexpr auto fields() { return std::tuple{field<&St::V>("mV", "potential")}; }
};

struct GrowingNeuron : Base {
  using Parameters = NoParameters;
  using State = St;
  using Input = In;
  GrowingNeuron(const Parameters&, const Step&) {}
  bool step(State& s, const Input&) const { return (s.V = 10 * s.V + 1) < 0; }
};
struct ForgetfulNeuron : Base {  // state outside its State
  using Parameters = NoParameters;
  using State = St;
  using Input = In;
  ForgetfulNeuron(const Parameters&, const Step&) {}
  bool step(State& s, const Input& in) const {
    static double shared = 0;
    shared += in.I;
    s.V = shared;
    return false;
  }
};
struct Undocumented {
  static constexpr Documentation about{.summary = ""};
  struct Parameters {
    double tau = -1;
    double gain = 1;
    std::string_view mode = "c";
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::tau>("ms", "time constant", above(0)), field<&Parameters::gain>("furlong", ""),
                        field<&Parameters::mode>("", "mode", one_of("a|b"))};
    }
  };
  Undocumented(const Parameters&, const Step&) {}
  float transmit(float w) const { return w; }
};
struct CountingSynapse : Base {
  using Parameters = NoParameters;
  CountingSynapse(const Parameters&, const Step&) {}
  float transmit(float w) const {
    static int calls = 0;
    return w * static_cast<float>(++calls);
  }
};
struct HalfSpikes : Base {
  using Parameters = NoParameters;
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "Hz";
  HalfSpikes(const Parameters&, const StimulusSetup&) {}
  double common(const Instant&) const {
    static int calls = 0;
    return ++calls;
  }
  float each(double, Random&) const { return 0.5f; }
};
struct WildConnections : Base {
  using Parameters = NoParameters;
  static constexpr Axis axis = Axis::source;
  static int calls;  // one for all forms of connect()
  int32_t targets;
  WildConnections(const Parameters&, const ConnectivitySetup& setup) : targets(setup.targets) {}
  template <class Emit>
  void connect(int32_t, Random&, Emit&& emit) const {
    emit(++calls % 3 ? 0 : targets);
    if (calls % 2) emit(0);
  }
};
int WildConnections::calls = 0;
struct UnboundedRule : Base {
  struct Parameters {
    double w_max = 1;
    static constexpr auto fields() { return std::tuple{field<&Parameters::w_max>("1", "highest weight")}; }
  };
  struct Pre {
    float x;
    static constexpr auto fields() { return std::tuple{field<&Pre::x>("1", "trace")}; }
  };
  UnboundedRule(const Parameters&, const Step&) {}
  void on_pre(PlainSynapse& s, const Pre&, const NoParameters&) const { s.w += 0.1f; }
};
struct SilentGradient : Base {
  using Parameters = NoParameters;
  SilentGradient(const Parameters&, const Step&) {}
  void gradient(const GradientPass&) const {}
};
struct UphillOptimizer : Base {
  struct Parameters {
    double learning_rate = 0.1;
    static constexpr auto fields() { return std::tuple{field<&Parameters::learning_rate>("1", "rate")}; }
  };
  using State = NoParameters;
  UphillOptimizer(const Parameters&, const OptimizerSetup&) {}
  float step(float gradient, State&, const OptimizerStep& at) const { return static_cast<float>(at.learning_rate) * gradient + 0.01f; }
};
struct NanMetric : Base {
  using Parameters = NoParameters;
  static constexpr uint32_t needs = needs_prediction;
  NanMetric(const Parameters&, const MetricSetup&) {}
  void evaluate(const MetricInput& in, MetricSink& sink) const {
    double sum = 0;
    for (int64_t i = 0; i < in.rows * in.channels; ++i) sum += in.target[i];
    const double n = in.rows > 1 ? static_cast<double>(in.rows * in.channels) : NAN;
    sink.value("mean", sum / n, in.rows, 0, 0.5, "mean");
  }
};
struct CalmReader : Base {
  using Parameters = NoParameters;
  CalmReader(const Parameters&, const ReaderSetup&) {}
  void read(const char*, EdgeSink&) const {}
};
struct WanderingSampler : Base {
  using Parameters = NoParameters;
  WanderingSampler(const Parameters&, const SamplerSetup&) {}
  void propose(int64_t, const SamplerHistory&, std::span<double> point) const {
    static int calls = 0;
    for (double& x : point) x = ++calls;
  }
};
struct WrongSlope : Base {
  using Parameters = NoParameters;
  int64_t inputs, outputs;
  WrongSlope(const Parameters&, const ApproximatorSetup& setup) : inputs(setup.inputs), outputs(setup.outputs) {}
  int32_t layers() const { return 1; }
  LayerInfo layer(int32_t) const { return {{}, Activation::linear, LayerRole::weights, inputs, outputs, 0, -1, -1}; }
  int64_t tape(int64_t, int64_t) const { return 0; }
  void forward(const Services& s, const ForwardPass& p) const {
    s.product(s.host, 0, 0, p.batch * p.steps, outputs, inputs, p.input, inputs, p.theta, outputs, p.output, outputs, 0);
  }
  void backward(const Services&, const BackwardPass& p) const {
    std::fill_n(p.gradient, inputs * outputs, 0.5f);
    std::fill_n(p.input_gradient, p.batch * p.steps * inputs, 0.5f);
  }
};
struct Foreseeing : WrongSlope {  // the output of a step is the input of the last
  using WrongSlope::WrongSlope;
  void forward(const Services&, const ForwardPass& p) const {
    for (int64_t row = 0; row < p.batch * p.steps; ++row)
      std::fill_n(p.output + row * outputs, outputs, p.input[(row / p.steps * p.steps + p.steps - 1) * inputs]);
  }
};
struct DeafToEvents : WrongSlope {
  static constexpr bool takes_events = true;
  using WrongSlope::WrongSlope;
  void forward(const Services& s, const ForwardPass& p) const {
    if (p.input)
      WrongSlope::forward(s, p);
    else
      std::fill_n(p.output, p.batch * p.steps * outputs, 0.f);
  }
  void backward(const Services& s, const BackwardPass& p) const {
    if (p.input_gradient) return WrongSlope::backward(s, p);
    std::fill_n(p.gradient, inputs * outputs, 0.f);
  }
};

}  // namespace

TEST_CASE("a plugin that breaks a rule is caught with that rule") {
  CHECK(has(broken<neuron_kind, GrowingNeuron>("neuron"), "does not stay finite over 1000 steps"));
  CHECK(has(broken<neuron_kind, ForgetfulNeuron>("neuron"), "two runs with the same input differ"));
  const std::string documents = broken<synapse_kind, Undocumented>("synapse");
  CHECK(has(documents, "its summary must be a sentence"));
  CHECK(has(documents, "the default of 'tau' is -1 ms, and must be above 0"));
  CHECK(has(documents, "'gain' says nothing about what it means"));
  CHECK(has(documents, "'gain' has the unit 'furlong', which is not known"));
  CHECK(has(documents, "the default of 'mode', 'c', is not one of a|b"));
  CHECK(has(broken<synapse_kind, CountingSynapse>("synapse"), "a row delivered in pieces differs"));
  const std::string half = broken<stimulus_kind, HalfSpikes>("stimulus");
  CHECK(has(half, "not a whole number of them"));
  CHECK(has(half, "common() is not a function of the instant alone"));
  const std::string wild = broken<connectivity_kind, WildConnections>("connectivity");
  CHECK(has(wild, "what it counts is not what it writes"));
  CHECK(has(wild, "it connects to neurons that there are not"));
  const std::string rule = broken<learning_rule_kind, UnboundedRule>("learning_rule");
  CHECK(has(rule, "the trace 'x' of Pre has no time constant"));
  CHECK(has(rule, "on_pre brings weights beyond w_max = 1"));
  CHECK(has(broken<learning_rule_kind, SilentGradient>("learning_rule"), "never runs the approximator forward"));
  const std::string uphill = broken<optimizer_kind, UphillOptimizer>("optimizer");
  CHECK(has(uphill, "goes up the gradient"));
  CHECK(has(uphill, "without a gradient a weight of 0 moves"));
  const std::string nan = broken<metric_kind, NanMetric>("metric");
  CHECK(has(nan, "for one value 'mean' is nan: it must be a number"));
  CHECK(has(nan, "outside its range from 0 to 0.5"));
  CHECK(has(broken<reader_kind, CalmReader>("reader"), "a file that is not there is read without complaint"));
  const std::string wandering = broken<sampler_kind, WanderingSampler>("sampler");
  CHECK(has(wandering, "outside its axis"));
  CHECK(has(wandering, "two points for the same trial"));
  const std::string slope = broken<approximator_kind, WrongSlope>("approximator");
  CHECK(has(slope, "of d loss / d theta differ from finite differences"));
  CHECK(has(slope, "of d loss / d input differ from finite differences"));
  CHECK(has(broken<approximator_kind, Foreseeing>("approximator"), "its output depends on input that comes later"));
  const std::string deaf = broken<approximator_kind, DeafToEvents>("approximator");
  CHECK(has(deaf, "its output for events is not that for the same input as rows"));
  CHECK(has(deaf, "its gradient for events is not that for the same input as rows"));
}
