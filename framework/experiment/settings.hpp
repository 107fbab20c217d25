// The experiment file: every key that it may hold is declared here, or in the options of the room that uses it. load() reads a document
// into what the stages need, and refuses it with one sentence when anything is wrong; describe, --help, docs/reference and archives
// are made from the same declarations.
#pragma once
#include "proxon/archive/reader.hpp"
#include "proxon/dataset/dataset.hpp"
#include "proxon/dataset/samples.hpp"
#include "proxon/evaluation/evaluation.hpp"
#include "proxon/experiment/files.hpp"
#include "proxon/learning/trainer.hpp"
#include "proxon/simulation/simulation.hpp"

namespace proxon {

/// The keys at the head of the file.
struct ExperimentSettings {
  std::string_view title = "";
  std::string_view description = "";
  int64_t seed = 1;
  static constexpr auto fields() {
    using S = ExperimentSettings;
    return std::tuple{field<&S::title>("", "what the report is headed with; the file's name when empty"),
                      field<&S::description>("", "what the experiment shows, in a sentence or two"),
                      field<&S::seed>("1", "key of all random numbers: same file and seed, same bits", at_least(0))};
  }
};

/// [network.populations.NAME]
struct PopulationSettings {
  int64_t size = 0;
  PluginRef neuron{"iaf_psc_delta"};
  std::string_view file = "";
  PluginRef reader;
  static constexpr auto fields() {
    using S = PopulationSettings;
    return std::tuple{field<&S::size>("1", "number of neurons; with `file`, 0 takes what the file has", between(0, 2147483647)),
                      field<&S::neuron>("", "neuron model", plugin_of("neuron")),
                      field<&S::file>("", "file that names the neurons", file_name),
                      field<&S::reader>("", "how that file is read", plugin_of("reader"))};
  }
};

/// [network.populations.NAME.positions]
struct PositionSettings {
  std::string_view layout = "";
  std::span<const int64_t> shape;
  std::span<const double> extent;
  std::span<const double> center;
  std::string_view file = "";
  bool periodic = false;
  static constexpr auto fields() {
    using S = PositionSettings;
    return std::tuple{field<&S::layout>("", "how the neurons are placed: regularly, at random, or as a CSV file with columns x, y, z lists them",
                                        one_of("grid|uniform|listed"), required),
                      field<&S::shape>("1", "grid: number of neurons along x, y, z; x runs fastest", at_least(1)),
                      field<&S::extent>("um", "lengths of the box along x, y, z; as many as there are dimensions", above(0)),
                      field<&S::center>("um", "middle of the box; 0 when absent"),
                      field<&S::file>("", "listed: the file, a row a neuron, in um", file_name),
                      field<&S::periodic>("", "whether the box goes on at its other side, so that it has no border")};
  }
};

/// [network.projections.NAME]
struct ProjectionSettings {
  std::string_view source = "";
  std::string_view target = "";
  PluginRef connectivity;
  Distribution weight = Distribution::constant(1);
  double weight_scale = 1;
  Distribution delay = Distribution::constant(1);
  std::string_view sign = "any";
  PluginRef synapse{"static"};
  PluginRef learning_rule;
  double learning_stop = 0;
  double weight_sum = 0;
  std::string_view modulator = "";
  std::string_view receptor = "";
  static constexpr auto fields() {
    using S = ProjectionSettings;
    return std::tuple{field<&S::source>("", "population whose neurons send", required),
                      field<&S::target>("", "population whose neurons receive", required),
                      field<&S::connectivity>("", "who connects to whom", plugin_of("connectivity"), required),
                      field<&S::weight>("1", "synaptic weight, in the unit of the target's port; of edges that come without one from a file too"),
                      field<&S::weight_scale>("1", "factor on the weights that a file gives"),
                      field<&S::delay>("ms", "time from the spike to its arrival, a multiple of dt; drawn ones are rounded to the nearest, at least dt", above(0)),
                      field<&S::sign>("", "what the weights may be (Dale's law); one of the other sign is refused", one_of("any|excitatory|inhibitory")),
                      field<&S::synapse>("", "synapse model", plugin_of("synapse")),
                      field<&S::learning_rule>("", "how the weights change; none when absent", plugin_of("learning_rule")),
                      field<&S::learning_stop>("ms", "time after which the rule leaves the weights as they are; 0: never", at_least(0)),
                      field<&S::weight_sum>("1", "what the plastic weights that reach a neuron add up to, without their sign: each is multiplied by one factor, at the begin and every "
                                                 "learning_interval; 0: whatever the rule makes of it", at_least(0)),
                      field<&S::modulator>("", "population whose spikes are the learning rule's signal: reward, dopamine; none when empty"),
                      field<&S::receptor>("", "port of the target; chosen by the weight's sign when empty")};
  }
};

/// [network.groups.NAME]: some neurons of a population, under a name of their own.
struct GroupSettings {
  std::string_view population = "";
  std::span<const int64_t> neurons;
  std::span<const std::string_view> names;
  int64_t first = 0;
  int64_t count = 0;
  std::string_view file = "";
  std::string_view column = "";
  static constexpr auto fields() {
    using S = GroupSettings;
    return std::tuple{field<&S::population>("", "population that the neurons belong to", required),
                      field<&S::neurons>("1", "their numbers, from 0", at_least(0)),
                      field<&S::names>("", "or their names, where the population's file names them"),
                      field<&S::first>("1", "or the first of a range of numbers", at_least(0)),
                      field<&S::count>("1", "and the length of the range", at_least(0)),
                      field<&S::file>("", "or a CSV file that lists their names", file_name),
                      field<&S::column>("", "and the column in which they stand; names that the population lacks are left out")};
  }
};

/// [stimuli.NAME]
struct StimulusSettings {
  std::string_view target = "";
  PluginRef generator;
  double weight = 1;
  std::string_view receptor = "";
  static constexpr auto fields() {
    using S = StimulusSettings;
    return std::tuple{field<&S::target>("", "population or group that is driven", required),
                      field<&S::generator>("", "what drives it", plugin_of("stimulus"), required),
                      field<&S::weight>("1", "factor on what the generator gives, in the unit of the target's port for spikes"),
                      field<&S::receptor>("", "port of the target; chosen by the generator's kind and the weight's sign when empty")};
  }
};

/// [simulation]
struct SimulationSettings {
  double dt = 0.1;
  double duration = 0;
  double trial = 0;
  double learning_interval = 0;
  double checkpoint_interval = 10000;
  static constexpr auto fields() {
    using S = SimulationSettings;
    return std::tuple{field<&S::dt>("ms", "step of the simulation", at_least(1e-5)),
                      field<&S::duration>("ms", "length of the recording", above(0), required),
                      field<&S::trial>("ms", "neurons start anew at every multiple of it; 0: never", at_least(0)),
                      field<&S::learning_interval>("ms", "time between updates of learning rules on activity or on time; 0: every step", at_least(0)),
                      field<&S::checkpoint_interval>("ms", "time between checkpoints, from which `run --resume` goes on; 0: only one when it is interrupted",
                                                     at_least(0))};
  }
};

/// [record]
struct RecordSettings {
  std::span<const std::string_view> spikes;
  double signal_interval = 1;
  double weights_interval = 0;
  double flush_interval = 1000;
  static constexpr auto fields() {
    using S = RecordSettings;
    return std::tuple{field<&S::spikes>("", "populations whose spikes are kept; all spiking ones when absent"),
                      field<&S::signal_interval>("ms", "time between samples of the stimuli's signals", above(0)),
                      field<&S::weights_interval>("ms", "biological time between snapshots of plastic weights; 0: at the end only", at_least(0)),
                      field<&S::flush_interval>("ms", "wall-clock time after which a killed run loses nothing more", at_least(0))};
  }
};

/// [record.traces.NAME]
struct TraceSettings {
  std::string_view source = "";
  std::string_view variable = "V_m";
  double interval = 1;
  static constexpr auto fields() {
    using S = TraceSettings;
    return std::tuple{field<&S::source>("", "population or group", required),
                      field<&S::variable>("", "state variable of its neuron model, or \"activity\" of rate neurons"),
                      field<&S::interval>("ms", "time between samples, a multiple of dt", above(0))};
  }
};

/// [record.rates.NAME]
struct RateSettings {
  std::string_view source = "";
  double interval = 1;
  static constexpr auto fields() {
    using S = RateSettings;
    return std::tuple{field<&S::source>("", "population or group that spikes", required),
                      field<&S::interval>("ms", "width of the bins in which its spikes are counted, a multiple of dt", above(0))};
  }
};

/// [record.correlations.NAME]
struct CorrelationSettings {
  std::string_view source = "";
  std::string_view target = "";
  double delta_tau = 0;
  double tau_max = 0;
  double start = 0;
  static constexpr auto fields() {
    using S = CorrelationSettings;
    return std::tuple{field<&S::source>("", "population or group whose spikes come first where the lag is positive", required),
                      field<&S::target>("", "population or group whose spikes are compared with them; a spike makes no pair with itself", required),
                      field<&S::delta_tau>("ms", "width of the bins of lags, an odd multiple of dt, so that one is centred at lag 0; 0: 5 dt", at_least(0)),
                      field<&S::tau_max>("ms", "longest lag on either side, a multiple of delta_tau; 0: 10 delta_tau", at_least(0)),
                      field<&S::start>("ms", "time before which spikes are left out", at_least(0))};
  }
};

/// [model]
struct ModelSettings {
  PluginRef approximator{"dense"};
  std::string_view graph = "recorded";
  static constexpr auto fields() {
    using S = ModelSettings;
    return std::tuple{field<&S::approximator>("", "what stands in for the biological network", plugin_of("approximator")),
                      field<&S::graph>("", "approximators whose units are neurons: the network's own graph, or a null model of it, each projection of which has been "
                                       "rewired so that every neuron keeps the numbers of its synapses that come and go",
                                       one_of("recorded|shuffled"))};
  }
};

/// [report]
struct ReportSettings {
  double raster_begin = 0;
  double raster_length = 1000;
  static constexpr auto fields() {
    using S = ReportSettings;
    return std::tuple{field<&S::raster_begin>("ms", "begin of the stretch whose spikes are drawn", at_least(0)),
                      field<&S::raster_length>("ms", "length of that stretch", above(0))};
  }
};

/// One table of the experiment file, for docs and help.
struct SectionInfo {
  std::string path;     ///< "network.populations.NAME"
  std::string meaning;  ///< half a sentence
  const SchemaInfo* schema;
};
/// All tables of the experiment file, in the order in which they are read.
std::vector<SectionInfo> experiment_sections();

/// Named neurons: a population, or a part of one.
struct NeuronSet {
  std::string population;
  std::vector<int32_t> neurons;  ///< ascending; empty: all
  int64_t population_size = 0;
};

/// An experiment that has been read and checked.
struct Experiment {
  Registry* registry = nullptr;
  std::string file;           ///< path of the experiment file
  std::string text;           ///< as it was read
  std::string resolved_text;  ///< with --set and --seed applied
  Values head;                ///< ExperimentSettings
  uint64_t seed = 1;
  std::string title;

  std::vector<std::pair<std::string, Values>> files;  ///< FileSettings by name
  Blueprint blueprint;
  std::map<std::string, NeuronSet> groups;
  std::vector<Stimulus> stimuli;
  Values simulation, record;      ///< SimulationSettings, RecordSettings
  SimulationOptions options;
  std::vector<std::string> trace_names;  ///< [options.traces]
  std::map<std::string, std::string> rate_sources;                            ///< population or group by the name of the rate
  std::vector<std::pair<std::string, std::string>> correlation_sources;       ///< [options.correlations]: populations or groups

  bool has_samples = false;  ///< labelled samples out of files: there is no network and no recording
  Values samples;            ///< SampleOptions
  std::vector<std::pair<std::string, Values>> sample_inputs, sample_targets;  ///< SampleSpec by name

  bool has_dataset = false, has_model = false;
  Values dataset;
  std::vector<std::pair<std::string, Values>> inputs, targets;  ///< ChannelSpec by name
  Values model, training, evaluation, report;
  std::vector<std::pair<std::string, Values>> heads;  ///< HeadOptions by the name of their targets
  std::vector<PluginValue> metrics;
};

/// Names of the tables of targets, of a dataset or of samples.
std::vector<std::string> target_names(const Experiment& experiment);

/// Reads everything; document and registry must outlive the experiment. Throws Error with one sentence.
Experiment load(Document& document, Registry& registry);

/// What the stages after the simulation need, where the network, its groups and its recordings are those of an archive: tables that only the
/// simulation needs are left unread, and so are the files that they name.
Experiment load(Document& document, Registry& registry, const archive::Reader& archive);

/// Tables that the simulation alone stands on.
inline constexpr std::array<std::string_view, 5> simulation_tables = {"files", "network", "stimuli", "simulation", "record"};

}  // namespace proxon
