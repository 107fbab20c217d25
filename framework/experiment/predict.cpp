#include "proxon/experiment/predict.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "proxon/base/csv.hpp"
#include "proxon/base/part_file.hpp"
#include "proxon/experiment/twin.hpp"
#include "proxon/learning/trainer.hpp"

namespace proxon {
namespace {

/// The input channels of all rows of a file, normalised as the twin's: [rows x channels].
std::vector<float> read_inputs(const Dataset& dataset, const std::string& path) {
  std::vector<float> X;
  try {
    CsvFile csv(path);
    std::vector<size_t> columns;
    for (const std::string& name : dataset.input_channel_names()) columns.push_back(csv.column(name));
    const Normalisation& constants = dataset.input_normalisation();
    for (std::vector<std::string> row; csv.next(row);)
      for (size_t c = 0; c < columns.size(); ++c) {
        const double value = csv.number(row, columns[c]);
        X.push_back(static_cast<float>((value - constants.mean[c]) / constants.std[c]));
      }
  } catch (const std::runtime_error& error) {
    fail("{}", error.what());
  }
  return X;
}

/// The names of a table's columns as its first line has them.
std::string heading(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) text += ',' + csv_cell(name);
  return text + '\n';
}

void write_table(const std::string& output, const std::string& text) {
  if (const int problem = write_file(output, text)) fail("{}: cannot be written: {}.", output, std::strerror(problem));
}

int64_t predict_samples(const Experiment& experiment, const archive::Reader& reader, const archive::ModelRecord& record, const std::vector<std::string>& files,
                        const std::string& output) {
  const std::unique_ptr<LabelledSamples> samples = open_samples(experiment);
  samples->ask(files);
  const Model model = make_twin(experiment, *samples, reader, record);

  std::string text = "sample,row";
  const auto& targets = samples->target_encodings();
  for (const SampleEncoding& target : targets)
    if (target.kind() == "class") text += ',' + csv_cell(target.name());
  text += heading(samples->output_names());
  const auto ranges = samples->target_ranges();
  const int64_t n = samples->samples(Split::test), block = Predictor::block(model, *samples), width = samples->outputs();
  Predictor predict(model, *samples, std::min(n, block));
  std::vector<int64_t> numbers;
  int64_t rows = 0;
  for (int64_t first = 0; first < n; first += block) {
    numbers.resize(static_cast<size_t>(std::min(block, n - first)));
    std::iota(numbers.begin(), numbers.end(), first);
    const int64_t steps = samples->steps_of(Split::test, numbers);
    const std::span<const float> y = predict(*samples, Split::test, numbers).second;
    for (size_t i = 0; i < numbers.size(); ++i)
      for (int64_t t = samples->burn_in(); t < samples->length(Split::test, numbers[i]); ++t, ++rows) {
        const auto row = y.subspan(static_cast<size_t>((static_cast<int64_t>(i) * steps + t) * width), static_cast<size_t>(width));
        text += fmt::format("{},{}", numbers[i], t - samples->burn_in());
        for (size_t k = 0; k < targets.size(); ++k) {
          if (targets[k].kind() != "class") continue;
          const auto of = row.subspan(static_cast<size_t>(ranges[k].first), static_cast<size_t>(ranges[k].second));
          text += ',' + csv_cell(targets[k].channels()[static_cast<size_t>(std::max_element(of.begin(), of.end()) - of.begin())]);
        }
        for (const float v : row) fmt::format_to(std::back_inserter(text), ",{}", v);
        text += '\n';
      }
  }
  write_table(output, text);
  return rows;
}

}  // namespace

std::vector<std::string> input_files(const Experiment& experiment, const std::vector<std::string>& inputs) {
  if (inputs.size() == 1 && experiment.sample_inputs.size() <= 1) return inputs;
  if (!experiment.has_samples) fail("--input names {} files, and the twin of a recording takes one.", inputs.size());
  std::vector<std::string> names, paths(experiment.sample_inputs.size());
  for (const auto& [name, values] : experiment.sample_inputs) names.push_back(name);
  for (const std::string& input : inputs) {
    const std::string name = input.substr(0, input.find('='));
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end() || name.size() == input.size())
      fail("--input={}: this twin has {} table{} of inputs, {}: give NAME=FILE for each.{}", input, names.size(), names.size() == 1 ? "" : "s", fmt::join(names, ", "),
           did_you_mean(name, names));
    paths[static_cast<size_t>(at - names.begin())] = input.substr(name.size() + 1);
  }
  for (size_t t = 0; t < names.size(); ++t)
    if (paths[t].empty()) fail("give the file of '{0}' too: --input {0}=FILE.", names[t]);
  return paths;
}

int64_t predict_file(const Experiment& experiment, const archive::Reader& reader, const std::vector<std::string>& files, const std::string& output) {
  const archive::ModelRecord record = kept_twin(reader);
  if (experiment.has_samples) return predict_samples(experiment, reader, record, files, output);
  const std::string& input = files.at(0);
  const std::unique_ptr<Dataset> dataset = open_dataset(experiment, reader);
  const Model model = make_twin(experiment, *dataset, reader, record);

  // The rows as samples: one sequence, or a window that ends at each row.
  const auto channels = static_cast<int64_t>(dataset->input_channel_names().size());
  std::vector<float> X = read_inputs(*dataset, input);
  const int64_t rows = static_cast<int64_t>(X.size()) / channels;
  const bool sequence = dataset->steps() > 1;
  const int64_t window = sequence ? 1 : dataset->input_bins();
  if (rows < window) fail("{}: has {} rows, and a sample of this twin sees {}.", input, rows, window);
  std::vector<float> Y;
  if (sequence) {
    Y = model.predict(X, rows);
  } else {
    std::vector<float> windows;
    for (int64_t row = 0; row + window <= rows; ++row)
      windows.insert(windows.end(), X.begin() + row * channels, X.begin() + (row + window) * channels);
    Y = model.predict(windows);
  }
  dataset->to_units(Y);

  std::string text = "time" + heading(dataset->output_names());
  const auto outputs = static_cast<size_t>(dataset->outputs());
  for (size_t row = 0; row * outputs < Y.size(); ++row) {
    text += number_text(static_cast<double>(static_cast<int64_t>(row) + window) * dataset->bin());
    for (size_t j = 0; j < outputs; ++j) fmt::format_to(std::back_inserter(text), ",{}", Y[row * outputs + j]);
    text += '\n';
  }
  write_table(output, text);
  return static_cast<int64_t>(Y.size() / outputs);
}

}  // namespace proxon
