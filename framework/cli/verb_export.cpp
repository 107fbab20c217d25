#include <filesystem>

#include "proxon/cli/archived.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/export.hpp"

namespace proxon::cli {
namespace {

GraphFormat format_of(const Call& call, const std::string& output) {
  const std::string name = call.has("format") ? call.text("format") : std::filesystem::path(output).extension().string();
  if (name == "onnx" || name == ".onnx") return GraphFormat::onnx;
  if (name == "nir" || name == ".nir") return GraphFormat::nir;
  if (call.has("format")) fail("there is no format '{}': choose onnx or nir.", name);
  fail("{}: end the name in .onnx or .nir, or choose with --format.", output);
}

int export_twin(const Call& call) {
  if (!call.has("output")) fail("name the file to write with --output: FILE.onnx or FILE.nir.");
  const std::string output = call.text("output");
  const GraphFormat format = format_of(call, output);
  check_output(output, call.has("overwrite"), call.arguments);
  const Archived archived(call.arguments[0]);
  export_file(archived.experiment, archived.reader, format, output);
  fmt::print("{}: {}, {} bytes\n", output, graph_format_names[static_cast<size_t>(format)], std::filesystem::file_size(output));
  return 0;
}

}  // namespace

std::vector<Verb> export_verbs() {
  po::options_description options;
  options.add_options()("output,o", po::value<std::string>(), "file to write, FILE.onnx or FILE.nir")(
      "format", po::value<std::string>(), "onnx or nir, where the file's name does not say it")("overwrite", "replace a file that is there");
  return {{"export", "ARCHIVE", "writes the twin of an archive for other programs",
           "ONNX for every inference engine, NIR for simulators and chips of spiking networks.", 1, 1, options, export_twin}};
}

}  // namespace proxon::cli
