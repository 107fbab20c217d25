#include "proxon/experiment/export.hpp"

#include <cstring>

#include "proxon/base/part_file.hpp"
#include "proxon/experiment/twin.hpp"
#include "proxon/experiment/version.hpp"
#include "proxon/interchange/nir.hpp"
#include "proxon/interchange/onnx.hpp"

namespace proxon {
namespace {

TwinFrame frame_of(const Experiment& experiment, const NamedSource& source) {
  TwinFrame frame;
  frame.title = experiment.title;
  frame.version = version();
  frame.outputs = source.output_names();
  frame.sequence = source.steps() > 1;
  frame.bin = source.bin();
  if (const auto* dataset = dynamic_cast<const Dataset*>(&source)) {
    frame.inputs = dataset->input_channel_names();
    frame.outputs = dataset->target_channel_names();
    frame.units = dataset->target_units();
    frame.input = dataset->input_normalisation();
    frame.target = dataset->target_normalisation();
    frame.input_bins = dataset->input_bins();
    frame.target_bins = dataset->target_bins();
  }
  return frame;
}

}  // namespace

void export_file(const Experiment& experiment, const archive::Reader& reader, GraphFormat format, const std::string& output) {
  const archive::ModelRecord record = kept_twin(reader);
  const std::unique_ptr<NamedSource> source = open_source(experiment, reader);
  const Model model = make_twin(experiment, *source, reader, record);
  const TwinFrame frame = frame_of(experiment, *source);
  if (format == GraphFormat::nir) return archive::write_nir(nir_graph(model, frame), output);
  if (const int problem = write_file(output, onnx_model(model, frame))) fail("{}: cannot be written: {}.", output, std::strerror(problem));
}

}  // namespace proxon
