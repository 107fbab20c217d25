#include "proxon/experiment/replay.hpp"

#include <charconv>
#include <fstream>
#include <numeric>

#include "proxon/archive/foreign.hpp"
#include "proxon/base/csv.hpp"
#include "proxon/base/units.hpp"

namespace proxon {
namespace {

/// What a file holds, as the stimulus's lists; `values` is a row a time, a column a neuron.
struct Recorded {
  std::vector<double> times;
  std::vector<int64_t> neurons;
  std::vector<double> values;
};

/// Where to look, from the parameters.
struct Places {
  std::string file, series, time_column, neuron_column;
};

bool is_hdf5(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char head[8] = {};
  in.read(head, 8);
  return std::string_view(head, 8) == std::string_view("\x89HDF\r\n\x1a\n", 8);
}

/// The member of a group that is named, or the only one.
std::string choose(const std::string& file, const std::string& group, const std::string& series) {
  std::vector<std::string> names;
  for (std::string name : archive::list(file, group)) {
    if (name.back() == '/') name.pop_back();
    if (name == series) return name;
    names.push_back(name);
  }
  if (!series.empty())
    fail("'{}' has no '{}/{}'; it has: {}.{}", file, group, series, fmt::join(names, ", "),
         did_you_mean(series, names));
  if (names.size() != 1)
    fail("'{}' has {} series in '{}'; set `series` to one of: {}.", file, names.size(), group, fmt::join(names, ", "));
  return names[0];
}

/// Spikes in order of time; those of one time in order of the neuron.
Recorded in_order(const std::vector<double>& times, const std::vector<int64_t>& neurons) {
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return std::pair(times[a], neurons[a]) < std::pair(times[b], neurons[b]); });
  Recorded all;
  for (const size_t k : order) all.times.push_back(times[k]), all.neurons.push_back(neurons[k]);
  return all;
}

int64_t whole(double number, const std::string& where) {
  if (number < 0 || number != std::floor(number) || number > 2147483647)
    fail("{}: {} is no number of a neuron.", where, number);
  return static_cast<int64_t>(number);
}

/// A factor to milliseconds from the `units` attribute of SONATA times.
double to_ms(const std::string& file, const std::string& object) {
  if (!archive::has_attribute(file, object, "units")) return 1;
  const auto value = archive::read_attribute(file, object, "units");
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (!texts || texts->empty()) return 1;
  return convert(1, texts->front() == "milliseconds" ? "ms" : texts->front() == "seconds" ? "s" : texts->front(), "ms");
}

Recorded sonata_spikes(const Places& p) {
  const std::string group = "/spikes/" + choose(p.file, "/spikes", p.series);
  std::vector<double> times = archive::read_numbers(p.file, group + "/timestamps");
  const std::vector<double> ids = archive::read_numbers(p.file, group + "/node_ids");
  if (times.size() != ids.size())
    fail("'{}' has {} timestamps and {} node_ids in '{}'.", p.file, times.size(), ids.size(), group);
  const double factor = to_ms(p.file, group + "/timestamps");
  std::vector<int64_t> neurons;
  for (const double id : ids) neurons.push_back(whole(id, p.file + ": " + group + "/node_ids"));
  for (double& t : times) t *= factor;
  return in_order(times, neurons);
}

/// A unit is the neuron of its `id`, or of its row.
Recorded nwb_units(const Places& p) {
  const std::vector<double> seconds = archive::read_numbers(p.file, "/units/spike_times");
  const std::vector<double> ends = archive::read_numbers(p.file, "/units/spike_times_index");
  std::vector<double> ids;
  if (archive::contains(p.file, "/units/id")) ids = archive::read_numbers(p.file, "/units/id");
  std::vector<double> times;
  std::vector<int64_t> neurons;
  size_t k = 0;
  for (size_t unit = 0; unit < ends.size(); ++unit)
    for (; k < static_cast<size_t>(ends[unit]) && k < seconds.size(); ++k) {
      times.push_back(seconds[k] * 1e3);
      neurons.push_back(unit < ids.size() ? whole(ids[unit], p.file + ": /units/id") : static_cast<int64_t>(unit));
    }
  return in_order(times, neurons);
}

Recorded text_spikes(const Places& p) {
  CsvFile csv(p.file);
  const size_t time = csv.column(p.time_column), neuron = csv.column(p.neuron_column);
  std::vector<double> times;
  std::vector<int64_t> neurons;
  for (std::vector<std::string> row; csv.next(row);) {
    times.push_back(csv.number(row, time));
    neurons.push_back(whole(csv.number(row, neuron), csv.where()));
  }
  return in_order(times, neurons);
}

/// Sorts the columns by neuron.
Recorded by_neuron(std::vector<double> times, const std::vector<int64_t>& neurons, const std::vector<double>& values) {
  std::vector<size_t> order(neurons.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return neurons[a] < neurons[b]; });
  Recorded all{std::move(times), {}, {}};
  for (const size_t k : order) all.neurons.push_back(neurons[k]);
  all.values.reserve(values.size());
  for (size_t row = 0; row < all.times.size(); ++row)
    for (const size_t k : order) all.values.push_back(values[row * order.size() + k]);
  return all;
}

Recorded sonata_currents(const Places& p) {
  const std::string group = "/report/" + choose(p.file, "/report", p.series);
  std::vector<double> values = archive::read_numbers(p.file, group + "/data");
  const std::vector<double> ids = archive::read_numbers(p.file, group + "/mapping/node_ids");
  const std::vector<double> clock = archive::read_numbers(p.file, group + "/mapping/time");
  if (ids.empty() || clock.size() != 3 || values.size() % ids.size() != 0)
    fail("'{}' has a report '{}' whose data, node_ids and time do not fit together.", p.file, group);
  if (archive::has_attribute(p.file, group + "/data", "units")) {
    const auto unit = archive::read_attribute(p.file, group + "/data", "units");
    if (const auto* texts = std::get_if<std::vector<std::string>>(&unit); texts && !texts->empty())
      for (const double factor = convert(1, texts->front(), "pA"); double& value : values) value *= factor;
  }
  std::vector<double> times;
  std::vector<int64_t> neurons;
  for (size_t k = 0; k < values.size() / ids.size(); ++k) times.push_back(clock[0] + static_cast<double>(k) * clock[2]);
  for (const double id : ids) neurons.push_back(whole(id, p.file + ": " + group + "/mapping/node_ids"));
  return by_neuron(std::move(times), neurons, values);
}

/// data [times] or [times][neurons] in amperes, after its `conversion`; timestamps, or starting_time and its rate, in
/// seconds.
Recorded nwb_currents(const Places& p) {
  const std::string group =
      p.series.empty() ? "/stimulus/presentation/" + choose(p.file, "/stimulus/presentation", "") : p.series;
  const std::vector<int64_t> shape = archive::shape(p.file, group + "/data");
  Recorded all;
  all.values = archive::read_numbers(p.file, group + "/data");
  auto number = [&](const std::string& object, const char* name, double otherwise) {
    if (!archive::has_attribute(p.file, object, name)) return otherwise;
    const auto value = archive::read_attribute(p.file, object, name);
    const auto* numbers = std::get_if<std::vector<double>>(&value);
    return numbers && !numbers->empty() ? numbers->front() : otherwise;
  };
  double factor = number(group + "/data", "conversion", 1);
  std::string unit = "A";
  if (archive::has_attribute(p.file, group + "/data", "unit")) {
    const auto value = archive::read_attribute(p.file, group + "/data", "unit");
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value); texts && !texts->empty())
      unit = texts->front();
  }
  factor = convert(factor, unit == "amperes" || unit == "ampere" ? "A" : unit, "pA");
  for (double& value : all.values) value *= factor;

  const int64_t rows = shape.empty() ? 0 : shape[0];
  if (archive::contains(p.file, group + "/timestamps")) {
    for (const double t : archive::read_numbers(p.file, group + "/timestamps")) all.times.push_back(t * 1e3);
  } else {
    const std::vector<double> start = archive::read_numbers(p.file, group + "/starting_time");
    const double rate = number(group + "/starting_time", "rate", 0);
    if (!(rate > 0) || start.empty())
      fail("'{}' has a series '{}' with neither timestamps nor a starting_time with its rate.", p.file, group);
    for (int64_t k = 0; k < rows; ++k) all.times.push_back((start[0] + static_cast<double>(k) / rate) * 1e3);
  }
  if (shape.size() > 1)
    for (int64_t i = 0; i < shape[1]; ++i) all.neurons.push_back(i);
  return all;
}

Recorded text_currents(const Places& p) {
  CsvFile csv(p.file);
  const size_t time = csv.column(p.time_column), columns = csv.header().size();
  std::vector<int64_t> neurons;
  for (size_t c = 0; c < columns; ++c) {
    if (c == time || columns == 2) continue;
    const std::string& name = csv.header()[c];
    int64_t neuron = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), neuron);
    if (error != std::errc() || end != name.data() + name.size() || neuron < 0)
      fail("{}:1: the column '{}' is not the number of a neuron.", p.file, name);
    neurons.push_back(neuron);
  }
  std::vector<double> times, values;
  for (std::vector<std::string> row; csv.next(row);) {
    times.push_back(csv.number(row, time));
    for (size_t c = 0; c < columns; ++c)
      if (c != time) values.push_back(csv.number(row, c));
  }
  if (neurons.empty()) return {std::move(times), {}, std::move(values)};
  return by_neuron(std::move(times), neurons, values);
}

Recorded read_recording(const Places& p, bool currents) {
  if (!is_hdf5(p.file)) return currents ? text_currents(p) : text_spikes(p);
  if (currents)
    return archive::contains(p.file, "/report") && !p.series.starts_with('/') ? sonata_currents(p) : nwb_currents(p);
  if (archive::contains(p.file, "/spikes")) return sonata_spikes(p);
  if (archive::contains(p.file, "/units/spike_times")) return nwb_units(p);
  fail("'{}' holds neither SONATA spikes (/spikes) nor NWB units (/units/spike_times).", p.file);
}

}  // namespace

void fill_from_recording(PluginValue& generator, int64_t targets) {
  Values& values = generator.values;
  auto text = [&](const char* name) {
    const FieldInfo* field = values.find(name);
    return field && field->type == FieldType::text ? std::string(*reinterpret_cast<const std::string_view*>(
                                                         static_cast<const char*>(values.data()) + field->offset))
                                                   : std::string();
  };
  auto list = [&](const char* name) {
    const FieldInfo* field = values.find(name);
    return field && field->flags & field_filled ? field : nullptr;
  };
  const FieldInfo *times = list("times"), *neurons = list("neurons"), *currents = list("values");
  if (!times || !neurons) return;

  // Read the file, where there is one.
  auto whole_numbers = [&] {
    return *reinterpret_cast<const std::span<const int64_t>*>(static_cast<const char*>(values.data()) +
                                                              neurons->offset);
  };
  if (const Places places{text("file"), text("series"), text("time_column"), text("neuron_column")};
      !places.file.empty()) {
    const auto given =
        *reinterpret_cast<const std::span<const double>*>(static_cast<const char*>(values.data()) + times->offset);
    if (!given.empty()) fail("{}: has `file` and `times`; give one of them.", generator.name);
    Recorded all;
    try {
      all = read_recording(places, currents != nullptr);
    } catch (const std::runtime_error& error) {
      fail("{}: {}", generator.name, error.what());
    }
    if (all.times.empty())
      fail("{}: the file {} holds no {}.", generator.name, places.file, currents ? "samples" : "spikes");
    values.set(*times, std::move(all.times));
    values.set(*neurons, std::move(all.neurons));
    if (currents) values.set(*currents, std::move(all.values));
  }
  for (const int64_t neuron : whole_numbers())
    if (neuron >= targets)
      fail("{}: replays neuron {}, and the target population has neurons 0 to {}.", generator.name, neuron,
           targets - 1);
}

}  // namespace proxon
