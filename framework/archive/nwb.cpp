// The NWB part of the skeleton: what pynwb's reader and validator ask of a file, /units for all spiking neurons, and
// time series that share their numbers with the SONATA reports.
#include "proxon/archive/skeleton.hpp"

namespace proxon::archive {

namespace {
void type_of(hid_t object, const char* name, const char* space) {
  write_attribute(object, "neurodata_type", name);
  write_attribute(object, "namespace", space);
}

void describe_series(SkeletonFile& file, const std::string& series, hid_t data, const std::string& unit,
                     double start_ms, double step_ms, const std::string& description) {
  const Handle group = file.group(series);
  type_of(group, "TimeSeries", "core");
  write_attribute(group, "description", description);
  write_attribute(group, "comments", "simulated");
  write_attribute(data, "unit", unit.empty() ? "1" : unit);
  write_attribute<float>(data, "conversion", 1.0f);
  write_attribute<float>(data, "resolution", -1.0f);
  // Exactly as stated: the rate of NWB is a float of 1/s.
  write_attribute(group, "proxon.start_ms", start_ms);
  write_attribute(group, "proxon.step_ms", step_ms);
  const double start_s = start_ms / 1000;
  const Handle start = file.array(series + "/starting_time", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {}, &start_s);
  write_attribute<float>(start, "rate", static_cast<float>(1000 / step_ms));
  write_attribute(start, "unit", "seconds");
}

void column(hid_t dataset, const char* type, const char* description) {
  type_of(dataset, type, "hdmf-common");
  write_attribute(dataset, "description", description);
}

void write_units(SkeletonFile& file, const Skeleton& skeleton) {
  hsize_t n = 0;
  for (const auto& population : skeleton.populations) n += population.spikes ? population.size : 0;
  if (n == 0) return;

  const Handle units = file.group("/units");
  type_of(units, "Units", "core");
  write_attribute(units, "description", "all spiking neurons, population after population");
  write_attribute(units, "colnames", std::vector<std::string>{"spike_times", "population", "node_id"});

  std::vector<std::int32_t> ids(n), nodes;
  for (hsize_t i = 0; i < n; ++i) ids[i] = static_cast<std::int32_t>(i);
  std::size_t width = 1;
  for (const auto& population : skeleton.populations) width = std::max(width, population.name.size());
  std::string names;
  for (const auto& population : skeleton.populations) {
    if (!population.spikes) continue;
    std::string name = population.name;
    name.resize(width, '\0');
    for (std::int32_t i = 0; i < population.size; ++i) nodes.push_back(i), names += name;
  }
  const Handle id = file.array<std::int32_t>("/units/id", ids);
  type_of(id, "ElementIdentifiers", "hdmf-common");
  column(file.array<std::int32_t>("/units/node_id", nodes), "VectorData", "number of the neuron in its population");
  const Handle text = text_type(width);
  column(file.array("/units/population", text, text, std::span(&n, 1), names.data()), "VectorData",
         "name of the population");

  // Spike times come when the recording is done; until then every unit has none.
  const double bound = file.duration_ms() > 0 ? file.duration_ms() * static_cast<double>(n) : 65536;
  const Handle times =
      file.stream(at::unit_times, H5T_NATIVE_DOUBLE, 0, static_cast<std::int64_t>(std::clamp(bound, 1024.0, 65536.0)));
  column(times, "VectorData", "spike times in seconds, unit after unit");
  const std::vector<std::uint64_t> ends(n, 0);
  const Handle index = file.array<std::uint64_t>(at::unit_index, ends);
  column(index, "VectorIndex", "end of each unit's spikes in spike_times");
  hobj_ref_t reference;
  h5(H5Rcreate(&reference, file.file(), at::unit_times.c_str(), H5R_OBJECT, -1), "cannot write", file.path());
  write_attribute(index, "target", H5T_STD_REF_OBJ, H5T_STD_REF_OBJ, &reference);
}

void write_correlations(SkeletonFile& file, const Skeleton& skeleton) {
  std::vector<std::string> names;
  for (const auto& correlation : skeleton.correlations) {
    const std::string where = at::correlation(correlation.name);
    const std::size_t n = correlation.lags_ms.size();
    const Handle table = file.group(where);
    type_of(table, "DynamicTable", "hdmf-common");
    write_attribute(table, "description",
                    fmt::format("pairs of spikes of {} and {}, by the time from the first to the second",
                                correlation.source, correlation.target));
    write_attribute(table, "colnames", std::vector<std::string>{"lag", "count", "chance"});
    std::vector<std::int32_t> ids(n);
    for (std::size_t i = 0; i < n; ++i) ids[i] = static_cast<std::int32_t>(i);
    type_of(file.array<std::int32_t>(where + "/id", ids), "ElementIdentifiers", "hdmf-common");
    std::vector<double> seconds;
    for (const double ms : correlation.lags_ms) seconds.push_back(ms / 1000);
    column(file.array<double>(where + "/lag", seconds), "VectorData", "middle of the bin, in seconds");
    column(file.array<std::int64_t>(where + "/count", std::vector<std::int64_t>(n)), "VectorData", "pairs in the bin");
    column(file.array<double>(where + "/chance", std::vector<double>(n)), "VectorData",
           "pairs that independent spikes of the same rates would make");
    names.insert(names.end(), {correlation.name, correlation.source, correlation.target});
  }
  file.texts(at::correlations, names, 3);
}
}  // namespace

void write_nwb(SkeletonFile& file, const Skeleton& skeleton) {
  const std::string started = skeleton.started.empty() ? now() : skeleton.started;
  const std::string hash = content_hash(skeleton.experiment, fmt::format("{} {}", skeleton.seed, skeleton.version));
  {
    const Handle root(H5Gopen2(file.file(), "/", H5P_DEFAULT));
    type_of(root, "NWBFile", "core");
    write_attribute(root, "nwb_version", "2.7.0");
    write_attribute(root, "object_id",
                    fmt::format("{}-{}-4{}-8{}-{}", hash.substr(0, 8), hash.substr(8, 4), hash.substr(13, 3),
                                hash.substr(17, 3), hash.substr(20, 12)));
  }
  file.scalar_text("/identifier", skeleton.identifier.empty() ? hash : skeleton.identifier);
  file.scalar_text("/session_description", skeleton.description.empty() ? "simulated network" : skeleton.description);
  file.scalar_text("/session_start_time", started);
  file.scalar_text("/timestamps_reference_time", started);
  file.texts("/file_create_date", {started});
  for (const char* name :
       {"/acquisition", "/analysis", "/processing", "/stimulus/presentation", "/stimulus/templates", "/general"})
    file.group(name);

  for (std::size_t i = 0; i < skeleton.traces.size(); ++i) {
    const auto& trace = skeleton.traces[i];
    const std::string report = at::report(report_name(skeleton.traces, i)),
                      series = at::acquisition(series_name(trace));
    const Handle data(H5Dopen2(file.file(), (report + "/data").c_str(), H5P_DEFAULT));
    describe_series(file, series, data, trace.unit, trace.start_ms, trace.step_ms,
                    fmt::format("{} of {} neurons of {}; columns are those of {}/mapping/node_ids", trace.variable,
                                trace.neurons.size(), trace.population, report));
    file.link(report + "/data", series + "/data");
  }

  std::vector<std::string> names;
  for (const auto& signal : skeleton.signals) {
    if (!(signal.step_ms > 0)) fail("the stimulus signal '{}' has a step of {} ms.", signal.name, signal.step_ms);
    const std::string series = at::signal(signal);
    double chunk = 1 << 18;
    if (file.duration_ms() > 0) chunk = std::clamp(1 + file.duration_ms() / signal.step_ms, 64.0, chunk);
    const Handle data = file.stream(series + "/data", H5T_NATIVE_FLOAT, 0, static_cast<std::int64_t>(chunk));
    describe_series(file, series, data, signal.unit, signal.start_ms, signal.step_ms, signal.description);
    names.insert(names.end(), {signal.name, signal.unit, signal.description, signal.population ? "population" : "stimulus"});
  }
  file.texts(at::signals, names, 4);
  write_correlations(file, skeleton);
  write_units(file, skeleton);
}

}  // namespace proxon::archive
