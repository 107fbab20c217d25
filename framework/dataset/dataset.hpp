// X and Y out of a recording. Time is cut into bins; a sample sees `history` of the input channels and is asked for
// `horizon` of the target channels, `lag` after the end of what it saw. Bin b holds what happened in (b bin, (b + 1)
// bin]: spikes are stamped at the end of their step. Windows lie wholly within one split and one trial, so that nothing
// of a test sample is ever seen in training.
//
// X is [samples x history bins x input channels], Y [samples x horizon bins x target channels], oldest bin first; each is
// one row of numbers. With `sequence`, a sample is a run of that many bins, a step each: a row of X holds the input
// channels of a bin, the row of Y the target channels of the same bin (or `lag` later), and inputs that are spikes alone
// come as events. Both are read from the recording in blocks of bins, of which a bounded number is kept: values do not depend on the bound,
// to the bit.
//
//   Dataset dataset(recording_of(reader), options, inputs, targets, seed);
//   dataset.gather(Split::train, numbers, X, Y);        // see source.hpp
#pragma once
#include <string>

#include "proxon/dataset/channels.hpp"
#include "proxon/dataset/source.hpp"

namespace proxon {

struct DatasetOptions {
  double bin = 10;
  double history = 0;
  double lag = 0;
  double horizon = 0;
  double sequence = 0;
  double burn_in = 0;
  double stride = 0;
  double warm_up = 0;
  double trial = 0;
  std::string_view align = "every_bin";
  std::string_view split_by = "time";
  double train = 0.7;
  double validation = 0.15;
  double test = 0.15;
  double gap = 0;
  std::string_view normalise = "zscore";
  std::string_view normalise_targets = "none";
  double smoothing = 0;
  std::string_view smoothing_kernel = "exponential";
  double cache = 256;

  static constexpr auto fields() {
    using D = DatasetOptions;
    return std::tuple{
        field<&D::bin>("ms", "width of a bin of time", above(0)),
        field<&D::history>("ms", "how much of the inputs a sample sees, a multiple of bin; 0: one bin", at_least(0)),
        field<&D::lag>("ms", "from the end of what a sample sees to the end of its first target bin; 0: the same bin",
                       at_least(0)),
        field<&D::horizon>("ms", "how much of the targets a sample is asked for; 0: one bin", at_least(0)),
        field<&D::sequence>("ms",
                            "length of a sample that is a sequence: every bin of it has its own target; 0: samples are "
                            "flat, as history and horizon say",
                            at_least(0)),
        field<&D::burn_in>("ms", "begin of a sequence of which nothing is asked, as a twin begins at rest", at_least(0)),
        field<&D::stride>("ms", "from one sample to the next; 0: one bin, of sequences what is asked of each",
                          at_least(0)),
        field<&D::warm_up>("ms", "begin of the recording that is left out", at_least(0)),
        field<&D::trial>("ms", "length of a trial, which no window crosses; 0: as the recording says", at_least(0)),
        field<&D::align>("", "samples at every stride, or one a trial that ends where the trial ends",
                         one_of("every_bin|trial_end")),
        field<&D::split_by>("",
                            "splits follow each other in time, or are drawn trial by trial, or follow each other in time within each trial: then "
                            "trials that repeat a stimulus keep the same part of it back",
                            one_of("time|trial|within_trial")),
        field<&D::train>("1", "share of the time that is trained on", above(0), at_most(1)),
        field<&D::validation>("1", "share that is looked at while training", between(0, 1)),
        field<&D::test>("1", "share that is held back for evaluation", between(0, 1)),
        field<&D::gap>("ms", "time left out between two splits, beyond that windows never overlap", at_least(0)),
        field<&D::normalise>(
            "", "inputs by mean and standard deviation of each channel over the training span, or as they are",
            one_of("none|zscore")),
        field<&D::normalise_targets>("", "the same for targets, over the training samples", one_of("none|zscore")),
        field<&D::smoothing>(
            "ms", "time constant (standard deviation for gaussian) of a filter on target rates; 0: off", at_least(0)),
        field<&D::smoothing_kernel>("",
                                    "exponential looks back only, gaussian both ways; neither across a split or trial",
                                    one_of("exponential|gaussian")),
        field<&D::cache>("1", "megabytes of binned recording that are kept in memory", above(0))};
  }
};

/// The times of DatasetOptions in bins; `window` is what a sample spans.
struct DatasetTimes {
  int64_t history, horizon, sequence, burn_in, stride, lag, warm_up, gap, trial, window;
};
/// Throws Error with one sentence when a time is no multiple of bin, or when no window fits into a trial (`recorded_trial`
/// ms where the options leave it open) or into a recording of `bins` bins.
DatasetTimes dataset_times(const DatasetOptions& options, double recorded_trial, int64_t bins);

/// value = normalised * std + mean, one of each a channel. std is 1 where a channel is constant.
struct Normalisation {
  std::vector<double> mean, std;
};

class Dataset : public NamedSource {
 public:
  /// Reads the whole recording once, to check it and to take its constants. Throws Error with one sentence: an unknown
  /// channel (nearest name), a time that is no multiple of bin, a window longer than the recording, an empty split, a
  /// value that is not a number. A target without a spike is noted. `seed` is for split_by = "trial" alone.
  Dataset(std::unique_ptr<RecordingSource> recording, const DatasetOptions& options,
          std::span<const ChannelSpec> inputs, std::span<const ChannelSpec> targets, uint64_t seed);

  int64_t inputs() const override { return sequence_ ? n_inputs_ : history_ * n_inputs_; }
  int64_t outputs() const override { return sequence_ ? n_targets_ : horizon_ * n_targets_; }
  int64_t steps() const override { return sequence_ ? sequence_ : 1; }
  int64_t burn_in() const override { return burn_in_; }
  bool sparse() const override { return sparse_; }
  std::vector<float> mean_targets() const override;
  int64_t samples(Split split) const override;
  void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override;
  void gather(Split split, std::span<const int64_t> numbers, EventList& events, float* Y) override;

  int64_t input_bins() const { return history_; }
  int64_t target_bins() const { return horizon_; }
  /// One a channel: "drive", "E rate", "E[17] spikes", "n1[0] activity".
  const std::vector<std::string>& input_channel_names() const { return input_.names(); }
  const std::vector<std::string>& target_channel_names() const { return target_.names(); }
  /// One a column of Y: the channel's name, with " +20 ms" for later bins of the horizon.
  std::vector<std::string> output_names() const override;
  /// "Hz", "1", "mV" ...: one a target channel.
  const std::vector<std::string>& target_units() const { return target_.units(); }

  /// Outputs [first, first + columns) that each of the target specs gave, in their order; of the first bin of a horizon.
  std::vector<std::pair<int64_t, int64_t>> target_ranges() const override { return target_.ranges(); }
  double bin() const override { return bin_; }
  double trial() const override { return static_cast<double>(trial_) * bin_; }

  /// End of the sample's first target bin, ms; those of the later steps of a sequence follow bin by bin.
  double sample_time(Split split, int64_t number) const override;
  /// The first step of a sample that is asked for, and that no sample before it has: sequences may overlap.
  int64_t first_new_step(Split split, int64_t number) const override;
  /// Mean target over the training samples, in its own unit: what a twin has to beat. [outputs]
  std::vector<float> baseline() const override;
  const Normalisation& input_normalisation() const { return input_constants_; }
  const Normalisation& target_normalisation() const { return target_constants_; }
  /// Turns rows of Y (or of predictions) back into the targets' own units, in place. [n x outputs]
  void to_units(std::span<float> Y) const override;
  /// First and last moment that the windows of a split reach, ms.
  std::pair<double, double> span(Split split) const;

  /// What an archive keeps to use the twin later: constants of normalisation, mean targets (a channel each), sizes.
  archive::Object record() const;
  /// A few lines for a person: channels, windows, samples a split, memory.
  std::string describe() const override;

 private:
  /// Bins that windows may not leave: a split, a trial, or a split's part of one. Samples of a split are numbered segment by segment.
  struct Part {
    std::vector<int64_t> segments;  ///< first bin of each, ascending
    int64_t bins = 0;               ///< of each segment
    int64_t samples = 0;            ///< in each segment
  };
  struct Block {
    std::vector<float> inputs, targets;  ///< [bins x channels], raw and smoothed
    EventRows events;                    ///< in place of inputs, where they are sparse
    int64_t last_use = 0;
  };

  void read_times(const DatasetOptions& options);
  void make_parts(const DatasetOptions& options, uint64_t seed);
  void take_constants(const DatasetOptions& options);
  const Part& part(Split split) const { return parts_[static_cast<size_t>(split)]; }
  /// First bin of a sample's inputs.
  int64_t window(const Part& part, int64_t number) const;
  double bytes_of_a_bin() const;
  /// The segment that bin b lies in, [begin, end); empty where no window reaches.
  std::pair<int64_t, int64_t> segment_of(int64_t bin) const;
  const Block& block(int64_t number);
  void gather_rows(Split split, std::span<const int64_t> numbers, float* X, float* Y);
  std::unique_ptr<Block> load(int64_t number) const;
  void smooth(std::span<const float> raw, int64_t raw_begin, int64_t begin, int64_t end,
              std::span<float> smoothed) const;

  std::unique_ptr<RecordingSource> recording_;
  Channels input_, target_;
  int64_t n_inputs_ = 0, n_targets_ = 0;
  double bin_ = 0;
  int64_t history_ = 0, horizon_ = 0, sequence_ = 0, burn_in_ = 0;
  int64_t target_offset_ = 0;  ///< of a sample's first target bin, from its first input bin
  bool sparse_ = false;
  EventList events_;  ///< scratch
  int64_t stride_ = 0, window_ = 0, warm_up_ = 0, trial_ = 0, gap_ = 0, bins_ = 0;
  bool at_trial_end_ = false;
  Part parts_[3];
  std::vector<std::pair<int64_t, int64_t>> segments_;  ///< of all splits, in the order of time
  std::vector<double> kernel_;                         ///< weight of the bins at distance -kernel_before_ ...
  int64_t kernel_before_ = 0, kernel_after_ = 0;
  int64_t block_bins_ = 0, most_blocks_ = 0, resident_ = 0, clock_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;
  Normalisation input_constants_, target_constants_;
  std::vector<double> target_mean_;
};

}  // namespace proxon
