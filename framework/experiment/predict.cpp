#include "proxon/experiment/predict.hpp"

#include <cstring>

#include "proxon/base/csv.hpp"
#include "proxon/base/part_file.hpp"
#include "proxon/experiment/twin.hpp"

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
        if (!std::isfinite(value)) fail("{}: what stands in column '{}' is not a finite number.", csv.where(), dataset.input_channel_names()[c]);
        X.push_back(static_cast<float>((value - constants.mean[c]) / constants.std[c]));
      }
  } catch (const std::runtime_error& error) {
    fail("{}", error.what());
  }
  return X;
}

}  // namespace

int64_t predict_file(const Experiment& experiment, const archive::Reader& reader, const std::string& input, const std::string& output) {
  const archive::ModelRecord record = kept_twin(reader);
  if (experiment.has_samples)
    fail("{}: its twin was fitted to labelled samples of files; name other files as [files] of the experiment, and look at its test rows.", reader.path());
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

  std::string text = "time";
  for (const std::string& name : dataset->output_names()) text += fmt::format(",\"{}\"", name);
  text += '\n';
  const auto outputs = static_cast<size_t>(dataset->outputs());
  for (size_t row = 0; row * outputs < Y.size(); ++row) {
    text += number_text(static_cast<double>(static_cast<int64_t>(row) + window) * dataset->bin());
    for (size_t j = 0; j < outputs; ++j) fmt::format_to(std::back_inserter(text), ",{}", Y[row * outputs + j]);
    text += '\n';
  }
  if (const int problem = write_file(output, text)) fail("{}: cannot be written: {}.", output, std::strerror(problem));
  return static_cast<int64_t>(Y.size() / outputs);
}

}  // namespace proxon
