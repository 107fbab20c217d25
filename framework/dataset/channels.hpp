// Channels: the columns of X and Y as a person names them, and how each is binned. A stimulus gives its signal, a
// recorded rate its values, averaged over the bin; of a stimulus that shows labelled samples the class, a channel a label; a population its mean rate (Hz), the spike counts of its neurons, or a recorded variable of
// its neurons, averaged over the bin.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "proxon/dataset/recording_source.hpp"
#include "proxon/schema/field.hpp"

namespace proxon {

/// `first`, `count` and `order` are read by whoever knows the population (the experiment room) and become `neurons`.
struct ChannelSpec {
  std::string_view source;
  std::string_view what = "";
  std::span<const int64_t> neurons;
  int64_t first = 0;
  int64_t count = 0;
  std::string_view order = "number";

  static constexpr auto fields() {
    using C = ChannelSpec;
    return std::tuple{
        field<&C::source>("", "\"stimulus:NAME\", \"population:NAME\", or \"rate:NAME\" of [record.rates.NAME]", required),
        field<&C::what>(
            "",
            "of a population \"rate\" (mean over its neurons, Hz), \"spikes\" (count a neuron) or a recorded "
            "variable such as \"V_m\"; of a stimulus \"class\": one channel a label of the samples that it shows; empty: the signal of a stimulus, the rate "
            "of a population"),
        field<&C::neurons>("1", "numbers of the neurons within the population; empty: all"),
        field<&C::first>("1", "or the place of the first of them in `order`, from 0", at_least(0)),
        field<&C::count>("1", "and their number; 0: all from there on", at_least(0)),
        field<&C::order>("", "neurons by their numbers, or in an order that the experiment's seed draws, the same wherever it is asked for",
                         one_of("number|drawn"))};
  }
};

/// Bins of spikes as what is not 0: those of row r are [begin[r], begin[r + 1]), channels ascending.
struct EventRows {
  std::vector<int64_t> begin;
  std::vector<int32_t> channel;
  std::vector<float> value;
};

/// One side of a dataset (inputs, targets): its channels resolved against a recording.
class Channels {
 public:
  Channels() = default;
  /// `side` is "input" or "target", for messages. Throws Error for what the recording does not hold.
  Channels(const RecordingSource& recording, std::span<const ChannelSpec> specs, const std::string& side, double bin);

  int64_t size() const { return static_cast<int64_t>(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::string>& units() const { return units_; }
  /// Channels [first, first + columns) that each of the specs gave, in their order.
  std::vector<std::pair<int64_t, int64_t>> ranges() const;
  /// True when every channel is the spikes of a neuron, so that read_events() may be used.
  bool all_spikes() const;
  /// True for a channel that is a rate (which smoothing acts on).
  bool is_rate(int64_t channel) const { return rate_[static_cast<size_t>(channel)] != 0; }
  /// The bins [first_bin, bins) are covered by all channels.
  int64_t first_bin() const { return first_bin_; }
  int64_t bins() const { return bins_; }

  /// Fills out [end - begin x size()] with the bins [begin, end): a pure function of each bin, however they are asked
  /// for. Throws Error at a value that is not a number.
  void read(const RecordingSource& recording, int64_t begin, int64_t end, float* out) const;
  /// The same as events.
  EventRows read_events(const RecordingSource& recording, int64_t begin, int64_t end) const;
  /// Notes on standard error where all channels of a population's rate or spikes are 0 in `total`, the sum of each
  /// channel over the recording.
  void check_spikes(std::span<const double> total) const;

 private:
  enum class What { signal, label, rate, spikes, trace };
  struct Group {
    What what;
    int index;               ///< of the stimulus, population or trace
    int64_t first, columns;  ///< its channels
    double scale;            ///< what one spike adds
    std::vector<int32_t>
        column;        ///< of each neuron of the population (each column of the trace), -1 where it is not asked for
    std::string text;  ///< for messages: "population 'E'"
  };
  void add(const RecordingSource& recording, const ChannelSpec& spec);
  void add_signal(const RecordingSource& recording, const ChannelSpec& spec);
  void add_spikes(const RecordingSource& recording, int population, const ChannelSpec& spec, bool rate);
  void add_trace(const RecordingSource& recording, int population, const ChannelSpec& spec);
  void add_channel(std::string name, std::string unit, bool rate);
  void covers(double first, double last);
  void read_label(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end, float* out) const;
  void read_signal(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end, float* out) const;
  /// Calls use(bin, channel) for every spike in the bins [begin, end).
  template <class Use>
  void each_spike(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end, Use use) const;
  void read_spikes(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end, float* out) const;
  void read_trace(const RecordingSource& recording, const Group& group, int64_t begin, int64_t end, float* out) const;

  std::string side_;
  double bin_ = 0;
  int64_t first_bin_ = 0, bins_ = 0;
  std::vector<Group> groups_;
  std::vector<std::string> names_, units_;
  std::vector<char> rate_;
};

}  // namespace proxon
