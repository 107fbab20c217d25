#include "proxon/experiment/export.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>

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
  const std::optional<archive::ModelRecord> record = reader.model();
  if (!record || record->layers.empty()) fail("{}: holds no twin; fit one first (proxon fit --from {}).", reader.path(), reader.path());
  const std::unique_ptr<NamedSource> source = open_source(experiment, reader);
  Model model = make_twin(experiment, *source, reader);
  model.restore(*record);
  const TwinFrame frame = frame_of(experiment, *source);
  if (format == GraphFormat::nir) return archive::write_nir(nir_graph(model, frame), output);

  // Beside it and then in place, so that what was there stays when the disk is full.
  const std::string bytes = onnx_model(model, frame), part = fmt::format("{}.{}.part", output, getpid());
  std::ofstream out(part, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out && std::rename(part.c_str(), output.c_str()) == 0) return;
  std::remove(part.c_str());
  fail("{}: cannot be written.", output);
}

}  // namespace proxon
