// Where a fit's samples come from: rows of X and Y, asked for by number, batch after batch, so that they never have to be in memory all at
// once. The dataset over recordings is one such source; MemorySource is another. Values are float32, already normalised; rows are dense.
#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "proxon/archive/records.hpp"
#include "proxon/base/error.hpp"

namespace proxon {

using archive::Split;

class SampleSource {
 public:
  virtual ~SampleSource() = default;
  /// Numbers a sample has.
  virtual int64_t inputs() const = 0;
  virtual int64_t outputs() const = 0;
  /// Number of samples of a split; 0 where there is none.
  virtual int64_t samples(Split split) const = 0;
  /// Writes samples `numbers` (each in [0, samples(split)), in any order) as the rows of X [n x inputs] and Y [n x outputs], row-major.
  /// Called by one thread at a time; may itself use several.
  virtual void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) = 0;
};

/// Samples that are in memory anyway: one X and one Y a split, row-major.
class MemorySource : public SampleSource {
 public:
  MemorySource(int64_t inputs, int64_t outputs) : inputs_(inputs), outputs_(outputs) {}

  /// Sets the samples of a split: X has n * inputs values, Y n * outputs.
  void set(Split split, std::vector<float> X, std::vector<float> Y) {
    Part& part = parts_[static_cast<size_t>(split)];
    part.n = static_cast<int64_t>(X.size()) / inputs_;
    PROXON_CHECK(static_cast<int64_t>(X.size()) == part.n * inputs_ && static_cast<int64_t>(Y.size()) == part.n * outputs_,
                 "{} values of X, {} of Y", X.size(), Y.size());
    part.X = std::move(X);
    part.Y = std::move(Y);
  }

  int64_t inputs() const override { return inputs_; }
  int64_t outputs() const override { return outputs_; }
  int64_t samples(Split split) const override { return parts_[static_cast<size_t>(split)].n; }
  void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override {
    const Part& part = parts_[static_cast<size_t>(split)];
    for (const int64_t number : numbers) {
      X = std::copy_n(part.X.data() + number * inputs_, inputs_, X);
      Y = std::copy_n(part.Y.data() + number * outputs_, outputs_, Y);
    }
  }

 private:
  struct Part {
    int64_t n = 0;
    std::vector<float> X, Y;
  };
  int64_t inputs_, outputs_;
  Part parts_[3];
};

}  // namespace proxon
