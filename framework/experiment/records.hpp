// From what an experiment is to what its archive keeps; inside this room only.
#pragma once
#include "proxon/archive/writer.hpp"
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// Resolved parameters as archive attributes.
std::vector<archive::Attribute> attributes(const Values& values);

/// What all archives say of their experiment; all there is to say before a fit to labelled samples.
archive::Skeleton skeleton_head(const Experiment& experiment);

/// Everything that is known before the first step. It views the connectome's columns and its own delays: both must live until the writer
/// has taken it.
struct SkeletonData {
  archive::Skeleton skeleton;
  std::vector<std::vector<float>> delay_tables;
};
SkeletonData skeleton(const Experiment& experiment, const Connectome& connectome, const Simulation& simulation);

/// Parameters of the stages after the simulation.
std::vector<archive::Object> fit_objects(const Experiment& experiment);

/// Hands a recording to an archive.
class ArchiveSink : public RecordingSink {
 public:
  ArchiveSink(archive::Writer& writer, std::vector<bool> records_spikes) : writer_(writer), records_spikes_(std::move(records_spikes)) {}

  void spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) override;
  void trace(int32_t trace, std::span<const float> rows) override { writer_.append_trace(trace, rows); }
  void signal(int32_t signal, std::span<const float> values) override { writer_.append_signal(signal, values); }
  void correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) override {
    writer_.set_correlation(correlation, count, chance);
  }
  void weights(int32_t projection, double time, std::span<const float> weight) override { writer_.append_weights(projection, time, weight); }
  void until(double) override { writer_.tick(); }
  void checkpoint(const Checkpoint& state) override { writer_.set_checkpoint("simulate", state); }

  int64_t recorded() const { return recorded_; }

 private:
  archive::Writer& writer_;
  std::vector<bool> records_spikes_;
  int64_t recorded_ = 0;
};

}  // namespace proxon
