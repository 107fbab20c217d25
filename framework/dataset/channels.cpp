#include "proxon/dataset/channels.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"

namespace proxon {
namespace {

/// Slack for times that are multiples of a step up to rounding, as a share of a bin or an interval.
constexpr double slack = 1e-6;

/// x, or the whole number that it is up to rounding.
double snapped(double x) {
  const double whole = std::round(x);
  return std::fabs(x - whole) < slack ? whole : x;
}

template <class List, class Name>
std::vector<std::string> names_of(const List& list, Name name) {
  std::vector<std::string> names;
  for (const auto& element : list) names.push_back(name(element));
  return names;
}

/// A signal as a channel's source names it.
std::string full_name(const SignalInfo& signal) { return (signal.population ? "rate:" : "stimulus:") + signal.name; }

/// The place of each of `available` among `wanted` (all of them in order when none is wanted); -1 where it is not
/// wanted.
std::vector<int32_t> columns_of(std::span<const int32_t> available, std::span<const int64_t> wanted,
                                const std::string& text) {
  std::vector<int32_t> column(available.size(), -1);
  if (wanted.empty()) {
    std::iota(column.begin(), column.end(), 0);
    return column;
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto found = std::find(available.begin(), available.end(), wanted[i]);
    if (found == available.end())
      fail("neuron {} is not among the {} recorded neurons of {}: take one of {} .. {}.", wanted[i], available.size(),
           text, available.empty() ? 0 : available.front(), available.empty() ? 0 : available.back());
    int32_t& place = column[static_cast<size_t>(found - available.begin())];
    if (place >= 0) fail("neuron {} of {} is listed twice.", wanted[i], text);
    place = static_cast<int32_t>(i);
  }
  return column;
}

}  // namespace

Channels::Channels(const RecordingSource& recording, std::span<const ChannelSpec> specs, const std::string& side,
                   double bin)
    : side_(side), bin_(bin), bins_(static_cast<int64_t>(std::floor(recording.end / bin + slack))) {
  if (specs.empty()) fail("a dataset needs at least one {} channel: give a source such as \"population:NAME\".", side);
  for (const ChannelSpec& spec : specs) add(recording, spec);
}

void Channels::add(const RecordingSource& recording, const ChannelSpec& spec) {
  const auto signals = names_of(recording.signals, [](const SignalInfo& signal) { return full_name(signal); });
  const auto populations = names_of(recording.populations, [](const auto& population) { return population.name; });

  // What the source is
  const size_t colon = spec.source.find(':');
  const std::string_view kind = spec.source.substr(0, colon);
  const std::string_view name = colon == std::string_view::npos ? "" : spec.source.substr(colon + 1);
  if ((kind == "stimulus" || kind == "rate") && colon != std::string_view::npos) return add_signal(recording, spec);
  if (kind != "population" || colon == std::string_view::npos) {
    std::vector<std::string> known = signals;
    for (const auto& population : populations) known.push_back("population:" + population);
    std::string meant = did_you_mean(spec.source, known);
    for (const auto& full : known)
      if (full.substr(full.find(':') + 1) == spec.source) meant = fmt::format(" Did you mean '{}'?", full);
    fail("the {} source '{}' is neither \"stimulus:NAME\" nor \"population:NAME\" nor \"rate:NAME\".{}", side_, spec.source, meant);
  }
  const auto found = std::find(populations.begin(), populations.end(), name);
  if (found == populations.end())
    fail("the {} source '{}' names no population of the recording.{}", side_, spec.source,
         did_you_mean(name, populations));

  // What of a population
  const int population = static_cast<int>(found - populations.begin());
  if (spec.what.empty() || spec.what == "rate") return add_spikes(recording, population, spec, true);
  if (spec.what == "spikes") return add_spikes(recording, population, spec, false);
  add_trace(recording, population, spec);
}

void Channels::add_channel(std::string name, std::string unit, bool rate) {
  names_.push_back(std::move(name));
  units_.push_back(std::move(unit));
  rate_.push_back(rate);
}

void Channels::covers(double first, double last) {
  first_bin_ = std::max(first_bin_, static_cast<int64_t>(std::ceil(first / bin_ - slack)));
  bins_ = std::min(bins_, static_cast<int64_t>(std::floor(last / bin_ + slack)));
}

void Channels::add_signal(const RecordingSource& recording, const ChannelSpec& spec) {
  const auto signals = names_of(recording.signals, [](const SignalInfo& signal) { return full_name(signal); });
  const auto found = std::find(signals.begin(), signals.end(), spec.source);
  const bool rate = spec.source.starts_with("rate:");
  if (found == signals.end())
    fail("the {} source '{}' names no {}.{}", side_, spec.source,
         rate ? "rate that was recorded ([record.rates.NAME])" : "stimulus whose signal was recorded",
         did_you_mean(spec.source, signals));
  const char* what = rate ? "recorded rate" : "stimulus";
  const bool label = spec.what == "class" && !rate;
  if (!spec.what.empty() && spec.what != "rate" && spec.what != "signal" && !label)
    fail("a {} gives its signal alone: leave out what = \"{}\" of the {} '{}'.", what, spec.what, side_, spec.source);
  if (!spec.neurons.empty())
    fail("a {} has one signal for all: leave out neurons of the {} '{}'.", what, side_, spec.source);
  const int index = static_cast<int>(found - signals.begin());
  const SignalInfo& info = recording.signals[static_cast<size_t>(index)];
  covers(info.start,
         info.start + static_cast<double>(recording.signal_rows[static_cast<size_t>(index)]) * info.interval);
  if (label) {
    // The numbers of labels begin at 1; 0 means that nothing is shown.
    float most = 0;
    for (const float value : recording.signal(index, 0, recording.signal_rows[static_cast<size_t>(index)])) {
      if (!(value >= 0 && value < 1e6f && value == std::floor(value)))
        fail("what = \"class\" of the {} '{}' needs a stimulus that shows labelled samples, and the signal of this one has the value {}.", side_,
             spec.source, value);
      most = std::max(most, value);
    }
    if (most == 0) fail("what = \"class\" of the {} '{}': nothing was shown in the recording.", side_, spec.source);
    groups_.push_back({What::label, index, size(), static_cast<int64_t>(most), 0, {}, fmt::format("the class of stimulus '{}'", info.name)});
    for (int k = 0; k < static_cast<int>(most); ++k) add_channel(fmt::format("{}", k), "1", false);
    return;
  }
  groups_.push_back({What::signal, index, size(), 1, 0, {}, fmt::format("the {} '{}'", rate ? "rate" : "signal of stimulus", info.name)});
  add_channel(rate ? info.name + " rate" : info.name, info.unit, rate);
}

void Channels::add_spikes(const RecordingSource& recording, int population, const ChannelSpec& spec, bool rate) {
  const auto& [name, count, recorded] = recording.populations[static_cast<size_t>(population)];
  if (!recorded)
    fail(
        "population '{}' has no recorded spikes, so it cannot be the {} \"{}\": record them, or, where its neurons do "
        "not spike, take "
        "a recorded variable (what = \"activity\").",
        name, side_, rate ? "rate" : "spikes");
  std::vector<int32_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  std::vector<int32_t> column = columns_of(all, spec.neurons, fmt::format("population '{}'", name));
  const int64_t chosen = spec.neurons.empty() ? count : static_cast<int64_t>(spec.neurons.size());
  if (chosen == 0) fail("population '{}' has no neurons, so it cannot be {}.", name, side_);
  if (rate)
    for (int32_t& place : column) place = std::min(place, 0);
  const double scale = rate ? 1000 / (static_cast<double>(chosen) * bin_) : 1;
  groups_.push_back({rate ? What::rate : What::spikes, population, size(), rate ? 1 : chosen, scale, std::move(column),
                     fmt::format("population '{}'", name)});
  if (rate)
    return add_channel(
        spec.neurons.empty() ? fmt::format("{} rate", name) : fmt::format("{}[{} of {}] rate", name, chosen, count),
        "Hz", true);
  for (int64_t i = 0; i < chosen; ++i)
    add_channel(fmt::format("{}[{}] spikes", name, spec.neurons.empty() ? i : spec.neurons[static_cast<size_t>(i)]),
                "1", false);
}

void Channels::add_trace(const RecordingSource& recording, int population, const ChannelSpec& spec) {
  const std::string& name = recording.populations[static_cast<size_t>(population)].name;
  std::vector<std::string> known{"rate", "spikes"};
  int index = -1;
  for (size_t i = 0; i < recording.traces.size(); ++i) {
    if (recording.traces[i].population != name) continue;
    known.push_back(recording.traces[i].variable);
    if (index < 0 && recording.traces[i].variable == spec.what) index = static_cast<int>(i);
  }
  if (index < 0)
    fail("what = \"{}\" of the {} '{}' is neither \"rate\", \"spikes\" nor a variable that was recorded of it.{}",
         spec.what, side_, spec.source, did_you_mean(spec.what, known));
  const TraceInfo& info = recording.traces[static_cast<size_t>(index)];
  if (info.interval > bin_ * (1 + slack))
    fail(
        "{} of population '{}' was recorded every {} ms, more seldom than once a bin of {} ms: record it more often or "
        "take wider bins.",
        info.variable, name, info.interval, bin_);
  const std::string text = fmt::format("{} of population '{}'", info.variable, name);
  std::vector<int32_t> column = columns_of(info.neurons, spec.neurons, text);
  const auto columns = static_cast<int64_t>(spec.neurons.empty() ? info.neurons.size() : spec.neurons.size());

  // Bins lie after the row before the first one, and end before the row after the last one
  const double rows = static_cast<double>(recording.trace_rows[static_cast<size_t>(index)]);
  covers(info.start - info.interval, info.start + rows * info.interval - 2 * slack * bin_);
  groups_.push_back({What::trace, index, size(), columns, 0, std::move(column), text});
  for (int64_t i = 0; i < columns; ++i) {
    const auto at = static_cast<size_t>(i);
    add_channel(
        fmt::format("{}[{}] {}", name, spec.neurons.empty() ? info.neurons[at] : spec.neurons[at], info.variable),
        info.unit, false);
  }
}

void Channels::read(const RecordingSource& recording, int64_t begin, int64_t end, float* out) const {
  std::fill_n(out, (end - begin) * size(), 0.f);
  if (begin >= end) return;
  for (const Group& group : groups_) {
    if (group.what == What::signal)
      read_signal(recording, group, begin, end, out);
    else if (group.what == What::label)
      read_label(recording, group, begin, end, out);
    else if (group.what == What::trace)
      read_trace(recording, group, begin, end, out);
    else
      read_spikes(recording, group, begin, end, out);
  }
}

void Channels::read_label(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end, float* out) const {
  const SignalInfo& info = recording.signals[static_cast<size_t>(group.index)];
  // The sample of the signal at or after a border of bins
  auto place = [&](int64_t bin) {
    const auto row = static_cast<int64_t>(std::ceil(snapped((static_cast<double>(bin) * bin_ - info.start) / info.interval)));
    return std::clamp<int64_t>(row, 0, recording.signal_rows[static_cast<size_t>(group.index)]);
  };
  const int64_t first = place(begin);
  const std::vector<float> values = recording.signal(group.index, first, place(end));
  for (int64_t bin = begin; bin < end; ++bin) {
    float shown = 0;
    for (int64_t row = place(bin); row < place(bin + 1); ++row) {
      const float value = values[static_cast<size_t>(row - first)];
      if (value == 0 || value == shown) continue;
      if (shown != 0)
        fail("{} changes between {} and {} ms: a bin must be as long as a sample is shown, with the rest after it.", group.text, double(bin) * bin_,
             double(bin + 1) * bin_);
      shown = value;
    }
    if (shown > 0) out[(bin - begin) * size() + group.first + static_cast<int64_t>(shown) - 1] = 1;
  }
}

void Channels::read_signal(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end,
                           float* out) const {
  const SignalInfo& info = recording.signals[static_cast<size_t>(group.index)];
  const int64_t rows = recording.signal_rows[static_cast<size_t>(group.index)];
  // A border of bins as a place among the rows: row r holds for [r, r + 1)
  auto place = [&](int64_t bin) {
    return std::clamp(snapped((static_cast<double>(bin) * bin_ - info.start) / info.interval), 0.0, double(rows));
  };
  const auto first = static_cast<int64_t>(place(begin));
  const auto last = static_cast<int64_t>(std::ceil(place(end)));
  const std::vector<float> values = recording.signal(group.index, first, last);
  for (int64_t bin = begin; bin < end; ++bin) {
    const double from = place(bin), to = place(bin + 1);
    if (from >= to) continue;
    double sum = 0;
    for (auto row = static_cast<int64_t>(from); static_cast<double>(row) < to; ++row) {
      const double share = std::min(to, static_cast<double>(row + 1)) - std::max(from, static_cast<double>(row));
      sum += share * values[static_cast<size_t>(row - first)];
    }
    const auto value = static_cast<float>(sum / (to - from));
    if (!std::isfinite(value))
      fail("{} is not a finite number between {} and {} ms.", group.text, double(bin) * bin_, double(bin + 1) * bin_);
    out[(bin - begin) * size() + group.first] = value;
  }
}

template <class Use>
void Channels::each_spike(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end,
                          Use use) const {
  // A little more than the range: which bin a spike on a border belongs to is decided here
  const RecordingSource::Spikes spikes = recording.spikes(group.index, (static_cast<double>(begin) - 0.01) * bin_,
                                                          (static_cast<double>(end) + 0.01) * bin_);
  for (size_t i = 0; i < spikes.time.size(); ++i) {
    const auto bin = static_cast<int64_t>(std::ceil(spikes.time[i] / bin_ - slack)) - 1;
    const int32_t column = group.column[static_cast<size_t>(spikes.neuron[i])];
    if (bin >= begin && bin < end && column >= 0) use(bin, group.first + column);
  }
}

std::vector<std::pair<int64_t, int64_t>> Channels::ranges() const {
  std::vector<std::pair<int64_t, int64_t>> all;
  for (const Group& group : groups_) all.emplace_back(group.first, group.columns);
  return all;
}

bool Channels::all_spikes() const {
  return std::all_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.what == What::spikes; });
}

EventRows Channels::read_events(const RecordingSource& recording, int64_t begin, int64_t end) const {
  std::vector<std::pair<int64_t, int64_t>> spikes;
  for (const Group& group : groups_)
    each_spike(recording, group, begin, end,
               [&](int64_t bin, int64_t channel) { spikes.emplace_back(bin - begin, channel); });
  std::sort(spikes.begin(), spikes.end());
  EventRows rows;
  rows.begin.assign(static_cast<size_t>(end - begin) + 1, 0);
  for (size_t i = 0; i < spikes.size();) {
    size_t next = i;
    while (next < spikes.size() && spikes[next] == spikes[i]) ++next;
    rows.channel.push_back(static_cast<int32_t>(spikes[i].second));
    rows.value.push_back(static_cast<float>(next - i));
    ++rows.begin[static_cast<size_t>(spikes[i].first) + 1];
    i = next;
  }
  for (size_t row = 1; row < rows.begin.size(); ++row) rows.begin[row] += rows.begin[row - 1];
  return rows;
}

void Channels::read_spikes(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end,
                           float* out) const {
  each_spike(recording, group, begin, end,
             [&](int64_t bin, int64_t channel) { out[(bin - begin) * size() + channel] += 1; });
  if (group.what != What::rate) return;
  for (int64_t row = 0; row < end - begin; ++row) {
    float& value = out[row * size() + group.first];
    value = static_cast<float>(value * group.scale);
  }
}

void Channels::read_trace(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end,
                          float* out) const {
  const TraceInfo& info = recording.traces[static_cast<size_t>(group.index)];
  const int64_t rows = recording.trace_rows[static_cast<size_t>(group.index)];
  const auto columns = static_cast<int64_t>(info.neurons.size());
  // The first row after a border of bins
  auto after = [&](int64_t bin) {
    const double place = std::floor((static_cast<double>(bin) * bin_ - info.start) / info.interval + slack) + 1;
    return static_cast<int64_t>(std::clamp(place, 0.0, static_cast<double>(rows)));
  };
  const int64_t first = after(begin);
  const std::vector<float> values = recording.trace(group.index, first, after(end));
  std::vector<double> sum(static_cast<size_t>(columns));
  for (int64_t bin = begin; bin < end; ++bin) {
    const int64_t from = after(bin), to = after(bin + 1);
    if (from >= to) continue;
    std::fill(sum.begin(), sum.end(), 0.0);
    for (int64_t row = from; row < to; ++row)
      for (int64_t c = 0; c < columns; ++c)
        sum[static_cast<size_t>(c)] += values[static_cast<size_t>((row - first) * columns + c)];
    for (int64_t c = 0; c < columns; ++c) {
      const int32_t column = group.column[static_cast<size_t>(c)];
      if (column < 0) continue;
      const auto value = static_cast<float>(sum[static_cast<size_t>(c)] / static_cast<double>(to - from));
      if (!std::isfinite(value))
        fail("{} is not a finite number in neuron {} between {} and {} ms.", group.text,
             info.neurons[static_cast<size_t>(c)], double(bin) * bin_, double(bin + 1) * bin_);
      out[(bin - begin) * size() + group.first + column] = value;
    }
  }
}

void Channels::check_spikes(std::span<const double> total) const {
  for (const Group& group : groups_) {
    if (group.what != What::rate && group.what != What::spikes) continue;
    const auto channels = total.subspan(static_cast<size_t>(group.first), static_cast<size_t>(group.columns));
    if (std::all_of(channels.begin(), channels.end(), [](double sum) { return sum == 0; }))
      note(fmt::format("{} is a {} and its neurons never spike in the whole recording: there is nothing to learn of it.",
                       group.text, side_));
  }
}

}  // namespace proxon
