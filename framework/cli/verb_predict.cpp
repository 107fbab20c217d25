#include <filesystem>

#include "proxon/cli/archived.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/predict.hpp"

namespace proxon::cli {
namespace {

int predict(const Call& call) {
  if (!call.has("input")) fail("name the file of inputs with --input: a CSV file with a column a channel and a row a bin, or a file of samples.");
  const Archived archived(call.arguments[0]);
  const std::vector<std::string> files = input_files(archived.experiment, call.options["input"].as<std::vector<std::string>>());
  const std::string output = call.has("output") ? call.text("output") : std::filesystem::path(files[0]).stem().string() + "_predicted.csv";
  std::vector<std::string> inputs = files;
  inputs.push_back(call.arguments[0]);
  check_output(output, call.has("overwrite"), inputs);
  const int64_t rows = predict_file(archived.experiment, archived.reader, files, output);
  fmt::print("{}: {} rows\n", output, rows);
  return 0;
}

}  // namespace

std::vector<Verb> predict_verbs() {
  po::options_description options;
  options.add_options()("input", po::value<std::vector<std::string>>(), "CSV file with a column a channel, by its name, and a row a bin; of a twin of samples: a file that "
                        "their reader reads, or NAME=FILE for each of several tables of inputs")(
      "output,o", po::value<std::string>(), "CSV file to write; INPUT_predicted.csv when absent, INPUT being the file of the first table")("overwrite", "replace a file that is there");
  return {{"predict", "ARCHIVE", "lets the twin of an archive say what follows from other input",
           "Columns of the input are the channels of [dataset.inputs], as `fit` names them, in their own units; a sequence begins at rest. Samples (images, sentences) need no "
           "labels.", 1, 1, options, predict}};
}

}  // namespace proxon::cli
