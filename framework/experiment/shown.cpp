#include "proxon/experiment/shown.hpp"

#include <cmath>
#include <map>
#include <numeric>

#include "proxon/dataset/samples.hpp"
#include "proxon/experiment/files.hpp"
#include "proxon/experiment/settings.hpp"

namespace proxon {
namespace {

/// What the file of a table [files.NAME] holds.
SampleRows rows_of(const Table& phase, const char* key, std::string_view name, const PluginValue& reader, const std::vector<std::pair<std::string, Values>>& files) {
  std::vector<std::string> known;
  for (const auto& [file, values] : files) {
    known.push_back(file);
    if (file != name) continue;
    try {
      SampleRows rows = read_samples(reader, std::string(values.as<FileSettings>().path));
      if (rows.is_text) fail("{}: holds texts, and a stimulus shows numbers.", rows.path);
      return rows;
    } catch (const Error& error) {
      fail("{}{}", phase.where(key), error.what());
    }
  }
  fail("{}there is no table [files.{}]; there are: {}.{}", phase.where(key), name, fmt::join(known, ", "), did_you_mean(name, known));
}

}  // namespace

std::shared_ptr<const StimulusSamples> read_shown(Table stimulus, const std::vector<std::pair<std::string, Values>>& files, int64_t targets, Key key) {
  auto all = std::make_shared<StimulusSamples>();
  all->columns = targets;
  uint32_t number = 0;
  for (auto& [name, phase] : stimulus.tables("samples")) {
    const Values settings_values = phase.read<ShownSettings>();
    const auto& settings = settings_values.as<ShownSettings>();
    const SampleRows values = rows_of(phase, "values", settings.values, *settings.reader.value, files);
    const SampleRows labels = rows_of(phase, "labels", settings.labels, *settings.reader.value, files);
    if (values.columns != targets) fail("{}{} has {} values a sample, and the target population has {} neurons.", phase.where("values"), values.path, values.columns, targets);
    if (labels.columns != 1) fail("{}{} has {} numbers a sample, and a label is one.", phase.where("labels"), labels.path, labels.columns);
    if (labels.samples() != values.samples())
      fail("{}{} holds {} labels, and {} holds {} samples.", phase.where("labels"), labels.path, labels.samples(), values.path, values.samples());
    const auto first = static_cast<int64_t>(all->label.size()), n = values.samples();
    for (int64_t i = 0; i < n; ++i) {
      const float label = labels.numbers[static_cast<size_t>(i)];
      if (!(label >= 0 && label < 1e6f && label == std::floor(label))) fail("{}{}: the label {} is no whole number from 0.", phase.where("labels"), labels.where(i), label);
      all->label.push_back(static_cast<int32_t>(label));
    }
    all->values.insert(all->values.end(), values.numbers.begin(), values.numbers.end());

    // All of them, again and again, in orders of their own.
    std::vector<int64_t> round(static_cast<size_t>(n));
    for (int64_t left = settings.presentations > 0 ? settings.presentations : n, times = 0; left > 0; ++times) {
      std::iota(round.begin(), round.end(), first);
      if (settings.shuffle) shuffle(round, Stream(key.with(number), static_cast<uint64_t>(times)));
      const int64_t shown = std::min(left, n);
      all->order.insert(all->order.end(), round.begin(), round.begin() + shown);
      left -= shown;
    }
    ++number;
  }
  if (number == 0) return nullptr;
  return all;
}

}  // namespace proxon
