#include "proxon/experiment/replay.hpp"

#include <charconv>
#include <fstream>
#include <numeric>
#include <optional>

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
  std::string file, series, time_column, neuron_column, value_column;
  double time_scale = 1;
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
  if (names.empty()) fail("'{}' has nothing in '{}'.", file, group);
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

/// Files before SONATA had populations hold their spikes in /spikes itself, and call node_ids gids.
Recorded sonata_spikes(const Places& p) {
  const bool old = archive::contains(p.file, "/spikes/timestamps");
  if (old && !p.series.empty()) fail("'{}' has its spikes in '/spikes' itself, of no population; leave `series` out.", p.file);
  const std::string group = old ? "/spikes" : "/spikes/" + choose(p.file, "/spikes", p.series);
  const char* neuron = archive::contains(p.file, group + "/node_ids") ? "node_ids" : "gids";
  std::vector<double> times = archive::read_numbers(p.file, group + "/timestamps");
  const std::vector<double> ids = archive::read_numbers(p.file, fmt::format("{}/{}", group, neuron));
  if (times.size() != ids.size())
    fail("'{}' has {} timestamps and {} {} in '{}'.", p.file, times.size(), ids.size(), neuron, group);
  const double factor = to_ms(p.file, group + "/timestamps");
  std::vector<int64_t> neurons;
  for (const double id : ids) neurons.push_back(whole(id, fmt::format("{}: {}/{}", p.file, group, neuron)));
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

/// A number that is the whole text; else none.
std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Text in columns as laboratories write it: parted by commas, semicolons, tabs or blanks, lines that begin with # passed over, with a line that
/// names the columns, or without one (then they go by their numbers, from 0).
class TextRecording {
 public:
  explicit TextRecording(const std::string& path) : file_(open(path)) { ended_ = !file_.next(row_); }

  size_t columns() const { return named() ? file_.header().size() : row_.size(); }
  bool named() const { return !file_.header().empty(); }
  const std::vector<std::string>& header() const { return file_.header(); }
  size_t column(const std::string& name) const {
    if (named()) return file_.column(name);
    const std::optional<double> number = number_in(name);
    if (!number || *number < 0 || *number != std::floor(*number) || *number >= static_cast<double>(columns()))
      fail("{}: has no line that names its {} columns, so that they go by their numbers from 0, and '{}' is none of them.", file_.where(), columns(), name);
    return static_cast<size_t>(*number);
  }
  /// use(number of a column -> its number in this row) for each row.
  template <class Use>
  void each_row(Use use) {
    const size_t width = columns();
    for (; !ended_; ended_ = !file_.next(row_)) {
      if (row_.size() != width) fail("{}: has {} fields where the first line has {}.", file_.where(), row_.size(), width);
      use([&](size_t column) { return file_.number(row_, column); });
    }
  }
  std::string where() const { return file_.where(); }

 private:
  static constexpr char comment = '#';

  /// Finds the separator, and whether columns have names, from the first line that says something.
  static CsvFile open(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    size_t begin = std::string::npos;
    while (begin == std::string::npos && std::getline(in, line)) {
      begin = line.find_first_not_of(" \t\r");
      if (begin != std::string::npos && line[begin] == comment) begin = std::string::npos;
    }
    char separator = ' ';
    for (const char candidate : {'\t', ';', ','})
      if (line.find(candidate) != std::string::npos) separator = candidate;
    bool header = false;
    if (std::vector<std::string> row; begin != std::string::npos && CsvFile(path, separator, false, comment).next(row))
      header = std::any_of(row.begin(), row.end(), [](const std::string& field) { return !number_in(field); });
    return CsvFile(path, separator, header, comment);
  }

  CsvFile file_;
  std::vector<std::string> row_;
  bool ended_ = false;
};

Recorded text_spikes(const Places& p) {
  TextRecording text(p.file);
  std::vector<double> times;
  std::vector<int64_t> neurons;
  if (text.columns() == 0) return {};
  const size_t time = text.column(p.time_column), neuron = p.neuron_column.empty() ? 0 : text.column(p.neuron_column);
  text.each_row([&](const auto& number) {
    times.push_back(number(time) * p.time_scale);
    neurons.push_back(p.neuron_column.empty() ? 0 : whole(number(neuron), text.where()));
  });
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
  const bool is_path = p.series.find('/') != std::string::npos;
  const std::string group = is_path ? p.series : "/stimulus/presentation/" + choose(p.file, "/stimulus/presentation", p.series);
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
  TextRecording text(p.file);
  if (text.columns() == 0) return {};
  const size_t time = text.column(p.time_column), columns = text.columns();
  std::vector<size_t> kept;
  std::vector<int64_t> neurons;
  if (!p.value_column.empty()) kept.push_back(text.column(p.value_column));
  for (size_t c = 0; c < columns && p.value_column.empty(); ++c) {
    if (c == time) continue;
    kept.push_back(c);
    if (columns == 2) continue;
    if (!text.named()) fail("{}: has {} columns without names; value_column says which of them is the current.", text.where(), columns);
    const std::string& name = text.header()[c];
    const std::optional<double> neuron = number_in(name);
    if (!neuron) fail("{}: the column '{}' is not the number of a neuron.", p.file, name);
    neurons.push_back(whole(*neuron, p.file));
  }
  std::vector<double> times, values;
  text.each_row([&](const auto& number) {
    times.push_back(number(time) * p.time_scale);
    for (const size_t c : kept) values.push_back(number(c));
  });
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

/// Several recordings, one a trial, as one: what a file has before its begin or after its trial's end is left out, and nothing flows from a file's
/// end to the next trial. `files` are read by `read`.
template <class Read>
Recorded in_trials(const std::vector<std::string>& files, double trial, Read read) {
  Recorded all, one;
  for (size_t k = 0; k < files.size(); ++k) {
    if (k == 0 || files[k] != files[k - 1]) one = read(files[k]);
    const bool currents = !one.values.empty();
    const size_t width = std::max<size_t>(1, one.neurons.size());
    if (currents && k > 0 && one.neurons != all.neurons) fail("{}: has other neurons than {}.", files[k], files[0]);
    if (currents) all.neurons = one.neurons;
    const double begin = static_cast<double>(k) * trial, slack = 1e-9 * trial;
    size_t n = 0;
    for (size_t i = 0; i < one.times.size(); ++i) {
      const double t = one.times[i];
      if (t < 0 || t > trial + slack || (currents && t > trial - slack)) continue;
      all.times.push_back(begin + t), ++n;
      if (!currents)
        all.neurons.push_back(one.neurons[i]);
      else
        all.values.insert(all.values.end(), one.values.begin() + static_cast<long>(i * width), one.values.begin() + static_cast<long>((i + 1) * width));
    }
    if (!currents || n < 2 || k + 1 == files.size()) continue;
    const double end = 2 * all.times.back() - all.times[all.times.size() - 2];
    if (end > begin + trial - slack) continue;
    all.times.push_back(end);
    all.values.insert(all.values.end(), width, 0.0);
  }
  return all;
}

}  // namespace

void fill_from_recording(PluginValue& generator, int64_t targets) {
  Values& values = generator.values;
  auto held = [&]<class T>(const char* name, FieldType type, T otherwise) {
    const FieldInfo* field = values.find(name);
    return field && field->type == type ? *reinterpret_cast<const T*>(static_cast<const char*>(values.data()) + field->offset) : otherwise;
  };
  auto text = [&](const char* name) { return std::string(held(name, FieldType::text, std::string_view())); };
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
  Places places{text("file"), text("series"), text("time_column"), text("neuron_column"), text("value_column"),
                held("time_scale", FieldType::real, 1.0)};
  const auto listed = held("files", FieldType::texts, std::span<const std::string_view>());
  if (!places.file.empty() || !listed.empty()) {
    const std::vector<std::string> files(listed.begin(), listed.end());
    const double trial = held("trial", FieldType::real, 0.0);
    if (!held("times", FieldType::reals, std::span<const double>()).empty())
      fail("{}: has `{}` and `times`; give one of them.", generator.name, files.empty() ? "file" : "files");
    if (!files.empty() && !places.file.empty()) fail("{}: has `file` and `files`; give one of them.", generator.name);
    if (!files.empty() && trial == 0) fail("{}: has `files`, one a trial, and no `trial`, the time from one to the next.", generator.name);
    auto read = [&](const std::string& file) {
      places.file = file;
      Recorded one = read_recording(places, currents != nullptr);
      if (one.times.empty()) fail("the file {} holds no {}.", file, currents ? "samples" : "spikes");
      for (const auto& [what, numbers] : {std::pair{"time", &one.times}, {"current", &one.values}})
        for (const double number : *numbers)
          if (!std::isfinite(number)) fail("the file {} holds a {} that is no finite number; leave out what was not recorded.", file, what);
      return one;
    };
    Recorded all;
    try {
      all = files.empty() ? read(places.file) : in_trials(files, trial, read);
    } catch (const std::runtime_error& error) {
      fail("{}: {}", generator.name, error.what());
    }
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
