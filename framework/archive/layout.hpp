// Where things stand in the file, and the rows of its tables; inside this room only. A stream is a data set that grows
// or is rewritten after the skeleton: /proxon/streams/names lists them, /proxon/streams/rows holds how many rows of
// each were flushed. Change anything here and `layout_version` changes with it. docs/archive.md says the same to users.
#pragma once
#include <string>

#include "proxon/archive/hdf5.hpp"
#include "proxon/archive/records.hpp"

namespace proxon::archive {

inline constexpr std::int64_t layout_version = 5;

namespace at {
inline const std::string root = "/proxon";
inline const std::string stream_names = "/proxon/streams/names";
inline const std::string stream_rows = "/proxon/streams/rows";
inline const std::string populations = "/proxon/populations";  ///< [n, 2] texts: name, model
inline const std::string projections =
    "/proxon/projections";                             ///< [n, 6] texts: name, source, target, synapse, rule, unit
inline const std::string traces = "/proxon/traces";    ///< [n, 4] texts: report, population, variable, unit
inline const std::string signals = "/proxon/signals";  ///< [n, 4] texts: name, unit, description, "stimulus" or "population"
inline const std::string correlations = "/proxon/correlations";  ///< [n, 3] texts: name, source, target
inline const std::string parameters = "/proxon/parameters";  ///< groups with attributes
inline const std::string stage_parameters = "/proxon/stage_parameters";
inline const std::string plugins = "/proxon/plugins";
inline const std::string stages = "/proxon/stages";
inline const std::string log = "/proxon/text/log";
inline const std::string model_text = "/proxon/text/model";
inline const std::string checkpoint = "/proxon/checkpoint";  ///< of the simulation; a, b: bytes
inline const std::string layers = "/proxon/model/layers";
inline const std::string theta = "/proxon/model/theta";
inline const std::string epochs = "/proxon/training/epochs";
inline const std::string training_checkpoint = "/proxon/training/checkpoint";  ///< a, b: bytes
inline const std::string channels = "/proxon/predictions/channels";
inline const std::string prediction_time = "/proxon/predictions/time_ms";
inline const std::string prediction_split = "/proxon/predictions/split";
inline const std::string target = "/proxon/predictions/target";
inline const std::string prediction = "/proxon/predictions/prediction";
inline const std::string baseline = "/proxon/predictions/baseline";
inline const std::string metrics = "/proxon/metrics";
inline const std::string metric_baselines = "/proxon/metric_baselines";
inline const std::string unit_times = "/units/spike_times";
inline const std::string unit_index = "/units/spike_times_index";

inline std::string text(std::string_view slot) { return "/proxon/text/" + std::string(slot); }
inline std::string nodes(const std::string& population) { return "/nodes/" + population; }
inline std::string edges(const std::string& projection) { return "/edges/" + projection; }
inline std::string spike_times(const std::string& population) { return "/spikes/" + population + "/timestamps"; }
inline std::string spike_nodes(const std::string& population) { return "/spikes/" + population + "/node_ids"; }
inline std::string snapshot_times(const std::string& projection) {
  return "/proxon/weights/" + projection + "/time_ms";
}
inline std::string snapshots(const std::string& projection) { return "/proxon/weights/" + projection + "/weights"; }
inline std::string report(const std::string& name) { return "/report/" + name; }
inline std::string acquisition(const std::string& name) { return "/acquisition/" + name; }
inline std::string signal(const SignalRecord& signal) {
  return (signal.population ? "/acquisition/" : "/stimulus/presentation/") + signal.name;
}
inline std::string correlation(const std::string& name) { return "/analysis/" + name; }
}  // namespace at

/// SONATA report of trace i: the population's name for its first variable, POPULATION.VARIABLE for the others.
std::string report_name(const std::vector<TraceRecord>& traces, std::size_t i);

/// NWB time series of a trace: POPULATION.VARIABLE.
inline std::string series_name(const TraceRecord& trace) { return trace.population + "." + trace.variable; }

// Rows of tables. Texts are UTF-8, padded with zeros.
struct LayerRow {
  char name[64];
  std::int64_t inputs, outputs, weight, bias;
  char activation[32];
};
struct MetricRow {
  char name[64], scope[128];
  double value;
  std::int64_t n;
  std::uint8_t defined;
  char reason[256], meaning[256], range[64];
};
/// What stands beside row `metric` of the metrics.
struct MetricBaselineRow {
  std::int64_t metric;
  char name[64];
  double value;
  std::uint8_t defined;
  char reason[256];
};
struct StageRow {
  char name[32];
  double seconds;
  char finished[40];
};
struct PluginRow {
  char kind[32], name[64], file[256], stamp[512];
};
/// One value of an attribute of a later stage's object; a list of numbers takes one row a number.
struct ParameterRow {
  char object[128], name[64];
  std::uint8_t kind;  ///< 0 number, 1 integer, 2 yes or no, 3 text, 4 list of numbers, 5 an empty list, 6 an object
                      ///< without attributes
  double number;
  std::int64_t integer;
  char text[1024], unit[16];
};
struct ChannelRow {
  char name[128];
};

/// HDF5 type of a row, in memory as in the file.
template <class Row>
Handle row_type();

/// Copies text into a field. With `exact`, text that does not fit is an Error; else its end becomes "...".
void put_text(char* field, std::size_t size, std::string_view text, bool exact);
template <std::size_t N>
void put_text(char (&field)[N], std::string_view text, bool exact = false) {
  put_text(field, N, text, exact);
}
template <std::size_t N>
std::string get_text(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

/// Now, in UTC, as ISO 8601.
std::string now();

/// FNV-1a over text, going on from an earlier value: a name for bytes, not a proof against forgery.
inline constexpr std::uint64_t fnv1a_begin = 0xcbf29ce484222325u;
std::uint64_t fnv1a(std::string_view text, std::uint64_t value = fnv1a_begin);

/// The text in which numbers of the skeleton differ per run: 32 hexadecimal digits from the run's own content.
std::string content_hash(std::string_view a, std::string_view b);

/// Writes the whole skeleton into a new file at `path`.
void write_skeleton(const std::string& path, const Skeleton& skeleton);

/// Rows [begin, end) of a stream become the sorted list of objects, and back.
std::vector<ParameterRow> parameter_rows(std::span<const Object> objects);
std::vector<Object> objects_of(std::span<const ParameterRow> rows);

}  // namespace proxon::archive
