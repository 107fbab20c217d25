// Where a fit's samples come from: rows of X and Y, asked for by number, batch after batch, so that they never have to be in memory all at
// once. The dataset over recordings is one such source, labelled samples out of files another; MemorySource is a third. Values are float32,
// already normalised. A sample is one row, or a run of steps in time with a row each; rows of spikes may come as events, which are what is not 0.
// Samples may differ in length: a batch then has as many steps as its longest one, and rows of zeros after the end of the others, which count nowhere.
#pragma once
#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxon/archive/records.hpp"
#include "proxon/base/error.hpp"
#include "proxon/dataset/events.hpp"

namespace proxon {

using archive::Split;

/// As experiments and messages call them, in the order of Split.
constexpr std::string_view split_names[] = {"train", "validation", "test"};

class SampleSource {
 public:
  virtual ~SampleSource() = default;
  /// Numbers that a row has.
  virtual int64_t inputs() const = 0;
  virtual int64_t outputs() const = 0;
  /// Rows that a sample has: steps in time.
  virtual int64_t steps() const { return 1; }
  /// Steps at the begin of a sample of which nothing is asked.
  virtual int64_t burn_in() const { return 0; }
  /// Whether samples differ in length, steps() being the longest; and the steps that are a sample's own. Such samples have no burn-in.
  virtual bool varies() const { return false; }
  virtual int64_t length(Split, int64_t) const { return steps(); }
  /// Steps that gather() writes of each of these samples: those of the longest.
  int64_t steps_of(Split split, std::span<const int64_t> numbers) const {
    if (!varies()) return steps();
    int64_t most = 1;
    for (const int64_t number : numbers) most = std::max(most, length(split, number));
    return most;
  }
  /// True where inputs can be had as events.
  virtual bool sparse() const { return false; }
  /// Mean of each output over the training samples; empty where that is not known.
  virtual std::vector<float> mean_targets() const { return {}; }
  /// Number of samples of a split; 0 where there is none.
  virtual int64_t samples(Split split) const = 0;
  /// Writes samples `numbers` (each in [0, samples(split)), in any order) as X [n x steps x inputs] and Y [n x steps x outputs], row-major,
  /// steps being steps_of(split, numbers). Called by one thread at a time; may itself use several.
  virtual void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) = 0;
  /// X and Y of all samples of a split, in their order; padded to the longest of them.
  std::pair<std::vector<float>, std::vector<float>> all(Split split) {
    std::vector<int64_t> numbers(static_cast<size_t>(samples(split)));
    std::iota(numbers.begin(), numbers.end(), int64_t{0});
    const auto rows = numbers.size() * static_cast<size_t>(steps_of(split, numbers));
    std::vector<float> X(rows * static_cast<size_t>(inputs())), Y(rows * static_cast<size_t>(outputs()));
    if (!numbers.empty()) gather(split, numbers, X.data(), Y.data());
    return {std::move(X), std::move(Y)};
  }
  /// The same as gather() with the inputs as events, indexed; only where sparse().
  virtual void gather(Split, std::span<const int64_t>, EventList&, float*) { fail("these samples are not sparse"); }
};

/// Samples whose columns and rows mean something to a person: what a twin is fitted to and archived with.
class NamedSource : public SampleSource {
 public:
  /// One a column of Y.
  virtual std::vector<std::string> output_names() const = 0;
  /// Outputs [first, first + columns) that each table of targets gave, in their order.
  virtual std::vector<std::pair<int64_t, int64_t>> target_ranges() const = 0;
  /// From a step to the next, ms.
  virtual double bin() const = 0;
  /// Time of the sample's first target, ms; those of the later steps of a sequence follow bin by bin.
  virtual double sample_time(Split split, int64_t number) const = 0;
  /// The first step of a sample that is asked for, and that no sample before it has: sequences may overlap.
  virtual int64_t first_new_step(Split, int64_t) const { return burn_in(); }
  /// use(i, step, row) for the rows of the samples `numbers` that are asked for once: those after the burn-in that no sample before has, sample by
  /// sample. `row` is where gather() writes it.
  template <class Use>
  void each_row(Split split, std::span<const int64_t> numbers, Use use) const {
    const int64_t steps = steps_of(split, numbers);
    for (size_t i = 0; i < numbers.size(); ++i)
      for (int64_t step = first_new_step(split, numbers[i]); step < length(split, numbers[i]); ++step)
        use(i, step, i * static_cast<size_t>(steps) + static_cast<size_t>(step));
  }
  /// Length of a trial, ms; 0 where there are none.
  virtual double trial() const { return 0; }
  /// Mean target over the training samples, in its own unit: what a twin has to beat. [outputs]
  virtual std::vector<float> baseline() const = 0;
  /// Turns rows of Y (or of predictions) back into the targets' own units, in place. [n x outputs]
  virtual void to_units(std::span<float>) const {}
  /// A few lines for a person.
  virtual std::string describe() const = 0;
};

/// Samples that are in memory anyway: one X and one Y a split, row-major.
class MemorySource : public SampleSource {
 public:
  MemorySource(int64_t inputs, int64_t outputs, int64_t steps = 1, int64_t burn_in = 0, bool sparse = false)
      : inputs_(inputs), outputs_(outputs), steps_(steps), burn_in_(burn_in), sparse_(sparse) {}

  /// Sets the samples of a split: X has n * steps * inputs values, Y n * steps * outputs.
  void set(Split split, std::vector<float> X, std::vector<float> Y) {
    Part& part = parts_[static_cast<size_t>(split)];
    part.n = static_cast<int64_t>(X.size()) / (steps_ * inputs_);
    PROXON_CHECK(static_cast<int64_t>(X.size()) == part.n * steps_ * inputs_ && static_cast<int64_t>(Y.size()) == part.n * steps_ * outputs_,
                 "{} values of X, {} of Y", X.size(), Y.size());
    part.X = std::move(X);
    part.Y = std::move(Y);
  }

  int64_t inputs() const override { return inputs_; }
  int64_t outputs() const override { return outputs_; }
  int64_t steps() const override { return steps_; }
  int64_t burn_in() const override { return burn_in_; }
  bool sparse() const override { return sparse_; }
  int64_t samples(Split split) const override { return parts_[static_cast<size_t>(split)].n; }
  void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override {
    const Part& part = parts_[static_cast<size_t>(split)];
    for (const int64_t number : numbers) {
      X = std::copy_n(part.X.data() + number * steps_ * inputs_, steps_ * inputs_, X);
      Y = std::copy_n(part.Y.data() + number * steps_ * outputs_, steps_ * outputs_, Y);
    }
  }
  void gather(Split split, std::span<const int64_t> numbers, EventList& events, float* Y) override {
    const Part& part = parts_[static_cast<size_t>(split)];
    events.clear();
    for (const int64_t number : numbers) {
      const float* row = part.X.data() + number * steps_ * inputs_;
      for (int64_t t = 0; t < steps_; ++t, row += inputs_) {
        for (int64_t i = 0; i < inputs_; ++i)
          if (row[i] != 0) events.add(static_cast<int32_t>(i), row[i]);
        events.end_row();
      }
      Y = std::copy_n(part.Y.data() + number * steps_ * outputs_, steps_ * outputs_, Y);
    }
    events.index(inputs_);
  }

 private:
  struct Part {
    int64_t n = 0;
    std::vector<float> X, Y;
  };
  int64_t inputs_, outputs_, steps_, burn_in_;
  bool sparse_;
  Part parts_[3];
};

}  // namespace proxon
